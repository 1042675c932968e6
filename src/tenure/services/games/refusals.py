"""Why something that was asked of this service is turned down. Each says what to do instead."""

from __future__ import annotations

from tenure.http.rejections import Absent, Conflict, Forbidden, Invalid, NotNow


class Unknown(Absent):
    """There is no such player, or no such game."""


class Wrong(Invalid):
    """What was given makes no sense."""


class NotThen(Conflict):
    """It does not fit the state in which the player or the game is."""


class TryAgain(NotNow):
    """Others change the same things too fast."""


MOST_OF_A_TROUBLE = 300


def trouble_of(error: Exception) -> str:
    """Give why something waits, as far as a record keeps it."""
    return str(error)[:MOST_OF_A_TROUBLE]


__all__ = ["Forbidden", "NotNow", "NotThen", "TryAgain", "Unknown", "Wrong", "trouble_of"]
