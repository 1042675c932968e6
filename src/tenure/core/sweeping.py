"""What a sweep does with each record that is to be looked at: transitions, followers, removal, forgetting.

The engine finds what is to be looked at, and gives it to `Sweep.look` one by one; then it writes what the sweep's
batch and its sheet say. All of a step is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tenure.core.batch import Batch, Key
from tenure.core.deadlines import due
from tenure.core.decide import Transaction, Writes
from tenure.core.kinds import holdings
from tenure.core.row import Row
from tenure.core.sheet import Place, Sheet, drop_holdings, lay_out
from tenure.core.transitions import TimedChange

SWEEPER = "sweeper"
LATEST = 2**53
LOOK_AGAIN = 60 * 1_000_000
"""After how long what could not be done is tried again: a limit is in the way, a child lives, a message waits."""
MOST_RARELY = 24 * 60 * LOOK_AGAIN


class Found(NamedTuple):
    """A record as a sweep finds it: without a row where it was removed; `busy` if another transaction has it now."""

    number: int
    look_at: int | None
    kind: str
    id: str
    row: Row | None
    busy: bool = False


class Ground(Protocol):
    """What a sweep reads beside the records of its batch."""

    places: dict[Key, Place]

    def take(self, found: Found) -> None:
        """Take over a record's row and place, so that the batch finds them."""
        ...

    def children(self, row: Row, most: int, states: frozenset[str] | None = None) -> Sequence[Found]:
        """Give children of a record, those in some states only if these are given."""
        ...

    def waits(self, number: int) -> bool:
        """Tell whether a message of a record waits."""
        ...

    def forget(self, number: int) -> bool:
        """Remove a gone record's history, and then the last trace of it; tell whether all of it is gone."""
        ...


