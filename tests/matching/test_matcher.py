"""What a matcher promises, on every engine: all or nothing, one at a time, nobody lost, nobody in two matches."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator

import msgspec
import pytest
from tests.engine_contract.conftest import START, Stores
from tests.matching.seeking import (
    KINDS,
    Duel,
    Greedy,
    Seeker,
    a_matcher,
    after,
    before,
    entrant_of,
    pairs,
    seek,
    states,
)

from tenure import (
    Change,
    InvalidChange,
    OutcomeUnknown,
    Store,
    Unavailable,
    minutes,
    seconds,
)
from tenure.matching.entrants import Rules
from tenure.matching.lifecycle import LEASE_SECONDS, Matchmaker
from tenure.matching.matcher import Round, Source
from tenure.store.timing import ManualClock

LEASE = seconds(LEASE_SECONDS)
NEVER = Rules(tolerance=-1, tolerance_per_second=0)
ANYBODY = Rules(tolerance=1e6, tolerance_at_most=1e6)


async def test_those_who_fit_are_matched_and_the_others_wait_on(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1020, 2000)
        matcher = a_matcher(store)
        found = await matcher.once()
        assert await pairs(store) == {frozenset(("s1000", "s1020"))}
        assert [proposal.gap for proposal in found.matches] == [20]
        assert (found.leads, found.conflicts, found.waiting, found.oldest) == (True, 0, 1, START.timestamp())
        assert len(found.commits) == 1


async def test_who_comes_later_is_matched_without_reading_the_queue_again(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000)
        matcher = a_matcher(handle := store.acting("matcher"))
        await matcher.once()
        before(handle, "find", never)
        await seek(store, 1020)
        assert len((await matcher.once()).matches) == 1


async def test_a_wait_widens_what_is_accepted(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1100)
        matcher = a_matcher(store)
        assert (await matcher.once()).matches == []
        await store.advance(seconds(5))
        assert len((await matcher.once()).matches) == 1


async def test_queues_of_another_key_are_left_alone(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000)
        matcher = a_matcher(handle := store.acting("matcher"))
        await matcher.once()
        await seek(store, 1010, 1020, queue="casual")
        before(handle, "get_many", never)
        assert (await matcher.once()).waiting == 1, "their first event says where they wait"
        await store.apply(Seeker.rate("s1010", rating=1011.0))
        del handle.get_many
        assert (await matcher.once()).waiting == 1, "a later one does not, so they are read"
        assert (await a_matcher(store, "casual").once()).matches[0].gap == 9
        assert (await store.get(Seeker, "s1000")).state == Seeker.queued


async def test_somebody_who_leaves_between_choice_and_commit_costs_the_other_nothing(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1010)
        await store.advance(seconds(30))
        matcher = a_matcher(handle := store.acting("matcher"))
        before(handle, "submit", lambda: store.apply(Seeker.leave("s1010")))
        found = await matcher.once()
        assert (found.matches, found.conflicts, found.waiting, found.oldest) == ([], 1, 1, START.timestamp())
        assert await states(store) == {"queued": 1, "left": 1}
        assert await store.count(Duel) == {}
        await seek(store, 1020)
        assert len((await matcher.once()).matches) == 1


async def test_somebody_who_changed_between_choice_and_commit_is_matched_as_they_are_now(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1010, 3000)
        matcher = a_matcher(handle := store.acting("matcher"))
        before(handle, "submit", lambda: store.apply(Seeker.rate("s1010", rating=3010.0)))
        assert (await matcher.once()).conflicts == 1
        assert len((await matcher.once()).matches) == 1
        assert await pairs(store) == {frozenset(("s1010", "s3000"))}


async def test_somebody_past_their_patience_is_left_to_the_sweeper(a_store: Stores) -> None:
    async with a_store(*KINDS, clock=(clock := ManualClock(int(START.timestamp() * 1e6)))) as store:
        await seek(store, 1000, patience=seconds(20))
        await seek(store, 1010)
        await store.sweep(alive_for=minutes(10))
        matcher = a_matcher(store)
        clock.move_to(clock.now + 30_000_000)
        found = await matcher.once()
        assert (found.matches, found.conflicts, found.waiting) == ([], 1, 1)
        assert (await matcher.once()).conflicts == 0
        assert (await store.get(Seeker, "s1000")).state == Seeker.queued


async def test_one_refused_match_leaves_the_others_of_its_commit_alone(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, *range(1000, 5400, 20))
        matcher = a_matcher(handle := store.acting("matcher"), rules=Rules(tolerance=15, tolerance_per_second=1))
        assert (await matcher.once()).matches == []
        await store.advance(seconds(5))
        before(handle, "submit", lambda: store.apply(Seeker.leave("s1000")))
        found = await matcher.once()
        assert (len(found.matches), found.conflicts, len(found.commits), found.waiting) == (109, 1, 2, 1)
        assert await states(store) == {"queued": 1, "matched": 218, "left": 1}
        assert len(await pairs(store)) == 109


async def test_who_is_released_waits_again_with_their_first_time(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1010)
        matcher = a_matcher(store)
        await matcher.once()
        await store.advance(minutes(1))
        (duel,) = await store.find(Duel.offered)
        await store.apply(Duel.end(duel))
        await store.advance(seconds(0))  # the sweeper releases them
        assert len((await matcher.once()).matches) == 1
        await store.apply(Duel.end((await store.find(Duel.offered))[0]))
        await store.advance(seconds(0))
        matcher.use(NEVER)
        assert (await matcher.once()).oldest == START.timestamp()


# ----------------------------------------------------------------------------------- one at a time


async def test_of_two_matchers_one_leads_and_the_other_takes_over_within_the_lease(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        one, two = a_matcher(store.acting("one")), a_matcher(store.acting("two"))
        assert (await one.once()).leads
        assert not (await two.once()).leads
        await seek(store, 1000, 1010)
        assert (await two.once()).matches == []
        await store.advance(LEASE)
        assert len((await two.once()).matches) == 1
        assert not (await one.once()).leads


async def test_one_that_matches_or_beats_keeps_its_queue(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        one, two = a_matcher(store.acting("one")), a_matcher(store.acting("two"))
        for _ in range(8):
            assert (await one.once()).leads
            assert not (await two.once()).leads
            await store.advance(LEASE / 2)
        assert [event.name for event in await store.history(Matchmaker, "ranked")] == ["create", "begin"]


async def test_one_that_ends_in_good_order_hands_its_queue_over_at_once(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        one, two = a_matcher(store.acting("one")), a_matcher(store.acting("two"))
        await one.once()
        await one.give_back()
        assert (await two.once()).leads


async def test_a_paused_matcher_that_wakes_up_late_makes_no_match(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        one, two = a_matcher(handle := store.acting("one")), a_matcher(store.acting("two"))
        await one.once()
        await seek(store, 1000, 1010, 1020, 1030)

        async def meanwhile() -> None:
            await store.advance(LEASE)
            await two.once()
            for duel in await store.find(Duel.offered):
                await store.apply(Duel.end(duel))
            await store.advance(seconds(0))

        before(handle, "submit", meanwhile)
        late = await one.once()
        assert (late.leads, late.matches, late.conflicts) == (False, [], 0)
        assert await states(store) == {"queued": 4}
        assert len((await two.once()).matches) == 2


async def test_a_matcher_past_its_lease_is_refused_though_nobody_swept(a_store: Stores) -> None:
    async with a_store(*KINDS, clock=(clock := ManualClock(int(START.timestamp() * 1e6)))) as store:
        await store.sweep(alive_for=minutes(10))
        matcher = a_matcher(handle := store.acting("one"))
        await matcher.once()
        await seek(store, 1000, 1010)

        async def pause() -> None:
            clock.move_to(clock.now + int(LEASE_SECONDS * 1e6))

        before(handle, "submit", pause)
        found = await matcher.once()
        assert (found.leads, found.matches) == (False, [])
        assert await states(store) == {"queued": 2}


async def test_matchers_that_run_match_whoever_comes_and_take_over(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        dead = a_matcher(store.acting("dead"))
        await dead.once()
        heard: list[Round] = []
        matchers = [a_matcher(store.acting(name), told=heard.append) for name in ("one", "two")]
        running = [asyncio.create_task(matcher.run()) for matcher in matchers]
        await seek(store, 1000, 1010)
        await store.advance(LEASE)
        await until(lambda: sum(len(found.matches) for found in heard) == 1)
        await seek(store, 2000, 2010)
        await until(lambda: sum(len(found.matches) for found in heard) == 2)
        assert [matcher.leads for matcher in matchers].count(True) == 1
        await ended(*running)
        assert (await store.get(Matchmaker, "ranked")).state == Matchmaker.waiting


# -------------------------------------------------------------------------------- nothing is missed


@pytest.mark.parametrize("seed", range(2))
async def test_the_queue_that_is_followed_is_the_queue_that_is_there(a_store: Stores, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  a seed, so that a failure comes again
    async with a_store(*KINDS) as store:
        await seek(store, *range(1000, 1020))
        await store.apply(Duel.create("d"))
        known = Greedy(NEVER)
        matcher = a_matcher(handle := store.acting("matcher"), rules=NEVER, make=lambda _: known)
        new = iter(range(3000, 4000))

        async def between_two_pages() -> None:
            before(handle, "find", lambda: some_changes(store, chance, new))

        before(handle, "find", between_two_pages)
        for _ in range(6):
            before(handle, chance.choice(["now", "position", "get_many"]), lambda: some_changes(store, chance, new))
            await matcher.once()
        found = await matcher.once()
        waiting = await store.find(Seeker.queued, per="ranked")
        assert found.waiting == len(waiting) > 0
        assert {entrant.key: entrant.rating for entrant in known.entrants()} == {
            f"Seeker/{seeker.id}": seeker.rating for seeker in waiting
        }


async def some_changes(store: Store, chance: random.Random, new: Iterator[int]) -> None:
    """Let two come, and change some of those who are there."""
    await seek(store, next(new), next(new))
    everybody = [*await store.find(Seeker.queued), *await store.find(Seeker.matched)]
    changes: list[Callable[[Seeker], Change[Seeker]]] = [
        Seeker.leave,
        lambda one: Seeker.rate(one, rating=chance.random() * 100),
        lambda one: Seeker.reserve(one, duel="d"),
        Seeker.release,
    ]
    await store.submit([chance.choice(changes)(chance.choice(everybody))] for _ in range(8))


async def test_an_engine_that_is_away_loses_nobody(a_store: Stores) -> None:
    async with a_store(*KINDS, every_change_applied=False) as store:
        await seek(store, 1000, 1010)
        matcher = a_matcher(handle := store.acting("matcher"))
        before(handle, "submit", away)
        with pytest.raises(Unavailable):
            await matcher.once()
        assert len((await matcher.once()).matches) == 1
        assert await states(store) == {"matched": 2}


async def test_who_left_during_an_outage_is_forgotten(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 2000)
        matcher = a_matcher(handle := store.acting("matcher"))
        assert (await matcher.once()).waiting == 2
        before(handle, "position", away)
        with pytest.raises(Unavailable):
            await matcher.once()
        await store.apply(Seeker.leave("s2000"))
        assert (await matcher.once()).waiting == 1


async def test_a_commit_whose_answer_was_lost_seats_nobody_twice(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 1010)
        matcher = a_matcher(handle := store.acting("matcher"))
        after(handle, "submit", lost)
        with pytest.raises(OutcomeUnknown):
            await matcher.once()
        await seek(store, 1020, 1030)
        assert len((await matcher.once()).matches) == 1
        assert await pairs(store) == {frozenset(("s1000", "s1010")), frozenset(("s1020", "s1030"))}


async def test_a_matcher_that_runs_goes_on_after_an_outage(a_store: Stores) -> None:
    async with a_store(*KINDS, every_change_applied=False) as store:
        handle, heard, missed = store.acting("matcher"), list[Round](), list[bool]()

        async def away_for_once() -> None:
            missed.append(True)
            await away()

        before(handle, "submit", away_for_once)
        await seek(store, 1000, 1010)
        running = asyncio.create_task(a_matcher(handle, told=heard.append).run())
        await until(lambda: missed)
        await store.advance(seconds(1))
        await until(lambda: any(found.matches for found in heard))
        await ended(running)
        assert await states(store) == {"matched": 2}


async def test_an_offer_that_fails_loses_nobody(a_store: Stores) -> None:
    async with a_store(*KINDS, every_change_applied=False) as store:
        await seek(store, 1000, 1010)

        def fail(*_: object) -> list[Change[Duel]]:
            raise ZeroDivisionError

        broken = a_matcher(store, offer=fail)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await broken.once()


# ------------------------------------------------------------------------------------------- rules


async def test_other_rules_hold_for_those_who_wait_already(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000, 2000)
        matcher = a_matcher(store)
        assert (await matcher.once()).matches == []
        matcher.use(ANYBODY)
        assert matcher.rules == ANYBODY
        assert len((await matcher.once()).matches) == 1


def test_a_source_needs_a_rank() -> None:
    with pytest.raises(InvalidChange, match="has no rank"):
        Source(Seeker.matched, entrant_of)


async def test_an_entrant_with_a_key_of_its_own_is_refused(a_store: Stores) -> None:
    async with a_store(*KINDS) as store:
        await seek(store, 1000)
        source = Source(Seeker.queued, lambda seeker: msgspec.structs.replace(entrant_of(seeker), key="other"))
        with pytest.raises(InvalidChange, match="KIND/ID"):
            await a_matcher(store, sources=[source]).once()


# ----------------------------------------------------------------------------------------- helpers


async def never() -> None:
    raise AssertionError("it is read though nothing asks for it")


async def away() -> None:
    raise Unavailable("the server is away; nothing was changed")


def lost() -> None:
    raise OutcomeUnknown("the answer was lost")


async def until(true: Callable[[], object]) -> None:
    """Let other tasks run until something is true."""
    while not true():
        await asyncio.sleep(0.0001)


async def ended(*running: asyncio.Task[None]) -> None:
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
