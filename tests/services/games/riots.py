"""A client of the stand-in for tests, both of them over HTTP, with a budget of its own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import tenure
from tenure import Store
from tenure.pacing.lifecycle import Budget
from tenure.pacing.pacer import Pacer
from tenure.services.games.riot.client import RiotClient
from tenure.services.games.riot.stand_in.serving import serving
from tenure.services.games.riot.stand_in.standing import StandIn

NOT_TO_BE_REACHED = "20000:10"
"""Limits so wide that no test meets them, unless it is about limits."""


@asynccontextmanager
async def asking(
    *, limits: str = NOT_TO_BE_REACHED, clock: Callable[[], float] = time.monotonic
) -> AsyncIterator[tuple[StandIn, RiotClient, Store]]:
    """Serve a stand-in, and give it, a client that has its key, and the store in which the client's budgets are."""
    stand_in = StandIn()
    stand_in.limit(limits)
    async with serving(stand_in), tenure.open("sqlite:", Budget, space="tests", actor="tests") as store:
        async with RiotClient(stand_in.key, Pacer(store), api=stand_in.url, try_seconds=60, clock=clock) as client:
            yield stand_in, client, store
