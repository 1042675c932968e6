"""What players do in a battle: each thing is a command to whoever runs it, kept while nobody does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from tenure import NotFound, OpConflict, Overdue, Store, WrongState
from tenure.services.battles.checks import check_number, check_text, checked_move
from tenure.services.battles.commands import Command, Name, change_of, op_of
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.refusals import NotThen, OtherCommand, TryAgain, Unknown

MOST_KNOWN = 10_000

Take = Callable[[str, Command], Awaitable[bool]]


async def _never(battle: str, command: Command) -> bool:  # noqa: ARG001
    return False


class Playing:
    """Takes what players do. Each has the player's own number: a repeat of it counts once, and gives the same answer.

    The numbers are remembered for ten minutes. `provisionally` takes a command where the store can't, or says no.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.provisionally: Take = _never
        self._players: dict[str, tuple[str, ...]] = {}

    async def act(self, battle: str, player: str, move: bytes, *, number: str) -> int | None:
        """Make a move, given as JSON; give its version in the log, or None where it is provisional.

        Raises `Wrong`, `Unknown`, `NotThen`, `OtherCommand`, `TryAgain`.
        """
        return await self._do("act", battle, player, checked_move(move), number)

    async def concede(self, battle: str, player: str, *, number: str) -> int | None:
        """Give up. Raises as `act` does."""
        return await self._do("concede", battle, player, _text("gave_up"), number)

    async def say(self, battle: str, player: str, text: str, *, number: str) -> int | None:
        """Say something to all in the room. Raises as `act` does."""
        check_text(text)
        return await self._do("say", battle, player, _text(text), number)

    async def check_player(self, battle: str, player: str) -> tuple[str, ...]:
        """Give the players of a battle. Raises `Unknown` unless this is one: a foreign one and none are alike."""
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
        players = self._players[battle]
        if player not in players:
            raise Unknown(NOT_YOURS)
        return players

    async def _do(self, name: Name, battle: str, player: str, given: msgspec.Raw, number: str) -> int | None:
        check_number(number)
        await self.check_player(battle, player)
        command = Command(name=name, player=player, given=given, op=op_of(battle, player, number))
        if await self.provisionally(battle, command):
            return None
        try:
            return (await self._store.apply(change_of(battle, command), op=command.op)).version
        except Overdue:
            raise TryAgain("the battle changes hands in this moment: send it again, with the same id") from None
        except (WrongState, NotFound):
            raise NotThen("the battle has not started, or is over") from None
        except OpConflict:
            raise OtherCommand("this id was used for another command of yours: take a new one") from None


def _text(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(text))


NOT_YOURS = "there is no such battle of yours"
