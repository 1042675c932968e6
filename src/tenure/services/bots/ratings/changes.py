"""What a match does to the ratings of its players, as changes for the transaction that settles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tenure import Change
from tenure.services.bots.lifecycle import Rating, Seat
from tenure.services.bots.ratings.contract import Rated, RatingSystem, check_places


def rate_changes(
    system: RatingSystem, teams: Sequence[Sequence[Seat]], ratings: Mapping[str, Rating], places: Sequence[int]
) -> list[Change[Rating]]:
    """Give one `Rating.rate` for each player of a match, people and bots alike, each by its own rating.

    Args:
        system: what rates the match's pool.
        teams: the match's seats; a party's players are rated each for itself.
        ratings: each player's record, by the player's id; its version is checked when the change is applied.
        places: one per team, from 1; equal places are a draw.

    Who shares the first place has not won.

    Raises:
        ValueError: the places don't fit the teams.
        KeyError: a player has no rating.
    """
    check_places(len(teams), places)
    records = [[ratings[player] for seat in team for player in seat.players] for team in teams]
    after = system.rated([[rated_of(record) for record in team] for team in records], places)
    winner = places.index(1) if list(places).count(1) == 1 else None
    return [
        Rating.rate(
            record,
            value=new.value,
            deviation=new.deviation,
            volatility=new.volatility,
            played=record.played + 1,
            won=record.won + (number == winner),
        )
        for number, (team, news) in enumerate(zip(records, after, strict=True))
        for record, new in zip(team, news, strict=True)
    ]


def rated_of(record: Rating) -> Rated:
    """Give what a rating system needs to know of a record."""
    return Rated(value=record.value, deviation=record.deviation, volatility=record.volatility, played=record.played)
