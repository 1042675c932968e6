"""What players do in a battle, as data: a change of its record, and what its rules make of it."""

from __future__ import annotations

from typing import Literal, cast

import msgspec

from tenure import Change, Event
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.rules.contract import Rules, Standing

Name = Literal["act", "concede", "say"]
NAMES: tuple[Name, ...] = ("act", "concede", "say")
ANSWERED: tuple[Name, ...] = ("act", "concede")
"""Those that the rules answer."""


def op_of(battle: str, player: str, number: str) -> str:
    """Give the op of what a player does in a battle: with the same number of theirs it counts once."""
    return f"{battle}/{player}/{number}"


def number_of(op: str) -> str:
    """Give the player's own number of what they did, from its op."""
    return op.rpartition("/")[2]


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What a player does. `given` is the move, the cause or the text, in JSON; `op` makes a repeat count once."""

    name: Name
    player: str
    given: msgspec.Raw
    op: str

    @property
    def number(self) -> str:
        """The player's own number of it."""
        return number_of(self.op)

    @property
    def text(self) -> str:
        """The cause or the text."""
        return msgspec.json.decode(self.given, type=str)


def command_of(event: Event[Battle]) -> Command:
    """Give the command that an event is."""
    given = {"act": "move", "concede": "cause", "say": "text"}[event.name]
    return Command(
        name=cast("Name", event.name),
        player=event.fields["player"],
        given=msgspec.Raw(msgspec.json.encode(event.fields[given])),
        op=event.cause,
    )


def change_of(battle: str, command: Command) -> Change[Battle]:
    """Give the change by which a command comes into the battle's log."""
    player = command.player
    match command.name:
        case "act":
            return Battle.act(battle, player=player, move=command.given)
        case "concede":
            return Battle.concede(battle, player=player, cause=command.text)
        case "say":
            return Battle.say(battle, player=player, text=command.text)


def outcome(rules: Rules, board: msgspec.Raw, command: Command) -> Standing:
    """Ask the rules what comes of a command. Raises `Against`, and whatever the rules fail by."""
    if command.name == "concede":
        return rules.concede(board, command.player)
    return rules.act(board, command.player, command.given)
