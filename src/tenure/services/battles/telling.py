"""What players are told of a battle. The board is in no event: the rules say what may be seen of it."""

from __future__ import annotations

from typing import Any, Literal, cast

from tenure import Event, StateOf
from tenure.services.battles.commands import NAMES, number_of
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Happened, SeatMoved, Snapshot
from tenure.services.battles.rules.contract import Rules

SHOWN: dict[str, tuple[str, ...]] = {
    "act": ("player",),
    "concede": ("player", "cause"),
    "say": ("player", "text"),
    "confirm": ("player",),
    "start": ("acts", "turn_ends_at"),
    "advance": ("turn", "acts", "turn_ends_at", "shown", "answer_to"),
    "prolong": ("turn_ends_at",),
    "refuse": ("player", "number", "answer_to", "advice"),
    "finish": ("turn", "places", "reason", "shown", "answer_to"),
}
ELSE = ("reason",)


def may_hear(player: str, event: Event[Battle]) -> bool:
    """Tell whether a player is told of an event: what the rules refuse, only the one who asked for it hears."""
    return event.name != "refuse" or bool(event.fields["player"] == player)


def told(event: Event[Battle]) -> Happened:
    """Give an event as players are told of it. A command says its player's own number of it."""
    fields: dict[str, Any] = {name: event.fields[name] for name in SHOWN.get(event.name, ELSE) if name in event.fields}
    if event.name in NAMES:
        fields["number"] = number_of(event.cause)
    return Happened(battle=event.id, cursor=event.version, at=event.at, name=event.name, fields=fields)


def moved(battle: str, player: str, state: StateOf[Seat], version: int) -> SeatMoved:
    """Give how a seat stands."""
    name = cast('Literal["present", "away", "forfeited", "released"]', str(state))
    return SeatMoved(battle=battle, player=player, state=name, version=version)


def snapshot(battle: Battle, rules: Rules, player: str) -> Snapshot:
    """Give a battle as it stands, as its player may see it."""
    begun = bytes(battle.board) != b"null"
    return Snapshot(
        battle=battle.id,
        cursor=battle.version,
        state=str(battle.state),
        mode=battle.mode,
        level=battle.level,
        players=battle.players,
        turn=battle.turn,
        acts=battle.acts,
        turn_ends_at=battle.turn_ends_at,
        board=rules.view(battle.board, player) if begun else battle.board,
        places=battle.places,
        reason=battle.reason,
    )
