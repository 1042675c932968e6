"""What operators do to battles and instances by hand: the same for the page and the command line."""

from __future__ import annotations

from tenure import NotFound, Overdue, Stale, Store, WrongState
from tenure.services.battles.lifecycle import Battle, Instance
from tenure.services.battles.refusals import NotThen, TryAgain, Unknown, Wrong

MOST_OF_A_REASON = 200
BROKEN_OFF = "broken_off"


class Operating:
    """Acts as the store's actor."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def break_off(self, battle: str, reason: str = "") -> Battle:
        """End a battle without a winner. Its players are told the reason, and may queue anew at once.

        Raises `Unknown`, `Wrong`, `NotThen`, `TryAgain`.
        """
        reason = checked_reason(reason)
        try:
            return await self._store.apply(Battle.break_off(battle, reason=reason))
        except NotFound:
            raise Unknown("there is no such battle, or none any more") from None
        except Overdue:
            raise TryAgain("the battle changes hands or ends in this moment: look again in a second") from None
        except (WrongState, Stale):
            raise NotThen("only a battle that has started, and is not over, can be broken off") from None

    async def drain(self, instance: str) -> Instance:
        """Let a server take nobody in any more: what it has goes to others, and its sockets are told to come there.

        Only a new start ends that. Raises `Unknown`, `NotThen`, `TryAgain`.
        """
        try:
            return await self._store.apply(Instance.drain(instance))
        except NotFound:
            raise Unknown("there is no such instance, or none any more") from None
        except Overdue:
            raise TryAgain("it gave no sign of life, and is about to be taken for dead") from None
        except (WrongState, Stale):
            raise NotThen("it lets nobody in already, or is gone") from None


def checked_reason(reason: str) -> str:
    """Give a reason as it is kept. Raises `Wrong` unless it is a short text on one line."""
    reason = reason.strip() or BROKEN_OFF
    if len(reason) > MOST_OF_A_REASON or not reason.isprintable():
        raise Wrong(f"`reason` must be at most {MOST_OF_A_REASON} characters on one line")
    return reason
