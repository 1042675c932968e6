"""What the page's forms do, all of it through what the API does too, and in its words where it is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from tenure.http.rejections import Absent
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.page.links import Links
from tenure.services.games.players import TITLES
from tenure.services.games.service import Parts

Form = Mapping[str, str]
ACTOR = "console"

DONE = {
    "added": "The player is tracked: the account is being looked up.",
    "pause": "The player is paused. Open games get their results.",
    "unpause": "The player is tracked again.",
    "remove": "The player is tracked no more.",
    "link": "The player has a page: give them its link.",
    "unlink": "The link opens nothing any more.",
    "titles": "From the next turn on these titles are tracked.",
}
"""What is said after a form was taken; the address carries the word only, so nobody can put texts onto the page."""


class Acting:
    """Does what forms ask for."""

    def __init__(self, by: Parts, links: Links) -> None:
        self._players = by.players
        self._steps: dict[str, Callable[[str, Form], Awaitable[object]]] = {
            "pause": lambda id, _: by.players.pause(id),
            "unpause": lambda id, _: by.players.unpause(id),
            "remove": lambda id, _: by.players.remove(id),
            "link": lambda id, _: links.give(id),
            "unlink": lambda id, _: links.revoke(id),
            "titles": lambda id, form: by.players.edit(id, titles=_titles(form)),
        }

    async def add(self, form: Form) -> TrackedPlayer:
        """Track a player. Raises `Wrong`."""
        return await self._players.add(form.get("riot_id", ""), form.get("platform", ""), _titles(form))

    async def act(self, action: str, id: str, form: Form) -> None:
        """Make one step with a player. Raises `Absent` for a step that there is not."""
        if action not in self._steps:
            raise Absent("there is nothing at this address")
        await self._steps[action](id, form)


def _titles(form: Form) -> list[str]:
    return [title for title in TITLES if form.get(title)]
