"""Figures from events: what was matched, who gave up, what expired; live, and read back alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.places import ENGINES, Place
from tests.services.bots.making import a_world

from tenure import Change, Store, hours, minutes, seconds, testing
from tenure.matching.entrants import Rules
from tenure.matching.matcher import Round
from tenure.matching.quality import Quality, Spread
from tenure.services.bots.figures import KINDS, Figures, report
from tenure.services.bots.lifecycle import Bot, Match, Pool, Seat, Ticket, kinds

RULES = Rules(tolerance=50.0)


START = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the explicit time of the test still holds."""


@asynccontextmanager
async def a_store(*, rules: Rules = RULES, url: str = "sqlite:") -> AsyncIterator[Store]:
    async with testing.store(*kinds, url=url, at=START) as store:
        await store.apply(Pool.create("duels", mode="duel", region="eu", max_deployed=10, rules=rules))
        yield store


@asynccontextmanager
async def following(store: Store) -> AsyncIterator[Figures]:
    """Figures that follow the store's events while the body runs."""
    figures = Figures(store)
    task = asyncio.create_task(figures.run())
    try:
        await caught_up(figures)
        yield figures
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def caught_up(figures: Figures) -> None:
    """Wait until the figures hold what has happened."""
    store, last = figures._store, 0
    async for event in store.feed(*KINDS, after=0, until=await store.position()):
        last = event.position
    while figures.position < last:
        await asyncio.sleep(0)


async def now_of(figures: Figures, pool: str = "duels") -> Quality:
    await caught_up(figures)
    return await figures.of(pool)


async def join(store: Store, name: str, rating: float = 1500.0, pool: str = "duels") -> Ticket:
    now = await store.now()
    return await store.apply(Ticket.create(name, pool=pool, rating=rating, queued_at=now, players=(name,)))


async def queue_bot(store: Store, name: str, rating: float = 1500.0) -> Bot:
    now = await store.now()
    await store.apply(Bot.create(name, pool="duels", rested_at=now))
    await store.apply(Bot.deploy(name, deployed_at=now))
    return await store.apply(Bot.enqueue(name, rating=rating, queued_at=now))


async def match(store: Store, id: str, *records: Ticket | Bot, expected: tuple[float, float] = (0.5, 0.5)) -> Match:
    """Offer a match to two who wait, all or nothing."""
    now = await store.now()
    seats = [
        Seat(
            kind=type(record).__name__,
            id=record.id,
            players=(record.id,),
            rating=record.rating,
            waited=(now - (record.queued_at or now)).total_seconds(),
        )
        for record in records
    ]
    gap = abs(records[0].rating - records[1].rating)
    teams = tuple((seat,) for seat in seats)
    create = Match.create(id, pool="duels", mode="duel", teams=teams, gap=gap, expected=expected)
    made: Match
    made, *_ = await store.apply(create, *(_reserve(record, id) for record in records))
    return made


def _reserve(record: Ticket | Bot, match: str) -> Change[Any]:
    return Ticket.reserve(record, match=match) if isinstance(record, Ticket) else Bot.reserve(record, match=match)


async def play(store: Store, id: str, *tickets: Ticket) -> None:
    """Have all accept, and the match begin."""
    for ticket in tickets:
        await store.apply(Ticket.accept(ticket.id))
    await store.apply(Match.start(id), *(Ticket.begin(ticket.id) for ticket in tickets))


# ------------------------------------------------------------------------------------------- what is counted


async def test_a_match_counts_with_its_gap_its_chances_and_the_waits_of_its_people() -> None:
    async with a_store() as store, following(store) as figures:
        ann = await join(store, "ann", 1500.0)
        await store.advance(seconds(4))
        bob = await join(store, "bob", 1540.0)
        await store.advance(seconds(2))
        await match(store, "m", ann, bob, expected=(0.44, 0.56))
        quality = await now_of(figures)
    assert (quality.matches, quality.stand_ins, quality.waiting) == (1, 0, 0)
    assert quality.gap.p50 == pytest.approx(40, rel=0.01)
    assert quality.unevenness.p99 == pytest.approx(0.06, rel=0.01)
    assert quality.wait.number == 2
    assert quality.wait.p50 == pytest.approx(2, rel=0.01)
    assert quality.wait.p99 == pytest.approx(6, rel=0.01)
    assert [(d.lowest, d.highest, d.wait.number) for d in quality.deciles] == [(1500, 1525, 1), (1525, 1550, 1)]
    assert quality.matches_per_minute == pytest.approx(1 / 60)


async def test_a_bot_fills_in_and_its_own_wait_is_nobodys() -> None:
    async with a_store() as store, following(store) as figures:
        bot = await queue_bot(store, "bot")
        await store.advance(seconds(10))
        ann = await join(store, "ann")
        quality = await now_of(figures)
        assert (quality.waiting, quality.bots_waiting) == (1, 1)
        bot = await store.get(Bot, bot.id)
        await match(store, "m", ann, bot)
        quality = await now_of(figures)
    assert (quality.matches, quality.stand_ins, quality.bots_waiting) == (1, 1, 0)
    assert quality.wait == Spread(number=1, mean=0.0, p50=0.0, p90=0.0, p99=0.0)


