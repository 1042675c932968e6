"""Our records as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tenure import Event, Lifecycle
from tenure.services.bots.census import Counts
from tenure.services.bots.game.contract import seat_key
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket
from tenure.services.bots.pools import terms_of
from tenure.services.bots.queueing import Waiting

Json = dict[str, Any]


def when(instant: datetime | None) -> str | None:
    """Write an instant as RFC 3339, in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def page(name: str, records: Sequence[Lifecycle], limit: int, shown: Sequence[Json]) -> Json:
    """Show one page of a list; `next` is what `after` takes for the one behind it, null at the end."""
    return {name: shown, "next": records[-1].id if len(records) == limit else None}


def pool(pool: Pool, counts: Counts | None = None) -> Json:
    """Show a pool, with how many of what is in it."""
    return {
        "id": pool.id,
        "state": pool.state.name,
        "mode": pool.mode,
        "region": pool.region,
        "rating_system": pool.rating_system,
        **msgspec.to_builtins(terms_of(pool)),
        "closing": pool.closing,
        "created_at": when(pool.created_at),
        "counts": None if counts is None else counts.get(pool.id, {}),
    }


def bot(bot: Bot) -> Json:
    """Show a bot: where it is, since when, who holds it."""
    return {
        "id": bot.id,
        "state": bot.state.name,
        "since": when(bot.entered_at),
        "pool": bot.pool,
        "rating": bot.rating,
        "match": bot.match,
        "runner": bot.holder,
        "last_beat_at": when(bot.beaten_at) if bot.holder else None,
        "played": bot.played,
        "deployed_at": when(bot.deployed_at),
        "queued_at": when(bot.queued_at),
        "rested_at": when(bot.rested_at),
    }


def ticket(ticket: Ticket) -> Json:
    """Show a ticket."""
    return {
        "id": ticket.id,
        "state": ticket.state.name,
        "since": when(ticket.entered_at),
        "pool": ticket.pool,
        "players": ticket.players,
        "rating": ticket.rating,
        "queued_at": when(ticket.queued_at),
        "reason": ticket.reason,
        "match_id": ticket.match,
    }


def waiting(view: Waiting, game_key: str) -> Json:
    """Show a ticket to the person: how long it has waited, what it was offered. `cursor` tells two looks apart.

    Who plays is told the seat, and the key that opens it in the game's room.
    """
    seat = f"Ticket/{view.ticket.id}"
    plays = view.match is not None and view.ticket.state == Ticket.playing
    return {
        **ticket(view.ticket),
        "waited": round(view.waited, 3),
        "tolerance": round(view.tolerance, 1),
        "match": None if view.match is None else offered(view.match),
        "accepted": view.accepted,
        "seats": view.seats,
        "accept_until": when(view.accept_until),
        "seat": seat if plays else None,
        "seat_key": seat_key(game_key, view.match.id, seat) if plays and view.match and game_key else None,
        "cursor": cursor(view),
    }


def cursor(view: Waiting) -> str:
    """Give what changes with every change that the person may want to see."""
    own = f"{view.ticket.version}"
    return own if view.match is None else f"{own}.{view.match.id}.{view.match.version}.{view.accepted}"


def offered(match: Match) -> Json:
    """Show a match to those who are in it."""
    return {
        "id": match.id,
        "state": match.state.name,
        "room": match.room,
        "teams": [[{"players": seat.players, "rating": seat.rating} for seat in team] for team in match.teams],
        "places": match.places,
        "reason": match.reason,
    }


def match(match: Match) -> Json:
    """Show a match to operators and to the game."""
    return {
        "id": match.id,
        "state": match.state.name,
        "since": when(match.entered_at),
        "pool": match.pool,
        "mode": match.mode,
        "teams": msgspec.to_builtins(match.teams),
        "gap": match.gap,
        "expected": match.expected,
        "room": match.room,
        "places": match.places,
        "reason": match.reason,
        "created_at": when(match.created_at),
    }


def player(player: Player, ratings: Sequence[Rating]) -> Json:
    """Show a player with the rating of each mode."""
    return {
        "id": player.id,
        "state": player.state.name,
        "ticket": player.ticket,
        "blocked": player.blocked,
        "ratings": [rating(found) for found in ratings],
    }


def rating(rating: Rating) -> Json:
    """Show a player's rating in one mode."""
    return {
        "player": rating.player,
        "mode": rating.mode,
        "rating": round(rating.value, 2),
        "deviation": round(rating.deviation, 2),
        "played": rating.played,
        "won": rating.won,
    }


def event(event: Event[Any]) -> Json:
    """Show what happened once: which transition, by whom, when and why."""
    return {
        "version": event.version,
        "at": when(event.at),
        "transition": event.name,
        "from": event.source.name if event.source else None,
        "to": event.target.name,
        "by": event.by,
        "why": event.why or None,
        "fields": msgspec.to_builtins(event.fields, enc_hook=str),
    }
