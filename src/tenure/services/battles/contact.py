"""Whether the store takes our beat, and what time it is there: also while it does not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from tenure import (
    Claim,
    NotFound,
    NotHolder,
    OutcomeUnknown,
    Overdue,
    Store,
    StoreReplaced,
    Unavailable,
    WrongState,
    seconds,
)
from tenure.services.battles.lifecycle import Instance
from tenure.services.battles.presence import Presence

Found = Literal["ours", "lost", "away"]

PERIOD_SECONDS = 2.0
"""How often it is looked whether the store takes our beat."""

AGAIN_SECONDS = 1.0
"""How soon it is looked again where it did not."""

PATIENCE_SECONDS = 2.0
AWAY_AFTER = 2
"""After so many looks in a row without an answer we are alone."""


class Contact:
    """This process's contact with the store. `monotonic` counts seconds where the store's clock can't be read."""

    def __init__(self, store: Store, presence: Presence, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._presence, self._monotonic = store, presence, monotonic
        self._read: tuple[datetime, float] | None = None

    async def until_alone(self) -> Claim[Instance]:
        """Wait until nothing has been heard of the store for a while, and give what we claim to be."""
        while True:
            await self.until_away(lambda: self._presence.claim)
            if (claim := self._presence.claim) is not None and self._read is not None:
                return claim
            await self._store.clock.sleep(AGAIN_SECONDS)

    async def until_away(self, claim: Callable[[], Claim[Instance] | None]) -> None:
        """Wait until the store has not answered several times in a row."""
        missed = 0
        while True:
            missed = missed + 1 if await self.look(claim()) == "away" else 0
            if missed >= AWAY_AFTER:
                return
            await self._store.clock.sleep(AGAIN_SECONDS if missed else PERIOD_SECONDS)

    async def until_back(self, claim: Claim[Instance]) -> Found:
        """Wait until the store answers, and tell whether we are still who we were."""
        while (found := await self.look(claim)) == "away":
            await self._store.clock.sleep(AGAIN_SECONDS)
        return found

    async def look(self, claim: Claim[Instance] | None) -> Found:
        """Look whether the store takes our beat; that we are not who we were any more is an answer too."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if claim is not None:
                    await self._store.beat(claim)
                self._read = await self._store.now(), self._monotonic()
        except (NotHolder, NotFound, Overdue, WrongState, StoreReplaced):
            return "lost"
        except (Unavailable, OutcomeUnknown, TimeoutError):
            return "away"
        return "ours" if claim is self._presence.claim else "lost"

    def now(self) -> datetime:
        """Reckon the store's clock from when it was read last."""
        assert self._read is not None, "nobody has a claim who never reached the store"  # noqa: S101
        read, at = self._read
        return read + seconds(self._monotonic() - at)
