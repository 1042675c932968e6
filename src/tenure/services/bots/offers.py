"""Matches from their offer on: what is offered, who accepts or declines it, and the start when all have accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tenure import (
    Change,
    Claim,
    InvalidChange,
    NotFound,
    NotUnder,
    OpConflict,
    Overdue,
    Stale,
    Store,
    WrongState,
    seconds,
)
from tenure.matching.entrants import Entrant, Proposal
from tenure.services.bots.lifecycle import Bot, Match, Pool, Seat, Ticket
from tenure.services.bots.ratings import Rated, rating_system
from tenure.services.bots.refusals import NotThen, TryAgain, Unknown

MOST_TRIES = 20
Seated = Bot | Ticket
KINDS: dict[str, type[Seated]] = {"Bot": Bot, "Ticket": Ticket}
ACCEPTED = "it has accepted, and can't decline any more"
OVER = "the offer is over: look at the ticket, which waits for another one or has left"


# ------------------------------------------------------------------------------------ who waits, and what is offered


def entrant_of(record: Seated) -> Entrant:
    """Give somebody who waits as the matcher sees them."""
    if isinstance(record, Ticket):
        return Entrant(
            key=f"Ticket/{record.id}",
            rating=record.rating,
            since=record.queued_at.timestamp(),
            players=record.players,
            avoid=frozenset(record.avoid),
            met=frozenset(record.met),
        )
    return Entrant(
        key=f"Bot/{record.id}",
        rating=record.rating,
        since=(record.queued_at or record.entered_at).timestamp(),
        players=(record.id,),
        met=frozenset(record.met),
        stands_in=True,
    )


def offer(id: str, pool: Pool, proposal: Proposal, records: Mapping[str, Seated], now: datetime) -> list[Change[Any]]:
    """Give the one transaction that makes a match of a proposal: all of its seats are reserved, or none.

    Each seat is given as the record that was matched: one that has changed since refuses the whole.
    """
    _check_who_meets(proposal)
    teams = tuple(tuple(_seat(entrant, now) for entrant in team) for team in proposal.teams)
    match = Match.create(
        id,
        pool=pool.id,
        accept_for=seconds(pool.accept_seconds),
        longest=seconds(pool.longest_seconds),
        mode=pool.mode,
        teams=teams,
        gap=proposal.gap,
        expected=_expected(pool, teams),
    )
    return [match, *(_reserve(records[entrant.key], id) for entrant in proposal.entrants)]


def _expected(pool: Pool, teams: Sequence[Sequence[Seat]]) -> tuple[float, ...]:
    """Give each team's expected share of the win by the ratings alone, with a party's players at its mean."""
    rated = [[Rated(value=seat.rating, deviation=0.0) for seat in team for _ in seat.players] for team in teams]
    return rating_system(pool.rating_system).expected(rated)


def _check_who_meets(proposal: Proposal) -> None:
    """Refuse a match of bots alone, and of somebody with themselves, whatever proposed it."""
    players = [player for entrant in proposal.entrants for player in entrant.players]
    if len(players) != len(set(players)):
        raise InvalidChange("nobody plays with themselves, so this is no match")
    if all(entrant.stands_in for entrant in proposal.entrants):
        raise InvalidChange("bots stand in for people, so a match of bots alone is none")


def _seat(entrant: Entrant, now: datetime) -> Seat:
    kind, _, id = entrant.key.partition("/")
    waited = max(now.timestamp() - entrant.since, 0.0)
    return Seat(kind=kind, id=id, players=entrant.players, rating=entrant.rating, waited=round(waited, 3))


def _reserve(record: Seated, match: str) -> Change[Any]:
    return Ticket.reserve(record, match=match) if isinstance(record, Ticket) else Bot.reserve(record, match=match)


# ------------------------------------------------------------------------------------ what becomes of an offer


class Offers:
    """Accepts, declines and starts. Bots do so through their runner, with its claim."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def match(self, id: str) -> Match:
        """Read a match. Raises `Unknown`."""
        try:
            return await self._store.get(Match, id)
        except NotFound:
            raise Unknown("there is no such match: it may have ended long ago") from None

    async def seats(self, match: Match) -> dict[tuple[str, str], Seated]:
        """Read the records that sit in a match, by kind and id; those that are gone are left out."""
        found: dict[tuple[str, str], Seated] = {}
        for name, kind in KINDS.items():
            ids = [seat.id for team in match.teams for seat in team if seat.kind == name]
            if ids:
                records: Mapping[str, Seated] = await self._store.get_many(kind, ids)
                found |= {(name, id): record for id, record in records.items()}
        return found

    async def accept(self, ticket: str, match: str) -> Match:
        """Accept what was offered to a ticket; the last to accept starts the match. A repeat changes nothing.

        Raises `Unknown`, and `NotThen` where the ticket has not this offer any more.
        """
        record = await self._offered(ticket, match)
        if record.state == Ticket.matched:
            try:
                await self._store.apply(Ticket.accept(record))
            except (Stale, WrongState, NotUnder):
                if (await self._offered(ticket, match)).state == Ticket.matched:
                    raise NotThen(OVER) from None  # its time has passed, though nobody swept yet
        return await self.start(match)

    async def accept_as(self, bot: Claim[Bot]) -> Match:
        """Accept for a bot, as its holder; the last to accept starts the match. A refusal is the store's own."""
        accepted = await self._store.apply(Bot.accept(bot))
        return await self.start(str(accepted.match))

    async def start(self, id: str) -> Match:
        """Start a match if every seat has accepted, once whoever calls; give the match as it is now."""
        match = await self.match(id)
        if match.state != Match.offered:
            return match
        records = await self.seats(match)
        sitting = [(seat.kind, seat.id) for team in match.teams for seat in team]
        if not all(key in records and _has_accepted(records[key], id) for key in sitting):
            return match
        begins = [KINDS[kind].begin(seat) for kind, seat in sitting]
        try:
            return (await self._store.apply(Match.start(id), *begins, op=f"start/{id}"))[0]  # type: ignore[no-any-return]
        except (WrongState, NotUnder, OpConflict):
            return await self.match(id)  # its time ran out, or a bot's runner was lost

    async def decline(self, ticket: str, match: str) -> None:
        """Decline what was offered to a ticket: it cools down, and the others wait on with their first time.

        A repeat changes nothing. Raises `Unknown`, and `NotThen` where the ticket has not this offer any more.
        """
        for _ in range(MOST_TRIES):
            record = await self._ticket(ticket)
            if record.state == Ticket.cooling:
                return
            if record.state != Ticket.matched or record.match != match:
                raise NotThen(
                    OVER if record.state != Ticket.accepted else "it has accepted, and can't decline any more"
                )
            if await self._call_off(match, Ticket.decline(record)):
                return
        raise TryAgain("the match's seats change too fast: try again in a moment")

    async def decline_as(self, bot: Claim[Bot]) -> None:
        """Decline for a bot, as its holder. A refusal is the store's own."""
        for _ in range(MOST_TRIES):
            record = await self._store.get(Bot, bot.id)
            if record.fence != bot.fence or record.state != Bot.matched or record.match is None:
                await self._store.apply(Bot.decline(bot))  # most likely refused, and the error says why
                return
            elif await self._call_off(record.match, Bot.decline(bot)):
                return
        raise TryAgain("the match's seats change too fast: try again in a moment")

    # ------------------------------------------------------------------------------------ inside

    async def _call_off(self, id: str, decline: Change[Any]) -> bool:
        """Decline, free the others and call the match off in one transaction; False where it must be tried again.

        The seats come before the match's end, after which only the sweeper may free them. A bot whose lease ran out
        is left to the sweeper altogether.
        """
        overdue: set[tuple[str, str]] = set()
        while True:
            match = await self.match(id)
            records = await self.seats(match)
            others = [
                record
                for key, record in records.items()
                if key != (decline.kind, decline.id) and key not in overdue and _is_reserved(record, id)
            ]
            releases = [_release(record) for record in others]
            call_off = Match.call_off(match, reason="declined")
            try:
                await self._store.apply(decline, *releases, call_off, why=f"{decline.kind} {decline.id} declined")
            except Overdue as refusal:
                key = (refusal.kind.__name__, refusal.id)
                if key[0] != Bot.__name__ or key in overdue or key == (decline.kind, decline.id):
                    raise NotThen(OVER) from None
                overdue.add(key)
            except (Stale, WrongState):
                return False
            else:
                return True

    async def _offered(self, ticket: str, match: str) -> Ticket:
        """Read a ticket that has this match, from its offer on."""
        record = await self._ticket(ticket)
        if record.match != match:
            raise NotThen(OVER)
        return record

    async def _ticket(self, id: str) -> Ticket:
        try:
            return await self._store.get(Ticket, id)
        except NotFound:
            raise Unknown("there is no such ticket: join a pool to get one") from None


def _has_accepted(record: Seated, match: str) -> bool:
    return record.match == match and record.state in (Bot.accepted, Ticket.accepted)


def _is_reserved(record: Seated, match: str) -> bool:
    reserved = record.state in Bot.reserved if isinstance(record, Bot) else record.state in Ticket.reserved
    return record.match == match and reserved


def _release(record: Seated) -> Change[Any]:
    return Bot.release(record) if isinstance(record, Bot) else Ticket.release(record)
