"""This process as an instance: one lease for all that it has, and the connections of its players.

A connection costs the store nothing while it is open: it ends with the instance, whose beats are those of all.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from tenure import Change, Claim, LimitReached, NotFound, NotUnder, Overdue, Refused, Stale, Store, TenureError, WrongState
from tenure.services.battles.checks import check_player, new_id
from tenure.services.battles.lifecycle import BattleTicket, Connection, Instance, Seat
from tenure.services.battles.queueing import Queue
from tenure.services.battles.refusals import AGAIN_SECONDS, MOST_TRIES, Elsewhere, NotThen, TryAgain, Unknown

PAGE = 1000
LOOK_SECONDS = 5.0
"""How often it is looked which of our connections were replaced at other instances."""

Lost = Callable[[Iterable[str]], None]


def _nobody(_: Iterable[str]) -> None:
    """Tell nobody."""


class Presence:
    """One process among those of the service. Each time that it begins, it is another instance, with another id.

    `lost` is told which connections are ours no more, by id: they were replaced, or our lease is over.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        *,
        host: str = "",
        pid: int = 0,
        make_id: Callable[[], str] = new_id,
        lost: Lost = _nobody,
    ) -> None:
        self._store, self._queue, self._host, self._pid, self._make_id = store, queue, host, pid, make_id
        self.lost = lost
        self._claim: Claim[Instance] | None = None
        self._draining = False
        self._players: dict[str, str] = {}

    # ------------------------------------------------------------------------------------ the instance

    @property
    def instance(self) -> str | None:
        """Our id; None while we have no lease, or are about to stop."""
        return None if self._claim is None or self._draining else self._claim.id

    def has(self, player: str) -> bool:
        """Tell whether a player is connected here."""
        return player in self._players.values()

    @property
    def connections(self) -> int:
        """How many are connected here."""
        return len(self._players)

    async def run(self) -> None:
        """Be there, for ever. Raises `LeaseLost` when others took us for dead: what was ours is theirs then."""
        async with self.living():
            while True:
                await self._store.clock.sleep(LOOK_SECONDS)
                await self.look()

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Claim[Instance]]:
        """Be an instance while the body runs; at its end all connections are closed. Raises `LeaseLost`."""
        made = Instance.create(self._make_id(), host=self._host, pid=self._pid)
        claim = (await self._store.apply(made)).claim
        try:
            async with self._store.hold(claim):
                self._claim, self._draining = claim, False
                try:
                    yield claim
                finally:
                    await asyncio.shield(self._leave(claim))
        finally:
            self._claim = None
            gone, self._players = list(self._players), {}
            self.lost(gone)

    async def look(self) -> None:
        """Forget the connections that were replaced elsewhere. It costs what we have, whatever others have."""
        if self._claim is None:
            return
        mine, last = set[str](), None
        ours = set(self._players)
        while page := await self._store.find(Connection.open, under=self._claim.id, limit=PAGE, after=last):
            mine |= {connection.id for connection in page}
            last = page[-1]
        self._forget(ours - mine)

    async def drain(self) -> None:
        """Let nobody in any more. Who is here stays until the end."""
        self._draining = True
        if self._claim is not None:
            with suppress(Refused):
                await self._store.apply(Instance.drain(self._claim))

    async def _leave(self, claim: Claim[Instance]) -> None:
        """End in good order, so that nobody need wait for the lease."""
        with suppress(TenureError):
            await self._store.apply(Instance.leave(claim))

    # ------------------------------------------------------------------------------------ connections

    async def connect(self, player: str, *, transport: str = "websocket") -> Connection:
        """Connect a player; a connection that they have anywhere is replaced, and a seat that they have moves along.

        Raises `Wrong`, `Elsewhere`, `TryAgain`.
        """
        check_player(player)
        for _ in range(MOST_TRIES):
            instance = self.instance
            if instance is None:
                raise Elsewhere("this instance lets nobody in: connect again, and you come to another one")
            id = self._make_id()
            made = Connection.create(id, instance=instance, player=player, transport=transport)
            try:
                changes, number = await self._replacing(player, id)
                changes.insert(number, made)
                connection = (await self._store.apply(*changes))[number] if len(changes) > 1 else await self._store.apply(made)
            except NotUnder as refusal:
                if refusal.kind is Connection:
                    raise Elsewhere("this instance is about to stop: connect again, and you come to another one") from None
            except (Stale, WrongState, LimitReached):
                continue  # somebody was faster; the next look finds what there is
            except Overdue:
                await self._store.clock.sleep(AGAIN_SECONDS)  # the sweeper moves it in this moment
            else:
                self._players[id] = player
                return connection
        raise TryAgain("your last connection is being closed: try again in a moment")

    async def _replacing(self, player: str, id: str) -> tuple[list[Change[Any]], int]:
        """Give what goes with a new connection, and at which place of it that one is made."""
        before: list[Change[Any]] = []
        after: list[Change[Any]] = []
        (seat,) = await self._store.holding(Seat.one_per_player, player) or [None]
        if seat is not None:
            before += [Seat.step_out(seat)] if seat.state == Seat.present else []
            after.append(Seat.come_back(seat.id if before else seat, connection=id))
        for old in await self._store.holding(Connection.one_per_player, player):
            before.append(Connection.close(old, reason="replaced"))
        return [*before, *after], len(before)

    async def disconnect(self, connection: str, *, reason: str = "closed") -> None:
        """Close a connection: its player leaves the queue, and keeps a seat for a while. A repeat changes nothing."""
        player = self._players.pop(connection, None)
        try:
            record = await self._store.get(Connection, connection)
        except NotFound:
            return
        for _ in range(MOST_TRIES):
            if record.state != Connection.open:
                return
            await self._leave_queue(record)
            (seat,) = await self._store.holding(Seat.one_per_player, player or record.player) or [None]
            here = seat is not None and seat.state == Seat.present and seat.connection == connection
            steps = [Seat.step_out(seat)] if here else []
            try:
                await self._store.apply(*steps, Connection.close(connection, reason=reason))
            except (Stale, WrongState, Overdue):
                record = await self._store.get(Connection, connection)
            else:
                return
        await self._store.apply(Connection.close(connection, reason=reason))

    async def _leave_queue(self, connection: Connection) -> None:
        for ticket in await self._store.holding(BattleTicket.one_per_player, connection.player):
            if ticket.connection == connection.id:
                with suppress(NotThen, TryAgain, Unknown):  # then the sweeper ends it, with the connection
                    await self._queue.leave(connection.player, reason="connection_lost")

    def _forget(self, connections: Iterable[str]) -> None:
        gone = [id for id in connections if self._players.pop(id, None) is not None]
        if gone:
            self.lost(gone)
