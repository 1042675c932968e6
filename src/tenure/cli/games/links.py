"""The commands about links to players' own pages."""

from __future__ import annotations

import os

from tenure.cli.games.acting import acting
from tenure.cli.looking import InSession
from tenure.cli.output import print_one
from tenure.cli.serving import PORT
from tenure.cli.session import Session, UsageError
from tenure.http.environment import read_key, read_url
from tenure.services.games.naming import player_named
from tenure.services.games.page.links import Links, address_of
from tenure.services.games.settings import LINK_KEY, LINK_KEY_FILE
from tenure.web.services import SERVICES


async def link(player: str, /, *, session: InSession) -> None:
    """Give a player a link to a page of their own, and show it: the same, until it is revoked.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    key, here = _key(session), f"http://127.0.0.1:{os.environ.get('PORT') or PORT}{SERVICES['games'].path}"
    base_url = read_url(os.environ, "TENURE_GAMES_URL", here)
    async with acting(session) as (store, _):
        found = await player_named(store, player)
        token = await Links(store, key).give(found.id)
    print_one(session.output, {"player": found.id, "url": address_of(base_url, token)})


async def unlink(player: str, /, *, session: InSession) -> None:
    """Let a player's link open nothing any more: whoever looks at the page is shown out.

    Parameters
    ----------
    player
        The player's id, or Riot id.
    """
    key = _key(session)
    async with acting(session) as (store, _):
        found = await player_named(store, player)
        await Links(store, key).revoke(found.id)
    print_one(session.output, {"player": found.id, "url": None})


def _key(session: Session) -> str:
    """Read the key that signs links, and make none: what one that no server has would sign opens nothing."""
    path = session.data / LINK_KEY_FILE
    key = read_key(os.environ, LINK_KEY, path if path.exists() else None, "")
    if not key:
        raise UsageError(
            f"the key that signs links is not here: start the server once, name its data folder with --data, give "
            f"{LINK_KEY} as it has it, or use its page or API"
        )
    return key
