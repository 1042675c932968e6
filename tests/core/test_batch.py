"""Many transactions in one batch: what is changed several times is written once."""

from __future__ import annotations

from tests.engine_contract.kinds import KINDS, Instance, Job, Owner
from tests.engine_contract.model import Model

from tenure import seconds
from tenure.core.batch import Batch
from tenure.core.clock import Time
from tenure.core.decide import Transaction, Writes
from tenure.core.durations import to_microseconds
from tenure.core.kinds import Kinds
from tenure.core.lifecycle import record_of
from tenure.core.sheet import Place, Sheet, lay_out

NOW = 10**15
LATER = NOW + to_microseconds(seconds(5))


def a_held_job() -> Model:
    model = Model(Kinds(kind._table for kind in KINDS))
    creates = (Owner.create("o", email="e"), Job.create("j", owner="o", place="here"), Job.take("j"))
    model.write([Transaction(creates, "ann")], NOW)
    return model


def begun(model: Model, now: int) -> Batch:
    return Batch(model.kinds, Time(now), model.sequence, model)


def test_a_claim_that_guards_a_hundred_transactions_of_a_batch_is_written_once() -> None:
    model = a_held_job()
    guard = Job.beat(record_of(Job, model.rows["Job", "j"]).claim)
    batch = begun(model, LATER)
    decided = [batch.run(Transaction((guard, Instance.create(f"i{n}")), "ann")) for n in range(100)]
    assert all(isinstance(decision, Writes) for decision in decided)
    sheet = Sheet()
    lay_out(sheet, batch, {key: Place(number, None) for number, key in enumerate(batch.rows)})
    assert [line[1] for line in sheet.lines["write_beats"]] == [LATER]
    assert len(sheet.lines["write_records"]) == len(sheet.lines["write_events"]) == 100
