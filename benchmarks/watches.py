"""Measures watches: how long until a watcher has the event of a change, from before the change was made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

from benchmarks.report import Result, save

import tenure
from tenure import Event, Store
from tenure.benchmarks.measuring import prepare, work
from tenure.benchmarks.running import Ran, run
from tenure.benchmarks.stand import Stand
from tenure.benchmarks.workloads import MOVE, Mover, Step, next_op

WATCHERS = (512, 64, 1)
WARMING = 0.2


async def measure(stand: Stand, folder: Path, *, rounds: int, seconds: float) -> None:
    """Measure watches of one engine, and write the results."""
    result = await Result.begin(stand, folder, "watches", "Changes whose event a watcher awaits")
    result.callers = WATCHERS
    filled = await prepare(stand, MOVE)
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        figures: dict[str, float] = {}
        for watchers in WATCHERS:
            of = "" if watchers == WATCHERS[0] else f"_of_{watchers}"
            ran = await watched(stand, filled, watchers, seconds, asked=False)
            figures.update({f"{name}{of}": value for name, value in ran.figures().items()})
            asked = await watched(stand, filled, watchers, seconds, asked=True)
            figures[f"naive_ops_per_s{of}"] = asked.per_s
            if not of:
                alone = await work(stand, filled, MOVE, watchers, seconds)
                figures["ratio_move"] = ran.per_s / alone.per_s
        found.append(figures)
    result.said["how"] = (
        "A wait is from before the change to when its watcher has the event; each caller has a record and a watcher of "
        "its own. One change at a time: nobody watches, but each caller reads its record's events after each change."
    )
    save(result, found, {})


async def watched(stand: Stand, filled: str, watchers: int, seconds: float, *, asked: bool) -> Ran:
    """Let each of so many callers change its record, and wait for the event."""
    async with tenure.open(await stand.fresh(filled), *MOVE.kinds) as store:
        events = [store.watch(Mover, f"mover-{number}", after=1) for number in range(watchers)]
        steps = [_step(store, number, None if asked else events[number]) for number in range(watchers)]
        await run(steps, seconds * WARMING)
        ran = await run(steps, seconds, server=stand.server_cpu)
        for one in events:
            async with aclosing(one):  # type: ignore[type-var]  watch is a generator
                pass
        return ran


def _step(store: Store, number: int, events: AsyncIterator[Event[Mover]] | None) -> Step:
    id, version = f"mover-{number}", 1

    async def step() -> None:
        nonlocal version
        change = Mover.go if version % 2 else Mover.back
        await store.apply(change(id), op=next_op())
        seen: Sequence[Event[Mover]]
        seen = [await anext(events)] if events is not None else await store.history(Mover, id, after=version)
        version += 1
        if [event.version for event in seen] != [version]:
            raise SystemExit(f"{id} came to version {version}, and the events seen are {seen}")

    return step
