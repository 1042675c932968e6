"""What your game implements, over HTTP and JSON: three calls that it answers, and one report that it makes.

    PUT    /rooms/MATCH    Opening      → {"room": URL}                 a repeat gives the same room
    GET    /rooms/MATCH                 → {"state": "playing"}          or {"state": "over", "places": [1, 2]}; else 404
    DELETE /rooms/MATCH                 → 204                           the match was broken off; 404 is as good
    GET    /health                      → anything below 500            whether the game is there again

Each call carries `Authorization: Bearer KEY` with the key of `TENURE_BOTS_GAME_KEY`. A 4xx answer turns a call down
for good, and its `{"detail": …}` says why; 408, 425, 429 and 5xx are tried again. When a match is over the game says
so, with the same key, until it gets an answer below 500:

    POST   `report_to`     {"places": [1, 2]}    one place per team, from 1; equal places are a draw

A report that is lost is found by looking at the room. Nothing happens twice when it comes twice.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from tenure.services.bots.lifecycle import Match

MOST_OF_A_URL = 2000


class SeatOpened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One seat of a room: a person, a party, or a bot."""

    seat: str
    """`Ticket/ID` or `Bot/ID`."""
    players: tuple[str, ...]
    bot: bool
    rating: float
    key: str | None = None
    """What only this seat's player is told: who shows it is that player. None where the game has no key."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `PUT /rooms/MATCH`: who plays whom, and where the result is reported."""

    mode: str
    teams: tuple[tuple[SeatOpened, ...], ...]
    report_to: str
    longest_seconds: float
    """After this time the match is broken off if no result has come."""


class RoomOpened(msgspec.Struct, frozen=True):
    """The answer: where the match is played. Its URL is what players and bots are given."""

    room: str


class RoomSeen(msgspec.Struct, frozen=True):
    """The answer to `GET /rooms/MATCH`."""

    state: Literal["playing", "over"]
    places: tuple[int, ...] | None = None


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A result: the place that each team won, in the order of the teams."""

    places: tuple[int, ...]


def opening_of(match: Match, report_to: str, key: str) -> Opening:
    """Give what the game is told of a match."""
    teams = tuple(
        tuple(
            SeatOpened(
                seat=f"{seat.kind}/{seat.id}",
                players=seat.players,
                bot=seat.kind == "Bot",
                rating=seat.rating,
                key=seat_key(key, match.id, f"{seat.kind}/{seat.id}") if key else None,
            )
            for seat in team
        )
        for team in match.teams
    )
    longest = match.longest.total_seconds()
    return Opening(mode=match.mode, teams=teams, report_to=report_to, longest_seconds=longest)


def seat_key(key: str, match: str, seat: str) -> str:
    """Give what the player of one seat shows to the game. Whoever has the game's key can work it out."""
    return hmac.new(key.encode(), f"seat\n{match}\n{seat}".encode(), hashlib.sha256).hexdigest()[:32]


def fits(places: tuple[int, ...], teams: int) -> bool:
    """Tell whether these are places: one per team, from 1, where equal places leave out the ones behind them."""
    return len(places) == teams and all(place == 1 + sum(p < place for p in places) for place in places)


def is_room_url(text: str) -> bool:
    """Tell whether a game's answer names a room."""
    if len(text) > MOST_OF_A_URL or not text.isprintable():
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https", "ws", "wss") and bool(parts.hostname)