async def test_who_gives_up_and_who_leaves_are_told_apart() -> None:
    async with a_store() as store, following(store) as figures:
        await join(store, "ann")
        await store.apply(Ticket.leave(await join(store, "bob")))
        await store.advance(minutes(11))
        quality = await now_of(figures)
    assert (quality.gave_up, quality.left, quality.abandoned, quality.waiting) == (1, 1, 2, 0)


async def test_an_offer_that_runs_out_counts_with_its_reservations_and_who_waits_again() -> None:
    async with a_store() as store, following(store) as figures:
        ann, bob = await join(store, "ann"), await join(store, "bob")
        await match(store, "m", ann, bob)
        await store.apply(Ticket.accept("ann"))
        await store.advance(seconds(20))
        quality = await now_of(figures)
    assert (quality.expired, quality.cooled, quality.started) == (1, 1, 0)
    assert (quality.waiting, quality.oldest_seconds) == (1, 20.0), "ann waits again, since she came"


async def test_what_became_of_a_match_is_counted() -> None:
    async with a_store() as store, following(store) as figures:
        ends = Match.settle("settled", places=(1, 2)), Match.break_off("broken", reason="room_gone")
        for name, end in zip(("settled", "broken"), ends, strict=True):
            one, two = await join(store, f"one-{name}"), await join(store, f"two-{name}")
            await match(store, name, one, two)
            await play(store, name, one, two)
            await store.apply(end)
        for name, reason in (("declined", "declined"), ("taken-back", "pool_closed")):
            one, two = await join(store, f"one-{name}"), await join(store, f"two-{name}")
            await match(store, name, one, two)
            await store.apply(Match.call_off(name, reason=reason))
        quality = await now_of(figures)
    assert (quality.matches, quality.started, quality.settled, quality.broken_off) == (4, 2, 1, 1)
    assert (quality.declined, quality.called_off) == (1, 1)


async def test_the_oldest_ticket_is_the_one_that_came_first() -> None:
    async with a_store() as store, following(store) as figures:
        assert (await now_of(figures)).oldest_seconds is None
        await join(store, "ann")
        await store.advance(seconds(30))
        await join(store, "bob")
        assert (await now_of(figures)).oldest_seconds == 30.0
        await store.apply(Ticket.leave("ann"))
        assert (await now_of(figures)).oldest_seconds == 0.0


async def test_conflicts_are_told_by_who_makes_the_matches() -> None:
    async with a_store() as store, following(store) as figures:
        figures.conflicted("duels", 2)
        assert (await now_of(figures)).conflicts == 2
        assert (await now_of(figures)).conflicts == 2, "each is counted once"
        await store.advance(hours(2))
        assert (await now_of(figures)).conflicts == 0


async def test_the_matchers_of_a_service_tell_its_figures_of_conflicts() -> None:
    async with a_world() as world:
        await world.a_pool("duels")
        await world.service.figures.read_back()
        world.service.matchmaking._told("duels", Round(conflicts=3))
        assert (await world.service.figures.of("duels")).conflicts == 3


async def test_what_a_service_matches_regrets_nothing() -> None:
    async with a_world() as world:
        await world.a_pool("duels", rules=RULES)
        for place in range(6):
            await world.join(f"player{place}")
        assert len(await world.match()) == 3
        await world.store.advance(seconds(5))
        await world.service.figures.read_back()
        quality = await world.service.figures.of("duels")
    assert (quality.matches, quality.waiting) == (3, 0)
    assert quality.regret is not None
    assert (quality.regret.samples, quality.regret.placed, quality.regret.people) == (1, 6, 0)


# ------------------------------------------------------------------------------------------- regret


async def test_who_is_left_lying_for_a_second_is_regretted() -> None:
    async with a_store() as store, following(store) as figures:
        names = ("ann", "bob", "cat", "dan")
        people = [await join(store, name, 1500.0 + 10 * place) for place, name in enumerate(names)]
        await match(store, "m", people[0], people[3])
        await store.advance(seconds(5))
        quality = await now_of(figures)
    assert quality.regret is not None
    assert (quality.regret.placed, quality.regret.placed_exactly) == (2, 4)


async def test_an_exact_choice_is_not_regretted() -> None:
    async with a_store() as store, following(store) as figures:
        names = ("ann", "bob", "cat", "dan")
        people = [await join(store, name, 1500.0 + 10 * place) for place, name in enumerate(names)]
        await match(store, "m", people[0], people[1])
        await store.advance(seconds(0.5))
        await match(store, "n", people[2], people[3])
        await store.advance(seconds(5))
        quality = await now_of(figures)
    assert quality.regret is not None
    assert (quality.regret.placed, quality.regret.people) == (4, 0)
    assert quality.regret.gap == quality.regret.gap_exactly == 10.0


