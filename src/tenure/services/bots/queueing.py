"""The queue as people see it: they join it alone or as a party, and leave it again."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tenure import Change, Exists, LimitReached, NotFound, Overdue, Stale, Store, WrongState, seconds
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket
from tenure.services.bots.offers import Offers, entrant_of
from tenure.services.bots.players import check_player, newcomers, ratings_of
from tenure.services.bots.pools import Pools
from tenure.services.bots.ratings import rating_system
from tenure.services.bots.refusals import (
    AlreadyWaiting,
    NotOpen,
    NotThen,
    OtherRequest,
    PoolFull,
    TryAgain,
    Unknown,
    Wrong,
)

MOST_TRIES = 20
REQUEST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


def new_id() -> str:
    """Make the id of a ticket."""
    return secrets.token_hex(8)


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How things stand for one ticket. Times in seconds, ratings in points."""

    ticket: Ticket
    waited: float
    tolerance: float
    """The rating gap that it accepts by now."""
    match: Match | None
    """What it has been offered, plays, or has played."""
    accepted: int = 0
    seats: int = 0
    accept_until: datetime | None = None


class Queue:
    """Lets people join pools and leave them."""

    def __init__(self, store: Store, pools: Pools, offers: Offers, *, make_id: Callable[[], str] = new_id) -> None:
        self._store, self._pools, self._offers, self._make_id = store, pools, offers, make_id

    # ------------------------------------------------------------------------------------ joining

    async def join(self, pool: str, players: Sequence[str], *, request: str | None = None) -> Ticket:
        """Let one player, or a party that stays together, wait for a match; give the ticket.

        `request` becomes the ticket's id: a repeat of it gives that ticket, as it is now, for as long as it is kept.
        Raises `Unknown`, `Wrong`, `NotOpen`, `PoolFull`, `OtherRequest`, `TryAgain`, and `AlreadyWaiting` with the
        ticket that one of them has already.
        """
        party = _checked(players, request)
        for _ in range(MOST_TRIES):
            if request is not None and (made := await self._made_by(request, pool, party)) is not None:
                return made
            found = await self._open_pool(pool, party)
            try:
                return await self._arrive(request or self._make_id(), found, party)
            except (Exists, Stale, WrongState):
                continue  # somebody else was faster; the next look finds what there is
            except AlreadyWaiting as refusal:
                if refusal.ticket != request:
                    raise
                continue  # the same request was made at the same time
            except LimitReached as refusal:
                if refusal.at_most == 0:
                    continue  # it was drained meanwhile
                raise PoolFull(f"all {refusal.at_most} places of the pool are taken: try again later") from None
        raise TryAgain("these players are being changed by many at once: try again in a moment")

    async def _made_by(self, request: str, pool: str, party: tuple[str, ...]) -> Ticket | None:
        ticket = (await self._store.get_many(Ticket, [request])).get(request)
        if ticket is not None and (ticket.pool, ticket.players) != (pool, party):
            raise OtherRequest("this request id was used for other players or another pool: take a new one")
        return ticket

    async def _open_pool(self, id: str, party: tuple[str, ...]) -> Pool:
        pool = await self._pools.get(id)
        if pool.state != Pool.open:
            raise NotOpen(f"the pool is {pool.state} and lets nobody in: join another one")
        if len(party) > pool.rules.team_size:
            raise Wrong(f"a party in this pool has at most {pool.rules.team_size} players: that is its team's size")
        return pool

    async def _arrive(self, id: str, pool: Pool, party: tuple[str, ...]) -> Ticket:
        """Make the ticket and engage its players, those whom nobody knows yet too: all in one transaction."""
        reads = asyncio.gather(ratings_of(self._store, party, pool.mode), self._store.now())
        try:
            known = await self._free(party)
        finally:
            rated, now = await reads  # also for who may not join: nothing goes on behind an answer
        made = newcomers(known, rated, party, mode=pool.mode, system=pool.rating_system)
        ticket = self._ticket(id, pool, party, known, rated, now)
        engaged = [Player.engage(known.get(player, player), ticket=id) for player in party]
        return (await self._store.apply(*made, ticket, *engaged))[len(made)]  # type: ignore[no-any-return]

    async def _free(self, party: tuple[str, ...]) -> dict[str, Player]:
        """Read those of a party who are known. Raises `AlreadyWaiting` where one has a ticket, `Wrong` for a bot."""
        if await self._store.get_many(Bot, party):
            raise Wrong("one of these players is a bot: bots are deployed, and join no party")
        known = await self._store.get_many(Player, party)
        for player in known.values():
            if player.state == Player.engaged:
                ticket = (await self._store.get_many(Ticket, [str(player.ticket)])).get(str(player.ticket))
                if ticket is not None and ticket.state in Ticket.live:
                    raise AlreadyWaiting(player.id, ticket.id)
                raise TryAgain("a player's last match has just ended: try again in a moment")
        return known

    def _ticket(
        self,
        id: str,
        pool: Pool,
        party: tuple[str, ...],
        known: Mapping[str, Player],
        rated: Mapping[str, Rating],
        now: datetime,
    ) -> Change[Ticket]:
        first = rating_system(pool.rating_system).initial().value
        values = [rated[player].value if player in rated else first for player in party]
        lately = now - seconds(pool.rules.rematch_after_seconds)
        return Ticket.create(
            id,
            pool=pool.id,
            rating=sum(values) / len(values),
            patience=seconds(pool.patience_seconds),
            cool_for=seconds(pool.cool_seconds),
            queued_at=now,
            players=party,
            avoid=_all((player.blocked for player in known.values()), but=party),
            # A player's record changes last when its match ends or later, so that this forgets nobody too early.
            met=_all((player.met for player in known.values() if player.changed_at > lately), but=party),
        )

    # ------------------------------------------------------------------------------------ leaving

    async def leave(self, ticket: str, *, reason: str = "withdrawn") -> Ticket:
        """Withdraw a ticket that waits; its players may join again at once. A repeat changes nothing.

        Raises `Unknown`, and `NotThen` for a ticket that has an offer or plays.
        """
        for _ in range(MOST_TRIES):
            record = await self.ticket(ticket)
            if record.state == Ticket.left:
                return record
            if record.state != Ticket.queued:
                raise NotThen(CANT_LEAVE[record.state.name])
            (changes,) = await leaving(self._store, [record], reason)
            try:
                return (await self._store.apply(*changes))[-1]  # type: ignore[no-any-return]
            except Overdue:
                return await self.ticket(ticket)  # its patience is over, so it leaves in this moment
            except (Stale, WrongState):
                continue  # it was matched meanwhile
        raise TryAgain("the ticket changes too fast: try again in a moment")

    # ------------------------------------------------------------------------------------ looking

    async def ticket(self, id: str) -> Ticket:
        """Read a ticket. Raises `Unknown`."""
        try:
            return await self._store.get(Ticket, id)
        except NotFound:
            raise Unknown("there is no such ticket: join a pool to get one") from None

    async def waiting(self, id: str) -> Waiting:
        """Say how things stand for a ticket: how long it has waited, what it accepts, who has accepted its match."""
        ticket, now = await self.ticket(id), await self._store.now()
        pool = await self._pools.get(ticket.pool)
        end = ticket.entered_at if ticket.state in ENDS else now
        view = Waiting(
            ticket=ticket,
            waited=max((end - ticket.queued_at).total_seconds(), 0.0),
            tolerance=pool.rules.accepts(entrant_of(ticket), end.timestamp()),
            match=await self._match_of(ticket),
        )
        if view.match is None or view.match.state != Match.offered:
            return view
        records = await self._offers.seats(view.match)
        return msgspec.structs.replace(
            view,
            seats=sum(len(team) for team in view.match.teams),
            accepted=sum(record.state in (Bot.accepted, Ticket.accepted) for record in records.values()),
            accept_until=view.match.entered_at + view.match.accept_for,
        )

    async def _match_of(self, ticket: Ticket) -> Match | None:
        """Give the match that a ticket has, or had last when it ended."""
        id = ticket.match
        if id is None and ticket.state == Ticket.played:
            events = await self._store.history(Ticket, ticket.id)
            id = next((event.fields["match"] for event in reversed(events) if event.name == "reserve"), None)
        return None if id is None else (await self._store.get_many(Match, [id])).get(id)


