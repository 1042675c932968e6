"""Keeping background loops going: one that ends by an error is begun again, and says so until it is well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tenure.core.errors import LeaseLost

if TYPE_CHECKING:
    from tenure.store.store import Store

SETTLED_SECONDS = 30.0
FIRST_SECONDS, MOST_SECONDS = 0.5, 30.0
Loop = Callable[[], Awaitable[None]]
Sleep = Callable[[float], Awaitable[object]]


class Keeper:
    """Runs loops that should never end. Each has its own trouble: the others go on meanwhile."""

    def __init__(self, store: Store, *, sleep: Sleep = asyncio.sleep) -> None:
        self._log, self._sleep = store.log, sleep
        self.troubles: dict[str, str] = {}
        """By loop, the error by which it ended, until it has run well for a while again."""

    async def keep(self, name: str, loop: Loop) -> None:
        """Run a loop for ever: after an error again, at first soon, then with ever longer waits."""
        wait = FIRST_SECONDS
        while True:
            began = asyncio.ensure_future(loop())
            settled = asyncio.ensure_future(self._settle(name))
            try:
                await asyncio.wait({began, settled}, return_when=asyncio.FIRST_COMPLETED)
                if not began.done():
                    wait = FIRST_SECONDS
                    await asyncio.wait({began})
            finally:
                settled.cancel()
                if not began.done():
                    began.cancel()
                    await asyncio.gather(began, return_exceptions=True)
            # Nobody cancelled this keeper, so that a lost lease must have ended the loop's turn.
            error = LeaseLost("its turn was taken over") if began.cancelled() else began.exception()
            self._ended(name, error, wait)
            await self._sleep(wait)
            wait = min(wait * 2, MOST_SECONDS)

    async def _settle(self, name: str) -> None:
        await self._sleep(SETTLED_SECONDS)
        self.troubles.pop(name, None)

    def _ended(self, name: str, error: BaseException | None, wait: float) -> None:
        kind = "no error" if error is None else type(error).__name__
        self.troubles[name] = f"the loop {name!r} ended with {kind}"
        self._log.error("loop_ended", loop=name, error=kind, said=str(error or ""), again_in_seconds=wait)
