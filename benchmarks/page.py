"""The text of `docs/benchmarks.md`, made from the results that lie there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.report import Result, load, reached, shown, table

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PLOTS = PAGE.parent / "benchmarks"
ENGINES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "valkey": "Valkey"}
INTRODUCTION = """# Benchmarks

Written by `make bench`; no figure here is typed by hand, and each lies as JSON in
[benchmarks/results](../benchmarks/results). Each is the median of several rounds, and beside it stand the lowest and
the highest. What is compared runs in turn within each round, on stores that begin alike. Every guarantee is on.
Callers are tasks of one process that call `store.apply` (or `beat`) and wait for the answer. `tenure bench` measures
the two main workloads, on any machine, in two minutes for an engine.

- `move` is a transition with an op id, an event and a deadline; `full` also enters or leaves a rank and a limit.
- **Its statements alone**: what the store sent in a run of its own is heard, and replayed without our Python. The
  records must be the same afterwards, or nothing is told.
- **One change at a time**: the simplest durable way, one awaited call and one commit for each change.
"""
WAYS = ("durability", "raw", "naive")
VERSION = re.compile(r"\d+(\.\w+)+")


def text() -> str:
    """Give the page."""
    results = load()
    parts = [INTRODUCTION, *_glance(results)]
    if "peers" in results:
        parts += _peers(results["peers"])
    for engine, title in ENGINES.items():
        own = [result for result in results.values() if result.engine == engine]
        if own:
            parts += [f"## {title}", "", *_said(own[0]), ""]
            parts += [line for result in own for line in _section(result)]
    for result in results.values():
        if not result.engine and result.name != "peers":
            parts += _section(result, level="##", where=True)
    return "\n".join(parts).rstrip() + "\n"


def _plot(name: str, shows: str) -> Iterator[str]:
    if (PLOTS / name).exists():
        yield f"![{shows}]({PLOTS.name}/{name})"
        yield ""


def _glance(results: Mapping[str, Result]) -> Iterator[str]:
    yield "## At a glance"
    yield ""
    yield "By 512 callers:"
    yield ""
    yield "| | changes/s | 99 % wait at most (ms) | per its statements alone | per one change at a time | goals |"
    yield "|---|--:|--:|--:|--:|---|"
    for engine, title in ENGINES.items():
        for result in results.values():
            if result.engine == engine and "ratio_raw" in result.figures and "large" not in result.name:
                yield _line(title, result)
    yield ""
    yield from _plot("ways.svg", "Changes a second, beside the statements alone and one change at a time")
    yield from _plot("callers.svg", "Changes a second and waits, by number of callers")
    yield from _missed(results)


def _line(title: str, result: Result) -> str:
    cells = [shown(result.figures[name]["median"]) for name in ("ops_per_s", "p99_ms", "ratio_raw", "ratio_naive")]
    missed = [name for name in result.goals if not reached(result, name)]
    told = "" if not result.goals else "missed: " + ", ".join(missed) if missed else "reached"
    name = result.name.removeprefix(f"{result.engine}-")
    return f"| {title}, {name} | {' | '.join(cells)} | {told.replace('_', ' ')} |"


BOUNDS = {
    "sqlite": """Where SQLite stays below 0.8 of its statements alone, it is since among few records, all of whose
pages are in memory, SQLite needs about as much time for a change as Python does, and the threads of Python share one
interpreter. Both work at the same time, so ours needs two processors at once, and the statements alone need one: where
the machine's host has other work, single rounds swing between 0.6 and 0.9. How much the processors do at once, by what
one does alone, stands below as *cores at once*: the less it is, the lower must all ratios to statements alone be.""",
    "postgres": """Where PostgreSQL stays below 0.7 of its statements alone, it is since the server and our process
share the machine's processors, and a change costs each of them about as much; pgbench needs next to none, so its
server has all of them. In `full` every batch takes the keys of all the limits, and keeps them from its decision to its
commit: there, batches pass one after the other. Most of what such a batch writes stands beside the records (states,
ranks, slots, looks), each in an index of its own; the statement by hand, one change at a time, gets by without it, and
keeps fewer promises. What a batch costs, piece by piece, is in [decisions](decisions).""",
    "valkey": """Where Valkey stays below its goals, it is since the server decides in Lua on one processor, which is