async def test_the_rules_that_a_pool_gets_later_count_from_then_on() -> None:
    async with a_store(rules=Rules(tolerance=5.0, tolerance_per_second=0.0)) as store, following(store) as figures:
        pool = await store.get(Pool, "duels")
        same = {name: getattr(pool, name) for name in (
            "max_deployed", "places", "accept_seconds", "cool_seconds", "patience_seconds", "longest_seconds",
            "rotate_seconds",
        )}  # fmt: skip
        await store.apply(Pool.edit(pool, rules=RULES, **same))
        names = ("ann", "bob", "cat", "dan")
        people = [await join(store, name, 1500.0 + 10 * place) for place, name in enumerate(names)]
        await match(store, "m", people[0], people[1])
        await store.advance(seconds(5))
        quality = await now_of(figures)
    assert quality.regret is not None
    assert quality.regret.people == 2, "cat and dan are within 50 points, though not within 5"


# ------------------------------------------------------------------------------------------- windows and reports


async def test_what_is_older_than_an_hour_is_forgotten() -> None:
    async with a_store() as store, following(store) as figures:
        await match(store, "m", await join(store, "ann"), await join(store, "bob"))
        await store.advance(minutes(58))
        assert (await now_of(figures)).matches == 1
        await store.advance(minutes(3))
        quality = await now_of(figures)
    assert (quality.matches, quality.wait, quality.deciles, quality.regret) == (0, Spread(), (), None)


async def test_a_server_that_starts_again_gives_the_same_figures() -> None:
    async with a_store() as store:
        await queue_bot(store, "bot")
        async with following(store) as figures:
            await match(store, "m", await join(store, "ann"), await join(store, "bob", 1520.0))
            await join(store, "cat")
            await store.advance(seconds(30))
            before = await now_of(figures)
        async with following(store) as figures:
            assert await now_of(figures) == before
        assert await report(store, since=hours(1)) == [before]
    assert (before.matches, before.waiting, before.cooled) == (1, 1, 2)


async def test_who_came_before_the_window_waits_all_the_same_and_counts_when_leaving() -> None:
    async with a_store() as store:
        await store.apply(
            Ticket.create("ann", pool="duels", rating=1500.0, queued_at=await store.now(), players=("ann",),
                          patience=hours(5))
        )  # fmt: skip
        await store.advance(hours(2))
        async with following(store) as figures:
            quality = await now_of(figures)
            assert (quality.waiting, quality.oldest_seconds) == (1, 7200.0)
            await store.apply(Ticket.leave("ann"))
            quality = await now_of(figures)
        assert (quality.waiting, quality.left) == (0, 1)
        (read,) = await report(store, since=minutes(10), pool="duels")
    assert (read.waiting, read.left) == (0, 1)


async def test_a_report_looks_back_as_far_as_it_is_told() -> None:
    async with a_store() as store:
        await match(store, "m", await join(store, "ann"), await join(store, "bob"))
        await store.advance(hours(3))
        await match(store, "n", await join(store, "cat"), await join(store, "dan"))
        await store.advance(minutes(1))
        assert [q.matches for q in await report(store, since=hours(1))] == [1]
        assert [q.matches for q in await report(store, since=hours(6))] == [2]
        (empty,) = await report(store, since=seconds(5), pool="duels")
    assert (empty.matches, empty.window_seconds) == (0, 5.0)


@pytest.mark.parametrize("engine", ENGINES)
async def test_every_engine_tells_the_same_of_the_last_minutes(engine: str, place_of: Callable[[str], Place]) -> None:
    async with a_store(url=place_of(engine).fresh()) as store:
        await match(store, "m", await join(store, "ann"), await join(store, "bob"))
        await store.advance(hours(3))
        async with following(store) as figures:
            await match(store, "n", await join(store, "cat", 1400.0), await join(store, "dan", 1420.0))
            await join(store, "eva")
            await store.advance(seconds(5))
            live = await now_of(figures)
        assert (live.matches, live.waiting, live.oldest_seconds) == (1, 1, 5.0)
        assert live.gap.p50 == pytest.approx(20, rel=0.01)
        assert await report(store, since=hours(1)) == [live]


async def test_pools_are_counted_apart() -> None:
    async with a_store() as store, following(store) as figures:
        await store.apply(Pool.create("blitz", mode="duel", region="eu"))
        await match(store, "m", await join(store, "ann"), await join(store, "bob"))
        await join(store, "cat", pool="blitz")
        await caught_up(figures)
        found = {quality.pool: quality for quality in await figures.all()}
    assert {pool: (q.matches, q.waiting) for pool, q in found.items()} == {"blitz": (0, 1), "duels": (1, 0)}


async def test_nothing_is_kept_of_those_who_are_gone() -> None:
    async with a_store() as store, following(store) as figures:
        for number in range(20):
            one, two = await join(store, f"one{number}"), await join(store, f"two{number}")
            await match(store, f"m{number}", one, two)
            await play(store, f"m{number}", one, two)
            await store.apply(Match.settle(f"m{number}", places=(1, 2)))
        await store.advance(seconds(1))
        await caught_up(figures)
        assert figures._pools == {}
        assert figures._entrants == {}
        await figures.of("nobody-has-heard-of-it")
        assert sorted(figures._tallies) == ["duels"]
