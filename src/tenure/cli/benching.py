"""The command `bench`: how fast an engine is here, beside its own statements alone and one commit for each change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import uvloop
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.stand import Name
from tenure.benchmarks.transitions import ROUNDS, SECONDS, WORKLOADS, transitions
from tenure.cli.looking import InSession
from tenure.cli.output import Output
from tenure.cli.session import UsageError

ROWS = (
    ("ops_per_s", "changes/s"),
    ("p50_ms", "half of the callers wait at most (ms)"),
    ("p99_ms", "99 % of them wait at most (ms)"),
    ("raw_ops_per_s", "its statements alone: changes/s"),
    ("naive_ops_per_s", "one change at a time: changes/s"),
    ("ratio_raw", "per its statements alone"),
    ("ratio_naive", "per one change at a time"),
    ("changes_per_batch", "changes in a batch"),
    ("client_cpu_us", "our processors' time for a change (µs)"),
    ("server_cpu_us", "the server's processors' time for a change (µs)"),
)


def bench(
    subject: Literal["transitions"] = "transitions",  # noqa: ARG001  there is one so far, and its name says what it is
    /,
    *,
    engine: Name = "sqlite",
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
    folder: Path | None = None,
    session: InSession,
) -> None:
    """Measure an engine on this machine, with a server and data of its own, in two minutes.

    `move` is a transition with an op id, an event and a deadline; `full` also has a rank and a limit. 512 callers
    make them through the public API. In each round the statements that such a run sent are replayed without our
    Python, and one change at a time. Figures are medians of the rounds.

    Parameters
    ----------
    subject
        What is measured: transitions.
    engine
        sqlite, valkey or postgres; the last two need tenure[servers].
    rounds
        How often each is measured.
    seconds
        How long each is measured in a round.
    folder
        Where the data is kept while it is measured: a folder on the disk in question. [default: a temporary one]
    """
    if rounds < 1 or seconds <= 0:
        raise UsageError("--rounds and --seconds must be more than zero")
    within, output = (folder or folder_on_disk()).resolve(), session.output
    if not within.is_dir():
        raise UsageError(f"{within} is no folder: make it, or name another with --folder")
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=output.console, transient=True, disable=output.as_json) as progress:
        task = progress.add_task(f"starting {engine}", total=None)
        found = uvloop.run(
            transitions(
                engine,
                folder=within,
                rounds=rounds,
                seconds=seconds,
                tell=lambda text: progress.update(task, description=text),
            )
        )
    if output.as_json:
        output.json(found)
    else:
        _print(output, found)


def _print(output: Output, found: Mapping[str, Any]) -> None:
    names = [workload.name for workload in WORKLOADS]
    rows = [(title, *(_shown(found[name], key) for name in names)) for key, title in ROWS]
    output.table((f"{found['engine']}, {found['callers']} callers", *names), rows)
    said = {**found["versions"], **found["machine"]}
    output.say("")
    output.pairs((name, found[name]) for name in ("durability", "raw", "naive"))
    output.pairs((name.replace("_", " "), value) for name, value in said.items())


def _shown(figures: Mapping[str, Any], name: str) -> str:
    value = _number(figures[name])
    if name not in figures["spread"]:
        return value
    lowest, highest = figures["spread"][name]
    return f"{value}  ({_number(lowest)} – {_number(highest)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004  three digits either way
