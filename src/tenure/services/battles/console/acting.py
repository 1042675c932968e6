"""What the page's forms do, all of it through what the command line does too, and in its words where it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tenure.http.rejections import Absent
from tenure.pages.showing import in_path
from tenure.services.battles.cleaning import Cleaning
from tenure.services.battles.operating import Operating

Form = Mapping[str, str]
Step = Callable[[str, Form], Awaitable[tuple[str, str]]]
ACTOR = "console"

DONE = {
    "broken_off": "The battle is broken off; its players were told, and may queue anew.",
    "drained": "The instance lets nobody in any more: what it has goes to others.",
    "cleaned": "What dead instances had left is cleaned up.",
    "not_all_cleaned": "Not all of it could be cleaned up: what is listed here is as it was. Try again in a moment.",
}
"""What is said after a form was taken; the address carries the word only, so nobody can put texts onto the page."""


class Acting:
    """Does what forms ask for; each step gives the word of `DONE` that answers it, and what is shown then."""

    def __init__(self, by: Operating, cleaning: Cleaning) -> None:
        self._by, self._cleaning = by, cleaning
        self._steps: dict[tuple[str, str], Step] = {
            ("battles", "break_off"): self._break_off,
            ("instances", "drain"): self._drain,
            ("left", "clean"): self._clean,
        }

    async def act(self, what: str, action: str, id: str, form: Form) -> tuple[str, str]:
        """Make one step. Raises `Absent` for a step that there is not."""
        if (what, action) not in self._steps:
            raise Absent("there is nothing at this address")
        return await self._steps[what, action](id, form)

    async def _break_off(self, id: str, form: Form) -> tuple[str, str]:
        battle = await self._by.break_off(id, form.get("reason", ""))
        return "broken_off", f"/battles/{in_path(battle.id)}"

    async def _drain(self, id: str, form: Form) -> tuple[str, str]:  # noqa: ARG002  all steps take it
        instance = await self._by.drain(id)
        return "drained", f"/instances/{in_path(instance.id)}"

    async def _clean(self, id: str, form: Form) -> tuple[str, str]:  # noqa: ARG002
        cleaned = await self._cleaning.clean(dry_run=False)
        return "not_all_cleaned" if cleaned.errors else "cleaned", "/left"
