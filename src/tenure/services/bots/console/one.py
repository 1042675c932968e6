"""One bot, match, ticket or player whole: what it is, why it is there, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from tenure import Event, Lifecycle, NotFound, Store
from tenure.http.rejections import Absent
from tenure.pages.timelines import Happened, happened, timeline
from tenure.services.bots.console import words
from tenure.services.bots.console.drawing import Drawing, draw_rating
from tenure.services.bots.console.outlook import outlook
from tenure.services.bots.console.reading import modes_of
from tenure.services.bots.figures import Figures
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Seat, Ticket
from tenure.services.bots.offers import Offers, entrant_of
from tenure.services.bots.players import rating_id

K = TypeVar("K", bound=Lifecycle)
MOST_EVENTS = 100
KINDS: dict[str, type[Bot | Ticket]] = {"Bot": Bot, "Ticket": Ticket}


@dataclass(frozen=True, slots=True)
class SeatSeen:
    """A seat of a match: how it was matched, where it is now, and what the match did to its players' ratings."""

    seat: Seat
    state: str
    rated: list[tuple[str, float, float]]
    """Each player with the rating before and after."""


@dataclass(frozen=True, slots=True)
class Whole(Generic[K]):
    """One record: why it is where it is, its timeline, and its match if it has one."""

    record: K
    here: str
    timeline: list[Happened]
    outlook: str = ""
    pool: Pool | None = None
    match: Match | None = None
    ratings: Sequence[Rating] = ()
    drawings: Mapping[str, Drawing] = field(default_factory=dict)
    seats: Sequence[Sequence[SeatSeen]] = ()


class One:
    """Reads one of something, with its last hundred events."""

    def __init__(self, store: Store, figures: Figures) -> None:
        self._store, self._offers, self._figures = store, Offers(store), figures

    async def bot(self, id: str) -> Whole[Bot]:
        """Give one bot. Raises `Absent`."""
        bot = await self._get(Bot, id)
        told, pool = await self._timeline(bot), await self._get(Pool, bot.pool)
        return Whole(
            record=bot,
            here=_why_here(words.BOT_IS_HERE[bot.state.name], bot, told),
            outlook=await self._outlook(bot, pool) if bot.state == Bot.queued else "",
            timeline=told,
            pool=pool,
            match=await self._match(bot.match),
            ratings=await self._ratings(id),
        )

    async def ticket(self, id: str) -> Whole[Ticket]:
        """Give one ticket. Raises `Absent`."""
        ticket = await self._get(Ticket, id)
        told, pool = await self._timeline(ticket), await self._get(Pool, ticket.pool)
        match = ticket.match or next((one.about for one in told if one.about), None)
        return Whole(
            record=ticket,
            here=_why_here(words.TICKET_IS_HERE[ticket.state.name], ticket, told),
            outlook=await self._outlook(ticket, pool) if ticket.state == Ticket.queued else "",
            timeline=told,
            pool=pool,
            match=await self._match(match),
        )

    async def match(self, id: str) -> Whole[Match]:
        """Give one match, with its seats as they are now. Raises `Absent`."""
        match = await self._get(Match, id)
        told = await self._timeline(match)
        records = await self._offers.seats(match)
        rated = await self._rated(match)
        seats = [
            [_seen(seat, records.get((seat.kind, seat.id)), match, rated) for seat in team] for team in match.teams
        ]
        here = _why_here(words.MATCH_IS_HERE[match.state.name], match, told)
        return Whole(match, here, told, pool=await self._get(Pool, match.pool), match=match, seats=seats)

    async def player(self, id: str) -> Whole[Player]:
        """Give one player with their ratings and how these came about. Raises `Absent`."""
        player = await self._get(Player, id)
        ratings = await self._ratings(id)
        drawings = {rating.mode: drawn for rating in ratings if (drawn := draw_rating(await self._values(rating)))}
        return Whole(player, "", await self._timeline(player), ratings=ratings, drawings=drawings)

    # ------------------------------------------------------------------------------------ inside

    async def _outlook(self, record: Bot | Ticket, pool: Pool) -> str:
        now, queue = await self._store.now(), self._figures.waiting(pool.id)
        return outlook(entrant_of(record), queue, pool.rules, now.timestamp())

    async def _get(self, kind: type[K], id: str) -> K:
        try:
            return await self._store.get(kind, id)
        except NotFound:
            raise Absent(f"there is no such {kind.__name__.lower()}, or none any more") from None

    async def _match(self, id: str | None) -> Match | None:
        return None if id is None else (await self._store.get_many(Match, [id])).get(id)

    async def _ratings(self, player: str) -> list[Rating]:
        """Read them by their ids: a player's own are not found in the order of all without reading that through."""
        ids = [rating_id(player, mode) for mode in await modes_of(self._store)]
        return list((await self._store.get_many(Rating, ids)).values())

    async def _timeline(self, record: Lifecycle) -> list[Happened]:
        """Give the last events, the newest first, each with the match that it speaks of."""
        return await timeline(self._store, record, _told)

    async def _values(self, rating: Rating) -> list[float]:
        """Give a rating after each of its last changes, the oldest first."""
        first = max(rating.version - MOST_EVENTS, 0)
        events = await self._store.history(Rating, rating.id, after=first, limit=MOST_EVENTS)
        return [event.fields["value"] for event in events if "value" in event.fields]

    async def _rated(self, match: Match) -> dict[str, tuple[float, float]]:
        """Give what a match did to each player's rating: before and after, for who was rated at its end."""
        if match.state != Match.over:
            return {}
        players = [player for team in match.teams for seat in team for player in seat.players]
        found = await self._store.get_many(Rating, [rating_id(player, match.mode) for player in players])
        changes = {}
        for rating in found.values():
            before, after = await self._around(rating, match.entered_at)
            if before is not None and after is not None:
                changes[rating.player] = (before, after)
        return changes

    async def _around(self, rating: Rating, at: datetime) -> tuple[float | None, float | None]:
        """Give a rating before and after its change at an instant: all of a transaction happens at one."""
        first = max(rating.version - MOST_EVENTS, 0)
        events = await self._store.history(Rating, rating.id, after=first, limit=MOST_EVENTS)
        before: float | None = None
        for event in events:
            value = event.fields.get("value")
            if event.name == "rate" and event.at == at:
                return before, value
            before = before if value is None else value
        return None, None


def _seen(seat: Seat, record: Bot | Ticket | None, match: Match, rated: Mapping[str, tuple[float, float]]) -> SeatSeen:
    here = record is not None and record.match == match.id
    state = words.state(record.state.name) if record is not None and here else ""
    return SeatSeen(seat, state, [(player, *rated[player]) for player in seat.players if player in rated])


def _why_here(said: str, record: Lifecycle, told: Sequence[Happened]) -> str:
    """Say why a record is in its state: what the state means, and the reason of the event that led there."""
    led = next((h for h in told if h.state is not None), None)
    why = led.why if led else words.reason(getattr(record, "reason", None))
    return f"{said} It came there because {why}." if why else said


def _told(event: Event[Any]) -> Happened:
    return happened(event, words.event(event.name), words.why(event), event.fields.get("match"))
