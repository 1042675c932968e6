"""What the benchmarks have in common: where they ran, how figures are summed up, and the page that shows them."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import apsw
import msgspec

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
INTRODUCTION = """# Benchmarks

Written by `make bench`; no figure here is typed by hand. Each is the median of several rounds, and beside it the lowest
and the highest. What is compared runs in turn within each round; only the sweeps, for which a million records must be
made first, run one after the other. Every guarantee is on, and each answer waits for the disk
(`synchronous=FULL`), unless a line says otherwise. Callers are tasks of one process that call `store.apply` (or `beat`)
and wait for the answer.

What bounds it: among few records, all of whose pages are in memory, SQLite needs less time for a change than Python
does, and both threads share one interpreter; so the share of the statements alone stays below its goal there. Among
many records the pages that a change touches cost more than all else, and that share rises.
"""


def machine() -> dict[str, Any]:
    """Say on what it runs."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "apsw": apsw.apsw_version(),
        "msgspec": msgspec.__version__,
        "sqlite of python": sqlite3.sqlite_version,
        "sync of 4 KiB": f"{sync_milliseconds():.2f} ms",
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


def sync_milliseconds() -> float:
    """Measure how long the disk takes to keep 4 KiB."""
    spent: list[float] = []
    with tempfile.TemporaryFile() as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            spent.append(time.perf_counter() - began)
    return median(spent) * 1000


def _processor() -> str:
    found = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return found[0].partition(":")[2].strip() if found else platform.machine()


def summed_up(rounds: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Give the median, the lowest and the highest of each figure."""
    found: dict[str, dict[str, float]] = {}
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        found[name] = {"median": median(values), "lowest": min(values), "highest": max(values)}
    return found


def save(name: str, title: str, figures: Mapping[str, Mapping[str, float]], goals: Mapping[str, str]) -> None:
    """Write the figures of one subject, print them, and write the page anew."""
    results = {"title": title, "machine": machine(), "figures": figures, "goals": goals}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\n".join(_table(results)))
    write_page()


def write_page() -> None:
    """Write the page from all results that lie there."""
    lines = [INTRODUCTION]
    for path in sorted(RESULTS.glob("*.json")):
        results = json.loads(path.read_text())
        lines += [f"## {results['title']}", "", *_table(results), "", _where(results["machine"]), ""]
    PAGE.write_text("\n".join(lines).rstrip() + "\n")


def _table(results: Mapping[str, Any]) -> list[str]:
    lines = ["| | median | lowest – highest | goal |", "|---|--:|--:|---|"]
    for name, figure in results["figures"].items():
        lowest, highest = _shown(figure["lowest"]), _shown(figure["highest"])
        goal = results["goals"].get(name, "")
        lines.append(f"| {name} | {_shown(figure['median'])} | {lowest} – {highest} | {goal} |")
    return lines


def _shown(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004  three digits either way


def _where(of: Mapping[str, Any]) -> str:
    return f"*{'; '.join(f'{name}: {value}' for name, value in of.items())}*"
