"""The one stand-in of a store, wherever it runs: where it runs nowhere, it is started here.

Two stand-ins would play other games with the same players, and each process would find what the other one knows
nothing of. So one process has it under a lease. When that ends, another one starts a stand-in with the same first
players; what was played at the former is gone with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tenure import Exists, LeaseLost, Refused, Store, TenureError
from tenure.services.games.riot.client import RiotClient
from tenure.services.games.riot.stand_in import StandIn, serving
from tenure.services.games.standing_in.lifecycle import RiotStandIn
from tenure.store.keeping import Loop

ID = "riot"
LOOK_AGAIN_SECONDS = 5.0
ELSEWHERE = (
    "the stand-in of this store answers on another machine, {host}, where it can't be reached from here: start one "
    "that all reach with `tenure serve riot-stand-in`, and give each server its two settings; or start this one with "
    "TENURE_GAMES_TRACKS=0"
)


class SharedStandIn:
    """Lets a client ask the stand-in of a store, where it is. `make` makes it, if it is to run here.

    `host` is this machine.
    """

    def __init__(self, store: Store, client: RiotClient, make: Callable[[], StandIn], *, host: str) -> None:
        self.trouble = ""
        """Why nobody can be asked; empty if somebody can."""
        self.here: StandIn | None = None
        """The stand-in, while it runs in this process."""
        self.known = asyncio.Event()
        """Set while it is known where it is."""
        self._store, self._client, self._make, self._host = store, client, make, host

    def loops(self) -> dict[str, Loop]:
        """Give the loop that finds the stand-in, or runs it here."""
        return {"stand-in": self.run}

    async def run(self) -> None:
        """Ask the stand-in where it is, and run it here while it is nowhere else. Endless."""
        with suppress(Exists):
            await self._store.apply(RiotStandIn.create(ID))
        while True:
            place = await self._store.get(RiotStandIn, ID)
            if place.state == RiotStandIn.running:
                await self._ask_there(place)
            else:
                await self._stand_in(place)

    async def _stand_in(self, place: RiotStandIn) -> None:
        """Run it here until the lease is lost, unless another process was faster."""
        async with serving(self._make()) as made:
            try:
                held = await self._store.apply(RiotStandIn.begin(place, url=made.url, host=self._host))
            except Refused:
                return
            self.here = made
            try:
                async with self._store.hold(held.claim):
                    await self._ask_there(held)
            except LeaseLost:
                return
            finally:
                self.here = None
                with suppress(TenureError):  # else the lease runs out, and another goes on
                    await self._store.apply(RiotStandIn.leave(held.claim))

    async def _ask_there(self, place: RiotStandIn) -> None:
        """Let it be asked there until it runs there no more."""
        with self._asked_at(place), self._store.bell(RiotStandIn, ID) as bell:
            while (now := await self._store.get(RiotStandIn, ID)).fence == place.fence and now.state == place.state:
                await self._store.clock.wait(bell, LOOK_AGAIN_SECONDS)

    @contextmanager
    def _asked_at(self, place: RiotStandIn) -> Iterator[None]:
        if place.host == self._host:
            self._client.ask_at(place.url)
        else:
            self.trouble = ELSEWHERE.format(host=place.host)
            self._client.ask_at("", otherwise=self.trouble)
            self._store.log.warning("stand_in_elsewhere", host=place.host)
        self.known.set()
        try:
            yield
        finally:
            self.known.clear()
            self.trouble = ""
            self._client.ask_at("")
