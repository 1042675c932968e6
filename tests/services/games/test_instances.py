"""Several trackers of one store: they share the work, and what one of them leaves undone another one does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest
from tests.places import KEPT, Place
from tests.services.games.tracking import SETTINGS, START, Inbox, Tracking, a_world, time_passes, tracking_on

from tenure import Store, minutes, seconds, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.store.polling import Poller
from tenure.store.timing import ManualClock

PLAYERS = 12
OFTEN = replace(SETTINGS, detection_interval=seconds(10), completion_interval=seconds(10))


@asynccontextmanager
async def three(url: str) -> AsyncIterator[list[Tracking]]:
    """Open a store three times, each with a tracker of its own, as three processes do. They share world and time."""
    clock = ManualClock(round(START.timestamp() * 1e6))
    world, inbox = a_world(clock), Inbox()
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(
                testing.store(*kinds, url=url, space="games", clock=clock, actor=name, every_change_applied=False)
            )
            for name in ("one", "two", "three")
        ]
        yield [tracking_on(store, world, OFTEN, riot=Direct(world), inbox=inbox) for store in stores]
        assert list(await stores[0].engine.audit("games", repair=False)) == []


async def until(store: Store, *, dead: int = 0, **wanted: int) -> None:
    """Let time pass until all games are in these states; the test's time limit is the limit."""
    while {name: number for name, number in (await store.count(TrackedGame)).items() if number} != wanted:
        await time_passes(store, dead=dead)


@pytest.mark.parametrize("engine", KEPT)
async def test_three_instances_of_one_store_make_no_game_twice_and_fetch_no_match_twice(
    engine: str, place_of: Callable[[str], Place]
) -> None:
    async with three(place_of(engine).fresh()) as instances:
        one, store, world = instances[0], instances[0].store, instances[0].world
        names = [f"P{number}#NA1" for number in range(PLAYERS)]
        await one.track(*names)
        async with AsyncExitStack() as stack:
            for instance in instances:
                await stack.enter_async_context(instance.service.running())
            matches = [world.start(a, against=[b]).match_id for a, b in zip(names[::2], names[1::2], strict=True)]
            await until(store, playing=PLAYERS)
            for match in matches:
                world.end(match)
            await until(store, completed=PLAYERS)
            while len(one.inbox.taken) < PLAYERS:
                await time_passes(store)
        fetched = [sum(instance.riot.fetched[match] for instance in instances) for match in matches]
        assert fetched == [1] * len(matches), "one of them fetched it, once"
        assert len(set(one.inbox.ids)) == len(one.inbox.ids) == PLAYERS
        assert [instance.service.trouble for instance in instances] == [""] * 3


@pytest.mark.parametrize("engine", KEPT)
async def test_what_a_dead_instance_was_at_is_taken_over_with_its_lease(
    engine: str, place_of: Callable[[str], Place]
) -> None:
    async with three(place_of(engine).fresh()) as instances:
        one, two, _ = instances
        (id,) = await one.track("Ada#NA1")
        lot = (await one.store.get(TrackedPlayer, id)).lot
        match = one.world.start("Ada#NA1").match_id
        now = await one.store.now()
        poller = f"games/detection/{lot}"
        await one.store.apply(Poller.create(poller))
        await one.store.apply(Poller.begin(poller, turns=1, began_at=now))  # and there it died
        async with two.service.running():
            await two.store.advance(seconds(20))
            assert await two.games() == []
            await until(two.store, dead=1, playing=1)
        assert await two.store.now() - now < minutes(3)
        assert (await two.game(match)).state == TrackedGame.playing
