"""Measures sweeps: 1, 64 and 512 transitions that are due at once, alone and among many that are not."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Result, save

import tenure
from tenure import End, Lifecycle, State, Store, hours, minutes
from tenure.benchmarks.stand import Heard, Stand
from tenure.benchmarks.workloads import filling
from tenure.core.durations import to_microseconds
from tenure.store.timing import ManualClock

DUE = (512, 64, 1)
OTHERS = 20_000
FILLED_AT = datetime(2100, 1, 1, tzinfo=UTC)
SWEPT_AT = FILLED_AT + minutes(2)
ALIVE_FOR = timedelta(hours=1)


class Lamp(Lifecycle):
    """Goes out after a while."""

    lit = State(initial=True)
    off = End()

    go_out = lit.to(off, after=minutes(1))


class Stone(Lifecycle):
    """Lies there, with a deadline that is far away."""

    lying = State(initial=True)
    sunk = End()

    sink = lying.to(sunk, after=hours(100_000))


KINDS = (Lamp, Stone)


async def measure(stand: Stand, folder: Path, *, rounds: int) -> None:
    """Measure sweeps of one engine, and write the results."""
    result = await Result.begin(stand, folder, "sweeps", "Sweeps of transitions that are due at once")
    result.callers = DUE
    found: list[dict[str, float]] = [{} for _ in range(rounds)]
    for due in DUE:
        await stand.forget()
        filled = await prepare(stand, due, 0)
        start, heard = await send(stand, filled, due)
        among = await prepare(stand, due, OTHERS) if due == DUE[0] else None
        for figures in found:
            alone = await sweep(stand, filled, due)
            of = "" if due == DUE[0] else f"_of_{due}"
            figures[f"ops_per_s{of}"] = due / alone
            figures[f"whole_sweep_ms{of}"] = alone * 1000
            figures[f"raw_ops_per_s{of}"] = due / await stand.replay(await stand.fresh(start), [heard])
            figures[f"naive_ops_per_s{of}"] = due / await sweep(stand, filled, due, singly=True)
            if among is not None:
                figures["times_alone_among_20_000"] = await sweep(stand, among, due) / alone
    result.said["how"] = "One change at a time: sweeps that make one transition each."
    save(result, found, {"times_alone_among_20_000": "≤ 1.5"})


async def prepare(stand: Stand, due: int, others: int) -> str:
    """Fill a store whose lamps are due soon, and whose sweeper counts as alive until then."""
    url = await stand.fresh()
    async with opened(url, FILLED_AT) as store:
        await store.sweep(ALIVE_FOR)
        await filling(lambda number: Stone.create(f"stone-{number}"))(store, others)
        await filling(lambda number: Lamp.create(f"lamp-{number}"))(store, due)
    return await stand.keep(url)


def opened(url: str, at: datetime) -> AbstractAsyncContextManager[Store]:
    """Open a store at an instant."""
    return tenure.open(url, *KINDS, clock=ManualClock(to_microseconds(at)))


async def sweep(stand: Stand, filled: str, due: int, *, singly: bool = False) -> float:
    """Sweep a filled store, and give the seconds that it took."""
    async with opened(await stand.fresh(filled), SWEPT_AT) as store:
        began = time.perf_counter()
        made = await _one_by_one(store, due) if singly else await store.sweep(ALIVE_FOR)
        spent = time.perf_counter() - began
    if made != due:
        raise SystemExit(f"{made} transitions were made, not {due}")
    return spent


async def _one_by_one(store: Store, due: int) -> int:
    made, alive_for = 0, int(ALIVE_FOR / timedelta(microseconds=1))
    while made < due:
        swept = await store.engine.sweep(store.space_name, 1, alive_for, store.clock())
        if not swept.made:
            break
        made += swept.made
    return made


async def send(stand: Stand, filled: str, due: int) -> tuple[str, Heard]:
    """Hear what a sweep sends, and give with what it began."""
    url = await stand.fresh(filled)
    async with stand.listening(url) as ear, opened(url, SWEPT_AT) as store:
        start = await stand.keep(url)
        await ear.heard()
        made = await store.sweep(ALIVE_FOR)
        if made != due:
            raise SystemExit(f"{made} transitions were made, not {due}")
        return start, Heard([], await ear.heard())
