"""What a measurement gave: written as JSON, printed as a table, and shown on the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tenure
from tenure.benchmarks.machine import folder_on_disk, machine, summed_up
from tenure.benchmarks.stand import Stand

RESULTS = Path(__file__).parent / "results"
NAMES = {
    "ops_per_s": "changes/s",
    "p50_ms": "half of the callers wait at most (ms)",
    "p99_ms": "99 % of them wait at most (ms)",
    "client_cpu_us": "our processors' time for a change (µs)",
    "server_cpu_us": "the server's processors' time for a change (µs)",
    "raw_ops_per_s": "its statements alone: changes/s",
    "naive_ops_per_s": "one change at a time: changes/s",
    "ratio_raw": "per its statements alone",
    "ratio_naive": "per one change at a time",
    "ratio_move": "per `move`",
    "whole_sweep_ms": "the whole sweep (ms)",
    "times_alone_among_20_000": "among 20,000 that are not due, as many times as long",
}


@dataclass
class Result:
    """The figures of one subject: medians of rounds with their spread, what is wanted of them, and where they ran."""

    name: str
    title: str
    engine: str = ""
    callers: Sequence[int] = ()
    said: dict[str, str] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    goals: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def begin(cls, stand: Stand, folder: Path, name: str, title: str) -> Result:
        """Begin the result of a subject on an engine."""
        said = {"durability": stand.durability, "raw": stand.raw, "naive": stand.naive, **await stand.versions()}
        return cls(f"{stand.engine}-{name}", title, stand.engine, said=said, machine=machine(folder))

    @classmethod
    def plain(cls, name: str, title: str, said: Mapping[str, str] | None = None) -> Result:
        """Begin the result of a subject that is not one engine's."""
        versions = {"tenure": tenure.__version__, **(said or {})}
        return cls(name, title, said=versions, machine=machine(folder_on_disk()))


def save(result: Result, rounds: Sequence[Mapping[str, float]], goals: Mapping[str, str]) -> None:
    """Write the figures of one subject, and print them."""
    result.figures, result.goals = summed_up(rounds), dict(goals)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{result.name}.json").write_text(json.dumps(asdict(result), indent=2) + "\n")
    print("\n".join(["", result.title, *table(result)]), flush=True)


def load() -> dict[str, Result]:
    """Read all results that lie there."""
    found = (Result(**json.loads(path.read_text())) for path in sorted(RESULTS.glob("*.json")))
    return {result.name: result for result in found}


def table(result: Result) -> list[str]:
    """Give the figures as a table, by callers if there were several numbers of them."""
    return _by_callers(result) if len(result.callers) > 1 else _in_lines(result)


def _in_lines(result: Result) -> list[str]:
    lines = ["| | median | lowest – highest | goal |", "|---|--:|--:|---|"]
    for name, figure in result.figures.items():
        spread = f"{shown(figure['lowest'])} – {shown(figure['highest'])}"
        lines.append(f"| {NAMES.get(name, name)} | {shown(figure['median'])} | {spread} | {_goal(result, name)} |")
    return lines


def _by_callers(result: Result) -> list[str]:
    most = result.callers[0]
    columns = sorted(result.callers)
    lines = [f"| | {' | '.join(map(str, columns))} | goal |", f"|---|{'--:|' * len(columns)}---|"]
    names = [name for name in result.figures if not any(name.endswith(f"_of_{n}") for n in columns)]
    for name in names:
        keys = [name if number == most else f"{name}_of_{number}" for number in columns]
        cells = [_with_spread(result.figures.get(key)) for key in keys]
        lines.append(f"| {NAMES.get(name, name)} | {' | '.join(cells)} | {_goal(result, name)} |")
    return lines


def _with_spread(figure: Mapping[str, float] | None) -> str:
    if figure is None:
        return ""
    return f"**{shown(figure['median'])}** ({shown(figure['lowest'])} – {shown(figure['highest'])})"


def _goal(result: Result, name: str) -> str:
    goal = result.goals.get(name, "")
    return goal and f"{goal} {'✓' if reached(result, name) else 'missed'}"


def reached(result: Result, name: str) -> bool:
    """Tell whether the median is as wanted."""
    sign, _, bound = result.goals[name].partition(" ")
    median = result.figures[name]["median"]
    return median >= float(bound) if sign == "≥" else median <= float(bound)


def shown(value: float) -> str:
    """Give a number with three digits or more."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004  three digits either way