class Sweep:
    """One bounded step of a sweep.

    A look that was taken is dropped; `lay_out` notes the next look of what the sweep changed, and what is in `_again`
    that of the rest.
    """

    def __init__(self, batch: Batch, ground: Ground, most: int) -> None:
        self.batch, self._ground, self._kinds = batch, ground, batch.kinds
        self._sheet = Sheet()
        self.left = most
        self.removed = 0
        self._taken: set[int] = set()
        self._dropped: set[int] = set()
        self._again: dict[int, int | None] = {}

    @property
    def _now(self) -> int:
        return self.batch.time.now

    def look(self, found: Found) -> None:
        """Do with a record what is to be done with it now, and note when it is to be looked at next."""
        known = self._kinds.tables.get(found.kind)
        if known is None or (found.row is not None and found.row.state not in known.states):
            return  # another build's: its own sweeper looks
        if found.number in self._dropped:
            return  # it went with its parent
        self.left -= 1
        if found.row is None:
            self._unlook(Place(found.number, found.look_at))
            self._again[found.number] = None if self._ground.forget(found.number) else self._now
            return
        row = self._take(found)
        if row is None:
            return
        self._unlook(self._ground.places[row.kind, row.id])
        if known.states[row.state].final:
            self._again[found.number] = self._end(found.number, row)
        else:
            self._move(found.number, row)

    def put_off(self, found: Found) -> None:
        """Settle a look that is not due yet, if nothing will be due at it: one write for the looks of many who beat."""
        known = self._kinds.tables.get(found.kind)
        state = None if known is None or found.row is None else known.states.get(found.row.state)
        if state is None or state.final or found.kind in self._kinds.outgrown or found.number in self._dropped:
            return
        row = self._take(found)
        if row is None or row is not self.batch.found[row.kind, row.id]:
            return  # this sweep has changed it
        place, next_due = self._ground.places[row.kind, row.id], due(self.batch, row)
        if next_due is not None and place.look_at is not None and next_due[0] > place.look_at:
            self.left -= 1
            self._unlook(place)
            self._again[found.number] = next_due[0]

    def postpone(self, found: Found) -> None:
        """Leave a record for the next sweep, since another transaction has what is needed for it."""
        if self._take(found) is not None:
            self._unlook(self._ground.places[found.kind, found.id])
            self._again[found.number] = self._now

    def lay_out(self) -> Sheet:
        """Give all that is to be written."""
        sheet = Sheet()
        for statement, lines in self._sheet.lines.items():
            sheet.lines[statement] += lines
        lay_out(sheet, self.batch, self._ground.places)
        places = self._ground.places
        changed = {places[key].number for key, _, _ in self.batch.touched()}
        settled = changed | {place.number for place in places.values() if place.look_at is not None}
        for number, at in self._again.items():
            if number in self._dropped or number not in settled:
                sheet.add("write_looks", number, at)
                if at is not None:
                    sheet.add("write_due", at, number)
        return sheet

    def _take(self, found: Found) -> Row | None:
        """Take a record as it was found, or as this sweep has changed it already."""
        key = (found.kind, found.id)
        if found.number not in self._taken:
            self._taken.add(found.number)
            if key not in self.batch.rows:
                self._ground.take(found)
        return self.batch.row(*key)

    def _unlook(self, place: Place) -> None:
        if place.look_at is not None:
            self._sheet.add("drop_due", place.look_at, place.number)
            place.look_at = None

    def _move(self, number: int, row: Row) -> bool:
        """Make the record's timed transition, or note when it is due by now; tell whether it was made."""
        row = self.batch.row(row.kind, row.id) or row
        next_due = due(self.batch, row)
        if next_due is None or next_due[0] > self._now:
            at = None if next_due is None else next_due[0]
            if row.kind in self._kinds.outgrown:  # another build may know of a deadline that this one does not
                at = min(at or LATEST, self._now + LOOK_AGAIN)
            self._again[number] = at
            return False
        change = TimedChange(row.kind, row.id, self._kinds[row.kind].edges[next_due[1]])
        made = isinstance(self.batch.run(Transaction((change,), SWEEPER, timed=True)), Writes)
        if not made:
            self._again[number] = self._now + LOOK_AGAIN  # such as a limit of the state to be entered
        return made

    def _end(self, number: int, row: Row) -> int | None:
        """End the followers of an ended record; remove it when it was kept long enough. Gives the next look."""
        again = self._followers(row)
        if again is not None:
            return again
        keep = self._kinds[row.kind].states[row.state].keep
        at = None if keep is None else row.entered_at + keep
        return self._remove(number, row) if at is not None and at <= self._now else at

    def _followers(self, row: Row) -> int | None:
        """Make the timed transition of those that end with this record; give the next look if some are left."""
        again: int | None = None
        for follower in self._kinds.followers.get(row.kind, ()):
            for found in self._ground.children(row, max(self.left, 1), follower.states):
                if found.busy:
                    self.left -= 1
                    again = self._now
                    continue
                child = self._take(found)
                if child is not None and child.kind == follower.kind and child.state in follower.states:
                    self.left -= 1
                    again = again if self._move(found.number, child) else self._now + LOOK_AGAIN
                if self.left <= 0:
                    return self._now
        return again

    def _remove(self, number: int, row: Row) -> int:
        """Remove a record with its ended children; give the next look."""
        if self.batch.found[row.kind, row.id] is not row:
            return self._now  # it came here in this very step: what stands beside it is not written yet
        if self._ground.waits(number):
            return self._later(row)
        for found in self._ground.children(row, self.left + 1):
            if self.left <= 0 or found.busy:
                return self._now
            self.left -= 1
            child = self._take(found)
            if child is None or not self._belongs(child, row):
                continue
            state = self._kinds[child.kind].states.get(child.state) if child.kind in self._kinds else None
            if state is None or not state.final:
                return self._later(row)  # a living child keeps its parent
            self._unlook(self._ground.places[child.kind, child.id])
            again = self._again[found.number] = self._remove(found.number, child)
            if found.number not in self._dropped:
                return again
        return self._drop(number, row)

    def _later(self, row: Row) -> int:
        """Give when to look again at what is kept past its time: the longer it is so, the later, a day at most."""
        kept = self._now - row.entered_at - (self._kinds[row.kind].states[row.state].keep or 0)
        return self._now + min(max(kept, LOOK_AGAIN), MOST_RARELY)

    def _belongs(self, child: Row, parent: Row) -> bool:
        """Tell whether a child is still one: this sweep may have let it go."""
        known = child.kind in self._kinds
        return not known or (parent.kind, parent.id) in holdings(self._kinds[child.kind], child).parents

    def _drop(self, number: int, row: Row) -> int:
        """Take a record away; its history stays for its time. Gives when that is over."""
        table = self._kinds[row.kind]
        drop_holdings(self._sheet, row.kind, holdings(table, row), number)
        self._sheet.add("write_counts", row.kind, row.state, -1)
        self._sheet.add("drop_records", number, row.kind, row.state)
        self.batch.found[row.kind, row.id] = self.batch.rows[row.kind, row.id] = None
        self._dropped.add(number)
        self.removed += 1
        return self._now + table.history
