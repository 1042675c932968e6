"""What a sweep has taken and read: the ground on which `core.sweeping` decides.

It takes what nobody else has (`SKIP LOCKED`), and waits for no record: so any number of sweepers may be at work, and
none of them holds up a writer in a circle.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from tenure.core.batch import Key
from tenure.core.row import Row
from tenure.core.sheet import Place
from tenure.core.sweeping import Found
from tenure.core.transitions import TimedChange
from tenure.engines.postgres.connection import Cells, Transaction
from tenure.engines.postgres.locking import Locked
from tenure.engines.postgres.needs import Needs
from tenure.engines.postgres.reading import Missing, to_row
from tenure.engines.postgres.statements import Statements

EVENTS_AT_ONCE = 10_000
States = frozenset[str] | None
Listed = tuple[int, list[tuple[int, Key]]]
"""At most how many children were asked for, and number and key of those there are."""


class Busy(Exception):  # noqa: N818  it never leaves this engine
    """Another transaction has what is asked for."""


class MissingChildren(Missing):
    """The sweep asks for children of a record."""

    def __init__(self, row: Row, most: int, states: States) -> None:
        super().__init__(key=(row.kind, row.id))
        self.row, self.most, self.states = row, most, states


class MissingMessages(Missing):
    """The sweep asks whether a message of a record waits."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class Grounds(Locked):
    """Records that were taken for a sweep, and what is beside them."""

    def __init__(self, transaction: Transaction, sql: Statements, space: int, needs: Needs) -> None:
        super().__init__(transaction, sql, space, needs)
        self._busy: set[Key] = set()
        self._listed: dict[tuple[str, str, States], Listed] = {}
        self._waiting: dict[int, bool] = {}
        self._forgotten: set[int] = set()

    # ----------------------------------------------------------------------------------- as the ground

    def take(self, found: Found) -> None:
        """Take over a record's row and place, so that the batch finds them."""
        key = (found.kind, found.id)
        self.places[key], self.rows[key] = Place(found.number, found.look_at), found.row

    def children(self, row: Row, most: int, states: States = None) -> Sequence[Found]:
        """Give children of a record, those in some states only if these are given."""
        asked, listed = self._listed.get((row.kind, row.id, states), (0, []))
        if len(listed) >= asked and asked < most:
            raise MissingChildren(row, most, states)
        return [self._child(number, key) for number, key in listed[:most]]

    def _child(self, number: int, key: Key) -> Found:
        place = self.places.get(key)
        return Found(number, place.look_at if place else None, *key, self.rows.get(key), busy=key in self._busy)

    def waits(self, number: int) -> bool:
        """Tell whether a message of a record waits."""
        if number not in self._waiting:
            raise MissingMessages(number)
        return self._waiting[number]

    def forget(self, number: int) -> bool:
        """Tell whether a gone record's history, and the last trace of it, are gone."""
        return number in self._forgotten

    # ------------------------------------------------------------------------------ taking and reading

    async def take_due(self, now: int, seen: tuple[int, int], most: int) -> list[tuple[int, Found]]:
        """Take records that are to be looked at, after the last one that was seen; each with its instant."""
        rows = await self.transaction.rows(self.sql["take_due"], self.space, now, *seen, most)
        return [(cells[0], _found(cells[1:])) for cells in rows]

    async def prepare(self, page: Sequence[Found], now: int, left: int) -> None:
        """Take and read at once what a page will most likely need; the rest is fetched when it is missed."""
        await self._forget([found.number for found in page if found.row is None])
        known = [found for found in page if found.row is not None and found.kind in self._needs.kinds]
        for found in known:
            self.take(found)
        ended = [found for found in known if self._is_final(found)]
        for kind, followers in self._needs.kinds.followers.items():
            rows = [found.row for found in ended if found.kind == kind and found.row is not None]
            for follower in followers:
                await self._list(rows, max(left, 1), follower.states)
        await self._prepare_removal([found for found in ended if self._is_kept_enough(found, now)], left)
        await self._foretell_moves()

    async def fetch(self, missing: Missing) -> None:
        """Take or read what was missed. Raises `Busy` if another transaction has it."""
        if isinstance(missing, MissingChildren):
            await self._list([missing.row], missing.most, missing.states)
        elif isinstance(missing, MissingMessages):
            await self._read_waiting([missing.number])
        elif missing.key is not None:
            await self._share([missing.key])
            if missing.key in self._busy:
                raise Busy
        else:
            await super().fetch(missing)

    async def _prepare_removal(self, gone: list[Found], left: int) -> None:
        while gone:
            await self._read_waiting([found.number for found in gone])
            rows = [found.row for found in gone if found.row is not None]
            for kind in {row.kind for row in rows}:
                await self._list([row for row in rows if row.kind == kind], left + 1, None)
            gone = [child for row in rows for child in self.children(row, left + 1) if self._is_final(child)]

    async def _foretell_moves(self) -> None:
        """Take the parents that decide on the timed transitions of what was taken, and the slots that these move."""
        wanted: set[Key] = set()
        for row in self.rows.values():
            if row is None or row.kind not in self._needs.kinds or row.kind in self._needs.simple:
                continue
            table = self._needs.kinds[row.kind]
            state = table.states.get(row.state)
            for timer in state.timers if state is not None else ():
                change = TimedChange(row.kind, row.id, table.edges[timer.transition])
                wanted.update(self.foretell(row, self._needs.after(row, change)))
        await self._share(wanted)
        await self.lock_slots(self._touched)

    async def _share(self, keys: Iterable[Key]) -> None:
        """Take records that others may rely on as well; which are absent and which are busy, a read tells."""
        wanted = [key for key in keys if key not in self.rows and key not in self._busy]
        await self.read("take_shares", wanted)
        absent = [key for key in wanted if self.rows[key] is None]
        if absent:
            await self.read("read_rows", absent)
            self._set_busy([key for key in absent if self.rows[key] is not None])

    async def _list(self, rows: Sequence[Row], most: int, states: States) -> None:
        """List children of records of one kind, and take them."""
        if not rows:
            return
        found: dict[str, list[tuple[int, Key]]] = {row.id: [] for row in rows}
        values = (rows[0].kind, list(found), sorted(states or ()), most)
        for id, number, *key in await self.transaction.rows(self.sql["read_children"], self.space, *values):
            found[id].append((number, (key[0], key[1])))
        self._listed |= {(rows[0].kind, id, states): (most, listed) for id, listed in found.items()}
        wanted = {key for listed in found.values() for _, key in listed} - self.rows.keys() - self._busy
        await self.read("take_rows", wanted)
        self._set_busy([key for key in wanted if self.rows[key] is None])

    def _set_busy(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._busy.add(key)
            del self.rows[key]
            self.places.pop(key, None)

    async def _read_waiting(self, numbers: Sequence[int]) -> None:
        self._waiting |= dict.fromkeys(numbers, False)
        found = await self.transaction.rows(self.sql["read_waiting"], numbers) if numbers else ()
        self._waiting |= {number: True for (number,) in found}

    async def _forget(self, numbers: Collection[int]) -> None:
        """Remove what is left of gone records, if their events are not too many for once."""
        if not numbers:
            return
        removed = await self.transaction.run(self.sql["forget_events"], numbers, EVENTS_AT_ONCE)
        if removed < EVENTS_AT_ONCE:
            await self.transaction.run(self.sql["forget_records"], numbers)
            self._forgotten.update(numbers)

    def _is_final(self, found: Found) -> bool:
        table = self._needs.kinds.tables.get(found.kind)
        state = None if table is None or found.row is None else table.states.get(found.row.state)
        return state is not None and state.final

    def _is_kept_enough(self, found: Found, now: int) -> bool:
        row = found.row
        keep = None if row is None else self._needs.kinds[row.kind].states[row.state].keep
        return row is not None and keep is not None and row.entered_at + keep <= now


def _found(cells: Cells) -> Found:
    number, look_at, kind, id, state = cells[:5]
    return Found(number, look_at, kind, id, None if state is None else to_row(cells[2:]))
