"""States, events and reasons in plain words, and numbers as people read them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenure import Event
from tenure.pages.showing import NOTHING
from tenure.pages.wording import Wording

STATES = {
    "idle": "resting",
    "deployed": "ready to queue",
    "queued": "in the queue",
    "matched": "has an offer",
    "accepted": "has accepted",
    "playing": "playing",
    "stranded": "lost its runner in a match",
    "cooling": "cooling down",
    "retired": "retired",
    "played": "has played",
    "left": "has left",
    "offered": "offered",
    "over": "over",
    "void": "came to nothing",
    "open": "open",
    "draining": "draining",
    "closed": "closed",
    "free": "free",
    "engaged": "has a ticket",
}

BOT_IS_HERE = {
    "idle": "It rests until its turn comes: the fleet deploys who has rested longest.",
    "deployed": "It is deployed and waits for a runner that takes it and lets it queue.",
    "queued": "It waits in the queue, held by a runner. It fills in only for people who have waited long enough.",
    "matched": "A match was offered to it; its runner has yet to accept.",
    "accepted": "It has accepted its match and waits for the other seats.",
    "playing": "It plays its match, through its runner.",
    "stranded": "Its runner died in the middle of a match. The seat stays its own till the match ends, so that it is "
    "in no second one; another runner may take it and play on.",
    "cooling": "It did not accept a match in time, so it waits a while before it is deployed again.",
    "retired": "It is out of the fleet for good.",
}

TICKET_IS_HERE = {
    "queued": "It waits in the queue.",
    "matched": "A match was offered to it; it has yet to accept.",
    "accepted": "It has accepted its match and waits for the other seats.",
    "playing": "Its match is being played.",
    "cooling": "It did not accept a match, so its players wait a while before they may join again.",
    "played": "Its match is over.",
    "left": "It has left the queue.",
}

MATCH_IS_HERE = {
    "offered": "It was offered to its seats; it starts when all of them have accepted.",
    "playing": "It is being played; the game reports its result.",
    "over": "It was played to its end, and its players were rated.",
    "void": "It came to nothing; nobody was rated.",
}

REASONS = {
    "declined": "somebody declined",
    "not_accepted_in_time": "not everybody accepted in time",
    "took_too_long": "it took longer than it may",
    "out_of_patience": "nobody fitting came for as long as it would wait",
    "withdrawn": "it was withdrawn",
    "match_ended": "its match ended",
    "game_refused": "the game turned it down",
    "game_away": "the game could not be reached",
    "room_lost": "the game has lost its room",
    "result_unusable": "the game's result made no sense",
    "broken_off": "it was broken off",
    "drained": "its pool was drained",
}

EVENTS = {
    "create": "Made",
    "deploy": "Deployed",
    "enqueue": "Taken by a runner, and queued",
    "dequeue": "Given back by its runner",
    "lose": "Its runner was not heard of any more",
    "reserve": "Given a match",
    "accept": "Accepted",
    "decline": "Declined",
    "begin": "The match begins",
    "release": "Back in the queue: another seat declined",
    "requeue": "Back in the queue: the match came to nothing",
    "cool": "It did not accept in time",
    "warm": "It has cooled down",
    "strand": "Its runner was not heard of any more",
    "hand_over": "Handed to another runner",
    "resume": "Taken over by a runner",
    "finish": "Has played",
    "free": "Freed: its match ended",
    "recall": "Called back",
    "retire": "Retired",
    "leave": "Left",
    "give_up": "Gave up",
    "start": "Everybody has accepted: it starts",
    "call_off": "Called off",
    "expire": "Not everybody accepted in time",
    "open_at": "The game has opened its room",
    "settle": "The result is in, and its players are rated",
    "break_off": "Broken off",
    "overrun": "It took longer than it may",
    "edit": "Edited",
    "drain": "Drained: nobody is let in any more",
    "close_when_empty": "To be closed once it is empty",
    "reopen": "Opened again",
    "close": "Closed",
    "rate": "Rated",
    "engage": "Has a ticket",
    "part": "Has no ticket any more",
    "block": "Said whom to never meet",
    "meet": "Has met somebody",
    "forget": "Forgotten",
}

SAID = Wording(states=STATES, events=EVENTS, reasons=REASONS)
state, event, reason = SAID.state, SAID.event, SAID.reason


def why(event: Event[Any]) -> str:
    """Say why something happened, as far as its event tells."""
    told = (reason(event.fields.get("reason")), event.why)
    return "; ".join(dict.fromkeys(part for part in told if part))


def points(value: float | None) -> str:
    """Give a rating or a gap."""
    return NOTHING if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """Give a share of one."""
    return NOTHING if value is None else f"{value:.3f}"


def wait(value: timedelta | float | None) -> str:
    """Give a length of time: short ones to a tenth of a second, longer ones with their two largest units."""
    if value is None:
        return NOTHING
    left = value.total_seconds() if isinstance(value, timedelta) else value
    if left < 60:  # noqa: PLR2004
        return f"{left:.1f} s"
    for size, unit, smaller, below in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if left >= size:
            whole, rest = divmod(round(left), size)
            return f"{whole} {unit}" + (f" {rest // smaller} {below}" if rest // smaller else "")
    return NOTHING
