"""What players do in a battle: each thing is a command to whoever runs it, kept while nobody does."""

from __future__ import annotations

from tenure import Change, Event, NotFound, OpConflict, Overdue, Store, WrongState
from tenure.services.battles.checks import check_number, check_text, checked_move
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.refusals import NotThen, OtherCommand, TryAgain, Unknown

MOST_KNOWN = 10_000


def number_of(event: Event[Battle]) -> str:
    """Give the player's own number of a command."""
    return event.cause.rpartition("/")[2]


class Playing:
    """Takes what players do. Each has the player's own number: a repeat of it counts once, and gives the same answer.

    The numbers are remembered for ten minutes.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._players: dict[str, tuple[str, ...]] = {}

    async def act(self, battle: str, player: str, move: bytes, *, number: str) -> int:
        """Make a move, given as JSON; give its version, to which `advance`, `refuse` or `finish` is the answer.

        Raises `Wrong`, `Unknown`, `NotThen`, `OtherCommand`, `TryAgain`.
        """
        checked = checked_move(move)
        await self._check(battle, player, number)
        return await self._do(Battle.act(battle, player=player, move=checked), battle, player, number)

    async def concede(self, battle: str, player: str, *, number: str) -> int:
        """Give up. Raises as `act` does."""
        await self._check(battle, player, number)
        return await self._do(Battle.concede(battle, player=player, cause="gave_up"), battle, player, number)

    async def say(self, battle: str, player: str, text: str, *, number: str) -> int:
        """Say something to all in the room. Raises as `act` does."""
        check_text(text)
        await self._check(battle, player, number)
        return await self._do(Battle.say(battle, player=player, text=text), battle, player, number)

    async def check_player(self, battle: str, player: str) -> None:
        """Raise `Unknown` unless it is a battle of this player's: a foreign one and none are answered alike."""
        if battle not in self._players:
            try:
                players = (await self._store.get(Battle, battle)).players
            except NotFound:
                players = ()
            if not players:
                raise Unknown(NOT_YOURS)
            if len(self._players) >= MOST_KNOWN:
                self._players.clear()
            self._players[battle] = players
        if player not in self._players[battle]:
            raise Unknown(NOT_YOURS)

    async def _check(self, battle: str, player: str, number: str) -> None:
        check_number(number)
        await self.check_player(battle, player)

    async def _do(self, command: Change[Battle], battle: str, player: str, number: str) -> int:
        try:
            return (await self._store.apply(command, op=f"{battle}/{player}/{number}")).version
        except Overdue:
            raise TryAgain("the battle changes hands in this moment: send it again, with the same id") from None
        except (WrongState, NotFound):
            raise NotThen("the battle has not started, or is over") from None
        except OpConflict:
            raise OtherCommand("this id was used for another command of yours: take a new one") from None


NOT_YOURS = "there is no such battle of yours"
