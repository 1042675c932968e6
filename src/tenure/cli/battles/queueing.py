"""The commands about who waits, and who may connect."""

from __future__ import annotations

import os

import msgspec

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_one
from tenure.cli.session import Session, UsageError
from tenure.http.environment import read_key
from tenure.services.battles.api.views import when
from tenure.services.battles.kinds import kinds
from tenure.services.battles.rules.known import MODES
from tenure.services.battles.settings import TOKEN_KEY, TOKEN_KEY_FILE
from tenure.services.battles.sockets.tokens import LASTS, Tokens
from tenure.services.battles.surveying import Survey


async def queue(*, session: InSession) -> None:
    """Show who waits in each mode: how many at each level, since when, and who matches them."""
    async with session.store_of(kinds) as store:
        found = await Survey(store, MODES).queues()
    if session.output.as_json:
        session.output.json_lines(found)
        return
    for each in found:
        more = " or more" if each.more else ""
        session.output.say(f"{each.mode}: {each.waiting}{more} waiting, matched by {each.matcher or 'nobody'}", "bold")
        print_list(
            session.output, [msgspec.structs.asdict(level) for level in each.levels], ("level", "players", "since")
        )


async def token(player: str, /, *, session: InSession) -> None:
    """Make a token with which a player connects within a minute, as the backend gets by POST /tokens.

    Parameters
    ----------
    player
        The player's id.
    """
    tokens = Tokens(_key(session).encode())
    async with session.store_of(kinds) as store:
        now = await store.now()
    print_one(session.output, {"player": player, "token": tokens.issue(player, now), "expires_at": when(now + LASTS)})


def _key(session: Session) -> str:
    """Give the key with which the servers sign tokens: none is made here, since they would not know it."""
    path = session.data / TOKEN_KEY_FILE
    if not os.environ.get(TOKEN_KEY) and not path.exists():
        raise UsageError(
            f"there is no key for tokens in {session.data}: start `tenure up` or `tenure serve battles` there once, "
            f"or give the servers' own as {TOKEN_KEY}"
        )
    return read_key(os.environ, TOKEN_KEY, path, "")
