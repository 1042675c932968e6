"""States and events in plain words, and long texts cut short."""

from __future__ import annotations

from tenure.pages.wording import Wording

STATES = {
    "present": "present",
    "absent": "has sent us away",
    "forgotten": "forgotten",
    "waiting": "waits for its slot",
    "due": "due",
    "disabled": "disabled",
    "deleted": "deleted",
    "asked": "being posted",
    "held": "question held up",
    "open": "open",
    "closing": "being counted",
    "scored": "results being posted",
    "withheld": "results held up",
    "posted": "results posted",
    "archived": "over",
    "given": "given",
    "void": "not counted",
}

REGISTRATION_IS_HERE = {
    "waiting": "It waits for its next slot.",
    "due": "Its slot has come, and its question is asked as soon as can be.",
    "disabled": "It rests: nothing is asked until it is enabled.",
    "deleted": "It was deleted: nothing is asked any more.",
}

GAME_IS_HERE = {
    "asked": "Its question is on its way to the channel.",
    "held": "The chat did not take its question: it is tried again by itself, after longer and longer pauses.",
    "open": "Members answer.",
    "closing": "Its window is over, and its answers are being counted.",
    "scored": "Its answers are counted, and its results are on their way to the channel.",
    "withheld": "The chat did not take its results: they are tried again by themselves, and nothing of them is lost.",
    "posted": "Its results are posted; it is about to be put away.",
    "archived": "It is over, and its results are posted.",
    "deleted": "It was taken back: nothing that was answered counts.",
}

EVENTS = {
    "create": "Made",
    "edit": "Edited",
    "leave": "We were sent away",
    "come_back": "We were let in again",
    "forget": "Forgotten",
    "fall_due": "Its slot has come",
    "plan": "Its next slot is planned",
    "plan_anew": "Planned anew: the guild has another time zone",
    "hold_up": "Its slot could not be asked yet",
    "mark": "Something was asked out of turn",
    "disable": "Disabled",
    "enable": "Enabled",
    "delete": "Deleted",
    "aim": "Given its full window once more",
    "announce": "The question is posted",
    "hold": "The chat did not take the question",
    "retry": "Tried again",
    "extend": "Prolonged",
    "close": "Closed",
    "score": "Counted",
    "post": "The results are posted",
    "withhold": "The chat did not take the results",
    "retry_results": "The results are tried again",
    "archive": "Put away",
    "give_up": "Put away: its guild was forgotten",
}

SAID = Wording(states=STATES, events=EVENTS)
state, event = SAID.state, SAID.event


def brief(text: str, most: int = 90) -> str:
    """Cut a text short for a list."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
