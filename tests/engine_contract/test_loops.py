"""Lasting work: pollers, claims and holds, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sized

import pytest
from tests.engine_contract.conftest import START, Stores
from tests.engine_contract.kinds import Bot, Instance, Job, Match, Owner
from tests.engine_contract.looking import names

from tenure import InvalidChange, LeaseLost, Store, Turn, minutes, seconds
from tenure.store.polling import Poller
from tenure.testing import a


async def until_there_are(what: Sized, number: int) -> None:
    """Let other tasks run until there are so many."""
    await until(lambda: len(what) == number)


async def until(true: Callable[[], object]) -> None:
    """Let other tasks run until something is true."""
    while not true():
        await asyncio.sleep(0.0001)


async def test_a_poller_gives_one_turn_each_period(a_store: Stores) -> None:
    async with a_store() as store:
        turns: list[Turn] = []

        async def work() -> None:
            async for turn in store.every(seconds(30), "games/detection"):
                turns.append(turn)  # noqa: PERF401  it never ends

        task = asyncio.create_task(work())
        await until(lambda: len(turns) == 1)
        for number in range(2, 5):
            await settled(store)
            await store.advance(seconds(30))
            await until_there_are(turns, number)
        await cancelled(task)
        assert [t.number for t in turns] == [1, 2, 3, 4]
        assert [t.at - START for t in turns] == [seconds(30 * n) for n in range(4)]
        assert [t.fence for t in turns] == sorted({t.fence for t in turns})


async def test_of_two_processes_one_has_the_turn(a_store: Stores) -> None:
    async with a_store() as store:
        at_work = 0
        turns: list[tuple[str, int]] = []

        async def work(name: str) -> None:
            nonlocal at_work
            async for turn in store.acting(name).every(seconds(30), "poll"):
                at_work += 1
                assert at_work == 1
                turns.append((name, turn.number))
                for _ in range(50):
                    await asyncio.sleep(0)
                at_work -= 1

        tasks = [asyncio.create_task(work(name)) for name in ("one", "two", "three")]
        for number in range(1, 6):
            await until_there_are(turns, number)
            await settled(store)
            await store.advance(seconds(30))
        await cancelled(*tasks)
        assert [number for _, number in turns][:5] == [1, 2, 3, 4, 5]


async def test_a_turn_is_taken_over_when_its_process_dies(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Poller.create("poll"))
        await store.acting("dead").apply(Poller.begin("poll", turns=1, began_at=START))
        turns: list[Turn] = []

        async def work() -> None:
            async for turn in store.every(seconds(30), "poll"):
                turns.append(turn)  # noqa: PERF401  it never ends

        task = asyncio.create_task(work())
        await store.advance(seconds(29))
        assert turns == []
        await store.advance(seconds(2))
        await until(lambda: turns)
        await cancelled(task)
        assert turns[0].number == 2
        assert [e.name for e in await store.history(Poller, "poll")][:4] == ["create", "begin", "lose", "begin"]


async def test_what_a_dead_process_left_undone_does_not_wait_for_the_next_period(a_store: Stores) -> None:
    async with a_store() as store:
        await store.apply(Poller.create("poll"))
        await store.acting("dead").apply(Poller.begin("poll", turns=1, began_at=START))
        begun: list[float] = []

        async def work() -> None:
            async for turn in store.every(seconds(3600), "poll", phase=0.5):
                begun.append((turn.at - START).total_seconds())  # noqa: PERF401  it never ends

        task = asyncio.create_task(work())
        await store.advance(seconds(31))
        await until(lambda: begun)
        await cancelled(task)
        assert len(begun) == 1
        assert begun[0] <= 31


async def test_a_turn_that_fails_is_given_back_and_comes_again(a_store: Stores) -> None:
    async with a_store() as store:
        with pytest.raises(ConnectionError):  # noqa: PT012  the loop's body is what fails
            async for _ in (turns := store.every(seconds(30), "poll")):
                raise ConnectionError
        await turns.aclose()  # type: ignore[attr-defined]
        assert (await store.get(Poller, "poll")).state == Poller.waiting


async def test_pollers_of_one_period_are_spread_over_it_by_their_phases(a_store: Stores) -> None:
    async with a_store() as store:
        begun: dict[float, list[float]] = {0.0: [], 0.5: [], 0.75: []}

        async def work(phase: float) -> None:
            async for turn in store.every(seconds(40), f"poll/{phase}", phase=phase):
                begun[phase].append((turn.at - START).total_seconds())

        tasks = [asyncio.create_task(work(phase)) for phase in begun]
        await until(lambda: all(begun.values()))
        for _ in range(20):
            await settled(store)
            await store.advance(seconds(10))
        await until(lambda: all(len(turns) >= 5 for turns in begun.values()))
        await cancelled(*tasks)
        assert {phase: turns[:5] for phase, turns in begun.items()} == {
            0.0: [0, 40, 80, 120, 160],
            0.5: [0, 20, 60, 100, 140],
            0.75: [0, 30, 70, 110, 150],
        }


async def test_a_turn_puts_the_next_one_off_or_lets_it_come_sooner(a_store: Stores) -> None:
    async with a_store() as store:
        begun: list[float] = []

        async def work() -> None:
            async for turn in store.every(seconds(30), "poll"):
                begun.append((turn.at - START).total_seconds())
                turn.next_at = {1: turn.at + seconds(100), 2: turn.at + seconds(10)}.get(turn.number)

        task = asyncio.create_task(work())
        for _ in range(20):
            await settled(store)
            await store.advance(seconds(10))
        await until(lambda: len(begun) >= 4)
        await cancelled(task)
        assert begun[:4] == [0, 100, 110, 140]


async def test_a_turn_that_fails_is_put_off_too(a_store: Stores) -> None:
    async with a_store() as store:
        with pytest.raises(ConnectionError):  # noqa: PT012  the loop's body is what fails
            async for turn in (turns := store.every(seconds(30), "poll")):
                turn.next_at = turn.at + minutes(5)
                raise ConnectionError
        await turns.aclose()  # type: ignore[attr-defined]
        assert (await store.get(Poller, "poll")).next_at == START + minutes(5)


async def test_a_turn_that_somebody_calls_for_comes_sooner_also_if_one_runs_meanwhile(a_store: Stores) -> None:
    async with a_store() as store:
        begun: list[float] = []
        go_on = asyncio.Event()

        async def work() -> None:
            async for turn in store.every(minutes(10), "poll"):
                begun.append((turn.at - START).total_seconds())
                await go_on.wait()

        await store.hasten("poll", START)  # nobody has had a turn: the first one comes at once anyway
        task = asyncio.create_task(work())
        await until(lambda: begun)
        await store.hasten("poll", START + seconds(60))
        await store.hasten("poll", START + seconds(90))
        go_on.set()
        for _ in range(20):
            await settled(store)
            await store.advance(seconds(30))
        await until(lambda: len(begun) >= 2)
        await store.hasten("poll", await store.now())
        await until(lambda: len(begun) >= 3)
        await cancelled(task)
        assert begun == [0, 60, 600]
        calls = [event for event in await store.history(Poller, "poll") if event.name == "call"]
        assert len(calls) == 2, "what comes early enough is not called for once more"


async def test_claims_take_one_record_after_another_and_wait_for_more(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=9)
        for number in range(3):
            await a(store, Job.waiting, f"j{number}", owner="o", place=f"p{number}")
        taken: list[str] = []

        async def work() -> None:
            async for job in store.acting("worker").claims(Job.take):
                taken.append(job.id)
                await store.apply(Job.finish(job.claim))

        task = asyncio.create_task(work())
        await until(lambda: len(taken) == 3)
        await a(store, Job.waiting, "late", owner="o", place="late")
        await until(lambda: len(taken) == 4)
        await cancelled(task)
        assert taken == ["j0", "j1", "j2", "late"]


async def test_two_workers_never_claim_the_same_record(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e", most=99)
        await store.submit([[Job.create(f"j{n}", owner="o", place=f"p{n}")] for n in range(40)])
        taken: list[tuple[str, int]] = []

        async def work(name: str) -> None:
            async for job in store.acting(name).claims(Job.take):
                assert job.holder == name
                taken.append((job.id, job.fence))

        tasks = [asyncio.create_task(work(f"w{n}")) for n in range(3)]
        await until(lambda: len(taken) >= 40)
        await cancelled(*tasks)
        assert len({id for id, _ in taken}) == len(taken) == 40


async def test_claims_need_a_transition_that_claims(a_store: Stores) -> None:
    async with a_store() as store:
        with pytest.raises(InvalidChange, match="declare it by=CLAIMANT"):
            await anext(store.claims(Bot.enqueue))


async def test_a_hold_beats_for_its_body(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        async with store.hold(job.claim):
            for _ in range(20):
                await store.advance(seconds(10))
                await settled(store)
        assert (await store.get(Job, "j")).state == Job.running
        assert await names(store, job) == ["create", "take"]


async def test_a_body_whose_lease_is_lost_is_ended_with_lease_lost(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")

        async def work() -> None:
            async with store.hold(job.claim):
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await settled(store)
        await store.acting("another").apply(Job.retake("j"))
        await store.advance(seconds(10))
        with pytest.raises(LeaseLost, match="another may hold it"):
            await task


async def test_a_body_that_is_cancelled_from_outside_is_cancelled(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")

        async def work() -> None:
            async with store.hold(job.claim):
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await settled(store)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await store.get(Job, "j")).state == Job.running


async def test_the_holders_own_finish_is_no_lost_lease(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        async with store.hold(job.claim):
            await store.apply(Job.finish(job.claim))
            await store.advance(minutes(2))
            await settled(store)
        assert (await store.get(Job, "j")).state == Job.done


async def test_two_records_are_held_at_once(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        for bot in ("ada", "bob"):
            await a(store, Bot.matched, bot, pool="eu", match="m")
        _, ada, bob = await store.apply(Match.start("m"), Bot.begin("ada"), Bot.begin("bob"))
        async with store.hold(ada.claim), store.hold(bob.claim):
            for _ in range(9):
                await store.advance(seconds(10))
                await settled(store)
            await store.apply(Match.settle("m"), Bot.finish(ada.claim, rating=1), Bot.finish(bob.claim, rating=2))
        assert await store.count(Bot) == {"idle": 2}


async def test_an_error_of_the_body_is_its_own(a_store: Stores) -> None:
    async with a_store() as store:
        instance = await a(store, Instance.up, "i")
        with pytest.raises(ZeroDivisionError):
            async with store.hold(instance.claim):
                raise ZeroDivisionError


async def test_a_sweeper_in_the_background_makes_what_is_due(a_store: Stores) -> None:
    async with a_store() as store:
        await a(store, Match.offered, "m", first="ada", second="bob")
        async with store.sweeping():
            await store.advance(seconds(20))
        assert (await store.get(Match, "m")).state == Match.void


async def settled(store: Store) -> None:
    """Let the store finish what other tasks have begun."""
    for _ in range(20):
        await asyncio.sleep(0)
        await asyncio.gather(*store._lanes._under_way)
        await store.now()


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
