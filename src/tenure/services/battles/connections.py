"""The connections of players as the store has them: made, replaced and closed, with the seats that go along."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from tenure import Change, Overdue, Refused, Stale, Store, Unavailable, WrongState
from tenure.services.battles.hearing import topic_of
from tenure.services.battles.lifecycle import BattleTicket, Connection, Seat
from tenure.services.battles.queueing import Queue
from tenure.services.battles.refusals import AGAIN_SECONDS, MOST_TRIES, NotThen, TryAgain, Unknown


class Connections:
    """Writes connections. Whose they are is no matter here: an instance may close those of another."""

    def __init__(self, store: Store, queue: Queue) -> None:
        self._store, self._queue = store, queue

    async def make(
        self, id: str, *, instance: str, player: str, transport: str
    ) -> tuple[Connection, Sequence[Connection]]:
        """Make a connection, and close those that the player has anywhere; a seat that they have moves along.

        Gives those that were closed too. All of it is one transaction, which raises a `Refused`.
        """
        made = Connection.create(id, instance=instance, player=player, transport=transport)
        old: list[Connection] = await self._store.holding(Connection.one_per_player, player)
        closes = [Connection.close(one, reason="replaced") for one in old]
        leaves, comes_back = await self._moving(player, id)
        before: list[Change[Any]] = [*leaves, *closes]
        (verdict,) = await self._store.submit([[*before, made, *comes_back]])
        if isinstance(verdict, Refused):
            raise verdict
        connection: Connection = verdict.records[len(before)]
        return connection, old

    async def _moving(self, player: str, connection: str) -> tuple[list[Change[Seat]], list[Change[Seat]]]:
        """Give what is done with a seat before the last connection is closed, and after the new one is made."""
        for seat in await self._store.holding(Seat.one_per_player, player):
            leaves = [Seat.step_out(seat)] if seat.state == Seat.present else []
            return leaves, [Seat.come_back(seat.id if leaves else seat, connection=connection)]
        return [], []

    async def tell_replaced(self, connection: Connection) -> None:
        """Tell the instance at which a connection was; where that goes amiss, it finds out by a look."""
        with suppress(Unavailable):
            await self._store.signal(topic_of(connection.instance), connection.id.encode())

    async def close(self, connection: str, *, reason: str) -> None:
        """Close a connection: its player leaves the queue, and keeps a seat for a while. A repeat changes nothing.

        Raises `TryAgain`.
        """
        for _ in range(MOST_TRIES):
            record = (await self._store.get_many(Connection, [connection])).get(connection)
            if record is None or record.state != Connection.open:
                return
            await self._leave_queue(record)
            seats = await self._store.holding(Seat.one_per_player, record.player)
            leaves = [Seat.step_out(one) for one in seats if one.connection == connection]
            try:
                await self._store.apply(*leaves, Connection.close(record, reason=reason))
            except Overdue as refusal:
                if refusal.kind is Connection:
                    return  # it ends with the instance, in this moment
                await self._store.clock.sleep(AGAIN_SECONDS)  # as does the battle
            except (Stale, WrongState):
                continue
            else:
                return
        raise TryAgain("the connection's seat changes too fast: it ends with the instance")

    async def _leave_queue(self, connection: Connection) -> None:
        for ticket in await self._store.holding(BattleTicket.one_per_player, connection.player):
            if ticket.connection == connection.id:
                with suppress(NotThen, TryAgain, Unknown):  # then the sweeper ends it, with the connection
                    await self._queue.leave(connection.player, reason="connection_lost")
