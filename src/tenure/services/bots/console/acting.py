"""What the page's forms do, all of it through what the API does too, and in its words where it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import msgspec

from tenure.http.rejections import Absent, Invalid
from tenure.services.bots.parts import Parts

Form = Mapping[str, str]
Step = Callable[[str, Form], Awaitable[str]]
ACTOR = "console"
MOST_OF_A_REASON = 200

DONE = {
    "edited": "The pool has its new number of bots; the fleet follows within a second or two.",
    "drained": "The pool is being drained: who waits is withdrawn, and what is being played is played to its end.",
    "reopened": "The pool is open again.",
    "made": "The bots are made; the fleet deploys them in their turn.",
    "deployed": "The bot is deployed; a runner takes it.",
    "recalled": "The bot is called back.",
    "retired": "The bot is retired for good.",
    "broken_off": "The match is broken off; its seats are free.",
}
"""What is said after a form was taken; the address carries the word only, so nobody can put texts onto the page."""


class Acting:
    """Does what forms ask for; each step gives the word of `DONE` that answers it."""

    def __init__(self, by: Parts) -> None:
        self._pools, self._crew, self._settling = by.pools, by.crew, by.settling
        self._steps: dict[str, dict[str, Step]] = {
            "pools": {"edit": self._edit, "drain": self._drain, "reopen": self._reopen, "make": self._make},
            "bots": {"deploy": self._deploy, "recall": self._recall, "retire": self._retire},
            "matches": {"break_off": self._break_off},
        }

    async def act(self, what: str, action: str, id: str, form: Form) -> str:
        """Make one step. Raises `Absent` for a step that there is not."""
        steps = self._steps.get(what, {})
        if action not in steps:
            raise Absent("there is nothing at this address")
        return await steps[action](id, form)

    async def _edit(self, id: str, form: Form) -> str:
        number = _whole(form, "max_deployed")
        await self._pools.edit(id, lambda terms: msgspec.structs.replace(terms, max_deployed=number))
        return "edited"

    async def _drain(self, id: str, form: Form) -> str:  # noqa: ARG002  all steps take it
        await self._pools.drain(id)
        return "drained"

    async def _reopen(self, id: str, form: Form) -> str:  # noqa: ARG002
        await self._pools.reopen(id)
        return "reopened"

    async def _make(self, id: str, form: Form) -> str:
        await self._crew.create(id, number=_whole(form, "number"))
        return "made"

    async def _deploy(self, id: str, form: Form) -> str:  # noqa: ARG002
        await self._crew.deploy(id)
        return "deployed"

    async def _recall(self, id: str, form: Form) -> str:  # noqa: ARG002
        await self._crew.recall(id)
        return "recalled"

    async def _retire(self, id: str, form: Form) -> str:  # noqa: ARG002
        await self._crew.retire(id)
        return "retired"

    async def _break_off(self, id: str, form: Form) -> str:
        reason = form.get("reason", "").strip() or "broken_off"
        if len(reason) > MOST_OF_A_REASON or not reason.isprintable():
            raise Invalid(f"`reason` must be at most {MOST_OF_A_REASON} characters on one line")
        await self._settling.break_off(id, reason)
        return "broken_off"


def _whole(form: Form, name: str) -> int:
    text = form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004  digits of what is ever meant
        raise Invalid(f"`{name}` must be a whole number")
    return int(text)