CANT_LEAVE = {
    "matched": "it has an offer: decline that instead",
    "accepted": "it has accepted a match: play it, or wait till the offer is over",
    "playing": "it plays: its match must end first",
    "cooling": "it declined a match and cools down: it leaves by itself then",
    "played": "it has been played and is over: its players may join again",
}
ENDS = (Ticket.left, Ticket.played)


async def leaving(store: Store, tickets: Sequence[Ticket], reason: str) -> list[list[Change[Any]]]:
    """Give for each ticket that waits the transaction by which it leaves: its players part from it first."""
    players = await store.get_many(Player, [player for ticket in tickets for player in ticket.players])
    return [
        [
            *(
                Player.part(players[id], met=players[id].met)
                for id in ticket.players
                if id in players and players[id].ticket == ticket.id
            ),
            Ticket.leave(ticket, reason=reason),
        ]
        for ticket in tickets
    ]


def _checked(players: Sequence[str], request: str | None) -> tuple[str, ...]:
    party = tuple(players)
    if not party or len(set(party)) != len(party):
        raise Wrong("`players` must name one player, or each of a party once")
    for player in party:
        check_player(player)
    if request is not None and not REQUEST.fullmatch(request):
        raise Wrong("a request's id must be 1 to 100 of A-Z a-z 0-9 _ . : - and begin with a letter or digit")
    return party


def _all(lists: Iterable[Sequence[str]], *, but: Sequence[str]) -> tuple[str, ...]:
    """Give all names once. Those of a party are left out: they play together, whatever was."""
    return tuple(sorted({name for names in lists for name in names}.difference(but)))
