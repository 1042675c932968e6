"""One bounded step of a sweep: taking what is due, doing what `core.sweeping` says, and writing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tenure.core.batch import Batch
from tenure.core.engine import Swept
from tenure.core.kinds import Kinds
from tenure.core.sheet import Sheet
from tenure.core.sweeping import Found, Sweep
from tenure.engines.postgres.grounds import Busy, Grounds, MissingChildren
from tenure.engines.postgres.reading import Missing
from tenure.engines.postgres.writing import lay_states, place_new, run


class Result(NamedTuple):
    """What became of a sweep: the batch, if there was anything to do, and a record that another transaction had."""

    swept: Swept
    batch: Batch | None
    busy: int | None


async def sweep(
    grounds: Grounds, kinds: Kinds, most: int, at: int, now: int | None, check: Callable[[Batch], None]
) -> Result:
    """Sweep a space within bounds, inside one transaction, and say what is next.

    `at` is the time as it was read before; it is read again once all is locked, unless `now` is given. `check` raises
    if what was decided can't be written yet.
    """
    seen: set[int] = set()
    page = await grounds.take_due(at, (-1, -1), most)
    if not page:
        return Result(
            Swept(0, 0, await _next_due(grounds, at), more=False), None, await _busy(grounds, kinds, at, seen)
        )
    await grounds.prepare([found for _, found in page], at, most)
    batch = Batch(kinds, *await grounds.begin(_enough(most), now, []), grounds)
    step = Sweep(batch, grounds, most)
    while page:
        for _, found in page:
            await _look(step, grounds, found, now)
        seen.update(found.number for _, found in page)
        last = (page[-1][0], page[-1][1].number)
        page = await grounds.take_due(at, last, step.left) if step.left > 0 else []
        if page:
            await grounds.prepare([found for _, found in page], at, step.left)
            await _draw_again(step, grounds, now)
    check(batch)
    place_new(batch, grounds.places)
    sheet = await _laid_out(step, grounds)
    lay_states(sheet, batch, grounds.places)
    await run(grounds.transaction, grounds.sql, grounds.space, sheet)
    made = len(batch.entries)
    busy = await _busy(grounds, kinds, at, seen) if step.left > 0 else None
    if made or step.removed or step.left <= 0:
        next_due = await _next_due(grounds, -1)
        more = next_due is not None and next_due <= batch.time.now
        return Result(Swept(made, step.removed, next_due, more=more), batch, busy)
    # What is due by now is another build's.
    return Result(Swept(0, 0, await _next_due(grounds, at), more=False), batch, busy)


async def _busy(grounds: Grounds, kinds: Kinds, at: int, seen: set[int]) -> int | None:
    values = (grounds.space, at, list(kinds.tables), list(seen))
    found = await grounds.transaction.rows(grounds.sql["read_busy"], *values)
    return found[0][0] if found else None


async def _next_due(grounds: Grounds, after: int) -> int | None:
    found = await grounds.transaction.rows(grounds.sql["read_next_due"], grounds.space, after)
    return found[0][0] if found else None


async def _look(step: Sweep, grounds: Grounds, found: Found, now: int | None) -> None:
    """Do with a record what is to be done, fetching what is missed; leave it, if another transaction has that."""
    while True:
        try:
            step.look(found)
        except Missing as missing:
            try:
                await grounds.fetch(missing)
            except Busy:
                step.postpone(found)
                return
            if isinstance(missing, MissingChildren):
                await _draw_again(step, grounds, now)
        else:
            return


async def _draw_again(step: Sweep, grounds: Grounds, now: int | None) -> None:
    """Draw positions after what was taken last, so that each record's rise."""
    step.batch.time, step.batch.sequence = await grounds.begin(_enough(step.left), now, [])


def _enough(left: int) -> int:
    """Give how many positions a step may need: each event costs one of what is left, but for the last."""
    return 2 * max(left, 0) + 10


async def _laid_out(step: Sweep, grounds: Grounds) -> Sheet:
    """Lay out what is to be written. When to look at a record next need not be exact, so nothing more is locked."""
    while True:
        try:
            return step.lay_out()
        except Missing as missing:
            if missing.key is None:
                raise
            await grounds.read("read_rows", [missing.key])
