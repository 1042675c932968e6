"""The fleet: as many bots out as are wanted, each in its turn, kept so by one manager at a time."""

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.services.bots.making import World, a_world
from tests.services.bots.test_pools import against_a_bot

from tenure import Claim, LeaseLost, Poller, Store, seconds
from tenure.services.bots.fleet import POLLER, Fleet
from tenure.services.bots.lifecycle import Bot, Player, Pool, Rating
from tenure.services.bots.refusals import NotThen, Unknown, Wrong


async def change(world: World, **terms: Any) -> Pool:
    return await world.service.pools.edit("duels", lambda before: msgspec.structs.replace(before, **terms))


# ------------------------------------------------------------------------------------ the bots themselves


async def test_bots_are_made_with_their_ratings_and_rest() -> None:
    async with a_world() as world:
        await world.a_pool()
        made = await world.service.crew.create("duels", number=3, rating=1700.0)
        assert len({bot.id for bot in made}) == 3
        for bot in made:
            assert (bot.state, bot.rating) == (Bot.idle, 1700.0)
            assert (await world.store.get(Rating, f"{bot.id}/duel")).value == 1700.0


async def test_a_repeat_with_the_same_names_gives_the_same_bots() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.a_pool("others")
        first = await world.service.crew.create("duels", ids=["rob", "bot"])
        assert await world.service.crew.create("duels", ids=["rob", "bot"]) == first
        with pytest.raises(NotThen, match="take other names"):
            await world.service.crew.create("others", ids=["rob"])
        await world.join("ann")
        with pytest.raises(NotThen, match="take other names"):
            await world.service.crew.create("duels", ids=["ann"])


async def test_bots_that_cannot_be_are_refused() -> None:
    async with a_world() as world:
        with pytest.raises(Unknown):
            await world.service.crew.create("duels")
        await world.a_pool()
        wrongs: list[dict[str, Any]] = [
            {"number": 0}, {"number": 1001}, {"ids": []}, {"ids": ["a", "a"]}, {"ids": ["a/b"]},
            {"rating": float("nan")}, {"rating": 1e9},
        ]  # fmt: skip
        for wrong in wrongs:
            with pytest.raises(Wrong):
                await world.service.crew.create("duels", **wrong)
        await world.service.pools.drain("duels")
        with pytest.raises(NotThen, match="open one"):
            await world.service.crew.create("duels")


async def test_a_bot_is_retired_from_rest_or_the_queue_and_never_from_a_match() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        (bot,) = await world.queued_bots(1)
        (resting,) = await world.service.crew.create("duels")
        match = await against_a_bot(world, "ann")
        with pytest.raises(NotThen, match="in a match"):
            await world.service.crew.retire(bot.id)
        assert (await world.service.crew.retire(resting.id)).state == Bot.retired
        await world.service.settling.settle(match.id, [1, 2])
        await world.run_bots()
        assert (await world.bot(bot.id)).state == Bot.queued
        retired = await world.service.crew.retire(bot.id)
        assert retired.state == Bot.retired
        assert (await world.service.crew.retire(bot.id)).version == retired.version
        await world.store.sweep()
        assert await world.store.get_many(Player, [bot.id]) == {}
        with pytest.raises(Unknown):
            await world.service.crew.retire("nobody")


# ------------------------------------------------------------------------------------ who is out


async def test_as_many_are_out_as_are_wanted_the_longest_rested_first() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=2)
        for name in ("one", "two", "three"):
            await world.service.crew.create("duels", ids=[name])
            await world.store.advance(seconds(1))
        await world.manage()
        assert {bot.id for bot in await world.store.find(Bot.deployed)} == {"one", "two"}


async def test_a_lowered_number_calls_home_only_who_is_free() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=3)
        bots = await world.queued_bots(3)
        match = await against_a_bot(world, "ann")
        await change(world, max_deployed=0)
        await world.manage()
        states = Counter([(await world.bot(bot.id)).state.name for bot in bots])
        assert states == {"playing": 1, "idle": 2}
        await world.service.settling.settle(match.id, [1, 2])
        await world.store.advance(seconds(1))
        await world.manage()
        assert (await world.states(Bot))["idle"] == 3


async def test_a_raised_number_and_new_bots_are_noticed_in_the_next_turn() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.service.crew.create("duels", number=2)
        await world.manage()
        assert (await world.states(Bot))["deployed"] == 0
        await change(world, max_deployed=3)
        await world.manage()
        assert (await world.states(Bot))["deployed"] == 2
        await world.service.crew.create("duels")
        await world.manage()
        assert (await world.states(Bot))["deployed"] == 3


async def test_what_another_process_changed_is_noticed_within_seconds() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        await world.manage()
        now = await world.store.now()
        await world.store.apply(Bot.create("rob", pool="duels", rested_at=now))  # by whoever
        await world.store.advance(seconds(5))
        await world.manage()
        assert (await world.bot("rob")).state == Bot.deployed


async def test_all_get_their_turn() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=3, rotate_seconds=20)
        await world.service.crew.create("duels", number=10)
        out: Counter[str] = Counter()
        for _ in range(100):
            await world.manage()
            await world.run_bots()
            there = [bot.id for bot in await world.store.find(Bot.out)]
            assert len(there) <= 3
            out.update(there)
            await world.store.advance(seconds(10))
        assert len(out) == 10
        assert max(out.values()) - min(out.values()) <= 2 * 3  # two turns apart at most
        assert min(out.values()) >= 0.8 * 100 * 3 / 10


async def test_not_all_are_relieved_at_once() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=8, rotate_seconds=60)
        await world.queued_bots(20)
        for _ in range(12):
            await world.store.advance(seconds(5))
            await world.run_bots()
        await world.manage()
        assert (await world.states(Bot))["queued"] == 6
        assert (await world.states(Bot))["deployed"] == 2


