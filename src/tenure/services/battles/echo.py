"""Whether this process hears: it signals something to itself through the store, and listens whether it comes back.

A process whose subscription has died looks well from inside: it sends, it beats, and its players hear nothing.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress

from tenure import OutcomeUnknown, Store, Unavailable

PERIOD_SECONDS = 3.0
AGAIN_SECONDS = 0.5
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
        self.sent = 0
        """How often we called in all."""
        self.missed = 0
        """How many periods in a row no echo came back."""
        self.heard = 0
        """How many came back in all."""
        self._nonce = b""
        self._listens = asyncio.Event()

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
        """Call and listen, for ever. Who is deaf hears by other connections from then on."""
        listening = asyncio.create_task(self._listen(), name=f"listens to {self.topic}")
        try:
            while True:
                await self._period()
                if listening.done():
                    listening.result()  # raises what ended it
                if self.deaf and self.missed % DEAF_AFTER == 0:  # what is just being made anew has time to be made
                    self._store.log.warning("deaf", topic=self.topic, missed=self.missed)
                    self._store.renew_signals()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def _period(self) -> None:
        """Call once, and see whether it came back; a call that waits for a connection is none."""
        before = self.heard
        calling = asyncio.create_task(self._call(), name=f"calls to {self.topic}")
        try:
            await self._store.clock.sleep(PERIOD_SECONDS)
        finally:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        if self.heard == before:
            self.missed += 1

    async def _call(self) -> None:
        await self._listens.wait()
        self._nonce = self._make_nonce().encode()
        self.sent += 1
        with suppress(Unavailable, OutcomeUnknown):  # then no echo comes
            await self._store.signal(self.topic, self._nonce)

    async def _listen(self) -> None:
        """Hear our own calls, until the store is closed."""
        while True:
            with suppress(Unavailable, OutcomeUnknown):
                async with self._store.signals(self.topic) as heard:
                    self._listens.set()
                    async for payload in heard:
                        if payload == self._nonce:
                            self.heard, self.missed = self.heard + 1, 0
                    return
            await self._store.clock.sleep(AGAIN_SECONDS)
