"""The end of a match: its result counts once, whoever reports it however often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tenure import Change, Exists, NotFound, OpConflict, Overdue, Stale, Store, WrongState
from tenure.services.bots.game.contract import fits
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Ticket
from tenure.services.bots.offers import Offers, Seated
from tenure.services.bots.players import ratings_of
from tenure.services.bots.ratings import rate_changes, rating_system
from tenure.services.bots.refusals import NotThen, TryAgain, Wrong

MOST_TRIES = 50


class Settling:
    """Settles matches and breaks them off."""

    def __init__(self, store: Store, offers: Offers) -> None:
        self._store, self._offers = store, offers

    async def settle(self, id: str, places: Sequence[int]) -> Match:
        """Take a match's result: the place that each team won, from 1; equal places are a draw.

        One transaction ends the match, rates its players, and frees its seats. A repeat gives the same answer;
        another result is refused. Raises `Unknown`, `Wrong`, `NotThen`, `TryAgain`.
        """
        left_out: set[tuple[str, str]] = set()
        for _ in range(MOST_TRIES):
            match = await self._offers.match(id)
            _check_places(match, places)
            if match.state == Match.over and match.places == tuple(places):
                return match
            if match.state != Match.playing:
                raise NotThen(_why_not(match))
            changes = await self._changes(match, tuple(places), left_out)
            try:
                return (await self._store.apply(*changes, op=f"settle/{id}"))[-1]  # type: ignore[no-any-return]
            except Overdue as refusal:
                if refusal.kind is Match:
                    raise NotThen("the match took longer than it may, so it does not count any more") from None
                left_out.add((refusal.kind.__name__, refusal.id))
            except (Stale, WrongState, NotFound, Exists, OpConflict):
                continue  # a seat or a rating moved meanwhile, or another report of the same was faster
        raise TryAgain("the match's players are being changed by many at once: report it again in a moment")

    async def break_off(self, id: str, reason: str) -> Match:
        """End a match without a result; the sweeper frees its seats. A repeat changes nothing."""
        for _ in range(MOST_TRIES):
            match = await self._offers.match(id)
            if match.state == Match.void:
                return match
            if match.state == Match.over:
                raise NotThen("the match is over and has its result")
            change = Match.break_off if match.state == Match.playing else Match.call_off
            try:
                return await self._store.apply(change(match, reason=reason))
            except (Stale, WrongState):
                continue  # it started or ended meanwhile
        raise TryAgain("the match is being changed by many at once: try again in a moment")

    # ------------------------------------------------------------------------------------ inside

    async def _changes(
        self, match: Match, places: tuple[int, ...], left_out: set[tuple[str, str]]
    ) -> list[Change[Any]]:
        """Give the one transaction. The seats come before the match's end, after which only the sweeper frees them."""
        changes = await self._rated(match, places)
        records = await self._offers.seats(match)
        for number, team in enumerate(match.teams):
            met = _opponents(match, number)
            for seat in team:
                record = records.get((seat.kind, seat.id))
                if record is not None and (seat.kind, seat.id) not in left_out and record.match == match.id:
                    changes += await self._freed(record, met, left_out)
        return [*changes, Match.settle(match, places=places)]

    async def _rated(self, match: Match, places: tuple[int, ...]) -> list[Change[Any]]:
        """Give each player's new rating. All have one: nobody is forgotten who plays."""
        pool = await self._store.get(Pool, match.pool)
        players = [player for team in match.teams for seat in team for player in seat.players]
        ratings = await ratings_of(self._store, players, match.mode)
        return [*rate_changes(rating_system(pool.rating_system), match.teams, ratings, places)]

    async def _freed(self, record: Seated, met: tuple[str, ...], left_out: set[tuple[str, str]]) -> list[Change[Any]]:
        """Free one seat, if it sits there still; what is missed here the sweeper frees when the match has ended."""
        if isinstance(record, Bot):
            plays = record.state in Bot.in_match
            return [Bot.finish(record, met=met, played=record.played + 1)] if plays else []
        if record.state != Ticket.playing:
            return []
        players = await self._store.get_many(Player, record.players)
        parts: list[Change[Any]] = [
            Player.part(player, met=met)
            for player in players.values()
            if player.ticket == record.id and ("Player", player.id) not in left_out
        ]
        return [*parts, Ticket.finish(record)]


def _opponents(match: Match, number: int) -> tuple[str, ...]:
    """Give the players of the other teams."""
    return tuple(
        player for other, team in enumerate(match.teams) if other != number for seat in team for player in seat.players
    )


def _check_places(match: Match, places: Sequence[int]) -> None:
    if not fits(tuple(places), len(match.teams)):
        raise Wrong(
            f"`places` must give each of the match's {len(match.teams)} teams its place, counted from 1; "
            f"equal places are a draw, and the next are left out then, as in 1, 1, 3"
        )


def _why_not(match: Match) -> str:
    if match.state == Match.over:
        return "the match has another result already, and a result is never changed"
    if match.state == Match.void:
        return f"the match ended without a result ({match.reason})"
    return "the match has not started: every seat must accept first"
