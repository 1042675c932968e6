"""A cancellation at any await of the engine's own work leaves no connection that is half used, and no lock.

No engine-neutral form exists: the work itself is cancelled here, which only the end of the event loop does; that
cancelled callers harm nothing stands in the contract.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tests.engine_contract.kinds import KINDS, Instance, Job, Match, Owner
from tests.engines.postgres.conftest import a_session, engine_of, until

from tenure import Store, seconds, testing
from tenure.core.decide import Transaction
from tenure.core.engine import Query
from tenure.engines.postgres.engine import PostgresEngine
from tenure.testing import a

Work = Callable[[PostgresEngine, int], Awaitable[object]]
NOW = int(testing.START.timestamp() * 1_000_000)
SPACE = "tests"


def _write(engine: PostgresEngine, number: int) -> Awaitable[object]:
    changes = (Match.create(f"m{number}", first="a", second="b"), Owner.create(f"o{number}", email="e"))
    return engine.write(SPACE, [Transaction(changes, "ann", op=f"{number}")], NOW)


WORKS: dict[str, Work] = {
    "write": _write,
    "check": lambda engine, number: engine.check(
        SPACE, Transaction((Owner.create(f"c{number}", email="e"),), "ann"), NOW
    ),
    "sweep": lambda engine, number: engine.sweep(SPACE, 3, 10_000_000, NOW + number * 20_000_000),
    "take": lambda engine, number: engine.take(SPACE, "Job", "begun", 5, 1000, NOW + number * 10_000_000),
    "find": lambda engine, _: engine.find(SPACE, Query("Owner", ("enabled",), after="o")),
    "feed": lambda engine, _: engine.feed(SPACE, [], 0, 100),
    "audit": lambda engine, _: engine.audit(SPACE, repair=True, now=NOW),
    "seal": lambda engine, _: engine.seal(SPACE, ""),
    "dump": lambda engine, _: engine.dump(SPACE, "", 100),
}
MOST_STATEMENTS = 100
STATEMENTS = {"write": 5, "sweep": 14, "take": 6, "audit": 9, "check": 3}
"""How many there are at least; else too few were walked through."""


class Cancelling:
    """Cancels a task in the middle of its so-and-so-manieth statement."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.task: asyncio.Future[object] | None = None
        self.left = self.calls = 0
        for name in ("execute", "fetch"):
            monkeypatch.setattr(asyncpg.Connection, name, self._watched(getattr(asyncpg.Connection, name)))

    def _watched(self, original: Any) -> Any:
        async def watched(connection: object, *args: Any, **kwargs: Any) -> Any:
            task = self.task
            if asyncio.current_task() is task and task is not None:
                self.calls += 1
                if self.calls == self.left:
                    asyncio.get_running_loop().call_soon(task.cancel)
            return await original(connection, *args, **kwargs)

        return watched

    async def run(self, work: Awaitable[object], statement: int) -> bool:
        """Run work, and tell whether it was cancelled."""
        self.task, self.left, self.calls = asyncio.ensure_future(work), statement, 0
        await asyncio.wait([self.task])
        return self.task.cancelled()


@pytest.mark.parametrize("work", WORKS)
async def test_work_cancelled_at_any_statement_leaves_nothing_behind(
    url: str, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with testing.store(*KINDS, url=url, every_change_applied=False) as store, a_session(url) as session:
        engine = engine_of(store)
        await populate(store)
        with monkeypatch.context() as patch:
            patch.setattr(PostgresEngine, "_do", lambda self, work: self._again(work))  # no shield before the work
            cancelling = Cancelling(patch)
            statement = 0
            while statement < MOST_STATEMENTS:
                statement += 1
                if not await cancelling.run(WORKS[work](engine, statement), statement):
                    break
                assert engine._pool._free._value == engine._location.connections, "a connection was never given back"
                for connection in engine._pool._idle:
                    assert not connection.is_closed()
                    assert not connection.is_in_transaction(), f"half used after statement {statement}"
            assert statement > STATEMENTS.get(work, 1)
        await until(session, "SELECT count(*) = 0 FROM pg_locks WHERE locktype IN ('advisory', 'transactionid')")
        await store.apply(Owner.create("after", email="e"))
        assert await engine.audit(SPACE, repair=False) == []


async def populate(store: Store) -> None:
    await a(store, Owner.enabled, "o", email="e")
    for number in range(2):
        await a(store, Job.running, f"j{number}", owner="o", place=f"{number}")
    for number in range(5):
        await a(store, Instance.up, f"i{number}")
    await store.advance(seconds(1))
