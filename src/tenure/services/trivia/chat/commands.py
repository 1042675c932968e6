"""What people do in a chat: the commands of the table and the buttons of a question, once for all chats.

A chat tells who asks, and shows the reply: to that person alone if it is private.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from tenure import InvalidChange, OutcomeUnknown, Refused, Unavailable
from tenure.http.rejections import Rejected
from tenure.services.trivia.chat import managing, playing
from tenure.services.trivia.chat.asking import Asker, Call, Handler, Reply
from tenure.services.trivia.chat.table import BY_NAME, MOST_OF_AN_OPTION, Command, Option, Suggests
from tenure.services.trivia.chat.wording import advice
from tenure.services.trivia.lifecycle import Game
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.refusals import NotAllowed, Unknown, Wrong

__all__ = ["Asker", "Commands", "Reply"]

MOST_SUGGESTED = 25
HANDLERS: Mapping[str, Handler] = {**playing.HANDLERS, **managing.HANDLERS}
"""What each command of the table does."""


class Commands:
    """Gives commands to the service. Nothing here raises for what somebody asked: the reply says what to do.

    `chat` is the chat's name; history tells that it was `CHAT:MEMBER`.
    """

    def __init__(self, acting: Callable[[str], Parts], chat: str) -> None:
        self._acting, self._chat = acting, chat

    async def run(self, asker: Asker, name: str, options: Mapping[str, str | int], *, op: str = "") -> Reply:
        """Run a command of the table. A repeat with the same `op` asks nothing twice."""
        try:
            command = _named(name)
            if command.manages and not asker.manages:
                raise NotAllowed(f"`{command.name}` is for those who manage this guild")
            given = read_options(command, options)
            return await HANDLERS[command.name](Call(asker, given, self._parts(asker), op))
        except (Rejected, Refused, InvalidChange, Unavailable, OutcomeUnknown) as no:
            return turned_down(no)

    async def press(self, asker: Asker, game: str, letter: str) -> Reply:
        """Answer by a button of a question."""
        return await self.run(asker, "answer", {"choice": letter, "game": game})

    async def suggest(self, asker: Asker, what: Suggests, begun: str) -> Sequence[str]:
        """Give up to 25 values for an option of which the beginning was typed."""
        parts, found = self._parts(asker), list[str]()
        with suppress(Rejected, Refused, Unavailable, OutcomeUnknown):
            match what:
                case "registration":
                    found = [registration.name for registration in await parts.registrations.of(asker.guild)]
                case "game":
                    games = await parts.games.list(asker.guild, states=Game.active)
                    found = [game.id for game in games if game.channel == asker.channel]
                case "category":
                    found = parts.choosing.categories
        return [value for value in found if begun.casefold() in value.casefold()][:MOST_SUGGESTED]

    def _parts(self, asker: Asker) -> Parts:
        return self._acting(f"{self._chat}:{asker.member}"[:100])


def read_options(command: Command, given: Mapping[str, str | int]) -> dict[str, str | int]:
    """Give the options as the table wants them. Raises `Wrong`, which says what is wanted."""
    options = {option.name: option for option in command.options}
    for name in given:
        if name not in options:
            raise Wrong(f"`{command.name}` has no such option; it has: {', '.join(options) or 'none'}")
    missing = [option.name for option in command.options if option.required and not str(given.get(option.name, ""))]
    if missing:
        raise Wrong(f"`{command.name}` needs {' and '.join(f'`{name}`' for name in missing)}")
    return {name: _read(options[name], value) for name, value in given.items() if value != ""}


def _read(option: Option, value: str | int) -> str | int:
    text = str(value).strip()
    if option.least is not None and option.most is not None:
        if not text.isascii() or not text.isdecimal() or not option.least <= int(text[:9]) <= option.most:
            raise Wrong(f"`{option.name}` must be a whole number from {option.least} to {option.most}")
        return int(text)
    if len(text) > MOST_OF_AN_OPTION or not text.isprintable():
        raise Wrong(f"`{option.name}` must be at most {MOST_OF_AN_OPTION} characters on one line")
    if not option.choices:
        return text
    fitting = [choice for choice in option.choices if choice.casefold() == text.casefold()]
    if not fitting:
        raise Wrong(f"`{option.name}` must be one of {', '.join(option.choices)}")
    return fitting[0]


def _named(name: str) -> Command:
    command = BY_NAME.get(name.casefold())
    if command is None:
        raise Unknown(f"there is no such command; there are: {', '.join(BY_NAME)}")
    return command


def turned_down(error: Exception) -> Reply:
    """Give the reply to what was turned down: it says what to do."""
    match error:
        case Rejected():
            return Reply(text=advice(error.detail), status=error.status)
        case Unavailable() | OutcomeUnknown():
            return Reply(text="That can't be done just now: try again in a moment", status=503)
        case InvalidChange():
            return Reply(text="A value does not fit: look at it again", status=422)
        case _:
            return Reply(text="This was changed meanwhile: look again, then decide", status=409)
