"""Each statement that runs often finds its rows by an index, whatever the server knows of the tables.

No engine-neutral form exists: plans are this engine's own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
from tests.engine_contract.kinds import KINDS, Bot, Guess, Job, Kettle, Match, Owner, Quiz, Ticket
from tests.engines.postgres.conftest import a_session, all_is_counted, engine_of, schema_of

import tenure
from tenure import NEXT, Store, hours, minutes, testing
from tenure.engines.postgres import connection
from tenure.engines.postgres.statements import hasty
from tenure.testing import a

# Tables of a row, or of one per kind, space or limit; and what is sequential by nature.
MAY_BE_SCANNED = {"tenure_clock", "tenure_positions", "tenure_kinds", "tenure_builds", "tenure_spaces", "tenure_steps"}
# What copies, audits and removes: seldom, and most of it reads all that there is. And `signal`, which reads no table.
SELDOM = frozenset((
    "read_all", "load_records", "load_events", "load_messages", "load_answers", "load_serials", "load_clock",
    "copy_clock", "copy_serials", "copy_records", "copy_events", "copy_messages", "copy_answers", "advance",
    "draw", "close_space", "write_seal", "read_seal", "read_others", "await_record", "take_rows", "take_shares",
    "end_outage", "lock_space", "prune_events", "write_pruned", "keep_events", "forget_events",
    "forget_records", "drop_records", "erase_events", "signal",
))  # fmt: skip


async def use_everything(store: Store) -> None:
    """Let the engine run every statement that a program runs often."""
    engine, space = store.engine, store.space_name
    await a(store, Owner.enabled, "o", email="e")
    job = await a(store, Job.running, "j", owner="o", place="here")
    await store.apply(Job.steer("j", course="north"))
    await store.beat(job.claim)
    await store.apply(Match.create("m", first="a", second="b"), Bot.create("b", pool="p"), Bot.enqueue("b"), op="x")
    await store.apply(Quiz.create("q", closes_at=testing.START + hours(900)), Guess.create("g", quiz="q", choice="a"))
    await store.apply(Ticket.create(NEXT, title="t"))
    await a(store, Kettle.heating, "k", length=minutes(1))
    await store.get_many(Owner, ["o", "absent"])
    for newest_first in (False, True):
        for bot, job_id in ((None, None), ("b", "j")):
            page: dict[str, Any] = {"newest_first": newest_first, "after": bot}
            jobs: dict[str, Any] = {"newest_first": newest_first, "after": job_id}
            for state in (Bot.queued, Bot.idle):
                await store.find(state, **page)
            await store.find(Job.live, **jobs)
            await store.find(Bot.queued, per="p", **page)
            await store.find(Bot.queued, under="m", **page)
            await store.find(Job.live, under="o", **jobs)
    await store.holding(Job.slots, "o")
    await store.count(Bot)
    await store.history(Bot, "b", after=1)
    await engine.feed(space, ["Bot"], 0, 100)
    await engine.last_position(space)
    await engine.due(space, 10)
    await engine.messages(space, "Job", "begun", 10)
    await store.check(Bot.withdraw("b"))

    async def fail(_: object) -> None:
        raise ValueError("not now")

    await store.deliver_once(Job.begun, fail, retry=tenure.Retry(give_up=minutes(0)))
    await store.resend(Job.begun, "j")
    await store.check(Ticket.create(NEXT, title="t"))
    await engine.spaces()
    await store.apply(Bot.withdraw("b"))
    await store.apply(Job.stop("j", reason="x"), op="y")
    await store.apply(Job.redact("j", note=None, reason="-"))
    await store.apply(Bot.enqueue("b"), Bot.reserve("b", match="m"))  # and back, when the match is void
    await store.advance(hours(2))


@contextmanager
def watching_statements(schema: str) -> Iterator[set[str]]:
    """Keep the text of each statement that the engine runs in the body."""
    seen: set[str] = set()
    rows, run = connection.Transaction.rows, connection.Transaction.run

    def watch(original: Any) -> Any:
        async def watched(self: Any, statement: str, *values: Any) -> Any:
            if schema in statement and statement.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
                seen.add(statement)
            return await original(self, statement, *values)

        return watched

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.Transaction, "rows", watch(rows))
        patch.setattr(connection.Transaction, "run", watch(run))
        yield seen


async def test_no_statement_that_runs_often_reads_a_whole_table(url: str) -> None:
    with watching_statements(schema_of(url)) as seen:
        async with testing.store(*KINDS, url=url) as store:
            await use_everything(store)
            texts = engine_of(store)._sql._texts
            ran = {
                name for name, text in texts.items() if any(unnumbered(hasty(text)) in unnumbered(one) for one in seen)
            }
            async with a_session(url) as session:
                slow = {text: found for text in sorted(seen) if (found := await slow_steps(session, text))}
    assert slow == {}
    assert texts.keys() - ran - SELDOM == set(), "a statement was not run"


def unnumbered(text: str) -> str:
    """Give a statement without the numbers of its values, which are others where several are joined."""
    return re.sub(r"\$\d+", "$", text)


async def slow_steps(session: asyncpg.Connection, text: str) -> list[str]:
    """Give what a plan reads from beginning to end, although it had rather not."""
    await session.execute(
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off"
    )
    await session.execute("SET enable_mergejoin = off")
    await session.execute(f"PREPARE looked_at AS {text}")
    number = await session.fetchval(
        "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'looked_at'"
    )
    values = f"({', '.join(['NULL'] * number)})" if number else ""
    plan = json.loads(str(await session.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{values}")))
    await session.execute("DEALLOCATE looked_at")
    return [told for told in map(complaint, steps(plan[0]["Plan"])) if told]


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from steps(below)


def complaint(step: dict[str, Any]) -> str:
    """Say what is slow in a step: all of a table, or all of an index."""
    table, kind = step.get("Relation Name", ""), step["Node Type"]
    if not table.startswith("tenure_") or table in MAY_BE_SCANNED:
        return ""
    if kind == "Seq Scan":
        return f"all of {table}"
    if kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in step:
        return f"all of an index of {table}"
    return ""


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM {}.tenure_events WHERE at > $1::bigint", "SELECT record FROM {}.tenure_records ORDER BY id"]
)
async def test_a_planted_slow_statement_is_noticed(url: str, sql: str) -> None:
    async with tenure.open(url, *KINDS), a_session(url) as session:
        assert await slow_steps(session, sql.format(schema_of(url)))


# ------------------------------------------------------------------------------------------- what it costs


async def rows_read(url: str, table: str) -> int:
    """Give how many rows of a table were read, by whichever way."""
    async with a_session(url) as session:
        await all_is_counted(session)
        sql = """SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
                 WHERE schemaname = $1 AND relname = $2"""
        return int(await session.fetchval(sql, schema_of(url), table) or 0)


async def test_a_table_that_grew_since_its_plan_was_made_is_not_read_whole(url: str) -> None:
    """The server has gathered its statistics, and the plans were made, when it held a row."""
    changes = 300
    async with tenure.open(f"{url}&connections=2", *KINDS) as store:
        await store.apply(Owner.create("few", email="e"))
        async with a_session(url) as session:
            await session.execute("VACUUM ANALYZE tenure_records")
        for number in range(20):
            await store.apply(Owner.allow("few", most=number))
        for start in range(0, 4000, 500):
            await store.submit([Owner.create(f"many-{n}", email="e")] for n in range(start, start + 500))
        for number in range(changes):
            await store.apply(Owner.allow(f"many-{number}", most=number))
    assert await rows_read(url, "tenure_records") < (changes + 20) * 10


async def test_a_sweep_costs_what_is_due_and_not_what_exists(url: str) -> None:
    async with testing.store(*KINDS, url=url) as store:
        lengths = [minutes(1) if number < 20 else hours(9) for number in range(3000)]
        for start in range(0, len(lengths), 500):
            chunk = enumerate(lengths[start : start + 500], start)
            await store.submit([Kettle.create(f"k{n}", length=length)] for n, length in chunk)
    before = await rows_read(url, "tenure_records")
    async with testing.store(*KINDS, url=url, at=testing.START) as store:
        assert await store.advance(minutes(1)) == 20
    assert await rows_read(url, "tenure_records") - before < 1000
