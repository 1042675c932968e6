"""Draws what a simulation found: how long people wait, and how far apart their matches are, for each tenth of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenure.core.errors import TenureError
from tenure.matching.simulation.running import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS = {".svg", ".png", ".pdf"}
COLOURS = ("#0b6bcb", "#c2410c", "#7a3fb5", "#2f855a", "#555555")


class NoPlot(TenureError):  # noqa: N818  it says what there is not
    """There can be no plot; the message says why, and what to do."""


def check(path: Path) -> None:
    """Raise `NoPlot` if nothing can be drawn there: before a long simulation, not after it."""
    if path.suffix.lower() not in FORMATS:
        raise NoPlot(f"{path} can't be drawn: its name ends in one of {', '.join(sorted(FORMATS))}")
    if not path.absolute().parent.is_dir():
        raise NoPlot(f"there is no folder {path.absolute().parent}: make it, or name another")
    try:
        import matplotlib as mpl  # noqa: PLC0415  an optional library, and slow to import
    except ImportError:
        raise NoPlot("plots need a library that is not installed: pip install '/path/to/tenure[plots]'") from None
    # The same picture gives the same file: no dates, no random names.
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "tenure", "font.size": 9})


def draw(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw what each rule trades, if it was played at several widths, and wait and gap by tenths. Raises `NoPlot`."""
    check(path)
    from matplotlib.figure import Figure  # noqa: PLC0415  the same

    by_rule: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        by_rule.setdefault(outcome.rule, []).append(outcome)
    several = len(outcomes) > len(by_rule)
    figure = Figure(figsize=(11 if several else 8, 3.4), layout="constrained")
    panels: list[Axes] = [*figure.subplots(1, 3 if several else 2)]
    for (rule, played), colour in zip(by_rule.items(), COLOURS, strict=False):
        style = {"color": colour, "marker": "o", "markersize": 3, "linewidth": 0.9}
        _draw_rule(panels, rule, sorted(played, key=lambda outcome: outcome.width), style)
    _name(panels)
    figure.legend(
        *panels[-1].get_legend_handles_labels(), loc="outside lower center", ncols=len(by_rule), frameon=False
    )
    figure.savefig(path, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)


def _draw_rule(panels: Sequence[Axes], rule: str, played: Sequence[Outcome], style: Mapping[str, Any]) -> None:
    against, beside = panels[-2:]
    if len(panels) == 3:  # noqa: PLR2004  there is one for the widths
        panels[0].plot([o.wait.mean or 0.0 for o in played], [o.gap.mean or 0.0 for o in played], **style)
    tenths = min(played, key=lambda outcome: abs(outcome.width - 1)).deciles
    against.plot([t.wait.p50 or 0.0 for t in tenths], [t.gap.p50 or 0.0 for t in tenths], **style)
    middles = [(tenth.lowest + tenth.highest) / 2 for tenth in tenths]
    beside.plot(middles, [t.wait.p99 or 0.0 for t in tenths], label=rule, **style)


def _name(panels: Sequence[Axes]) -> None:
    """Say what each panel shows."""
    against, beside = panels[-2:]
    if len(panels) == 3:  # noqa: PLR2004  there is one for the widths
        panels[0].set(
            xlabel="mean wait (s)", ylabel="mean gap (points)", title="a point for each width of the tolerance"
        )
    against.set(xlabel="wait (s), half wait at most", ylabel="gap (points), half have at most")
    against.set_title("a point for each tenth of the ratings")
    beside.set(xlabel="rating", ylabel="wait (s), 99 % wait at most", title="the longest waits, by rating")
    for axes in panels:
        axes.grid(visible=True, color="#e4e4e4")
        axes.set_axisbelow(True)
        axes.set_ylim(bottom=0)
        axes.spines[["top", "right"]].set_visible(False)
        if axes is not beside:
            axes.set_xlim(left=0)
