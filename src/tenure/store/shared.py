"""What all handles of one open store share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from tenure.core.engine import Engine
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.store import holding, polling
from tenure.store.batching import Lanes
from tenure.store.bounds import bounds_of
from tenure.store.logging import Log
from tenure.store.looking import Looking
from tenure.store.signals import Signals
from tenure.store.timing import Clock, SystemClock
from tenure.store.waking import Bells


class Shared:
    """What all handles of one store have in common."""

    def __init__(self, engine: Engine, kinds: Iterable[type[Lifecycle]], clock: Clock | None) -> None:
        self.engine = engine
        self.models: dict[str, type[Lifecycle]] = {kind.__name__: kind for kind in kinds}
        self.models[polling.Poller.__name__] = polling.Poller
        self.bounds = bounds_of(table_of(kind) for kind in self.models.values())
        self.clock: Clock = clock or SystemClock()
        self.bells = Bells(engine)
        self.looking = Looking(engine, self.bells, self.clock)
        self.signals = Signals(engine.carrier)
        self.lanes: dict[str, Lanes] = {}
        self.holds: set[holding.Held[Any]] = set()
        self.log = Log(logging.getLogger("tenure"))
        self._closing, self._closed = asyncio.Lock(), False

    async def close(self) -> None:
        """Finish what is under way and let go of the engine, once; who closes meanwhile waits until that is done."""
        async with self._closing:
            if self._closed:
                return
            self._closed = True
            for lanes in self.lanes.values():
                await lanes.close()
            self.signals.close()
            self.bells.close()
            await self.engine.close()
