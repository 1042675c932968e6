"""Claiming one record after another, beside other processes that do the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tenure.core.errors import InvalidChange, Refused
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import StateOf
from tenure.core.transitions import CLAIMANT, Transition

if TYPE_CHECKING:
    from tenure.store.store import Store

P = ParamSpec("P")
K = TypeVar("K", bound=Lifecycle)

AT_A_TIME = 32
LOOK_AGAIN_SECONDS = 5.0


async def claims(store: Store, transition: Transition[P, K], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[K]:
    """Claim one record after another that this transition may leave; wait where there is none. Endless."""
    if transition.edge.by is not CLAIMANT:
        raise InvalidChange(f"{transition!r} claims nothing: declare it by=CLAIMANT")
    sources: StateOf[Any] = StateOf(transition.kind, tuple(s.name for s in transition.edge.sources))
    with store.bell(transition.kind) as bell:
        while True:
            claimed = 0
            for record in await store.find(sources, limit=AT_A_TIME):
                try:
                    yield await store.apply(transition(record, *args, **kwargs))
                    claimed += 1
                except Refused:
                    continue  # somebody else was faster, or its deadline has passed
            if not claimed:
                await store.clock.wait(bell, LOOK_AGAIN_SECONDS)
