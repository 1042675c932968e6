"""Holders, fences and leases: no lock guards a transition, version and fence do (guarantee 5)."""

from __future__ import annotations

import pytest
from tests.engine_contract.conftest import Stores
from tests.engine_contract.kinds import Bot, Instance, Job, Match, Owner
from tests.engine_contract.looking import names, pass_unswept

from tenure import (
    Applied,
    Claim,
    Exists,
    InvalidChange,
    NotFound,
    NotHolder,
    Overdue,
    Transaction,
    WrongState,
    minutes,
    seconds,
)
from tenure.testing import a


async def test_claiming_makes_the_actor_the_holder_under_a_new_fence(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        waiting = await a(store, Job.waiting, "j", owner="o", place="here")
        assert (waiting.holder, waiting.fence) == (None, 0)
        held = await store.acting("worker-1").apply(Job.take("j"))
        assert held.holder == "worker-1"
        assert held.fence > 0


async def test_who_creates_a_claimed_record_holds_it(a_store: Stores) -> None:
    async with a_store(actor="i1") as store:
        instance = await store.apply(Instance.create("i1"))
        assert instance.holder == "i1"
        assert (await store.apply(Instance.leave(instance.claim))).state == Instance.gone


async def test_every_change_of_hands_raises_the_fence(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        await a(store, Job.waiting, "j", owner="o", place="here")
        fences = []
        for _ in range(5):
            job = await store.apply(Job.take("j"))
            fences.append(job.fence)
            await store.apply(Job.give_back(job.claim))
        assert fences == sorted(set(fences))


async def test_a_change_of_another_kind_keeps_the_fence(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        assert (await store.apply(Job.move("j", place="there"))).fence == job.fence
        assert (await store.apply(Job.report(job.claim, note="half"))).fence == job.fence


async def test_a_holder_that_lets_go_can_do_no_more(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        free = await store.apply(Job.give_back(job.claim))
        assert free.holder is None
        with pytest.raises(NotHolder):
            await store.beat(job.claim)
        with pytest.raises(NotHolder):
            await store.apply(Job.move(job.claim, place="there"))


async def test_a_paused_holder_that_wakes_up_late_is_refused(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.advance(minutes(1))
        for late in (Job.report(job.claim, note="late"), Job.finish(job.claim)):
            with pytest.raises((WrongState, NotHolder)):
                await store.apply(late)
        with pytest.raises(NotHolder):
            await store.beat(job.claim)
        assert (await store.get(Job, "j")).state == Job.failed


async def test_a_paused_holder_is_refused_while_another_holds(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        paused = await store.acting("one").apply(Job.create("j", owner="o", place="here"), Job.take("j"))
        held = await store.acting("two").apply(Job.retake("j"))
        assert held.holder == "two"
        for late in (Job.report(paused[1].claim, note="late"), Job.finish(paused[1].claim)):
            with pytest.raises(NotHolder, match="'two' holds it"):
                await store.acting("one").apply(late)
        assert (await store.apply(Job.report(held.claim, note="mine"))).note == "mine"


async def test_an_id_used_again_gets_a_higher_fence(a_store: Stores) -> None:
    async with a_store() as store:
        old = await store.apply(Instance.create("i"))
        await store.apply(Instance.leave(old.claim))
        await store.advance(minutes(61))
        with pytest.raises(NotFound):
            await store.get(Instance, "i")
        new = await store.apply(Instance.create("i"))
        assert new.version == 1
        assert new.fence > old.fence
        with pytest.raises(NotHolder):
            await store.apply(Instance.leave(old.claim))
        assert [event.version for event in await store.history(Instance, "i")] == [1]


async def test_beats_keep_a_lease_and_write_no_event(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        for _ in range(10):
            await store.advance(seconds(29))
            assert await store.beat(job.claim) == []
        kept = await store.get(Job, "j")
        assert (kept.state, kept.version) == (Job.running, job.version)
        assert kept.beaten_at - job.beaten_at == seconds(290)
        assert await names(store, job) == ["create", "take"]


async def test_a_beat_in_a_transaction_renews_the_lease_and_writes_no_version_and_no_event(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.advance(seconds(20))
        beaten, made = await store.apply(Job.beat(job.claim), Instance.create("i"))
        assert (beaten.version, beaten.fence, beaten.beaten_at) == (job.version, job.fence, made.created_at)
        await store.advance(seconds(29))
        assert (await store.get(Job, "j")).state == Job.running
        assert await names(store, job) == ["create", "take"]


async def test_a_transaction_beside_the_beat_of_a_lost_claim_is_refused_whole(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        lost = await a(store, Job.running, "j", owner="o", place="here")
        held = await store.acting("another").apply(Job.retake("j"))
        for beside in ((Job.beat(lost.claim), Instance.create("i")), (Instance.create("i"), Job.beat(lost.claim))):
            with pytest.raises(NotHolder, match="'another' holds it") as refusal:
                await store.apply(*beside)
            assert (refusal.value.kind, refusal.value.id, refusal.value.change) == (Job, "j", "beat")
        assert await store.count(Instance) == {}
        await store.sweep(minutes(10))
        pass_unswept(store, seconds(30))
        with pytest.raises(Overdue):
            await store.apply(Job.beat(held.claim), Instance.create("i"))
        assert await store.count(Instance) == {}


async def test_a_claim_guards_each_transaction_of_a_submission(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.advance(seconds(20))
        guard = Job.beat(job.claim)
        asked: list[Transaction] = [(guard, Instance.create(f"i{number % 30}")) for number in range(40)]
        asked += [(guard, Job.give_back(job.claim)), (guard, Instance.create("late"))]
        verdicts = await store.submit(asked)
        assert [type(verdict) for verdict in verdicts] == [Applied] * 30 + [Exists] * 10 + [Applied, NotHolder]
        assert {verdict.records[0].beaten_at for verdict in verdicts[:30] if isinstance(verdict, Applied)} == {
            await store.now()
        }
        assert await names(store, job) == ["create", "take", "give_back"]


def test_a_beat_takes_the_claim_of_its_own_kind() -> None:
    with pytest.raises(InvalidChange, match=r"Instance\.beat takes a claim of its own kind"):
        Instance.beat(Claim(Job, "j", 1))  # type: ignore[arg-type]
    with pytest.raises(InvalidChange, match=r"Job\.beat takes a claim"):
        Job.beat("j")  # type: ignore[arg-type]


async def test_what_the_holder_does_renews_its_lease_and_what_others_do_does_not(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=5)
        mine = await a(store, Job.running, "mine", owner="o", place="here")
        await a(store, Job.running, "theirs", owner="o", place="there")
        await store.advance(seconds(20))
        await store.apply(Job.report(mine.claim, note="at work"))
        await store.apply(Job.move("theirs", place="elsewhere"))
        await store.advance(seconds(20))
        assert (await store.get(Job, "mine")).state == Job.running
        assert (await store.get(Job, "theirs")).state == Job.failed


async def test_a_lease_runs_out_with_an_event_and_the_record_is_held_no_more(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.running, "m", first="ada", second="bob")
        await a(store, Match.offered, "n", first="ada", second="bob")
        await a(store, Bot.matched, "ada", pool="eu", match="n")
        await store.apply(Match.start("n"))
        playing = await store.apply(Bot.begin("ada"))
        assert await store.advance(seconds(30)) == 1
        idle = await store.get(Bot, "ada")
        assert (idle.state, idle.holder, idle.match) == (Bot.idle, None, None)
        assert (await store.history(Bot, "ada", after=playing.version))[0].name == "abandon"


async def test_past_its_lease_a_record_refuses_its_holder_though_nobody_swept(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        await store.sweep(minutes(10))
        pass_unswept(store, seconds(30))
        with pytest.raises(Overdue, match="`expire`"):
            await store.beat(job.claim)
        with pytest.raises(Overdue):
            await store.apply(Job.finish(job.claim))
        assert await store.sweep() == 1


async def test_the_claim_of_one_space_is_none_in_another(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        with pytest.raises(NotFound):
            await store.space("other").beat(job.claim)


async def test_a_claim_travels_as_text(a_store: Stores) -> None:
    async with a_store() as store:
        job = await store.apply(Instance.create("i"))
        assert str(job.claim) == f"Instance/i#{job.fence}"
        assert Claim(Instance, "i", job.fence) == job.claim
        with pytest.raises(InvalidChange, match="of another kind"):
            Job.move(job.claim, place="x")  # type: ignore[arg-type]
