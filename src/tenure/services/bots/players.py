"""Players and their ratings, as the other parts make and find them; and whom a player never wants to meet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from tenure import Change, Exists, NotFound, Overdue, Stale, Store, WrongState
from tenure.services.bots.lifecycle import Bot, Player, Rating
from tenure.services.bots.ratings import Rated, rating_system
from tenure.services.bots.refusals import NotThen, TryAgain, Unknown, Wrong

MOST_TRIES = 10
PLAYER = re.compile(r"[^\s/.][^\s/]{0,99}")
MOST_BLOCKED = 1000


def rating_id(player: str, mode: str) -> str:
    """Give the id of a player's rating. A mode has no slash in it, so that two of them never share one."""
    return f"{player}/{mode}"


def first_rating(player: str, mode: str, rated: Rated) -> Change[Rating]:
    """Give the change that begins a player's rating in one mode."""
    return Rating.create(
        rating_id(player, mode),
        player=player,
        mode=mode,
        value=rated.value,
        deviation=rated.deviation,
        volatility=rated.volatility,
    )


def check_player(id: str) -> None:
    """Refuse what can't be a player's id. Raises `Wrong`."""
    if not PLAYER.fullmatch(id) or not id.isprintable():
        raise Wrong("a player's id must be 1 to 100 printable characters without spaces and slashes, and no dot first")
    try:
        id.encode()
    except UnicodeEncodeError:
        raise Wrong("a player's id must be valid Unicode") from None


class Players:
    """What is known of players."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, id: str) -> Player:
        """Read a player. Raises `Unknown`."""
        try:
            return await self._store.get(Player, id)
        except NotFound:
            raise Unknown("there is no such player: one is known from its first ticket on") from None

    async def ratings(self, id: str) -> list[Rating]:
        """Read a player's ratings, of all modes."""
        return await self._store.find(Rating.kept, under=await self.get(id))

    async def block(self, id: str, blocked: Iterable[str]) -> Player:
        """Say whom a player never plays with or against, from its next ticket on; it replaces what was said before.

        Who is unknown becomes known. Raises `Wrong`, `TryAgain`.
        """
        unwanted = tuple(sorted(set(blocked)))
        for other in (id, *unwanted):
            check_player(other)
        if len(unwanted) > MOST_BLOCKED or id in unwanted:
            raise Wrong(f"a player blocks at most {MOST_BLOCKED} others, and not itself")
        for _ in range(MOST_TRIES):
            known = (await self._store.get_many(Player, [id])).get(id)
            change = Player.create(id, blocked=unwanted) if known is None else Player.block(known, blocked=unwanted)
            try:
                return await self._store.apply(change)
            except (Exists, Stale, WrongState):
                continue
        raise TryAgain("the player is being changed by many at once: try again in a moment")

    async def forget(self, id: str) -> None:
        """Forget a player with all of its ratings.

        Raises `Unknown`, and `NotThen` for a bot and for somebody who has a ticket.
        """
        player = await self.get(id)
        if await self._store.get_many(Bot, [id]):
            raise NotThen("that player is a bot: retire the bot instead")
        try:
            await self._store.apply(Player.forget(player))
        except Overdue:
            raise TryAgain("the player's ticket has just ended: try again in a moment") from None
        except (Stale, WrongState):
            raise NotThen("the player has a ticket: leave with it first") from None


async def ratings_of(store: Store, players: Sequence[str], mode: str) -> dict[str, Rating]:
    """Read the ratings of players in one mode, by player; those that have none are left out."""
    found = await store.get_many(Rating, [rating_id(player, mode) for player in players])
    return {rating.player: rating for rating in found.values()}


def newcomers(
    known: Iterable[str], rated: Iterable[str], players: Sequence[str], *, mode: str, system: str
) -> list[Change[Any]]:
    """Give the changes that make those known, and rated in this mode, who are not yet."""
    first = rating_system(system).initial()
    known, rated = set(known), set(rated)
    return [
        *(Player.create(player) for player in players if player not in known),
        *(first_rating(player, mode, first) for player in players if player not in rated),
    ]
