"""What the page's forms do, all of it through what the API does too, and in its words where it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from tenure import minutes
from tenure.http.rejections import Absent, Conflict, Invalid
from tenure.services.trivia.console.reading import HELD_UP
from tenure.services.trivia.parts import Parts

Form = Mapping[str, str]
ACTOR = "console"
MOST_MINUTES = 7 * 24 * 60
MOST_AT_ONCE = 500
"""How many games of a guild one press of a button tries again."""

DONE = {
    "enabled": "The registration goes on from its next slot.",
    "disabled": "The registration rests. A question that is open goes on.",
    "registration_deleted": "The registration is deleted. A question that is open goes on.",
    "posted": "The question is on its way to the channel.",
    "closed": "The game is closed: what was answered is being counted.",
    "extended": "The game is open for longer.",
    "retried": "The game is being tried again.",
    "all_retried": "All that was held up there is being tried again.",
    "game_deleted": "The game is taken back: nothing that was answered counts.",
}
"""What is said after a form was taken; the address carries the word only, so nobody can put texts onto the page."""


class Done(NamedTuple):
    """The word of `DONE` that answers a form, and what is shown then."""

    word: str
    what: str
    id: str


class Acting:
    """Does what forms ask for."""

    def __init__(self, by: Parts) -> None:
        self._registrations, self._posting, self._games = by.registrations, by.posting, by.games
        self._steps: dict[str, dict[str, Callable[[str, Form], Awaitable[Done]]]] = {
            "guilds": {"retry": self._retry_all},
            "registrations": {
                "enable": self._enable, "disable": self._disable, "post": self._post,
                "delete": self._delete_registration,
            },
            "games": {
                "close": self._close, "extend": self._extend, "retry": self._retry, "delete": self._delete_game,
            },
        }  # fmt: skip

    async def act(self, what: str, action: str, id: str, form: Form) -> Done:
        """Make one step. Raises `Absent` for a step that there is not."""
        steps = self._steps.get(what, {})
        if action not in steps:
            raise Absent("there is nothing at this address")
        return await steps[action](id, form)

    # ------------------------------------------------------------------------------------ registrations

    async def _enable(self, id: str, form: Form) -> Done:  # noqa: ARG002  all steps take it
        await self._registrations.enable(id)
        return Done("enabled", "registrations", id)

    async def _disable(self, id: str, form: Form) -> Done:  # noqa: ARG002
        await self._registrations.disable(id)
        return Done("disabled", "registrations", id)

    async def _delete_registration(self, id: str, form: Form) -> Done:  # noqa: ARG002
        await self._registrations.delete(id)
        return Done("registration_deleted", "registrations", id)

    async def _post(self, id: str, form: Form) -> Done:
        """Ask a question now. The form's own key makes a second press of its button give the same game."""
        game = await self._posting.post_now(id, request=form.get("request") or None)
        return Done("posted", "games", game.id)

    # ------------------------------------------------------------------------------------ games

    async def _close(self, id: str, form: Form) -> Done:  # noqa: ARG002
        await self._games.close(id)
        return Done("closed", "games", id)

    async def _extend(self, id: str, form: Form) -> Done:
        await self._games.extend(id, minutes(_whole(form, "minutes")))
        return Done("extended", "games", id)

    async def _retry(self, id: str, form: Form) -> Done:  # noqa: ARG002
        await self._games.retry(id)
        return Done("retried", "games", id)

    async def _delete_game(self, id: str, form: Form) -> Done:  # noqa: ARG002
        await self._games.delete(id)
        return Done("game_deleted", "games", id)

    # ------------------------------------------------------------------------------------ guilds

    async def _retry_all(self, id: str, form: Form) -> Done:  # noqa: ARG002
        """Try all again that is held up in a guild; what moves on by itself meanwhile is left alone."""
        for game in await self._games.list(id, states=HELD_UP, limit=MOST_AT_ONCE):
            with suppress(Absent, Conflict):
                await self._games.retry(game.id)
        return Done("all_retried", "guilds", id)


def _whole(form: Form, name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST_MINUTES):  # noqa: PLR2004
        raise Invalid(f"`{name}` must be a whole number from 1 to {MOST_MINUTES}")
    return int(text)