busy at 512 callers; what a call of one change costs it is not much more than what a change of a batch does.""",
    "beats": """Where beats are less than twice as fast as `move`, it is since a beat saves work in the store only, and
not at its caller: a task that is woken, a change that is made, decided and laid out, a verdict that is told.""",
    "ratio pgqueuer": """Where pgqueuer comes nearer than its goal, it is since it adds 1,000 jobs by one statement and
completes 500 by one, and nobody waits for a job of his own. Each change of ours has a caller who waits for it, a
version that is checked, an op id, an event and a deadline.""",
    "ratio SQLAlchemy, PostgreSQL": """Where SQLAlchemy comes nearer than its goal on PostgreSQL, it is since its 16
connections share one wait for the disk too, while `move` is bounded by the machine's processors, as told above.""",
    "committing": """Where half of the commits take longer than the goal on PostgreSQL, it is since they take that much
of the processors: hundreds of records and events, and what stands beside them, are written by one statement, and what
goes before and after it in Python does not go on at the same time. Piece by piece, with what was tried, it is in
[what a match costs](decisions/2026-11-21-what-a-match-costs.md).""",
}


def _missed(results: Mapping[str, Result]) -> Iterator[str]:
    """Say what bounds the engines that miss a goal, and beats."""
    told_by: dict[str, tuple[str, ...]] = {engine: (f"{engine}-move", f"{engine}-full") for engine in ENGINES}
    told_by["beats"] = tuple(f"{engine}-beats" for engine in ENGINES)
    for bound, names in told_by.items():
        if any(_misses(results[name]) for name in names if name in results):
            yield BOUNDS[bound]
            yield ""


def _misses(result: Result) -> bool:
    return any(not reached(result, name) for name in result.goals)


def _peers(result: Result) -> Iterator[str]:
    yield f"## {result.title}"
    yield ""
    yield result.said["how"]
    yield ""
    yield from _plot("peers.svg", "As many times the peer's rate")
    yield "| peer | its steps/s | `move`/s beside it | ratio | goal | a step |"
    yield "|---|--:|--:|--:|---|---|"
    for key in result.figures:
        if key.startswith("ratio "):
            name = key.removeprefix("ratio ")
            found = [result.figures[f"{what} {name}"] for what in ("peer", "ours", "ratio")]
            cells = [f"{shown(of['median'])} ({shown(of['lowest'])} – {shown(of['highest'])})" for of in found]
            goal = result.goals.get(key, "")
            told = goal and f"{goal} {'✓' if reached(result, key) else 'missed'}"
            yield f"| {name} | {' | '.join(cells)} | {told} | {result.said[name]} |"
    yield ""
    for name in result.goals:
        if name in BOUNDS and not reached(result, name):
            yield BOUNDS[name]
            yield ""
    skipped = [line for name, line in result.said.items() if name.startswith("skipped ")]
    for line in skipped:
        yield f"Not measured: {line}"
        yield ""
    yield f"*{_machine(result)}*"
    yield ""


def _section(result: Result, level: str = "###", *, where: bool = False) -> Iterator[str]:
    yield f"{level} {result.title}"
    yield ""
    if len(result.callers) > 1:
        yield f"By {' and '.join(map(str, sorted(result.callers)))} at once."
        yield ""
    if "how" in result.said:
        yield result.said["how"]
        yield ""
    yield from table(result)
    yield ""
    if result.name in BOUNDS and _misses(result):
        yield BOUNDS[result.name]
        yield ""
    if where:
        yield f"*{_machine(result)}*"
        yield ""


def _said(result: Result) -> Iterator[str]:
    names = {"durability": "Durability", "raw": "Its statements alone", "naive": "One change at a time"}
    yield from (f"- {names[way]}: {result.said[way]}" for way in WAYS)
    yield f"- Measured on: {_machine(result)}"


def _machine(result: Result) -> str:
    versions = {name: text for name, text in result.said.items() if VERSION.fullmatch(text)}
    told = {**versions, **{name.replace("_", " "): value for name, value in result.machine.items()}}
    return "; ".join(f"{name}: {value}" for name, value in told.items())
