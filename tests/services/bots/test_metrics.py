"""What Prometheus reads of bots: gauges by pool and state, waits and gaps, commits, conflicts, the breaker."""

import re

from tests.services.bots.calling import Caller, a_caller

from tenure import seconds
from tenure.services.bots.census import STALE_MICROSECONDS, Census
from tenure.services.bots.lifecycle import Ticket


async def metrics(caller: Caller) -> str:
    answer = await caller.call("GET", "/metrics", headers={})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return answer.body.decode()


async def test_metrics_count_by_pool_and_state() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool(max_deployed=2)
        await caller.world.queued_bots(2)
        await caller.world.join("ada")
        await caller.world.store.advance(seconds(8))
        await caller.world.run_bots()
        (match,) = await caller.world.match()
        await caller.world.accept(match)
        await caller.world.service.figures.read_back()
        text = await metrics(caller)
        for line in (
            'tenure_bots{pool="duels",state="playing"} 1.0',
            'tenure_bots{pool="duels",state="queued"} 1.0',
            'tenure_bots_tickets{pool="duels",state="playing"} 1.0',
            'tenure_bots_matches{pool="duels",state="playing"} 1.0',
            'tenure_bots_wanted{pool="duels"} 2.0',
            'tenure_bots_matching{pool="duels"} 0.0',
            'tenure_bots_commits_total{pool="duels"} 1.0',
            'tenure_bots_conflicts_total{pool="duels"} 0.0',
            'tenure_bots_window_matches{outcome="started",pool="duels"} 1.0',
            'tenure_bots_window_matches{outcome="stand_ins",pool="duels"} 1.0',
            'tenure_bots_game_breaker{state="closed"} 1.0',
            'tenure_bots_game_breaker{state="open"} 0.0',
            "tenure_bots_managing 0.0",
        ):
            assert line in text
        wait = re.search(r'tenure_bots_wait_seconds\{pool="duels",quantile="0.99"\} ([0-9.]+)', text)
        assert wait is not None
        assert 7.9 < float(wait[1]) < 8.1


async def test_metrics_name_no_player_ticket_or_match() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        match = await caller.world.a_playing_match("ada-canary", "bob-canary")
        await caller.world.service.figures.read_back()
        text = await metrics(caller)
        assert "canary" not in text
        assert match.id not in text


async def test_a_census_is_right_after_whatever_happened_and_forgets_who_has_gone() -> None:
    async with a_caller() as caller:
        world = caller.world
        await world.a_pool(max_deployed=3)
        census = world.service.census
        assert await census.counts() == {}
        await world.queued_bots(3)
        for player in ("ada", "bob", "eve"):
            await world.join(player)
        await world.store.advance(seconds(9))
        await world.run_bots()
        for match in await world.match():
            await world.accept(match)
        await world.service.queue.leave("t-eve") if (await world.ticket("eve")).state == Ticket.queued else None
        found = await census.counts()
        assert found == await Census(world.store).counts()
        assert sum(found["duels"]["bots"].values()) == 3
        await world.store.advance(seconds(4000))
        assert await census.counts() == await Census(world.store).counts()
        assert "matches" not in (await census.counts())["duels"]


async def test_a_census_that_was_not_asked_for_long_counts_anew() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        census = caller.world.service.census
        await census.counts()
        await caller.world.join("ada")
        census._position = await caller.world.store.position() - STALE_MICROSECONDS - 1
        census._counts["ghosts", "bots", "idle"] = 1
        assert await census.counts() == {"duels": {"tickets": {"queued": 1}}}


async def test_a_census_begins_again_when_the_store_was_set_back() -> None:
    async with a_caller() as caller:
        await caller.world.a_pool()
        await caller.world.join("ada")
        census = caller.world.service.census
        await census.counts()
        census._position = await caller.world.store.position() + 1000
        assert await census.of("duels") == {"bots": {}, "tickets": {"queued": 1}, "matches": {}}
