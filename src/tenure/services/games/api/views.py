"""Our records as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from tenure import Event, Lifecycle
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.queues import queue_type

Json = dict[str, Any]


def when(instant: datetime | None) -> str | None:
    """Write an instant as RFC 3339, in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def page(name: str, records: Sequence[Lifecycle], limit: int, shown: Sequence[Json]) -> Json:
    """Show one page of a list; `next` is what `after` takes for the one behind it, null at the end."""
    return {name: shown, "next": records[-1].id if len(records) == limit else None}


def player(player: TrackedPlayer) -> Json:
    """Show a player: who it is, whether the account is known, and what is wrong, if anything is."""
    return {
        "id": player.id,
        "number": player.number,
        "state": player.state.name,
        "since": when(player.entered_at),
        "riot_id": f"{player.game_name}#{player.tag_line}",
        "platform": player.platform,
        "titles": player.titles,
        "puuid": player.puuid,
        "listed_until": when(player.listed_until),
        "tracked_from": when(player.tracked_from or player.created_at),
        "due_at": when(player.due_at),
        "retry_count": player.retry_count,
        "last_error": player.last_error,
        "added_at": when(player.created_at),
    }


def game(game: TrackedGame) -> Json:
    """Show a game: where it is, its result once it has one, and what is wrong, if anything is."""
    over = game.state == TrackedGame.completed
    return {
        "id": game.id,
        "number": game.number,
        "state": game.state.name,
        "since": when(game.entered_at),
        "player": game.player,
        "match": game.match,
        "title": game.title,
        "queue_id": game.queue_id,
        "queue_type": queue_type(game.queue_id),
        "found_by": game.found_by,
        "detected_at": when(game.created_at),
        "started_at": when(game.started_at),
        "completed_at": when(game.entered_at) if over else None,
        "duration_seconds": game.duration_seconds,
        "result": msgspec.to_builtins(game.result),
        "asked_at": when(game.due_at) if game.state.name in ("awaiting", "abandoned") else None,
        "retry_count": game.retry_count,
        "last_error": game.last_error,
    }


def result(event: Event[TrackedGame], of: TrackedGame) -> Json:
    """Show a result as it came: where in the feed, whether it corrects an earlier word, and its game."""
    return {"position": event.position, "event": event.name, "at": when(event.at), "game": game(of)}


def happened(event: Event[TrackedGame]) -> Json:
    """Show what happened to a game; of the result it holds no more than its class."""
    result = event.fields.get("result")
    return {
        "at": when(event.at),
        "version": event.version,
        "name": event.name,
        "state": event.target.name,
        "by": event.by,
        "why": event.why,
        "last_error": event.fields.get("last_error"),
        "result": getattr(result, "result", None),
    }
