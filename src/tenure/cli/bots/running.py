"""The command that runs bots: `tenure bots runner`."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Annotated, Literal

from cyclopts import Parameter

from tenure.cli.looking import Flag, InSession
from tenure.cli.session import Failed, UsageError
from tenure.services.bots.runner.play import NoPlayer, Players, load
from tenure.services.bots.runner.runner import Duty, run
from tenure.services.bots.service import kinds
from tenure.services.bots.settings import game_key
from tenure.web import logs
from tenure.web.serving import Stop

RANDOM = "tenure.services.bots.runner.players:RandomPlayer"
MOST_SLOTS = 100_000


async def runner(
    *,
    pool: Annotated[tuple[str, ...], Parameter(negative=(), show_default=False)] = (),
    slots: int = 100,
    player: str = RANDOM,
    grace_seconds: float = 30.0,
    json_logs: Annotated[bool, Flag] = False,
    log_level: Literal["debug", "info", "warning", "error"] = "info",
    session: InSession,
) -> None:
    """Hold bots that are deployed: queue them, accept their matches, and play.

    It runs until SIGINT or SIGTERM, beside any number of others. Then bots that wait are given back at once, and those
    that play have some time to finish; who plays longer is handed to another runner. A second signal ends it as it is.
    Exit codes: 0 all bots given back, 1 some were left to their leases or the players block, 2 wrong usage.

    Parameters
    ----------
    pool
        Take only bots of this pool. May be given several times. [default: all pools]
    slots
        How many bots to hold at once.
    player
        Your player: MODULE:NAME, a class or function that is called without arguments, from the present folder.
    grace_seconds
        How long matches may go on when the runner is to end.
    json_logs
        Write log lines as JSON.
    log_level
        The least important lines to write: debug, info, warning or error.
    """
    if not 1 <= slots <= MOST_SLOTS:
        raise UsageError(f"--slots must be from 1 to {MOST_SLOTS}")
    if not 0 <= grace_seconds < float("inf"):
        raise UsageError("--grace-seconds must be zero or more")
    make, key = _player(player), game_key(os.environ, session.data)
    logs.set_up(as_json=json_logs, level=log_level, secrets=[key])
    duty = Duty(make=make, pools=pool, slots=slots, key=key, grace_seconds=grace_seconds)
    async with session.store_of(kinds) as store:
        mine = store.acting(f"runner:{socket.gethostname()}:{os.getpid()}")
        stop, ends = Stop(keep_on_sigterm=False), asyncio.Event()
        with stop.listening():
            asked = asyncio.create_task(_set_when_asked(stop, ends))
            mine.log.info("runner_started", pools=list(pool) or "all", slots=slots, player=player)
            try:
                left = await run(mine, duty, ends)
            finally:
                asked.cancel()
    if left:
        raise Failed(f"{left} bots could not be given back: their leases run out within 15 seconds")


def _player(place: str) -> Players:
    try:
        return load(place)
    except NoPlayer as error:
        raise UsageError(str(error)) from None


async def _set_when_asked(stop: Stop, ends: asyncio.Event) -> None:
    await stop.asked()
    ends.set()
