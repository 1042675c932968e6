"""States, events and results in plain words."""

from __future__ import annotations

from datetime import timedelta

from tenure.pages.wording import Wording
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.results import LolResult, Result, TftResult

STATES = {
    "named": "account is looked up",
    "tracked": "tracked",
    "unknown": "no such account",
    "paused": "paused",
    "removed": "removed",
    "playing": "playing",
    "awaiting": "waits for its result",
    "abandoned": "no result so far",
    "completed": "over",
    "dropped": "dropped",
}

PLAYER_IS_HERE = {
    "named": "The account is about to be looked up with this API key.",
    "tracked": "New games are looked for at each turn, and missed ones in the list of matches.",
    "unknown": "Riot knows no such account. It is looked for again, ever more seldom.",
    "paused": "Nothing is asked until tracking goes on. Open games get their results.",
    "removed": "This player is not tracked any more.",
}

GAME_IS_HERE = {
    "playing": "It goes on, as far as is known.",
    "awaiting": "The player has left it, and its result is asked for.",
    "abandoned": "Its result did not come. It is asked for ever more seldom; a late one corrects this.",
    "completed": "It is over, and this is its result.",
    "dropped": "Its player was removed before its result came.",
}

EVENTS = {
    "create": "Found",
    "find": "The account was found",
    "miss": "Not seen",
    "put_off": "The account could not be looked up",
    "seek": "The account is to be looked up again",
    "list_matches": "The list of matches was read",
    "fail": "Could not be looked at",
    "recover": "Could be looked at again",
    "edit": "Edited",
    "rename": "Riot tells another name",
    "pause": "Paused",
    "unpause": "Tracked again",
    "remove": "Removed",
    "see": "Seen in the game",
    "leave": "The player has left",
    "overrun": "It took longer than any game: taken for over",
    "go_on": "Seen in the game again",
    "retry": "No result yet",
    "abandon": "Given up for now",
    "ask_again": "Asked again in vain",
    "complete": "The result came",
    "correct": "A late result came",
    "drop": "Dropped with its player",
}

CLASSES = {"win": "won", "loss": "lost", "placed": "placed", "remake": "remake", "aborted": "aborted"}
TITLES = {"lol": "League of Legends", "tft": "Teamfight Tactics"}

SAID = Wording(states=STATES, events=EVENTS)


def outcome(result: Result | None) -> str:
    """Say how a game came out; of Teamfight Tactics the place."""
    if result is None:
        return "–"
    if isinstance(result, TftResult) and result.result in ("win", "placed"):
        return f"place {result.placement}"
    return CLASSES[result.result]


def deed(result: Result | None) -> str:
    """Say in a few words what the player did."""
    if isinstance(result, LolResult):
        return f"{result.champion} {result.kills}/{result.deaths}/{result.assists}"
    return f"level {result.level}, round {result.last_round}" if isinstance(result, TftResult) else ""


def title(name: str) -> str:
    """Give the name of a title."""
    return TITLES[name]


def lasted(game: TrackedGame) -> timedelta | None:
    """Give how long a game took, once that is known."""
    return None if game.duration_seconds is None else timedelta(seconds=game.duration_seconds)
