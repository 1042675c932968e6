"""Players: whom a community tracks."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import cast

from tenure import Change, LimitReached, NotFound, Stale, StateOf, Store, WrongState
from tenure.services.games.accounts import ACCOUNTS
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.lots import lot_of
from tenure.services.games.names import riot_id_of
from tenure.services.games.refusals import NotThen, TryAgain, Unknown, Wrong
from tenure.services.games.results import Title
from tenure.services.games.riot.routing import PLATFORMS, UnknownPlatform, read_platform

AT_A_TIME = 500
MOST_TRIES = 10
MOST_OF_A_NAME, MOST_OF_A_TAG = 16, 5
TITLES: tuple[Title, ...] = ("lol", "tft")

Change_ = Change[TrackedPlayer]


def new_id() -> str:
    """Make an id that nobody else makes."""
    return secrets.token_hex(6)


class Players:
    """Adds and removes players. Acts as the store's actor."""

    def __init__(self, store: Store, *, new_id: Callable[[], str] = new_id) -> None:
        self._store, self._new_id = store, new_id

    # ------------------------------------------------------------------------------------ reading

    async def get(self, id: str) -> TrackedPlayer:
        """Read a player, a removed one too. Raises `Unknown`."""
        try:
            return await self._store.get(TrackedPlayer, id)
        except NotFound:
            raise Unknown("there is no such player: look at the list of players") from None

    async def named(self, riot_id: str, platform: str) -> TrackedPlayer | None:
        """Give the player of a Riot id, such as `Ada#EUW`, who is tracked on a platform, if so. Raises `Wrong`."""
        key = riot_id_of(*names_of(riot_id))
        found = await self._store.holding(TrackedPlayer.once, key, platform_of(platform))
        return found[0] if found else None

    async def list(
        self, *, state: StateOf[TrackedPlayer] | None = None, limit: int = AT_A_TIME, after: str | None = None
    ) -> Sequence[TrackedPlayer]:
        """Give players as they were added, all who are not removed if no state is named, page by page."""
        states = TrackedPlayer.live if state is None else state
        return await self._store.find(states, limit=limit, after=await self._after(after), by_creation=True)

    # ------------------------------------------------------------------------------------ changing

    async def add(self, riot_id: str, platform: str, titles: Sequence[str] = ("lol",)) -> TrackedPlayer:
        """Begin to track a player, named as `Ada#EUW`. Whoever is tracked already is given as they are.

        Raises `Wrong`, `TryAgain`.
        """
        game_name, tag_line = names_of(riot_id)
        platform, checked, id, now = platform_of(platform), titles_of(titles), self._new_id(), await self._store.now()
        try:
            player = await self._store.apply(
                TrackedPlayer.create(
                    id, game_name=game_name, tag_line=tag_line, riot_id=riot_id_of(game_name, tag_line),
                    platform=platform, titles=checked, lot=lot_of(id), due_at=now,
                )
            )  # fmt: skip
        except LimitReached as refusal:
            there = (await self._store.get_many(TrackedPlayer, refusal.holders)).values()
            if not there:
                raise _busy() from None
            return next(iter(there))
        await self._store.hasten(ACCOUNTS, now)
        return player

    async def edit(self, id: str, *, titles: Sequence[str]) -> TrackedPlayer:
        """Change which titles are tracked of a player. Raises `Unknown`, `Wrong`, `NotThen`, `TryAgain`."""
        checked = titles_of(titles)
        return await self._change(
            id, lambda player: None if player.titles == checked else TrackedPlayer.edit(player, titles=checked)
        )

    async def pause(self, id: str) -> TrackedPlayer:
        """Look at a player no more for a while; games that are open get their results. A repeat changes nothing.

        Raises `Unknown`, `NotThen`, `TryAgain`.
        """
        return await self._change(
            id, lambda player: None if player.state == TrackedPlayer.paused else TrackedPlayer.pause(player)
        )

    async def unpause(self, id: str) -> TrackedPlayer:
        """Track a paused player again. A repeat changes nothing. Raises `Unknown`, `NotThen`, `TryAgain`."""
        now = await self._store.now()
        return await self._change(
            id,
            lambda player: (
                TrackedPlayer.unpause(player, due_at=now, tracked_from=now)
                if player.state == TrackedPlayer.paused
                else None
            ),
        )

    async def remove(self, id: str) -> TrackedPlayer:
        """Track a player no more: open games end without a result. A repeat changes nothing.

        Raises `Unknown`, `TryAgain`.
        """
        player = await self.get(id)
        if player.state == TrackedPlayer.removed:
            return player
        return await self._change(id, lambda player: TrackedPlayer.remove(player.id))

    # ------------------------------------------------------------------------------------ inside

    async def _after(self, id: str | None) -> TrackedPlayer | None:
        return None if id is None else await self.get(id)

    async def _change(self, id: str, change_of: Callable[[TrackedPlayer], Change_ | None]) -> TrackedPlayer:
        for _ in range(MOST_TRIES):
            player = await self.get(id)
            if player.state == TrackedPlayer.removed:
                raise NotThen("the player was removed: add them anew")
            change = change_of(player)
            if change is None:
                return player
            try:
                return await self._store.apply(change)
            except (Stale, WrongState):
                continue  # they were looked at meanwhile
        raise _busy()


def names_of(riot_id: str) -> tuple[str, str]:
    """Give the name and the tag of a Riot id. Raises `Wrong`."""
    game_name, sign, tag_line = (part.strip() for part in riot_id.strip().rpartition("#"))
    fits = 0 < len(game_name) <= MOST_OF_A_NAME and 0 < len(tag_line) <= MOST_OF_A_TAG
    if not sign or not fits or not riot_id.strip().isprintable():
        raise Wrong(
            f"`riot_id` must be a name of 1 to {MOST_OF_A_NAME} characters, `#`, and a tag of 1 to {MOST_OF_A_TAG}, "
            f"such as Ada#EUW"
        )
    return game_name, tag_line


def platform_of(text: str) -> str:
    """Give the platform that somebody names. Raises `Wrong`."""
    try:
        return read_platform(text)
    except UnknownPlatform:
        raise Wrong(f"`platform` must be one of {', '.join(PLATFORMS)}") from None


def titles_of(titles: Sequence[str]) -> tuple[Title, ...]:
    """Give titles, each once, in their order. Raises `Wrong`."""
    if not titles or any(title not in TITLES for title in titles):
        raise Wrong(f"`titles` must name one or more of {', '.join(TITLES)}")
    return cast("tuple[Title, ...]", tuple(title for title in TITLES if title in titles))


def _busy() -> TryAgain:
    return TryAgain("the player is being changed by many at once: try again in a moment")
