"""Draws the plots of the page, as small SVG files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
from benchmarks.page import ENGINES, PLOTS
from benchmarks.report import Result
from matplotlib.axes import Axes

COLOURS = {"sqlite": "#0b6bcb", "postgres": "#7a3fb5", "valkey": "#c2410c"}
WAYS = {"ops_per_s": "Tenure", "raw_ops_per_s": "its statements alone", "naive_ops_per_s": "one change at a time"}
SHADES = ("#0b6bcb", "#9db7d5", "#c9c9c9")


def draw(results: Mapping[str, Result]) -> None:
    """Draw what there are results for."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tenure", "font.size": 9, "axes.grid": True})
    mpl.rcParams.update({"axes.axisbelow": True, "grid.color": "#e4e4e4", "axes.spines.top": False})
    mpl.rcParams.update({"axes.spines.right": False, "figure.facecolor": "white"})
    PLOTS.mkdir(exist_ok=True)
    here = [engine for engine in ENGINES if f"{engine}-move" in results and f"{engine}-full" in results]
    if here:
        _ways(results, here)
        _callers(results, here)
    if "peers" in results:
        _peers(results["peers"])


def _ways(results: Mapping[str, Result], engines: Sequence[str]) -> None:
    names = ("move", "full")
    figure, all_axes = plt.subplots(1, len(names), figsize=(8, 2.8), layout="constrained")
    for axes, name in zip(all_axes, names, strict=True):
        for place, (key, way) in enumerate(WAYS.items()):
            found = [results[f"{engine}-{name}"].figures[key] for engine in engines]
            heights = [of["median"] for of in found]
            reach = [[of["median"] - of["lowest"] for of in found], [of["highest"] - of["median"] for of in found]]
            xs = [number + (place - 1) * 0.27 for number in range(len(engines))]
            axes.bar(xs, heights, 0.25, yerr=reach, label=way, color=SHADES[place], error_kw={"linewidth": 0.8})
        axes.set_xticks(range(len(engines)), [ENGINES[engine] for engine in engines])
        axes.set_title(f"{name}, 512 callers: changes/s")
        _thousands(axes)
    handles, labels = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(WAYS), frameon=False)
    _save("ways.svg")


def _callers(results: Mapping[str, Result], engines: Sequence[str]) -> None:
    _, (rates, waits) = plt.subplots(1, 2, figsize=(8, 2.8), layout="constrained")
    for engine in engines:
        result = results[f"{engine}-move"]
        columns = sorted(result.callers)
        of = ["" if number == result.callers[0] else f"_of_{number}" for number in columns]
        style = {"color": COLOURS[engine], "marker": "o", "markersize": 3}
        rates.plot(columns, [result.figures[f"ops_per_s{n}"]["median"] for n in of], label=ENGINES[engine], **style)
        waits.plot(columns, [result.figures[f"p99_ms{n}"]["median"] for n in of], **style)
        waits.plot(columns, [result.figures[f"p50_ms{n}"]["median"] for n in of], linestyle=":", **style)
    for axes, title in ((rates, "move: changes/s"), (waits, "move: wait (ms), 99 % and, dotted, half")):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks([1, 64, 512], ["1", "64", "512"])
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.minorticks_off()
        axes.set_xlabel("callers")
        axes.set_title(title)
    rates.legend(frameon=False)
    _save("callers.svg")


def _peers(result: Result) -> None:
    found = {name: of["median"] for name, of in result.figures.items() if name.startswith("ratio ")}
    ordered = sorted(found, key=lambda name: found[name])
    _, axes = plt.subplots(figsize=(8, 0.32 * len(ordered) + 0.8), layout="constrained")
    bars = axes.barh(
        [name.removeprefix("ratio ") for name in ordered], [found[name] for name in ordered], color=SHADES[0]
    )
    axes.bar_label(bars, [f" {found[name]:.3g} ×" for name in ordered])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.margins(x=0.15)
    axes.grid(visible=False, axis="y")
    axes.set_title("`move` per step of the peer, on the peer's own store")
    _save("peers.svg")


def _thousands(axes: Axes) -> None:
    axes.yaxis.set_major_formatter(lambda value, _: f"{value / 1000:g}k")
    axes.grid(visible=False, axis="x")


def _save(name: str) -> None:
    plt.savefig(PLOTS / name, metadata={"Date": None})
    plt.close()
