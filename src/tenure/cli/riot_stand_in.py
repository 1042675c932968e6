"""The command `serve riot-stand-in`: a Riot API of our own, to try the games service without a key."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import uvloop

from tenure.cli.looking import Flag, InSession
from tenure.cli.session import UsageError
from tenure.http.serving import bind
from tenure.services.games.riot.stand_in import REALISTIC, Delays, StandIn, serving
from tenure.services.games.riot.stand_in.first_players import add_first_players
from tenure.services.games.riot.stand_in.limits import PRODUCTION, Rates, rates
from tenure.services.games.riot.stand_in.world import DEFAULT_KEY
from tenure.web.serving import Stop

KEY, API = "TENURE_GAMES_RIOT_KEY", "TENURE_GAMES_RIOT_API"
PORT = 8440
MOST_PORT, MOST_PLAYERS = 65535, 100_000
GAMES_PER_SECOND = 10
SHOWN = 6


def riot_stand_in(
    *,
    port: int = PORT,
    host: str = "127.0.0.1",
    key: str = DEFAULT_KEY,
    limits: str | None = None,
    players: int = 0,
    play: Annotated[bool, Flag] = False,
    realistic: Annotated[bool, Flag] = False,
    session: InSession,
) -> None:
    """Run a Riot API of our own on this machine: accounts, games that go on, matches, and a page to play them.

    It keeps all in memory, and ends with Ctrl-C. It is there to try the tracker and to test it: it is not Riot Games,
    and whoever reaches its port may do anything there.

    Parameters
    ----------
    port
        The port to listen at; 0 takes a free one.
    host
        The address to listen at.
    key
        The API key that is valid at first.
    limits
        The limits of the application, such as 20:1,100:120, or none; else those of a production key.
    players
        Add so many players on na1: Player 1#NA1, Player 2#NA1, …
    play
        Let all players play by themselves.
    realistic
        Let results and lists take their time, and some games be shown wrongly, or not at all.
    """
    if not 0 <= port <= MOST_PORT:
        raise UsageError(f"{port} is no port: it must be from 0 to {MOST_PORT}")
    if not 0 <= players <= MOST_PLAYERS:
        raise UsageError(f"--players {players} is too few or too many: it must be from 0 to {MOST_PLAYERS}")
    if not (key and key.isascii() and key.isprintable() and " " not in key):
        raise UsageError("--key is made of plain characters without spaces")
    # Matches that a store knows from an earlier run of it are not told again with other players.
    first_game = int(time.time() * GAMES_PER_SECOND)
    delays = REALISTIC if realistic else Delays()
    stand_in = StandIn(key=key, limits=_limits(limits), delays=delays, first_game=first_game)
    add_first_players(stand_in)
    for number in range(1, players + 1):
        stand_in.world.add_player(f"Player {number}#NA1", "na1")
    stand_in.play_by_themselves(on=play)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(stand_in, host, port, session))


def _limits(text: str | None) -> Rates:
    if text is None:
        return PRODUCTION
    try:
        return () if text == "none" else rates(text)
    except ValueError:
        raise UsageError(f"--limits {text!r} is not understood: it is such as 20:1,100:120, or none") from None


async def _serve(stand_in: StandIn, host: str, port: int, session: InSession) -> None:
    stop = Stop(keep_on_sigterm=False)
    taken = bind(host, port)
    with stop.listening():
        async with serving(stand_in, taken):
            _tell(stand_in, session)
            await stop.asked()


def _tell(stand_in: StandIn, session: InSession) -> None:
    if session.output.as_json:
        session.output.json({"page": f"{stand_in.url}/", "api": stand_in.url, "key": stand_in.key})
        return
    names = ", ".join(f"{one.riot_id} ({one.platform})" for one in stand_in.world.keys.players[:SHOWN])
    print(
        f"\nA Riot API of our own is up. See its players at {stand_in.url}/\n\n"
        f"Let the tracker ask it, in another terminal:\n\n"
        f"  {API}={stand_in.url} {KEY}={stand_in.key} tenure up\n\n"
        f"Who is there to be tracked: {names}\n\n"
        "Ctrl-C ends it.\n",
        flush=True,
    )
