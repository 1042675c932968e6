"""Batches that are decided while earlier ones are being written: what they rest on may still fail, or be overtaken.

No engine-neutral form exists: only this engine decides before it has the right to write.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine_contract.drawing import BEGIN, EVEN_IF_SLOW, KINDS, Room, Seat, draw_transaction
from tests.engine_contract.machine import ALIVE_FOR, SECOND, SPACE, plain
from tests.engine_contract.model import Model
from tests.resting import PATIENCE_SECONDS

from tenure import Change, OutcomeUnknown, Unavailable
from tenure.core.clock import Time
from tenure.core.decide import Refusal, Transaction
from tenure.core.engine import Applied, Outcome
from tenure.core.kinds import Kinds
from tenure.engines.sqlite import ahead
from tenure.engines.sqlite.engine import SqliteEngine
from tenure.engines.sqlite.file import File
from tenure.opening import open_engine


@asynccontextmanager
async def an_engine(folder: Path | str) -> AsyncIterator[SqliteEngine]:
    """Open an engine with a sweeper at work; its indexes must say at the end what its records do."""
    engine = await open_engine(f"sqlite://{folder}/store.db", KINDS)
    assert isinstance(engine, SqliteEngine)
    await engine.sweep(SPACE, 100, ALIVE_FOR, BEGIN)
    try:
        yield engine
        assert await engine.audit(SPACE, repair=False, now=BEGIN) == []
    finally:
        await engine.close()


@asynccontextmanager
async def handed_on(engine: SqliteEngine) -> AsyncIterator[None]:
    """Wait until what the body sent is decided and waits to be written."""
    yield
    await asyncio.sleep(0)  # it is handed to the thread that decides
    assert engine._decider is not None
    await engine._decider.do(lambda: None)


@asynccontextmanager
async def held_back(engine: SqliteEngine) -> AsyncIterator[None]:
    """Let nothing be written while the body runs; what is sent in it is decided before anything is."""
    go_on = threading.Event()
    waiting = asyncio.ensure_future(engine._writer.do(go_on.wait))
    try:
        async with handed_on(engine):
            yield
    finally:
        go_on.set()
        await waiting


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let two batches at most share a transaction, and note of how many transactions each is that is decided anew."""
    anew: list[int] = []
    decide = File.decide

    def noted(self: File, space: int, transactions: Sequence[Transaction], now: int | None) -> Any:
        anew.append(len(transactions))
        return decide(self, space, transactions, now)

    monkeypatch.setattr(File, "decide", noted)
    monkeypatch.setattr("tenure.engines.sqlite.worker.MOST_TOGETHER", 2)
    return anew


def by_ann(*changes: Change[Any], op: str = "") -> Transaction:
    return Transaction(changes, "ann", op)


def send(engine: SqliteEngine, *changes: Change[Any], op: str = "") -> asyncio.Future[Any]:
    return asyncio.ensure_future(engine.write(SPACE, [by_ann(*changes, op=op)], BEGIN))


def said(outcome: Outcome) -> str:
    return outcome.reason if isinstance(outcome, Refusal) else "applied"


@settings(max_examples=60, deadline=None, print_blob=True, suppress_health_check=EVEN_IF_SLOW)
@given(data=st.data())
async def test_batches_decided_ahead_end_as_if_each_had_been_waited_for(data: st.DataObject) -> None:
    model, now = Model(Kinds(kind._table for kind in KINDS)), BEGIN
    model.time = Time(0).swept(ALIVE_FOR)
    with tempfile.TemporaryDirectory() as folder:
        async with an_engine(folder) as engine:
            model.time = await engine.time(SPACE, now)
            sent: list[Transaction] = []
            for _ in range(data.draw(st.integers(1, 4), label="rounds")):
                batches: list[tuple[list[Transaction], list[Outcome]]] = []
                found: list[asyncio.Future[Any]] = []
                async with held_back(engine):
                    for _ in range(data.draw(st.integers(1, 4), label="batches")):
                        rows = [model.rows[key] for key in sorted(model.rows)]
                        batch = [draw_transaction(data.draw, rows, [], "op", list(sent)) for _ in range(3)]
                        sent += [transaction for transaction in batch if transaction.op]
                        found.append(asyncio.ensure_future(engine.write(SPACE, batch, now)))
                        batches.append((batch, model.write(batch, now)))
                for future, (_, expected) in zip(found, batches, strict=True):
                    assert [plain(o) for o in await future] == [plain(o) for o in expected]
                now += SECOND
            assert list(await engine.feed(SPACE, [], 0, 10_000)) == model.entries


async def test_what_another_process_wrote_meanwhile_is_decided_on_anew(tmp_path: Path) -> None:
    async with an_engine(tmp_path) as ours, an_engine(tmp_path) as theirs:
        await send(ours, Room.create("r", cap=1), Seat.create("a", pool="p"), Seat.create("b", pool="p"))
        async with held_back(ours):
            early, later = send(ours, Seat.enter("a", room="r")), send(ours, Room.resize("r", cap=2))
            assert said((await send(theirs, Room.finish("r")))[0]) == "applied"
        assert said((await early)[0]) == "not_under"
        assert said((await later)[0]) == "wrong_state"
        assert said((await send(ours, Room.create("s", cap=1)))[0]) == "applied"


FAILURES = [(apsw.FullError, Unavailable), (apsw.BusyError, Unavailable), (apsw.IOError, OutcomeUnknown)]
"""What SQLite says of a write, and what its callers are told."""


