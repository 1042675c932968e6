"""Whether this process hears: it signals something to itself through the store, and listens whether it comes back.

A process whose subscription has died looks well from inside: it sends, it beats, and its players hear nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from tenure import Heard, OutcomeUnknown, Store, Unavailable

PERIOD_SECONDS = 3.0
DEAF_AFTER = 2
"""After so many periods without an echo we are deaf."""


def new_nonce() -> str:
    """Make what nobody else signals."""
    return secrets.token_hex(8)


class Echo:
    """Calls to itself each period. `id` is one that no other process has."""

    def __init__(self, store: Store, id: str, *, make_nonce: Callable[[], str] = new_nonce) -> None:
        self._store, self._make_nonce = store, make_nonce
        self.topic = f"echo/{id}"
        self.missed = 0
        """How many periods in a row no echo came back."""
        self.heard = 0
        """How many came back in all."""
        self._nonce = b""

    @property
    def deaf(self) -> bool:
        """Whether nothing comes back any more."""
        return self.missed >= DEAF_AFTER

    @property
    def trouble(self) -> str:
        """What is wrong; empty if nothing is."""
        if not self.deaf:
            return ""
        silent = self.missed * PERIOD_SECONDS
        return f"this process is deaf: nothing that it signals to itself came back for {silent:.0f} seconds"

    async def run(self) -> None:
        """Call and listen, for ever. Who is deaf subscribes anew."""
        while True:
            try:
                async with self._store.signals(self.topic) as heard:
                    await self._listening(heard)
            except (Unavailable, OutcomeUnknown):
                self.missed += 1
                await self._store.clock.sleep(PERIOD_SECONDS)

    async def _listening(self, heard: Heard) -> None:
        """Call until we are deaf."""
        listening = asyncio.create_task(self._listen(heard), name=f"listens to {self.topic}")
        try:
            while True:
                before = self.heard
                await self._call()
                await self._store.clock.sleep(PERIOD_SECONDS)
                self.missed = self.missed + 1 if self.heard == before else 0
                if self.deaf:
                    self._store.log.warning("deaf", topic=self.topic, missed=self.missed)
                    return
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _call(self) -> None:
        self._nonce = self._make_nonce().encode()
        try:
            await self._store.signal(self.topic, self._nonce)
        except (Unavailable, OutcomeUnknown):
            return  # then no echo comes

    async def _listen(self, heard: Heard) -> None:
        async for payload in heard:
            if payload == self._nonce:
                self.heard, self.missed = self.heard + 1, 0
