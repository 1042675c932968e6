"""One batch: locked, decided, laid out and written, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.core.batch import Batch, Key
from tenure.core.clock import Time
from tenure.core.decide import Refusal, Replay
from tenure.core.decide import Transaction as Asking
from tenure.core.engine import Applied, Outcome
from tenure.core.kinds import Kinds
from tenure.core.sheet import Sheet, lay_out
from tenure.engines.postgres.connection import NotYet
from tenure.engines.postgres.days import Days
from tenure.engines.postgres.locking import Locked
from tenure.engines.postgres.reading import Files, Missing
from tenure.engines.postgres.writing import lay_states, place_new, run


class NotLocked(NotYet):
    """A record was asked for that was not locked; to lock it now would be out of order."""

    def __init__(self, key: Key) -> None:
        super().__init__(key)
        self.key = key


async def apply(
    files: Locked,
    kinds: Kinds,
    days: Days,
    asking: Sequence[Asking],
    now: int | None,
    also: set[Key],
    *,
    careful: bool,
) -> tuple[Batch, list[Outcome]]:
    """Apply transactions in order, each all or not at all. Raises `NotYet` if something is to be done before.

    Unless it is to be `careful` (see `run`), it raises `Drifted`, too.
    """
    await files.lock(asking, also)
    events = sum(change.name != "beat" for asked in asking for change in asked.changes)
    time, before = await files.begin(events, now, [asked.op for asked in asking if asked.op])
    try:
        batch, outcomes, sheet = await decide(files, kinds, time, before, asking)
        days.check(batch)
    except NotYet:
        await files.give_back(before)
        raise
    await files.give_back(batch.sequence)
    files.transaction.keep = batch.changed
    if batch.changed:
        lay_states(sheet, batch, files.places)
        for slot in files.made - {slot for slot, _ in batch.changed_slots()}:
            sheet.add("drop_slots", slot.kind, slot.limit, slot.key)
        await run(files.transaction, files.sql, files.space, sheet, careful=careful)
    return batch, outcomes


async def decide(
    files: Files, kinds: Kinds, time: Time, before: int, asking: Sequence[Asking]
) -> tuple[Batch, list[Outcome], Sheet]:
    """Decide transactions in order, each seeing the earlier ones, and lay out what comes of it; what is missed is read.

    Where something was missed all is decided anew, with it: so a refusal never rests on half of what there is.
    """
    while True:
        batch, sheet = Batch(kinds, time, before, files), Sheet()
        try:
            outcomes = [_outcome(batch, asked) for asked in asking]
            place_new(batch, files.places)
            lay_out(sheet, batch, files.places)
        except Missing as missing:
            try:
                await files.fetch(missing)
            except Missing as record:
                raise NotLocked(record.key or ("", "")) from None
        else:
            return batch, outcomes, sheet


def _outcome(batch: Batch, asked: Asking) -> Outcome:
    decision = batch.run(asked)
    return decision if isinstance(decision, Refusal) else Applied(decision.rows, isinstance(decision, Replay))
