"""Battles from their offer on: who is offered one, who confirms or leaves, and the start with the last to confirm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from tenure import (
    Change,
    LimitReached,
    NotFound,
    NotUnder,
    Overdue,
    Refused,
    Stale,
    Store,
    WrongState,
    minutes,
    seconds,
)
from tenure.matching.entrants import Entrant, Proposal
from tenure.services.battles.lifecycle import Battle, BattleTicket, Seat
from tenure.services.battles.refusals import MOST_TRIES, TryAgain, Unknown
from tenure.services.battles.rules.contract import Rules

Tickets = dict[str, BattleTicket]


def entrant_of(ticket: BattleTicket) -> Entrant:
    """Give somebody who waits as the matcher sees them."""
    return Entrant(
        key=f"{BattleTicket.__name__}/{ticket.id}",
        rating=float(ticket.level),
        since=ticket.queued_at.timestamp(),
        players=(ticket.player,),
    )


def offer(
    id: str, proposal: Proposal, tickets: Mapping[str, BattleTicket], now: datetime, *, within: timedelta, by: timedelta
) -> list[Change[Any]]:
    """Give the one transaction that offers a battle: all of its tickets are reserved, or none.

    Each is given as the record that was matched: one that has changed since refuses the whole.
    """
    chosen = [tickets[entrant.key] for entrant in proposal.entrants]
    battle = Battle.create(
        id,
        mode=chosen[0].mode,
        level=chosen[0].level,
        players=tuple(ticket.player for ticket in chosen),
        accept_for=within,
        ends_by=now + by,
    )
    return [battle, *(BattleTicket.reserve(ticket, battle=id) for ticket in chosen)]


class Offers:
    """Starts battles, and calls them off."""

    def __init__(
        self,
        store: Store,
        rules: Mapping[str, Rules],
        new_seed: Callable[[], int],
        *,
        grace: timedelta = minutes(1),
        started: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._rules, self._new_seed, self._grace = store, rules, new_seed, grace
        self._started = started

    async def battle(self, id: str) -> Battle:
        """Read a battle. Raises `Unknown`."""
        try:
            return await self._store.get(Battle, id)
        except NotFound:
            raise Unknown("there is no such battle: it may have ended long ago") from None

    async def confirm(self, ticket: BattleTicket) -> Battle:
        """Take an offer; the last to do so starts the battle, in the same transaction. Give the battle as it is then.

        So it never stands there confirmed by all and started by nobody, whoever dies when. Raises `NotUnder` and
        `Overdue` where the offer is over, `Stale` and `WrongState` where it is to be read again, and `TryAgain`.
        """
        battle = await self.battle(str(ticket.battle))
        tickets = await self._tickets(battle)
        if not _is_last(ticket, tickets, battle):
            noted = Battle.confirm(battle, player=ticket.player)
            return (await self._store.apply(BattleTicket.confirm(ticket), noted))[1]
        tickets[ticket.player] = ticket
        starting = await self._starting(battle, tickets, last=ticket)
        try:
            started: Battle = (await self._store.apply(BattleTicket.confirm(ticket), *starting))[1]
        except (LimitReached, NotUnder, Overdue) as refusal:
            if refusal.kind is Battle or (isinstance(refusal, NotUnder) and refusal.kind is BattleTicket):
                raise
            return await self._cannot_sit(refusal, battle, tickets)
        self._started()
        return started

    async def _starting(self, battle: Battle, tickets: Tickets, *, last: BattleTicket) -> list[Change[Any]]:
        """Give what starts a battle and lets its players sit down, after the last one's confirmation."""
        standing = self._rules[battle.mode].begin(battle.players, self._new_seed())
        now = await self._store.now()
        ends = None if standing.turn_seconds is None else now + seconds(standing.turn_seconds)
        start = Battle.start(battle, board=standing.board, acts=standing.acts, turn_ends_at=ends)
        seated = [BattleTicket.seat(t.id if t is last else t, battle=battle.id) for t in tickets.values()]
        seats = [
            Seat.create(
                f"{battle.id}/{player}",
                battle=battle.id,
                connection=tickets[player].connection,
                player=player,
                grace=self._grace,
            )
            for player in battle.players
        ]
        return [start, *seated, *seats]

    async def _cannot_sit(self, refusal: Refused, battle: Battle, tickets: Tickets) -> Battle:
        """Let the others wait on where one can't sit down: they play already, or their connection is gone."""
        gone = [
            ticket
            for player, ticket in tickets.items()
            if refusal.id == (f"{battle.id}/{player}" if refusal.kind is Seat else ticket.id)
        ]
        for ticket in gone:
            with suppress(Refused):  # somebody was faster
                await self.decline(ticket, reason="cannot_sit_down")
        battle = await self.battle(battle.id)
        if battle.state == Battle.offered:
            raise TryAgain("the offer changes too fast: try again in a moment")
        return battle

    async def decline(self, ticket: BattleTicket, *, reason: str) -> None:
        """Let a ticket with an offer go, free the others and call the battle off, in one transaction.

        What is overdue is left to the sweeper. Raises `Stale` or `WrongState` where the ticket has changed.
        """
        overdue: set[str] = set()
        for _ in range(MOST_TRIES):
            battle = await self.battle(str(ticket.battle))
            tickets = await self._tickets(battle)
            others = _reserved(tickets.values(), battle.id, leaving_out={ticket.id, *overdue})
            gone = [] if ticket.id in overdue else [BattleTicket.decline(ticket, reason=reason)]
            releases = [BattleTicket.release(other) for other in others]
            call_off = Battle.call_off(battle, reason="a_player_left")
            try:
                # The tickets come before the battle's end, after which only the sweeper may free them.
                await self._store.apply(*gone, *releases, call_off)
            except Overdue as refusal:
                if refusal.kind is Battle or refusal.id in overdue:
                    raise
                overdue.add(refusal.id)
            except (Stale, WrongState):
                if (await self._store.get(BattleTicket, ticket.id)).version != ticket.version:
                    raise
            else:
                return
        raise TryAgain("the offer changes too fast: try again in a moment")

    async def _tickets(self, battle: Battle) -> Tickets:
        """Give the tickets that have this battle, by their players."""
        found: Tickets = {}
        for ticket in await self._store.find(BattleTicket.reserved, under=battle):
            found[ticket.player] = ticket
        return found


def _is_last(ticket: BattleTicket, tickets: Tickets, battle: Battle) -> bool:
    """Tell whether all others have confirmed."""
    others = [player for player in battle.players if player != ticket.player]
    return all(player in tickets and tickets[player].state == BattleTicket.confirmed for player in others)


def _reserved(tickets: Iterable[BattleTicket], battle: str, leaving_out: set[str]) -> list[BattleTicket]:
    return [
        ticket
        for ticket in tickets
        if ticket.battle == battle and ticket.state in BattleTicket.reserved and ticket.id not in leaving_out
    ]
