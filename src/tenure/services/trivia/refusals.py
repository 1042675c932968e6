"""Why something that was asked of this service is turned down. Each says what to do instead."""

from __future__ import annotations

from tenure.http.rejections import Absent, Conflict, Forbidden, Invalid, NotNow, TooMany


class Unknown(Absent):
    """There is no such guild, registration, game, channel or member."""


class Wrong(Invalid):
    """What was given makes no sense."""


class NotThen(Conflict):
    """It does not fit the state in which the guild, registration or game is."""


class NotAllowed(Forbidden):
    """Only those who manage the guild may do that."""


class Full(TooMany):
    """The guild has as many of these as it may."""


class TryAgain(NotNow):
    """Others change the same things too fast, or a moment is needed until they are as they should be."""


MOST_OF_A_TROUBLE = 500


def trouble_of(error: Exception) -> str:
    """Give why something waits, as far as a record keeps it."""
    return str(error)[:MOST_OF_A_TROUBLE]


__all__ = ["Forbidden", "Full", "NotAllowed", "NotNow", "NotThen", "TryAgain", "Unknown", "Wrong", "trouble_of"]
