"""Only declared transitions happen, and a refusal has no effect at all (guarantees 1 and 3)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Bot, Guess, Job, Match, Owner, Quiz
from tests.engine_contract.looking import everything, names

from tenure import (
    Applied,
    Change,
    Claim,
    Exists,
    InvalidChange,
    LimitReached,
    MissingField,
    NotFound,
    NotHolder,
    NotUnder,
    OpConflict,
    Overdue,
    Refused,
    Stale,
    Store,
    WrongState,
    hours,
    minutes,
    seconds,
)
from tenure.testing import a

Making = Callable[[Store], Awaitable[Change[object]]]


async def test_a_record_is_what_its_creation_said(a_store: Stores) -> None:
    async with a_store() as store:
        made = await store.apply(Bot.create("ada", pool="eu", rating=1200))
        assert (made.id, made.state, made.version) == ("ada", Bot.idle, 1)
        assert (made.pool, made.rating, made.match) == ("eu", 1200, None)
        assert made.created_at == made.entered_at == made.changed_at == START
        assert await store.get(Bot, "ada") == made


async def test_a_transition_moves_the_record_and_sets_its_parameters(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.queued, "ada", pool="eu")
        await store.advance(seconds(2))
        ada = await store.apply(Bot.reserve("ada", match="m"))
        assert (ada.state, ada.match, ada.version) == (Bot.matched, "m", 3)
        assert ada.entered_at - ada.created_at == timedelta(seconds=2)


async def test_a_field_of_a_state_is_cleared_where_no_state_names_it(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="m")
        assert (await store.apply(Bot.requeue("ada"))).match is None


async def test_a_stay_keeps_the_state_and_its_clocks(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Bot.queued, "ada", pool="eu")
        await store.advance(minutes(1))
        ada = await store.apply(Bot.rate("ada", rating=5))
        assert (ada.state, ada.rating, ada.entered_at) == (Bot.queued, 5, START)
        assert ada.changed_at == START + minutes(1)
        assert await store.advance(minutes(4)) == 1, "five minutes after it entered, not after it stayed"


async def test_changes_of_a_transaction_see_earlier_ones(a_store: Stores) -> None:
    async with a_store() as store:
        created, queued = await store.apply(Bot.create("ada", pool="eu"), Bot.enqueue("ada"))
        assert (created.state, queued.state) == (Bot.idle, Bot.queued)
        assert (created.version, queued.version) == (1, 2)


async def test_one_refused_change_undoes_the_whole_transaction(a_store: Stores) -> None:
    async with a_store() as store:
        before = await everything(store)
        with pytest.raises(WrongState):
            await store.apply(Bot.create("ada", pool="eu"), Bot.enqueue("ada"), Bot.enqueue("ada"))
        assert await everything(store) == before
        with pytest.raises(NotFound):
            await store.get(Bot, "ada")


async def test_each_transaction_of_a_submission_stands_for_itself(a_store: Stores) -> None:
    async with a_store() as store:
        for bot in ("ada", "bob", "eve"):
            await a(store, Bot.queued, bot, pool="eu")
        made, refused, late = await store.submit(
            [
                [
                    Match.create("m1", first="ada", second="bob"),
                    Bot.reserve("ada", match="m1"),
                    Bot.reserve("bob", match="m1"),
                ],
                [
                    Match.create("m2", first="bob", second="eve"),
                    Bot.reserve("bob", match="m2"),
                    Bot.reserve("eve", match="m2"),
                ],
                [Bot.withdraw("eve")],
            ]
        )
        assert isinstance(made, Applied)
        assert isinstance(refused, WrongState)
        assert isinstance(late, Applied)
        assert (refused.id, refused.change) == ("bob", "reserve")
        with pytest.raises(NotFound):
            await store.get(Match, "m2")


async def test_an_end_is_never_left_but_its_fields_change_by_a_declared_stay(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.failed, owner="o", place="here", reason="rain")
        with pytest.raises(WrongState, match="never left"):
            await store.apply(Job.stop(job.id, reason="again"))
        redacted = await store.apply(Job.redact(job.id, note=None, reason="-"))
        assert (redacted.state, redacted.reason, redacted.version) == (Job.failed, "-", job.version + 1)
        assert (await names(store, job))[-1] == "redact"


async def _absent(_: Store) -> Change[object]:
    return Bot.enqueue("nobody")


async def _there_already(store: Store) -> Change[object]:
    await a(store, Bot.idle, "ada", pool="eu")
    return Bot.create("ada", pool="us")


async def _from_another_state(store: Store) -> Change[object]:
    await a(store, Bot.idle, "ada", pool="eu")
    return Bot.withdraw("ada")


async def _after_its_deadline(store: Store) -> Change[object]:
    await a(store, Quiz.open, "q", closes_at=START)
    return Quiz.extend("q", closes_at=START + hours(1))


async def _an_old_version(store: Store) -> Change[object]:
    old = await a(store, Bot.idle, "ada", pool="eu")
    await store.apply(Bot.rate("ada", rating=1))
    return Bot.enqueue(old)


async def _an_old_claim(store: Store) -> Change[object]:
    await a(store, Owner.enabled, "o", email="e")
    job = await a(store, Job.running, "j", owner="o", place="here")
    await store.apply(Job.retake("j"))
    return Job.finish(job.claim)


async def _a_parent_in_another_state(store: Store) -> Change[object]:
    await a(store, Match.running, "m", first="ada", second="bob")
    await a(store, Bot.queued, "ada", pool="eu")
    return Bot.reserve("ada", match="m")


async def _no_parent(_: Store) -> Change[object]:
    return Guess.create("g", quiz="none", choice="b")


async def _no_slot(store: Store) -> Change[object]:
    await a(store, Owner.enabled, "o", email="e", most=1)
    await a(store, Job.waiting, "first", owner="o", place="here")
    return Job.create("second", owner="o", place="there")


REFUSALS: list[tuple[Making, type[Refused], str, str]] = [
    (_absent, NotFound, "can't `enqueue` Bot 'nobody': there is none", "create it first"),
    (_there_already, Exists, "can't `create` Bot 'ada': there is one already, in `idle`", "take another id"),
    (_from_another_state, WrongState, "it is `idle` (withdraw leaves `queued`)", "`enqueue` it first"),
    (
        _after_its_deadline,
        Overdue,
        "it is past 2100-01-01 00:00:00 UTC, when it does `close` by itself",
        "read it again",
    ),
    (_an_old_version, Stale, "it was changed meanwhile, to version 2", "read it again"),
    (_an_old_claim, NotHolder, "this claim is over; 'tests' holds it under fence", "Stop the work"),
    (_a_parent_in_another_state, NotUnder, "Match 'm' is `running`, and it must be `offered`", "must be"),
    (_no_parent, NotUnder, "there is no Quiz 'none', and it must be `open`", "must be"),
    (_no_slot, LimitReached, '`slots` is at most 1 for ["o"], held by first', "end one of them first"),
]


@pytest.mark.parametrize(
    ("making", "kind", "what", "advice"), REFUSALS, ids=[r[1].__name__ + r[0].__name__ for r in REFUSALS]
)
async def test_a_refusal_changes_nothing_and_says_what_to_do(
    a_store: Stores, making: Making, kind: type[Refused], what: str, advice: str
) -> None:
    async with a_store() as store:
        change = await making(store)
        before = await everything(store)
        with pytest.raises(kind) as refusal:
            await store.apply(change)
        assert type(refusal.value) is kind
        assert what in str(refusal.value)
        assert advice in str(refusal.value)
        assert await everything(store) == before
        assert type(await store.check(change)) is kind, "check says the same"


async def test_a_refusal_carries_the_record_as_it_was_found(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.running, "m", first="ada", second="bob")
        found = await a(store, Bot.queued, "ada", pool="eu")
        for change in (Bot.begin("ada"), Bot.reserve("ada", match="m")):
            with pytest.raises(Refused) as refusal:
                await store.apply(change)
            assert (refusal.value.kind, refusal.value.id, refusal.value.record) == (Bot, "ada", found)
        with pytest.raises(NotUnder) as under:
            await store.apply(Bot.reserve("ada", match="m"))
        assert under.value.parent == await store.get(Match, "m")
        assert not under.value.overdue


async def test_a_state_is_not_entered_without_its_fields(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.waiting, "j", owner="o", place="here")
        stop: Change[Job] = Change(Job, "j", "stop", fields={"reason": None})
        with pytest.raises(MissingField, match="`failed` needs `reason`"):
            await store.apply(stop)
        assert (await store.get(Job, "j")).state == Job.waiting


async def test_an_op_id_of_another_body_is_a_conflict(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Bot.create("ada", pool="eu"), op="1")
        before = await everything(store)
        with pytest.raises(OpConflict, match="take a new one"):
            await store.apply(Bot.create("ada", pool="us"), op="1")
        assert await everything(store) == before


async def test_check_writes_nothing(a_store: Stores) -> None:
    async with a_store() as store:
        before = await everything(store)
        verdict = await store.check(Bot.create("ada", pool="eu"), Bot.enqueue("ada"))
        assert isinstance(verdict, Applied)
        assert [record.state for record in verdict.records] == [Bot.idle, Bot.queued]
        assert await everything(store) == before


async def test_what_is_passed_says_what_is_checked(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.apply(Job.move("j", place="there"))
        await store.apply(Job.move("j", place="by id"))
        await store.apply(Job.move(job.claim, place="by claim"))
        with pytest.raises(Stale):
            await store.apply(Job.move(job, place="by record"))
        with pytest.raises(NotHolder):
            await store.apply(Job.move(Claim(Job, "j", job.fence + 1), place="by another claim"))


async def test_a_kind_that_the_store_does_not_know_is_told_before_anything_is_sent(a_store: Stores) -> None:
    async with a_store(Match, every_change_applied=False) as store:
        with pytest.raises(InvalidChange, match=r"add it to tenure\.open"):
            await store.apply(Bot.create("ada", pool="eu"))
        with pytest.raises(InvalidChange, match="at least one change"):
            await store.submit([[]])