def a_write_fails(error: apsw.Error, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next write of what was decided ahead fail, and those after it not."""
    put, failures = File._put, iter([error])

    def fail_once(self: File, flights: Sequence[ahead.Flight]) -> bool:
        for failure in failures:
            raise failure
        return put(self, flights)

    monkeypatch.setattr(File, "_put", fail_once)


@pytest.mark.parametrize(("error", "told"), FAILURES)
async def test_what_was_decided_on_a_batch_that_failed_is_decided_anew(
    error: type[apsw.Error], told: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with an_engine(tmp_path) as engine:
        await send(engine, Seat.create("a", pool="p"))
        a_write_fails(error("planted"), monkeypatch)
        monkeypatch.setattr("tenure.engines.sqlite.worker.MOST_TOGETHER", 1)
        async with held_back(engine):
            failing = send(engine, Room.create("r", cap=1))
            resting_on_it = send(engine, Seat.enter("a", room="r"))
            refused_by_it = send(engine, Room.create("r", cap=2))
        with pytest.raises(told):
            await failing
        assert said((await resting_on_it)[0]) == "not_under"
        assert said((await refused_by_it)[0]) == "applied"


async def test_what_rests_on_batches_that_shared_a_transaction_holds(tmp_path: Path, counted: list[int]) -> None:
    async with an_engine(tmp_path) as engine:
        await send(engine, Seat.create("a", pool="p"))
        counted.clear()
        async with held_back(engine):
            sent = [send(engine, Seat.create(id, pool="p")) for id in "bcdef"]
        assert [said((await one)[0]) for one in sent] == ["applied"] * 5
        assert counted == []


async def test_what_rests_on_a_batch_that_shared_a_transaction_with_a_sweep_is_decided_anew(
    tmp_path: Path, counted: list[int]
) -> None:
    async with an_engine(tmp_path) as engine:
        await send(engine, Seat.create("a", pool="p"))
        counted.clear()
        async with held_back(engine):
            async with handed_on(engine):
                before = send(engine, Seat.create("b", pool="p"))
            sweep = asyncio.ensure_future(engine.sweep(SPACE, 100, ALIVE_FOR, BEGIN + SECOND))
            async with handed_on(engine):
                later = send(engine, Seat.create("c", pool="p"))
        assert [said((await one)[0]) for one in (before, later)] == ["applied"] * 2
        await sweep
        assert counted == [1]


async def test_a_batch_of_nothing_holds_up_no_later_one(tmp_path: Path) -> None:
    """Such is one whose callers were all cancelled before it was sent."""
    async with asyncio.timeout(PATIENCE_SECONDS), an_engine(tmp_path) as ours, an_engine(tmp_path) as theirs:
        await send(ours, Seat.create("a", pool="p"))
        assert list(await ours.write(SPACE, [], BEGIN)) == []
        async with held_back(ours):
            early = send(ours, Seat.create("b", pool="p"))
            await send(theirs, Seat.create("c", pool="p"))
        assert said((await early)[0]) == "applied"
        assert said((await send(ours, Seat.create("d", pool="p")))[0]) == "applied"


@pytest.mark.parametrize(("error", "told"), FAILURES)
async def test_where_several_batches_at_once_fail_all_are_told_and_what_rests_on_them_is_decided_anew(
    error: type[apsw.Error], told: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: list[int]
) -> None:
    async with an_engine(tmp_path) as engine:
        await send(engine, Seat.create("a", pool="p"))
        a_write_fails(error("planted"), monkeypatch)
        counted.clear()
        async with held_back(engine):
            failing = [send(engine, Room.create(id, cap=1)) for id in "rs"]
            resting_on_them = [send(engine, Seat.enter("a", room="r")), send(engine, Room.create("s", cap=2))]
        for one in failing:
            with pytest.raises(told):
                await one
        assert [said((await one)[0]) for one in resting_on_them] == ["not_under", "applied"]
        assert counted == [1, 1]


async def test_a_repeat_is_not_answered_before_its_first_is_on_the_disk(tmp_path: Path) -> None:
    async with an_engine(tmp_path) as engine:
        await send(engine, Seat.create("a", pool="p"))
        async with held_back(engine):
            first = send(engine, Room.create("r", cap=1), op="x")
            repeat = send(engine, Room.create("r", cap=1), op="x")
            await asyncio.sleep(0)
        assert isinstance((await first)[0], Applied)
        assert (await repeat)[0] == Applied((await first)[0].rows, replayed=True)


async def test_what_is_known_for_long_is_forgotten_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "MOST_KEPT", 10)
    async with an_engine(tmp_path) as engine:
        for number in range(50):
            async with held_back(engine):
                made = [send(engine, Seat.create(f"{name}{number}", pool="p")) for name in "ab"]
            assert [said((await one)[0]) for one in made] == ["applied", "applied"]
        assert all(len(files.places) <= 14 for files in engine._ahead._files.values())


async def test_a_space_that_was_made_in_a_transaction_that_failed_is_made_again(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("planted")

    async with an_engine(tmp_path) as engine:
        async with held_back(engine):
            makes_it = asyncio.ensure_future(engine.write("new", [by_ann(Seat.create("a", pool="p"))], BEGIN))
            async with handed_on(engine):
                uses_it = asyncio.ensure_future(engine.write("new", [by_ann(Seat.create("b", pool="p"))], BEGIN))
            failing = asyncio.ensure_future(engine._writer.write(fail))
        assert [said((await one)[0]) for one in (makes_it, uses_it)] == ["applied", "applied"]
        with pytest.raises(RuntimeError, match="planted"):
            await failing
        assert await engine.counts("new") == {"Seat": {"idle": 2}}
        assert await engine.spaces() == [SPACE, "new"]
