"""The decision, over plain values: what it looks at, in which order, and what it writes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Match, Owner, Ticket
from tests.engine_contract.model import Model

from tenure import Change, Claim, seconds
from tenure.core.clock import Outage, Time
from tenure.core.decide import Refusal, Transaction
from tenure.core.durations import to_microseconds
from tenure.core.engine import Applied
from tenure.core.kinds import Kinds
from tenure.core.row import Row

SECOND = to_microseconds(seconds(1))
NOW = 1_000_000 * SECOND
FOREVER = 10**18


@pytest.fixture
def model() -> Model:
    made = Model(Kinds(kind._table for kind in KINDS))
    made.time = Time(NOW, NOW, FOREVER)
    return made


def apply(
    model: Model, *changes: Change[Any], at: int = NOW, by: str = "ann", op: str = "", digest: bytes = b""
) -> Any:
    outcome = model.write([Transaction(changes, by, op, "", digest)], at)[0]
    return outcome.rows[-1] if isinstance(outcome, Applied) else outcome.reason


def a_running_job(model: Model) -> Row:
    apply(model, Owner.create("o", email="e"), Job.create("j", owner="o", place="here"))
    row = apply(model, Job.take("j"))
    assert isinstance(row, Row)
    return row


def test_the_record_must_be_there_or_for_a_create_must_not(model: Model) -> None:
    assert apply(model, Bot.enqueue("ada")) == "not_found"
    assert apply(model, Bot.create("ada", pool="eu")).version == 1
    assert apply(model, Bot.create("ada", pool="eu")) == "exists"


def test_the_state_is_looked_at_before_time_version_and_fence(model: Model) -> None:
    row = a_running_job(model)
    late = NOW + 31 * SECOND
    stale: Change[Job] = Change(Job, "j", "take", version=1, fence=row.fence + 1)
    assert apply(model, stale, at=late) == "wrong_state"
    stale = Change(Job, "j", "finish", version=1, fence=row.fence + 1)
    assert apply(model, stale, at=late) == "overdue"
    assert apply(model, stale) == "stale"
    stale = Change(Job, "j", "finish", version=2, fence=row.fence + 1)
    assert apply(model, stale) == "not_holder"
    assert apply(model, Change(Job, "j", "finish", version=2, fence=row.fence)).state == "done"


def test_a_state_that_the_build_does_not_know_is_not_touched(model: Model) -> None:
    apply(model, Bot.create("ada", pool="eu"))
    row = model.rows["Bot", "ada"]
    model.rows["Bot", "ada"] = Row(row.kind, row.id, "levitating", *_rest(row))
    for change in (Bot.enqueue("ada"), Bot.retire("ada"), Change(Bot, "ada", "beat", fence=0)):
        assert apply(model, change) == "unknown_state"


def test_a_beat_writes_no_event_and_no_version(model: Model) -> None:
    row = a_running_job(model)
    before = len(model.entries)
    beaten = apply(model, Change(Job, "j", "beat", fence=row.fence), at=NOW + SECOND)
    assert (beaten.version, beaten.beaten_at, beaten.changed_at) == (row.version, NOW + SECOND, row.changed_at)
    assert len(model.entries) == before


def test_a_beat_without_a_holder_is_refused(model: Model) -> None:
    row = a_running_job(model)
    apply(model, Job.give_back(Claim(Job, "j", row.fence)))
    assert apply(model, Change(Job, "j", "beat", fence=row.fence)) == "not_holder"


def test_nobody_claims_a_record_that_was_never_held_under_fence_zero(model: Model) -> None:
    apply(model, Owner.create("o", email="e"), Job.create("j", owner="o", place="here"))
    assert apply(model, Job.move(Claim(Job, "j", 0), place="there")) == "not_holder"


def test_a_transaction_sees_its_own_changes_and_leaves_none_if_refused(model: Model) -> None:
    changes = (Bot.create("ada", pool="eu"), Bot.enqueue("ada"), Bot.withdraw("ada"))
    assert apply(model, *changes).version == 3
    before = dict(model.rows)
    assert apply(model, Bot.enqueue("ada"), Bot.create("bob", pool="eu"), Bot.withdraw("bob")) == "wrong_state"
    assert model.rows == before
    assert len(model.entries) == 3


def test_a_version_read_before_the_transaction_is_that_of_its_first_change(model: Model) -> None:
    apply(model, Bot.create("ada", pool="eu"))
    assert (
        apply(model, Change(Bot, "ada", "enqueue", version=1), Change(Bot, "ada", "withdraw", version=2)).version == 3
    )
    assert apply(model, Change(Bot, "ada", "enqueue", version=3), Change(Bot, "ada", "withdraw", version=3)) == "stale"


def test_fences_come_from_the_spaces_sequence_and_rise_by_the_clock(model: Model) -> None:
    first = a_running_job(model)
    second = apply(model, Job.retake("j"))
    third = apply(model, Job.retake("j"), at=NOW + SECOND)
    assert first.fence < second.fence < third.fence == NOW + SECOND


def test_an_op_id_replays_its_first_answer(model: Model) -> None:
    made = apply(model, Ticket.create("t", title="a"), op="x", digest=b"1")
    assert apply(model, Ticket.create("t", title="a"), op="x", digest=b"1") == made
    assert apply(model, Ticket.create("t", title="b"), op="x", digest=b"2") == "op_conflict"
    assert len(model.entries) == 1


def test_a_refusal_says_which_change_of_which_record_and_what_was_found(model: Model) -> None:
    apply(model, Bot.create("ada", pool="eu"))
    found = model.rows["Bot", "ada"]
    outcome = model.write([Transaction((Bot.create("bob", pool="eu"), Bot.withdraw("ada")), "ann")], NOW)[0]
    assert isinstance(outcome, Refusal)
    assert (outcome.change, outcome.kind, outcome.id, outcome.name, outcome.row) == (1, "Bot", "ada", "withdraw", found)


def test_a_timed_transition_is_refused_before_its_time(model: Model) -> None:
    apply(model, Match.create("m", first="a", second="b"))
    expire: Change[Match] = Change(Match, "m", "expire")
    early = model.write([Transaction((expire,), "sweeper", timed=True)], NOW + 15 * SECOND - 1)[0]
    assert isinstance(early, Refusal)
    assert early.reason == "not_due"
    assert isinstance(model.write([Transaction((expire,), "sweeper", timed=True)], NOW + 15 * SECOND)[0], Applied)


# ------------------------------------------------------------------------------------------- credit


def test_without_an_outage_nothing_is_credited() -> None:
    assert Time(50, swept_at=45, alive_until=55).credit(10) == 0


def test_an_outage_under_way_counts_from_the_last_sweep_or_from_when_it_concerns() -> None:
    time = Time(100, swept_at=40, alive_until=50)
    assert time.in_outage
    assert time.credit(10) == 60
    assert time.credit(70) == 30


def test_an_outage_that_is_over_counts_as_far_as_it_concerns() -> None:
    time = Time(200, swept_at=195, alive_until=205, outages=(Outage(20, 30), Outage(60, 100)))
    assert time.credit(0) == 50
    assert time.credit(25) == 45
    assert time.credit(80) == 20
    assert time.credit(100) == 0


def test_a_sweep_ends_an_outage_and_keeps_what_it_was() -> None:
    time = Time(100, swept_at=40, alive_until=50).swept(10)
    assert (time.swept_at, time.alive_until, time.outages) == (100, 110, (Outage(40, 100),))
    assert time.credit(10) == 60
    assert Time(105, 100, 110, time.outages).swept(10).outages == time.outages


def test_the_instant_until_which_the_sweeper_is_alive_is_no_outage() -> None:
    assert not Time(50, swept_at=40, alive_until=50).in_outage
    assert Time(51, swept_at=40, alive_until=50).in_outage


def _rest(row: Row) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in Row.__struct_fields__[3:])
