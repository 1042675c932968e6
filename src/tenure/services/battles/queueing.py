"""The queue as players see it: they join it at a level, are offered a battle, and confirm it or leave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any

from tenure import (
    Change,
    Event,
    Exists,
    LimitReached,
    NotFound,
    NotUnder,
    Overdue,
    Refused,
    Stale,
    Store,
    WrongState,
)
from tenure.services.battles.checks import check_level, new_id
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Seat
from tenure.services.battles.offers import Offers
from tenure.services.battles.refusals import (
    AGAIN_SECONDS,
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
            frees = await self._frees(player)
            ticket = BattleTicket.create(
                self._make_id(),
                connection=connection,
                player=player,
                mode=mode,
                level=level,
                queued_at=await self._store.now(),
            )
            try:
                return await self._made(frees, ticket)
            except Overdue:
                await self._store.clock.sleep(AGAIN_SECONDS)  # the sweeper moves it in this moment
            except (Exists, Stale, WrongState, LimitReached):
                continue  # somebody was faster; the next look finds what there is
        raise TryAgain("your last ticket is just ending: try again in a moment")

    async def _made(self, before: Sequence[Change[Any]], made: Change[BattleTicket]) -> BattleTicket:
        """Make a ticket in one transaction with what goes before. Raises a `Refused`."""
        (verdict,) = await self._store.submit([[*before, made]])
        if isinstance(verdict, Refused):
            raise verdict
        ticket: BattleTicket = verdict.records[-1]
        return ticket

    async def _frees(self, player: str) -> list[Change[Any]]:
        """Give what frees a player of what has ended, though nobody swept yet.

        Raises `AlreadyPlaying` and `AlreadyWaiting` where it has not ended.
        """
        seats = await self._store.holding(Seat.one_per_player, player)
        for seat in seats:
            battle = (await self._store.get_many(Battle, [seat.battle])).get(seat.battle)
            if battle is not None and battle.state in Battle.live:
                raise AlreadyPlaying(seat.battle)
        tickets = await self._store.holding(BattleTicket.one_per_player, player)
        for ticket in tickets:
            connection = (await self._store.get_many(Connection, [ticket.connection])).get(ticket.connection)
            if connection is not None and connection.state == Connection.open:
                raise AlreadyWaiting(ticket.id)
        return [*map(Seat.release, seats), *map(BattleTicket.lose, tickets)]

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

        Raises `Unknown`, `TryAgain`, and `NotThen` where the player has not this offer any more.
        """
        for _ in range(MOST_TRIES):
            ticket = await self._offered(player, battle)
            if ticket is None or ticket.state != BattleTicket.matched:
                return await self._offers.battle(battle)
            try:
                return await self._offers.confirm(ticket)
            except (NotUnder, Overdue):
                raise NotThen(OVER) from None  # its time has passed, though nobody swept yet
            except (Stale, WrongState):
                continue  # the other one confirmed or left at the same time
        raise TryAgain("the offer changes too fast: try again in a moment")

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
