"""Games as those who run a guild see them: looked at, prolonged, closed now, deleted, tried again, and replayed."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from tenure import Change, NotFound, Overdue, Stale, StateOf, Store, WrongState, days, seconds
from tenure.services.trivia.asking import asked_of
from tenure.services.trivia.chat.contract import Chat, ChatAway, ChatRefused
from tenure.services.trivia.chats import show
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.refusals import NotThen, TryAgain, Unknown, Wrong
from tenure.services.trivia.replaying import Replay, Replaying
from tenure.services.trivia.rounds import Rounds

__all__ = ["Games", "Replay"]

MOST_TRIES = 10
SHORTEST, LONGEST = seconds(1), days(7)
OVER = StateOf(Game, ("archived", "deleted"))
EVERY = StateOf(Game, (*Game.active.names, *OVER.names))


class Games:
    """What can be done to games. Acts as the store's actor."""

    def __init__(self, store: Store, chats: Mapping[str, Chat]) -> None:
        self._store, self._chats = store, chats
        self._rounds, self._replaying = Rounds(store), Replaying(store)

    # ------------------------------------------------------------------------------------ looking

    async def get(self, id: str) -> Game:
        """Read a game. Raises `Unknown`."""
        try:
            return await self._store.get(Game, id)
        except NotFound:
            raise Unknown("there is no such game: games that are over are kept for 7 days") from None

    async def list(
        self,
        guild: str | None = None,
        *,
        registration: str | None = None,
        states: StateOf[Game] = Game.active,
        limit: int = 100,
        after: str | None = None,
    ) -> list[Game]:
        """Read games in some states, the newest first: all of them, or a guild's, or a registration's.

        Raises `Unknown` for a guild or a registration that nobody knows.
        """
        under = await self._parent(guild, registration)
        return await self._store.find(states, under=under, limit=limit, newest_first=True, after=after)

    async def history(self, guild: str, *, limit: int = 100, after: str | None = None) -> builtins.list[Game]:
        """Read the games of a guild that are over, the newest first. Raises `Unknown`."""
        return await self.list(guild, states=OVER, limit=limit, after=after)

    async def replay(self, id: str) -> Replay:
        """Give all that happened in one game. Raises `Unknown`."""
        return await self._replaying.replay(await self.get(id))

    async def round_of(self, id: str) -> builtins.list[Game]:
        """Give the games of the round that a game belongs to, in their order. Raises `Unknown`."""
        return await self._rounds.games(await self.get(id))

    # ------------------------------------------------------------------------------------ acting

    async def extend(self, id: str, by: timedelta) -> Game:
        """Let an open game be open for longer, and show so. Raises `Unknown`, `NotThen`, `Wrong`, `TryAgain`."""
        if not SHORTEST <= by <= LONGEST:
            raise Wrong("a question can be prolonged by one second to seven days at a time")
        return await self._extended(id, lambda game: game.closes_at + by)

    async def extend_until(self, id: str, closes_at: datetime) -> Game:
        """Let an open game be open until an instant later than its end, and show so. A repeat changes nothing.

        Raises `Unknown`, `NotThen`, `Wrong`, `TryAgain`.
        """
        game = await self.get(id)
        if game.state == Game.open and game.closes_at == closes_at:
            return game
        if game.state == Game.open and not SHORTEST <= closes_at - game.closes_at <= LONGEST:
            raise Wrong("`closes_at` must be one second to seven days later than the present one")
        # Somebody may have let it be open for even longer meanwhile.
        return await self._extended(id, lambda game: max(game.closes_at, closes_at))

    async def close(self, id: str) -> Game:
        """Close an open game now: what was answered is counted. A repeat changes nothing.

        Raises `Unknown`, `NotThen`, `TryAgain`.
        """
        return await self._do(id, Game.close, CLOSED)

    async def delete(self, id: str) -> Game:
        """Take a game back, without results. A repeat changes nothing. Raises `Unknown`, `NotThen`, `TryAgain`."""
        return await self._do(id, Game.delete, Game.deleted)

    async def retry(self, id: str) -> Game:
        """Let a game that waits for its chat be tried again now. One that does not wait is left alone.

        Raises `Unknown`, `NotThen`, `TryAgain`.
        """
        return await self._do(id, _again, GOING_ON)

    # ------------------------------------------------------------------------------------ inside

    async def _do(self, id: str, change: Callable[[Game], Change[Game]], done: StateOf[Game] | None) -> Game:
        """Make a change, unless the game is where it leads. A game that is changed meanwhile is read again."""
        for _ in range(MOST_TRIES):
            game = await self.get(id)
            if done is not None and game.state in done:
                return game
            try:
                return await self._store.apply(change(game))
            except Stale:
                continue
            except Overdue:
                raise NotThen("its time has run out in this moment: look at it again") from None
            except WrongState as refusal:
                if refusal.record.state == game.state:
                    raise NotThen(WHY_NOT[game.state.name]) from None
        raise TryAgain("the game is being changed by many at once: try again in a moment")

    async def _extended(self, id: str, closes_at: Callable[[Game], datetime]) -> Game:
        game = await self._do(id, lambda game: Game.extend(game, closes_at=closes_at(game)), None)
        with suppress(ChatAway, ChatRefused):  # what is shown is late then; the store's time is what counts
            await self._show(id)
        return game

    async def _show(self, id: str) -> None:
        """Show a question as it is, and once more if it has changed meanwhile: so its last look is the right one."""
        shown = None
        while (game := await self.get(id)) != shown and game.message is not None:
            post = asked_of(game, right=game.state in SOLVED, taken_back=game.state == Game.deleted)
            await show(self._store, self._chats, game, post)
            shown = game

    async def _parent(self, guild: str | None, registration: str | None) -> Guild | Registration | None:
        try:
            if registration is not None:
                return await self._store.get(Registration, registration)
            return None if guild is None else await self._store.get(Guild, guild)
        except NotFound:
            raise Unknown("there is no such guild or registration") from None


CLOSED = StateOf(Game, ("closing", "scored", "withheld", "posted", "archived"))
SOLVED = StateOf(Game, ("posted", "archived"))
GOING_ON = StateOf(Game, ("asked", "open", "closing", "scored", "posted", "archived"))
WHY_NOT = {
    "asked": "its question is being posted in this moment: wait till it is open",
    "held": "its question is not posted yet: try it again first, or delete it",
    "open": "its question is open: close it first",
    "closing": "its window is over, and its answers are being counted",
    "scored": "its window is over, and its results are being posted",
    "withheld": "its window is over, and its results wait for the chat: try them again",
    "posted": "it is over, and its results are posted",
    "archived": "it is over, and its results are posted",
    "deleted": "it was deleted",
}
"""By state, why something that was asked of a game is turned down."""


def _again(game: Game) -> Change[Game]:
    return Game.retry_results(game) if game.state == Game.withheld else Game.retry(game)
