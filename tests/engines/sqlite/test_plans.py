"""Each statement that runs often finds its rows by an index, and a sweep costs what is due, not what exists.

No engine-neutral form exists: plans and their counters are this engine's own.
"""

# ruff: noqa: T201  figures are printed beside the bound that they must keep
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import pytest
from tests.engine_contract.kinds import KINDS, Bot, Guess, Job, Kettle, Match, Owner, Quiz
from tests.engines.sqlite.victim import COPIES, NAMES, work

import tenure
from tenure import Store, hours, minutes, seconds, testing
from tenure.engines.sqlite.engine import SqliteEngine
from tenure.engines.sqlite.statements import SQL, STEPS

# Read from beginning to end: JSON that was passed in, and tables of a row or one per kind.
MAY_BE_SCANNED = {"tenure_clock", "tenure_kinds", "tenure_spaces"}
# Openings, and the list of all that waits, which a person asks for: these may read a whole table.
NOT_OFTEN = re.compile(r"tenure_kinds|max\(record\)|^(CREATE|DROP) |CREATE TABLE|^SELECT effect, record, position")


async def use_everything(store: Store) -> None:
    """Let the engine run every statement that it has, but those of the audit."""
    await work(store)
    engine, space = store.engine, store.space_name
    await store.apply(Owner.create("o", email="e"), Job.create("j", owner="o", place="here"))
    await store.apply(Match.create("m", first="a", second="b"), Bot.create("b", pool="p"), Bot.enqueue("b"))
    await store.apply(Quiz.create("q", closes_at=testing.START + hours(900)), Guess.create("g", quiz="q", choice="a"))
    await store.get_many(Owner, ["o", "absent"])
    for newest_first in (False, True):
        for bot, job in ((None, None), ("b", "j")):
            page: dict[str, Any] = {"newest_first": newest_first, "after": bot}
            jobs: dict[str, Any] = {"newest_first": newest_first, "after": job}
            await store.find(Bot.queued, **page)
            await store.find(Bot.queued, per="p", **page)
            await store.find(Bot.idle, **page)
            await store.find(Job.live, **jobs)
            await store.find(Job.live, under="o", **jobs)
            await store.find(Bot.matched, under="m", **page)
            await store.find(Bot.queued, under="m", **page)
    await store.holding(Job.slots, "o")
    await store.count(Bot)
    await store.history(Bot, "b", after=1)
    await engine.feed(space, ["Bot"], 0, 100)
    await engine.last_position(space)
    await engine.due(space, 10)
    await engine.messages(space, "Job", "begun", 10)
    await engine.spaces()
    await store.deliver_once(Job.begun, lambda _: 1 / 0, retry=tenure.Retry(most=1))  # type: ignore[arg-type, return-value]
    assert isinstance(engine, SqliteEngine)
    await engine.resend(space, "Job", "j", "begun")
    await store.check(Bot.withdraw("b"))
    await store.advance(hours(2))


async def test_no_statement_reads_a_whole_table_or_sorts_one() -> None:
    statements: dict[str, apsw.Connection] = {}
    with watching_statements(statements):
        async with testing.store(*KINDS) as store:
            await use_everything(store)
            often = {sql: connection for sql, connection in statements.items() if not NOT_OFTEN.search(sql)}
            del often[SQL["check_stamp"]]  # it may raise, so it stands in a trigger only; it reads one row
            del often[SQL["write_messages"]]  # it sorts what it is given, no table
            plans = {sql: plan_of(connection, sql) for sql, connection in often.items()}
    assert {SQL[name] for name in set(SQL) - {"read_others"} - COPIES} <= set(statements), "a statement was not run"
    assert {sql: bad for sql, plan in plans.items() if (bad := [step for step in plan if is_slow(step)])} == {}


def is_slow(step: str) -> bool:
    """Tell whether a step of a plan reads all of a table, or sorts what it found."""
    scanned = re.match(r"SCAN (\w+)", step)
    if scanned:
        return "tenure" in step and scanned[1] not in MAY_BE_SCANNED
    return "USE TEMP B-TREE" in step


def plan_of(connection: apsw.Connection, sql: str) -> list[str]:
    """Give the steps of a statement's plan, with the names of the tables that it calls by letters."""
    called = {letter: table for table, letter in re.findall(r"(tenure_\w+) AS (\w+)", sql)}
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * count_values(sql))]
    return [re.sub(r"^(SCAN|SEARCH) (\w+)", lambda m: f"{m[1]} {called.get(m[2], m[2])}", step) for step in steps]


def count_values(sql: str) -> int:
    numbered = [int(n) for n in re.findall(r"\?(\d+)", sql)]
    return max(numbered) if numbered else sql.count("?")


@contextmanager
def watching_statements(statements: dict[str, apsw.Connection]) -> Iterator[None]:
    """Keep each statement that connections opened in the body run, with its connection."""

    def watch(connection: apsw.Connection) -> None:
        def statement(event: dict[str, Any]) -> None:
            sql = str(event["sql"])
            if sql in NAMES:
                statements[SQL.get(NAMES[sql], sql)] = connection
            elif not event["trigger"] and not sql.startswith("EXPLAIN") and "tenure_" in sql:
                statements[sql] = connection

        connection.trace_v2(apsw.SQLITE_TRACE_STMT, statement)

    apsw.connection_hooks.append(watch)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(watch)


@pytest.mark.parametrize(
    "sql",
    ["SELECT * FROM tenure_events WHERE at > ?", "SELECT record FROM tenure_records AS r WHERE record > 0 ORDER BY id"],
)
def test_a_planted_slow_statement_is_noticed(sql: str) -> None:
    connection = apsw.Connection(":memory:")
    connection.execute(STEPS[0])
    assert any(map(is_slow, plan_of(connection, sql)))


# ------------------------------------------------------------------------------------------- what it costs


async def steps_of_a_sweep(records: int, due: int = 20) -> int:
    """Count the steps, in tens, that SQLite needs for a sweep that makes a few transitions among many records."""
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    async with testing.store(*KINDS) as store:
        connection: apsw.Connection = store.engine._file.connection  # type: ignore[attr-defined]
        lengths = [minutes(1) if number < due else hours(9) for number in range(records)]
        for start in range(0, records, 1000):
            chunk = enumerate(lengths[start : start + 1000], start)
            await store.submit([Kettle.create(f"k{n}", length=length)] for n, length in chunk)
        await store.advance(seconds(59))
        connection.set_progress_handler(count, 10)
        assert await store.advance(seconds(1)) == due
    return steps


async def test_a_sweep_costs_what_is_due_and_not_what_exists() -> None:
    few, many = await steps_of_a_sweep(100), await steps_of_a_sweep(10_000)
    more_due = await steps_of_a_sweep(1_000, 200)
    print(f"\nof 20 due: {few}0 steps among 100, {many}0 among 10,000; of 200 due: {more_due}0")
    assert many < 1.1 * few
    assert more_due > 3 * few, "else nothing is measured"
