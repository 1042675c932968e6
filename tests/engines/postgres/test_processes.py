"""Several processes on one schema, and others who lock what we lock: work goes on, and each index is right.

No engine-neutral form exists: rows are locked by whoever writes them here, so that writers may wait for one another.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import ExitStack

import asyncpg
from tests.engine_contract.kinds import KINDS, Bot, Job, Match, Owner
from tests.engines.postgres.conftest import a_session, until

import tenure
from tenure import Applied, LimitReached, Store, hours
from tenure.testing import a


def neighbour(url: str, order: str, number: int, me: str) -> subprocess.Popen[str]:
    """Start another process on the same schema; it says `ready`, and waits for a line."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.engines.sqlite.neighbour", url, order, str(number), me],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def say(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


async def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return (await asyncio.to_thread(process.stdout.readline)).strip()


async def run_neighbours(url: str, order: str, number: int, of: int) -> list[str]:
    """Let so many processes do the same at once, and give what each says."""
    with ExitStack() as stack:
        processes = [stack.enter_context(neighbour(url, order, number, f"p{n}")) for n in range(of)]
        assert [await heard(p) for p in processes] == ["ready"] * of
        for process in processes:
            say(process)
        answers = list(await asyncio.gather(*(heard(p) for p in processes)))
        for process in processes:
            say(process)
        assert [await asyncio.to_thread(p.wait) for p in processes] == [0] * of
    return answers


async def test_processes_that_write_the_same_records_lose_nothing(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.apply(Owner.create("shared", email="e"))
        await run_neighbours(url, "change", 160, 3)
        shared = await store.get(Owner, "shared")
        assert shared.version == 1 + 3 * 20
        assert [e.version for e in await store.history(Owner, "shared")] == list(range(1, shared.version + 1))
        assert await store.engine.audit("main", repair=False) == []


async def test_processes_never_share_a_slot(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        made = await run_neighbours(url, "create", 12, 3)
        assert sum(map(int, made)) == 10
        assert len(await store.holding(Bot.ready, "p")) == 10
        assert await store.engine.audit("main", repair=False) == []


async def test_transactions_that_lock_in_opposite_orders_are_all_made(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        for number in range(4):
            await here.apply(Owner.create(f"o{number}", email="e"))

        async def change(store: Store, turn: int) -> None:
            ids = [f"o{(turn + n) % 4}" for n in range(4)]
            order = ids if turn % 2 else list(reversed(ids))
            await store.apply(*(Owner.allow(id, most=turn) for id in order))

        await asyncio.gather(*(change(store, turn) for turn in range(40) for store in (here, there)))
        assert [(await here.get(Owner, f"o{n}")).version for n in range(4)] == [81] * 4
        assert await here.engine.audit("main", repair=False) == []


async def test_children_of_one_parent_are_made_while_it_changes(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        await a(here, Owner.enabled, "o", email="e", most=100)

        async def create(store: Store, number: int) -> object:
            return (await store.submit([[Job.create(f"j{number}", owner="o", place=f"{number}")]]))[0]

        async def allow(store: Store, number: int) -> object:
            return (await store.submit([[Owner.allow("o", most=100 + number)]]))[0]

        verdicts = await asyncio.gather(
            *(
                what(store, n * 2 + m)
                for n in range(40)
                for m, store in enumerate((here, there))
                for what in (create, allow)
            )
        )
        assert all(isinstance(verdict, Applied) for verdict in verdicts)
        assert len(await here.find(Job.live, under="o")) == 80
        assert await here.engine.audit("main", repair=False) == []


async def test_sweepers_of_several_processes_share_what_is_due(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        await here.sweep(hours(1))
        await here.submit([Match.create(f"m{n}", first="a", second="b")] for n in range(300))
        now = (await here.engine.time("main")).now + 20_000_000
        made = await asyncio.gather(
            *(s.engine.sweep("main", 50, 3_600_000_000, now) for s in (here, there) for _ in range(4))
        )
        for _ in range(10):
            made += [await here.engine.sweep("main", 50, 3_600_000_000, now)]
        assert sum(swept.made for swept in made) == 300
        assert {len(await here.history(Match, f"m{n}")) for n in range(300)} == {2}
        assert await here.engine.audit("main", repair=False, now=now) == []


async def test_a_deadlock_with_a_stranger_is_survived(url: str) -> None:
    """Somebody else locks our rows the other way round: whoever of us gives way, our change is made in the end."""
    async with a_session(url) as admin:
        # Each looks for a deadlock once, so long after it began to wait: by then the stranger waits too.
        await admin.execute("ALTER ROLE CURRENT_USER SET deadlock_timeout = '300ms'")
    try:
        async with tenure.open(url, *KINDS) as store, a_session(url) as stranger:
            await a(store, Owner.enabled, "o1", email="e")
            await a(store, Owner.enabled, "o2", email="e")
            await stranger.execute("SET deadlock_timeout = '3s'")  # where it came too late, it gives way itself
            transaction = stranger.transaction()
            await transaction.start()
            lock = "SELECT 1 FROM tenure_records WHERE id = $1 FOR UPDATE"
            await stranger.execute(lock, "o2")
            ours = asyncio.create_task(store.apply(Owner.allow("o1", most=1), Owner.allow("o2", most=2)))
            async with a_session(url) as session:
                await until(session, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")
            try:
                await stranger.execute(lock, "o1")
            except asyncpg.DeadlockDetectedError:
                await transaction.rollback()
            else:
                await transaction.commit()
            assert [owner.version for owner in await ours] == [2, 2]
    finally:
        async with a_session(url) as admin:
            await admin.execute("ALTER ROLE CURRENT_USER RESET deadlock_timeout")


async def test_a_limit_holds_for_processes_that_free_and_take_at_once(url: str) -> None:
    async with tenure.open(url, *KINDS) as here, tenure.open(url, *KINDS) as there:
        for number in range(20):
            await a(here, Bot.idle, f"b{number}", pool="p")

        async def take_and_free(store: Store, number: int) -> int:
            refused = 0  # by how many holders, ten each time
            for _ in range(10):
                try:
                    await store.apply(Bot.enqueue(f"b{number}"))
                except LimitReached as error:
                    refused += len(error.holders)
                else:
                    await store.apply(Bot.withdraw(f"b{number}"))
            return refused

        refused = await asyncio.gather(*(take_and_free((here, there)[n % 2], n) for n in range(20)))
        assert all(holders % 10 == 0 for holders in refused)
        assert await here.holding(Bot.ready, "p") == []
        assert await here.engine.audit("main", repair=False) == []
