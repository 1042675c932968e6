"""Games: what was seen of each, how it came out, and what happened to it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from tenure import Event, NotFound, StateOf, Store
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.refusals import Unknown

AT_A_TIME = 500
EVERY = StateOf(TrackedGame, ("playing", "awaiting", "abandoned", "completed"))
"""All that are told of: dropped ones belonged to a player who was removed."""

TOLD = ("complete", "correct")


class Games:
    """Reads games. Nobody changes them by hand: they follow what Riot says."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, id: str) -> TrackedGame:
        """Read a game. Raises `Unknown`."""
        try:
            return await self._store.get(TrackedGame, id)
        except NotFound:
            raise Unknown("there is no such game: look at the player's games") from None

    async def list(
        self,
        *,
        player: str | None = None,
        state: StateOf[TrackedGame] | None = None,
        limit: int = AT_A_TIME,
        after: str | None = None,
    ) -> Sequence[TrackedGame]:
        """Give games, newest first, of a player or of all. Raises `Unknown` where `after` is not there."""
        last = None if after is None else await self.get(after)
        return await self._store.find(
            state or EVERY, under=player, limit=limit, after=last, newest_first=True, by_creation=True
        )

    async def of_match(self, match: str) -> Sequence[TrackedGame]:
        """Give the records of a match that still wait for its result."""
        return await self._store.holding(TrackedGame.of_match, match)

    async def history(self, id: str) -> Sequence[Event[TrackedGame]]:
        """Give what happened to a game, in order. Raises `Unknown`."""
        await self.get(id)
        return await self._store.history(TrackedGame, id)

    async def results(self, *, after: int | None = None) -> AsyncGenerator[Event[TrackedGame], None]:
        """Give each result as it comes, after a position of the feed; from now on if none is named. Endless.

        Raises `CursorAhead`.
        """
        async for event in self._store.feed(TrackedGame, after=after):
            if event.name in TOLD:
                yield event


def game_id(player: str, match: str) -> str:
    """Give the id of a player's game: there is one, whoever finds it, and however often."""
    return f"{player}/{match}"
