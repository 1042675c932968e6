"""A batch's result equals its transactions in list order, one by one (guarantee 7)."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine_contract.drawing import BEGIN, EVEN_IF_SLOW, KINDS, Room, Seat, draw_transaction
from tests.engine_contract.model import Model
from tests.places import Place

from tenure.core.decide import Transaction
from tenure.core.engine import Applied, Engine, Outcome
from tenure.core.kinds import Kinds
from tenure.core.row import Row
from tenure.opening import open_engine

SPACE = "batches"
FIRST = (
    Room.create("r1", cap=1),
    Room.create("r2", cap=2),
    *(Seat.create(f"s{number}", pool="eu") for number in range(3)),
    *(Seat.enter(f"s{number}", room="r2") for number in range(2)),
    Seat.play("s0"),
)


# The place is cleared for each example by the body itself.
SETTINGS = settings(
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[*EVEN_IF_SLOW, HealthCheck.function_scoped_fixture],
)


@pytest.mark.timeout(240)
@SETTINGS
@given(data=st.data(), number=st.integers(2, 12))
async def test_one_batch_is_its_transactions_one_by_one(place: Place, data: st.DataObject, number: int) -> None:
    place.clear()
    engines = [await open_engine(place.fresh(), KINDS) for _ in range(3)]
    try:
        begun = [await engine.write(SPACE, [Transaction(FIRST, "ann")], BEGIN) for engine in engines]
        rows = _rows(begun[0])
        transactions = [draw_transaction(data.draw, rows, rows, "op", []) for _ in range(number)]
        at_once = list(await engines[0].write(SPACE, transactions, BEGIN))
        one_by_one = [(await engines[1].write(SPACE, [t], BEGIN))[0] for t in transactions]
        cut = data.draw(st.integers(0, number))
        halves = [
            *await engines[2].write(SPACE, transactions[:cut], BEGIN),
            *await engines[2].write(SPACE, transactions[cut:], BEGIN),
        ]
        assert at_once == one_by_one == halves
        everything = [await _everything(engine, at_once) for engine in engines]
        assert everything[0] == everything[1] == everything[2]
    finally:
        for engine in engines:
            await engine.close()


@SETTINGS
@given(data=st.data(), number=st.integers(2, 12))
def test_so_it_is_in_the_model(data: st.DataObject, number: int) -> None:
    together, apart = (Model(Kinds(kind._table for kind in KINDS)) for _ in range(2))
    for model in (together, apart):
        model.write([Transaction(FIRST, "ann")], BEGIN)
    rows = list(together.rows.values())
    transactions = [draw_transaction(data.draw, rows, rows, "op", []) for _ in range(number)]
    assert together.write(transactions, BEGIN) == list(
        itertools.chain.from_iterable(apart.write([transaction], BEGIN) for transaction in transactions)
    )
    assert (together.rows, together.entries, together.sequence) == (apart.rows, apart.entries, apart.sequence)


async def test_callers_at_once_are_answered_each_with_its_own(url: str) -> None:
    engine = await open_engine(url, KINDS)
    transactions = [Transaction((Seat.create(f"s{n}", pool="eu"),), f"actor {n}") for n in range(50)]
    answers = await asyncio.gather(*(engine.write(SPACE, [t], BEGIN) for t in transactions))
    assert [_rows(answer)[0].id for answer in answers] == [f"s{n}" for n in range(50)]
    # An engine may take them in any order; two are never given one number.
    assert sorted(str(_rows(answer)[0].fields["number"]) for answer in answers) == sorted(map(str, range(1, 51)))
    await engine.close()


def _rows(outcomes: object) -> list[Row]:
    assert isinstance(outcomes, list)
    return [row for outcome in outcomes if isinstance(outcome, Applied) for row in outcome.rows]


async def _everything(engine: Engine, outcomes: list[Outcome]) -> object:
    keys = sorted({(row.kind, row.id) for row in _rows(outcomes)})
    feed = await engine.feed(SPACE, [], 0, 10_000)
    assert await engine.audit(SPACE, repair=False) == []
    return list(await engine.rows(SPACE, keys)), list(feed), await engine.counts(SPACE)
