"""Whether this process does its work. Health can be false: a green light over a silent sweeper helps nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tenure.core.durations import to_instant
from tenure.core.errors import TenureError
from tenure.store.store import Store

LONGEST_ANSWER_SECONDS = 2.0
Part = Callable[[], str]
"""Says what is wrong with a part of the process; empty if nothing is."""


class Healthy(msgspec.Struct, frozen=True):
    """What `/health` answers. `reasons` is empty if all is well; services may say more of themselves."""

    status: str
    reasons: tuple[str, ...] = ()
    services: dict[str, object] | UnsetType = UNSET


class Said(NamedTuple):
    """What a service says of itself: data that anybody may read, and what is wrong, if anything is."""

    about: object
    reasons: Sequence[str] = ()


Detail = Callable[[], Awaitable[Said]]


class Health:
    """Asks the store, its sweepers, and each part of the process."""

    def __init__(
        self,
        store: Store,
        parts: Mapping[str, Part] | None = None,
        details: Mapping[str, Detail] | None = None,
        *,
        alone: str | None = None,
    ) -> None:
        """Make it. `alone` names the one service that is served, at /: what it says is said at the top too."""
        self._store, self.details = store, dict(details or {})
        self.parts: dict[str, Part] = dict(parts or {})
        self.alone = alone

    async def look(self) -> Healthy:
        """Look at everything now."""
        reasons = [
            *await self._store_reasons(),
            *(f"{n}: {said}" for n, part in self.parts.items() if (said := part())),
        ]
        return Healthy("failing" if reasons else "ok", tuple(reasons))

    async def whole(self) -> Healthy:
        """Look at everything now, and let each service say how it is; without the store none can."""
        found = await self.look()
        services, reasons = dict[str, object](), list(found.reasons)
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                for name, detail in self.details.items():
                    services[name], more = await detail()
                    reasons += [f"{name}: {reason}" for reason in more]
        except (TimeoutError, TenureError, OSError):
            return found
        reasons = list(dict.fromkeys(reasons))  # a service may tell of a trouble in both ways
        return Healthy("failing" if reasons else "ok", tuple(reasons), services or UNSET)

    def shown(self, found: Healthy) -> object:
        """Give what is answered: a service that is served alone answers as it does at an address of its own."""
        own = found.services.get(self.alone) if self.alone and found.services else None
        return found if own is None else {**msgspec.to_builtins(own), **msgspec.to_builtins(found)}

    async def _store_reasons(self) -> list[str]:
        engine, reasons = self._store.engine, list[str]()
        try:
            async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
                for space in dict.fromkeys([self._store.space_name, *await engine.spaces()]):
                    time = await engine.time(space, self._store.clock())
                    if time.in_outage:
                        since = (
                            f"since {to_instant(time.swept_at):%Y-%m-%d %H:%M:%S} UTC" if time.swept_at else "so far"
                        )
                        reasons.append(f"sweeper: silent in the space {space!r} {since}")
        except TimeoutError:
            reasons.append(f"store: no answer within {LONGEST_ANSWER_SECONDS:.0f} s")
        except (TenureError, OSError) as error:
            reasons.append(f"store: unavailable ({type(error).__name__})")
        return reasons
