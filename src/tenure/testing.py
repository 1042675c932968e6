"""For tests of programs that use Tenure: explicit time, temporary stores, factories, and changes nobody applied."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from tenure.core import transitions
from tenure.core.durations import to_microseconds
from tenure.core.errors import InvalidChange, TenureError
from tenure.core.fields import MISSING
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import StateOf
from tenure.core.transitions import HOLDER, SWEEPER, Change, Edge
from tenure.opening import open as open_store
from tenure.store.store import Store
from tenure.store.timing import ManualClock

K = TypeVar("K", bound=Lifecycle)

START = datetime(2026, 1, 1, tzinfo=UTC)


class UnappliedChange(TenureError, AssertionError):  # noqa: N818  it says what happened, as the others do
    """A change was made and then given to no store: an `await store.apply(…)` was forgotten."""


@asynccontextmanager
async def store(
    *kinds: type[Lifecycle],
    url: str = "sqlite:",
    space: str = "tests",
    actor: str = "tests",
    at: datetime = START,
    clock: ManualClock | None = None,
    every_change_applied: bool = True,
) -> AsyncGenerator[Store]:
    """Open a temporary store whose time stands still until `await store.advance(…)` moves it.

    A change that was made in the body and given to no store raises `UnappliedChange` at its end. Stores that are
    opened side by side share a `clock`.
    """
    clock = clock or ManualClock(to_microseconds(at))
    async with open_store(url, *kinds, space=space, actor=actor, clock=clock) as opened:
        await opened.sweep()  # a sweeper is at work from the beginning
        if not every_change_applied:
            yield opened
            return
        with applied_changes():
            yield opened


@contextmanager
def applied_changes() -> Generator[None]:
    """Raise `UnappliedChange` at the end of the body for each change that was made in it and never applied."""
    changes: list[Change[Any]] = []
    before, transitions.made = transitions.made, changes.append
    try:
        yield
    finally:
        transitions.made = before
    forgotten = [change for change in changes if not change.applied]
    if forgotten:
        raise UnappliedChange(
            f"{len(forgotten)} changes were never applied: {', '.join(map(repr, forgotten[:5]))}; "
            f"pass them to `await store.apply(…)` or `store.submit(…)`"
        )


async def a(store: Store, state: StateOf[K], id: str | None = None, /, **fields: Any) -> K:
    """Create a record and drive it to a state along declared transitions; it is held where its state is leased.

    Each field goes to the transition that takes it, else to `create`. Raises `InvalidChange` where no way leads to
    the state without the sweeper.
    """
    kind = state.kind
    begins, way = _way(state)
    taken = {name for edge in way for name in edge.parameters.names}
    needed = {f.name for f in kind._declared.fields.values() if f.default is MISSING}  # noqa: SLF001
    first = {name: value for name, value in fields.items() if name in needed or name not in taken}
    record: Any = await store.apply(kind.create_in(begins, id or f"{kind.__name__.lower()}-{next(_numbers)}", **first))
    for edge in way:
        given = {name: fields[name] for name in edge.parameters.names if name in fields}
        target = record.claim if edge.by is HOLDER else record
        record = await store.apply(getattr(kind, edge.name)(target, **given))
    return cast("K", record)


_numbers = itertools.count(1)


def _way(state: StateOf[K]) -> tuple[StateOf[K], list[Edge[Any]]]:
    """Find the initial state and the shortest way of declared transitions from it, the sweeper's aside."""
    declared = state.kind._declared  # noqa: SLF001
    ways: dict[str, tuple[StateOf[K], list[Edge[Any]]]] = {
        s.name: (StateOf(state.kind, (s.name,)), []) for s in declared.states.values() if s.initial
    }
    fresh = deque(ways)
    while fresh:
        here = fresh.popleft()
        if here in state.names:
            return ways[here]
        for edge in declared.edges.values():
            leaves = any(source.name == here for source in edge.sources)
            if leaves and edge.target is not None and edge.by is not SWEEPER and edge.target.name not in ways:
                begins, way = ways[here]
                ways[edge.target.name] = begins, [*way, edge]
                fresh.append(edge.target.name)
    raise InvalidChange(
        f"no way leads to {state.kind.__name__}.{state} but by time: create an earlier one, then advance"
    )
