"""A player by whatever somebody types: the id, or the Riot id on some platform."""

from __future__ import annotations

from tenure import Store
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.names import riot_id_of
from tenure.services.games.refusals import Unknown, Wrong
from tenure.services.games.riot.routing import PLATFORMS

NOBODY = "no player who is tracked has this id, or this Riot id"


async def player_named(store: Store, text: str) -> TrackedPlayer:
    """Give the player of an id, or of a Riot id such as `Ada#EUW` that is tracked on one platform.

    Raises `Unknown`; `Wrong` where several platforms have one.
    """
    if not text.isprintable():  # what no terminal shows is no name, and half of a surrogate pair no text
        raise Unknown(NOBODY)
    by_id = await store.get_many(TrackedPlayer, [text])
    if by_id:
        return by_id[text]
    name, sign, tag = text.rpartition("#")
    found: list[TrackedPlayer] = []
    for platform in PLATFORMS if sign else ():
        found += await store.holding(TrackedPlayer.once, riot_id_of(name, tag), platform, most=1)
    if not found:
        raise Unknown(NOBODY)
    if len(found) > 1:
        raise Wrong(f"several platforms have this player: name one by id, of {', '.join(each.id for each in found)}")
    return found[0]
