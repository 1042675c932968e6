"""Why something that was asked of this service is turned down. Each says what to do instead."""

from __future__ import annotations

from tenure.http.rejections import Absent, Conflict, Invalid, NotNow, TooMany


class Unknown(Absent):
    """There is no such pool, ticket, match, bot or player."""


class Wrong(Invalid):
    """What was given makes no sense."""


class NotOpen(Conflict):
    """The pool is draining or closed, so nobody is let in."""


class PoolFull(TooMany):
    """As many wait and play in the pool as it has places."""


class AlreadyWaiting(Conflict):
    """A player has a ticket already: the one in `ticket`."""

    def __init__(self, player: str, ticket: str) -> None:
        super().__init__(f"player {player} has ticket {ticket} already: leave with that one first, or go on with it")
        self.player, self.ticket = player, ticket


class OtherRequest(Conflict):
    """The request id belongs to another request."""


class NotThen(Conflict):
    """It does not fit the state in which the ticket, match, bot or pool is."""


class TryAgain(NotNow):
    """Others change the same things too fast, or a moment is needed until they are as they should be."""


__all__ = ["AlreadyWaiting", "NotNow", "NotOpen", "NotThen", "OtherRequest", "PoolFull", "TryAgain", "Unknown", "Wrong"]
