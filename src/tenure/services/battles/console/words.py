"""States, events and reasons in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenure.pages.wording import Wording

STATES = {
    "up": "up",
    "draining": "lets nobody in",
    "gone": "gone",
    "offered": "offered",
    "ready": "waits for an instance",
    "running": "being played",
    "over": "over",
    "void": "came to nothing",
    "present": "here",
    "away": "connection lost",
    "forfeited": "did not come back",
    "released": "free again",
}

BATTLE_IS_HERE = {
    "offered": "It was offered to its players; it starts when all of them have confirmed.",
    "ready": "It has started, and waits for an instance that runs it. What its players do meanwhile is kept.",
    "running": "It is being played.",
    "over": "It was played to its end.",
    "void": "It came to nothing, and nobody has won.",
}

INSTANCE_IS_HERE = {
    "up": "It lets players in, and runs battles.",
    "draining": "It lets nobody in any more: what it had goes to others. It stays so until it is started anew.",
    "gone": "It has ended, or gave no sign of life for so long that others took over what it had.",
}

EVENTS = {
    "create": "Offered",
    "confirm": "A player confirmed",
    "start": "Everybody has confirmed: it starts",
    "call_off": "Called off: a player left",
    "expire": "Not everybody confirmed in time",
    "take": "Taken by an instance, which runs it from now on",
    "hand_over": "Given back by its instance",
    "orphan": "Its instance was not heard of any more",
    "give_up": "No instance came to run it",
    "overrun": "It took longer than it may",
    "break_off": "Broken off",
    "act": "A player made a move",
    "concede": "A player gave up",
    "say": "A player said something",
    "advance": "The turn is played",
    "prolong": "The turn gets the time that was left of it before the store was away",
    "refuse": "A move was against the rules",
    "finish": "Played to its end",
    "drain": "Drained: nobody is let in any more",
    "leave": "Ended in good order",
    "lose": "Gave no sign of life for too long",
}

REASONS = {
    "a_player_left": "a player left the offer",
    "not_confirmed_in_time": "not everybody confirmed in time",
    "nobody_runs_it": "no instance came to run it for two minutes",
    "took_too_long": "it took longer than it may",
    "the_rules_failed": "the game's rules failed at it: the log says how",
    "broken_off": "an operator broke it off",
    "no_life_left": "one player has no life left",
    "conceded": "one player gave up",
    "too_many_turns": "it had as many turns as it may have",
    "gave_up": "gave up",
    "did_not_come_back": "did not come back in time",
}

HIDDEN = ("number", "answer_to", "turn_ends_at", "reason", "cause")
"""What of an event is not told in its list of details: it is said in other words, or to no use."""

SAID = Wording(states=STATES, events=EVENTS, reasons=REASONS)
state, event, reason = SAID.state, SAID.event, SAID.reason


def details(fields: Mapping[str, Any]) -> str:
    """Say on one line what players are told of an event; a part of a part is left out."""
    shown = fields.get("shown")
    told = {**{n: v for n, v in fields.items() if n not in (*HIDDEN, "shown")}, **(_flat(shown))}
    why = [reason(fields.get(name)) for name in ("reason", "cause") if fields.get(name)]
    return "; ".join([*why, *(f"{name.replace('_', ' ')}: {_said(value)}" for name, value in told.items())])


def _flat(shown: Any) -> dict[str, Any]:
    """Give of what the rules show what is no list and no object: those are pictures of the whole board."""
    if not isinstance(shown, dict):
        return {}
    return {name: value for name, value in shown.items() if not isinstance(value, dict | list)}


def _said(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
