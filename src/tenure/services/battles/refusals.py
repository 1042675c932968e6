"""Why something that was asked of this service is turned down. Each says what to do instead."""

from __future__ import annotations

from tenure.http.rejections import Absent, Conflict, Invalid, NotNow

MOST_TRIES = 20
AGAIN_SECONDS = 0.1
"""How long is waited for the sweeper, or for somebody who was faster, before it is tried again."""


class Unknown(Absent):
    """There is no such connection, ticket or battle, or it is not this player's."""


class Wrong(Invalid):
    """What was given makes no sense."""


class AlreadyWaiting(Conflict):
    """The player has a ticket already: the one in `ticket`."""

    def __init__(self, ticket: str) -> None:
        super().__init__("you wait for a battle already: leave the queue first, or go on waiting")
        self.ticket = ticket


class AlreadyPlaying(Conflict):
    """The player has a seat in a battle: the one in `battle`."""

    def __init__(self, battle: str) -> None:
        super().__init__("you are in a battle already: play it to its end, or concede it first")
        self.battle = battle


class NotThen(Conflict):
    """It does not fit the state in which the ticket or battle is."""


class OtherCommand(Conflict):
    """The command's number belongs to another command."""


class TryAgain(NotNow):
    """Others change the same things too fast, or a moment is needed until they are as they should be."""


class Elsewhere(NotNow):
    """This instance lets nobody in: it begins, or it is about to stop."""


__all__ = [
    "AGAIN_SECONDS",
    "MOST_TRIES",
    "AlreadyPlaying",
    "AlreadyWaiting",
    "Elsewhere",
    "NotThen",
    "OtherCommand",
    "TryAgain",
    "Unknown",
    "Wrong",
]
