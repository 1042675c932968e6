"""Who asks in a chat, what they give with a command, and what they are answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec

from tenure import StateOf
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.refusals import NotThen, Unknown


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """Who gives a command, and where. Ids are the chat's own texts; `manages`: they may manage the guild."""

    guild: str
    channel: str
    member: str
    name: str
    manages: bool = False


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    r"""What is answered, in lines. Of Discord's notation there is nothing else than this, in any chat.

    `**bold**`, code in backticks, `<t:SECONDS:R>` for an instant, `<#CHANNEL>`, and `\` before a sign that shall
    stand for itself. `status` is as in HTTP: 200, or why it was turned down. What was answered to a question has a
    `code`, and the `choice` that counts.
    """

    text: str
    private: bool = True
    status: int = 200
    code: str | None = None
    choice: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A command with what was given for it, and the parts that act as the one who gave it."""

    asker: Asker
    options: Mapping[str, str | int]
    parts: Parts
    op: str

    def text(self, name: str) -> str | None:
        """Give an option; None if it was not given."""
        value = self.options.get(name)
        return None if value is None else str(value)

    def whole(self, name: str, default: int) -> int:
        """Give an option that is a number."""
        return int(self.options.get(name, default))

    async def registration(self, name: str) -> Registration:
        """Read the registration of this name in the asker's guild. Raises `Unknown`."""
        return await self.parts.registrations.named(self.asker.guild, name)

    async def game(self, states: StateOf[Game], *, otherwise: str) -> Game:
        """Read the game that was named; if none was, the latest in this channel that is in one of these states.

        A game of another guild answers as one that is not there. Raises `Unknown`, and `NotThen` with what is to be
        done otherwise.
        """
        id = self.text("game")
        if id is None:
            games = await self.games(states)
            if not games:
                raise NotThen(otherwise)
            return games[0]
        game = await self.parts.games.get(id)
        if game.guild != self.asker.guild:
            raise Unknown("there is no such game")
        return game

    async def games(self, states: StateOf[Game]) -> list[Game]:
        """Read the games of this channel that are in these states, the latest first."""
        found = await self.parts.games.list(self.asker.guild, states=states, limit=MOST_LOOKED_AT)
        return [game for game in found if game.channel == self.asker.channel]


MOST_LOOKED_AT = 100
Handler = Callable[[Call], Awaitable[Reply]]
