"""Battles, seats and instances as the API and the command line show them: without any board."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tenure import StateOf
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.surveying import InstanceRow

STATES: dict[str, StateOf[Battle]] = {
    name: StateOf(Battle, (name,)) for name in ("offered", "ready", "running", "over", "void")
}


def shown(battle: Battle) -> dict[str, Any]:
    """Show a battle. Its board is the rules' own, and each player's to see in part."""
    return {
        "id": battle.id,
        "state": battle.state.name,
        "since": when(battle.entered_at),
        "mode": battle.mode,
        "level": battle.level,
        "players": battle.players,
        "instance": battle.instance,
        "turn": battle.turn,
        "acts": battle.acts,
        "turn_ends_at": when(battle.turn_ends_at),
        "places": battle.places,
        "reason": battle.reason,
    }


def shown_seat(seat: Seat) -> dict[str, Any]:
    """Show a seat; one whose player is away is kept for a while."""
    kept = seat.entered_at + seat.grace if seat.state == Seat.away else None
    return {
        "player": seat.player,
        "state": seat.state.name,
        "since": when(seat.entered_at),
        "connection": seat.connection,
        "kept_until": when(kept),
    }


def shown_instance(row: InstanceRow) -> dict[str, Any]:
    """Show an instance with what it has, each counted up to 500."""
    one = row.record
    return {
        "id": one.id,
        "state": one.state.name,
        "host": one.host,
        "pid": one.pid,
        "since": when(one.entered_at),
        "beaten_at": when(one.beaten_at),
        "lease_until": when(row.lease_until),
        "sockets": row.sockets.number,
        "battles": row.battles.number,
    }


def when(instant: datetime | None) -> str | None:
    """Write an instant as RFC 3339, in UTC."""
    return None if instant is None else instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