async def test_nobody_is_relieved_where_nobody_rests() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=2, rotate_seconds=1)
        bots = await world.queued_bots(2)
        await world.store.advance(seconds(10))
        await world.run_bots()
        await world.manage()
        assert {(await world.bot(bot.id)).state.name for bot in bots} == {"queued"}


async def test_nobody_goes_out_while_the_game_is_away_and_all_do_when_it_is_back() -> None:
    async with a_world() as world:
        there = True
        fleet = Fleet(world.store, may_deploy=lambda: there)
        await world.a_pool(max_deployed=2, rotate_seconds=1)
        await world.service.crew.create("duels", number=3)
        turn = await world.a_turn()
        there = False
        await fleet.turn(turn)
        assert (await world.states(Bot))["idle"] == 3
        there = True
        await fleet.turn(turn)
        assert (await world.states(Bot))["deployed"] == 2
        there = False
        await world.store.advance(seconds(6))
        await fleet.turn(turn)
        assert (await world.states(Bot))["deployed"] == 2  # nobody is relieved either
        await change(world, max_deployed=0)
        await fleet.turn(turn)
        assert (await world.states(Bot))["idle"] == 3


async def test_a_turn_costs_what_has_changed_and_not_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        for number in range(30):
            await world.a_pool(f"p{number}", max_deployed=1)
            await world.service.crew.create(f"p{number}")
        await world.manage()
        looked: list[str] = []
        real = Store.holding

        async def holding(store: Store, limit: Any, *key: object, **more: Any) -> list[Any]:
            looked.append(str(key[0]))
            return await real(store, limit, *key, **more)

        monkeypatch.setattr(Store, "holding", holding)
        await world.store.advance(seconds(1))
        await world.manage()  # sees that it has deployed them all
        looked.clear()
        await world.store.advance(seconds(1))
        await world.manage()
        assert looked == []
        await world.service.crew.create("p7")
        await world.manage()
        assert looked == ["p7"]


async def test_many_pools_are_paged_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.bots.pools.AT_A_TIME", 4)
    async with a_world() as world:
        for number in range(11):
            await world.a_pool(f"p{number}", max_deployed=1)
            await world.service.crew.create(f"p{number}")
        await world.manage()
        assert (await world.states(Bot))["deployed"] == 11


async def test_one_that_moves_meanwhile_does_not_keep_the_others_home(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=3)
        bots = await world.service.crew.create("duels", number=3)
        real = Store.apply

        async def apply(store: Store, *changes: Any, **more: Any) -> Any:
            if store.actor.startswith("fleet"):
                monkeypatch.undo()
                await real(world.store, Bot.retire(bots[1].id))
            return await real(store, *changes, **more)

        monkeypatch.setattr(Store, "apply", apply)
        await world.manage()
        assert [(await world.bot(bot.id)).state.name for bot in bots] == ["deployed", "retired", "deployed"]


# ------------------------------------------------------------------------------------ one manager at a time


async def test_another_manager_takes_over_within_its_lease_and_the_first_is_refused() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        await world.service.crew.create("duels", number=2)
        first = await world.a_turn("one")  # and then it is paused
        late = Fleet(world.store)
        await world.store.advance(seconds(31))
        second = await world.a_turn("two")
        await world.service.fleet.turn(second)
        assert (await world.states(Bot))["deployed"] == 1
        await change(world, max_deployed=2)
        with pytest.raises(LeaseLost, match="another process"):
            await late.turn(first)
        assert (await world.states(Bot))["deployed"] == 1


async def until_deployed(world: World, number: int) -> None:
    """Let time pass until so many are out; the test's time limit is the limit."""
    while (await world.states(Bot))["deployed"] != number:
        await world.store.advance(seconds(0.5))
        assert (await world.states(Bot))["deployed"] <= number


async def test_two_managers_take_turns_and_the_other_goes_on_when_one_is_ended() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        await world.service.crew.create("duels", number=5)
        fleets = [Fleet(world.store.acting(name)) for name in ("one", "two")]
        tasks = [asyncio.create_task(fleet.run()) for fleet in fleets]
        await until_deployed(world, 1)
        await change(world, max_deployed=2)
        await until_deployed(world, 2)
        leading = next(number for number, fleet in enumerate(fleets) if fleet.leads)
        tasks[leading].cancel()
        await asyncio.gather(tasks[leading], return_exceptions=True)
        assert not fleets[leading].leads
        await change(world, max_deployed=5)
        await until_deployed(world, 5)
        assert fleets[1 - leading].leads
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await world.store.advance(seconds(31))  # who is cancelled while it takes a turn leaves it to the lease
        assert (await world.store.get(Poller, POLLER)).holder is None


async def test_who_lost_its_turn_cannot_end_anothers() -> None:
    async with a_world() as world:
        first = await world.a_turn("one")
        await world.store.advance(seconds(31))
        second = await world.a_turn("two")
        assert isinstance(first, Claim)
        (verdict,) = await world.store.submit([[Poller.finish(first)]])
        assert type(verdict).__name__ == "NotHolder"
        assert (await world.store.get(Poller, POLLER)).claim == second


async def test_why_a_bot_is_out_stands_in_its_history() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        (bot,) = await world.queued_bots(1)
        created, deployed, queued = await world.store.history(Bot, bot.id)
        assert (deployed.name, deployed.by) == ("deploy", "fleet@tests")
        assert deployed.why == "pool duels keeps 1 bots out: 1 go out, 0 go home"
        assert (created.name, queued.name, queued.by) == ("create", "enqueue", "runner")
