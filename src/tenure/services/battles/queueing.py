"""The queue as players see it: they join it at a level, are offered a battle, and confirm it or leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection

from tenure import Event, Exists, LimitReached, NotFound, NotUnder, Overdue, Stale, Store, WrongState
from tenure.services.battles.checks import check_level, new_id
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Seat
from tenure.services.battles.offers import Offers
from tenure.services.battles.refusals import (
    MOST_TRIES,
    AlreadyPlaying,
    AlreadyWaiting,
    NotThen,
    TryAgain,
    Unknown,
    Wrong,
)

OVER = "the offer is over: you wait for another one, or have left the queue"


class Queue:
    """Lets players join and leave, and answer what they are offered."""

    def __init__(
        self, store: Store, offers: Offers, modes: Collection[str], *, make_id: Callable[[], str] = new_id
    ) -> None:
        self._store, self._offers, self._modes, self._make_id = store, offers, modes, make_id

    async def join(self, connection: str, *, mode: str, level: int) -> BattleTicket:
        """Let a connection's player wait for a battle at a level. The ticket ends with the connection.

        Raises `Wrong`, `Unknown`, `AlreadyPlaying`, `AlreadyWaiting`, `TryAgain`.
        """
        check_level(level)
        if mode not in self._modes:
            raise Wrong(f"there is no such mode: take one of {', '.join(sorted(self._modes))}")
        player = await self._player(connection)
        for _ in range(MOST_TRIES):
            for seat in await self._store.holding(Seat.one_per_player, player):
                raise AlreadyPlaying(seat.battle)
            ticket = BattleTicket.create(
                self._make_id(),
                connection=connection,
                player=player,
                mode=mode,
                level=level,
                queued_at=await self._store.now(),
            )
            try:
                return await self._store.apply(ticket)
            except LimitReached as refusal:
                for held in await self._store.get_many(BattleTicket, refusal.holders):
                    raise AlreadyWaiting(held) from None
            except Exists:
                continue
        raise TryAgain("your last ticket is just ending: try again in a moment")

    async def leave(self, player: str, *, reason: str = "withdrawn") -> BattleTicket:
        """Leave the queue; what one was offered is called off, and the others wait on. Raises `Unknown`, `TryAgain`."""
        for _ in range(MOST_TRIES):
            ticket = await self.ticket_of(player)
            try:
                if ticket.state == BattleTicket.waiting:
                    return await self._store.apply(BattleTicket.leave(ticket, reason=reason))
                await self._offers.decline(ticket, reason=reason)
                return await self._store.get(BattleTicket, ticket.id)
            except Overdue:
                return await self._store.get(BattleTicket, ticket.id)  # it leaves in this moment, by itself
            except (Stale, WrongState):
                continue
        raise TryAgain("your ticket changes too fast: try again in a moment")

    async def confirm(self, player: str, battle: str) -> Battle:
        """Take what one was offered; the last to do so starts the battle. A repeat changes nothing.

        Raises `Unknown`, and `NotThen` where the player has not this offer any more.
        """
        ticket = await self._offered(player, battle)
        if ticket is not None and ticket.state == BattleTicket.matched:
            try:
                await self._store.apply(BattleTicket.confirm(ticket))
            except (Stale, WrongState, NotUnder, Overdue):
                again = await self._offered(player, battle)
                if again is not None and again.state == BattleTicket.matched:
                    raise NotThen(OVER) from None  # its time has passed, though nobody swept yet
        return await self._offers.start(battle)

    async def decline(self, player: str, battle: str) -> BattleTicket:
        """Decline what one was offered, and leave the queue; the others wait on, from the time at which they began.

        Raises `Unknown`, `NotThen`, `TryAgain`.
        """
        ticket = await self._offered(player, battle)
        if ticket is None:
            raise NotThen("the battle has started: play it, or concede it")
        return await self.leave(player, reason="declined")

    async def ticket_of(self, player: str) -> BattleTicket:
        """Give the ticket that a player has. Raises `Unknown`."""
        for ticket in await self._store.holding(BattleTicket.one_per_player, player):
            return ticket  # type: ignore[no-any-return]
        raise Unknown("you wait for nothing: join the queue first")

    async def news(self, ticket: BattleTicket) -> AsyncIterator[Event[BattleTicket]]:
        """Give what happens to a ticket from now on, until it has ended."""
        async for event in self._store.watch(BattleTicket, ticket.id, after=ticket.version):
            yield event
            if event.target not in BattleTicket.live:
                return

    async def _offered(self, player: str, battle: str) -> BattleTicket | None:
        """Give the ticket that has this offer; None where its battle has started, so that the ticket has ended."""
        for ticket in await self._store.holding(BattleTicket.one_per_player, player):
            if ticket.battle == battle:
                return ticket  # type: ignore[no-any-return]
        if (await self._store.get_many(Seat, [f"{battle}/{player}"])).values():
            return None
        raise NotThen(OVER)

    async def _player(self, connection: str) -> str:
        try:
            record = await self._store.get(Connection, connection)
        except NotFound:
            raise Unknown("there is no such connection: connect again") from None
        if record.state != Connection.open:
            raise Unknown("this connection was closed or replaced: connect again")
        return record.player
