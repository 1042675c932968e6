"""The command `trivia discord-stand-in`: a Discord of our own, to try the bot without an account."""

from __future__ import annotations

import os
from typing import Annotated

from tenure.cli.looking import Flag, InSession
from tenure.cli.session import UsageError
from tenure.http.serving import bind
from tenure.services.trivia.discord.stand_in import StandIn, serving
from tenure.services.trivia.discord.stand_in.first_guild import add_first_guild
from tenure.web.serving import Stop

TOKEN, API = "TENURE_TRIVIA_DISCORD_TOKEN", "TENURE_TRIVIA_DISCORD_API"
PORT = 8430
MOST_PORT = 65535


async def discord_stand_in(
    *,
    port: int = PORT,
    host: str = "127.0.0.1",
    token: str | None = None,
    no_rate_limits: Annotated[bool, Flag] = False,
    session: InSession,
) -> None:
    """Run a Discord of our own on this machine: HTTP API, gateway, and a page with channels, buttons and commands.

    It keeps all in memory, and ends with Ctrl-C. It is there to try the bot and to test it: it is not Discord, and
    whoever reaches its port may do anything there.

    Parameters
    ----------
    port
        The port to listen at; 0 takes a free one.
    host
        The address to listen at.
    token
        The bot's token; else TENURE_TRIVIA_DISCORD_TOKEN, else a new one, which is printed.
    no_rate_limits
        Let any number of requests pass.
    """
    if not 0 <= port <= MOST_PORT:
        raise UsageError(f"{port} is no port: it must be from 0 to {MOST_PORT}")
    given = token or os.environ.get(TOKEN) or None
    if given is not None and not (given.isascii() and given.isprintable() and " " not in given):
        raise UsageError(f"--token, or {TOKEN}, is made of plain characters without spaces")
    stand_in = StandIn(token=given, rate_limits=not no_rate_limits)
    add_first_guild(stand_in)
    stop = Stop(keep_on_sigterm=False)
    taken = bind(host, port)
    with stop.listening():
        async with serving(stand_in, taken):
            _tell(stand_in, session)
            await stop.asked()


def _tell(stand_in: StandIn, session: InSession) -> None:
    if session.output.as_json:
        told = {"page": f"{stand_in.url}/", "api": stand_in.api_url, "gateway": stand_in.gateway_url}
        session.output.json({**told, "token": stand_in.token})
        return
    print(
        f"\nA Discord of our own is up. See its channels at {stand_in.url}/\n\n"
        f"Let the bot in, in another terminal:\n\n"
        f"  {API}={stand_in.api_url} {TOKEN}={stand_in.token} tenure up\n\n"
        "Ctrl-C ends it.\n",
        flush=True,
    )
