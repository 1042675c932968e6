"""The known traps of bots in a queue, each as a test that fails where somebody falls into it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from tests.places import ENGINES, VALKEY, Place
from tests.services.bots.checking import check, every, look
from tests.services.bots.making import World, a_world, players_of
from tests.services.bots.test_pools import against_a_bot

from tenure import Claim, InvalidChange, LeaseLost, NotFound, NotHolder, OutcomeUnknown, Poller, Unavailable, seconds
from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Entrant, Proposal, Rules
from tenure.services.bots.lifecycle import Bot, Match, Rating, Ticket
from tenure.services.bots.offers import entrant_of, offer
from tenure.services.bots.refusals import Unknown
from tenure.web.reading import Reader

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)

# ------------------------------------------------------------------------------------ 1: keys of its own

OLD = {
    "bots:deployed": {"rob"},
    "bots:active": {"rob"},
    "bots:cycling": {"rob"},
    "bots:cycling:rob": "1",
    "bots:state:rob": "queued",
    "bot:current_match:rob": "m1",
    "queue:elo": {"rob": 1500.0},
    "queue:reservation:rob": '{"matchId": "m1"}',
    "queue:joinedAt:rob": "1",
    "bots:leader": "one",
    "matches:active": {"m1"},
    "match:m1": "{}",
}
LIKE_THE_OLD = re.compile(r"(bots|bot|queue|matches|match):.*")


def a_client(url: str) -> redis.Redis:
    """Give a client of the same server, as another program has one."""
    return redis.Redis.from_url(url.replace("valkey:", "redis:", 1), encoding="latin-1", decode_responses=True)


async def test_the_new_layout_shares_no_key_with_the_old_one(place_of: PlaceOf) -> None:
    url = place_of(VALKEY).fresh()
    with a_client(url) as old:
        for key, value in OLD.items():
            if isinstance(value, str):
                old.set(key, value, ex=3600)
            elif isinstance(value, dict):
                old.zadd(key, value)
            else:
                old.sadd(key, *value)
        before = {key: old.dump(key) for key in OLD}
        async with a_world(url=url) as world:
            await world.a_pool(max_deployed=1)
            await world.service.crew.create("duels", ids=["rob"])
            await world.manage()
            await world.run_bots()
            match = await against_a_bot(world, "ann")
            await world.service.settling.settle(match.id, [1, 2])
            new = set(old.scan_iter(count=1000)) - set(OLD)
            assert new
            assert [key for key in new if LIKE_THE_OLD.fullmatch(key)] == []
        assert {key: old.dump(key) for key in OLD} == before


# ------------------------------------------------------------------------------------ 2: unknown is not idle


@on_each_engine
async def test_a_bot_that_nobody_knows_is_not_found_and_not_idle(place_of: PlaceOf, engine: str) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(max_deployed=1)
        for asked in (world.service.crew.get, world.service.crew.retire, world.service.crew.deploy):
            with pytest.raises(Unknown):
                await asked("nobody")
        now = await world.store.now()
        for change in (Bot.deploy("nobody", deployed_at=now), Bot.recall("nobody", rested_at=now)):
            with pytest.raises(NotFound):
                await world.store.apply(change)
        with pytest.raises(NotFound):
            await world.store.beat(Claim(Bot, "nobody", 1))
        assert await world.store.get_many(Bot, ["nobody"]) == {}


# ------------------------------------------------------------------------------------ 3, 4: no ghosts


@on_each_engine
async def test_whatever_takes_a_bot_out_of_the_queue_leaves_no_ghost_in_it(place_of: PlaceOf, engine: str) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(max_deployed=6)
        lost, given_back, recalled, retired, matched, stranded = bots = [bot.id for bot in await world.queued_bots(6)]
        assert len(await world.store.find(Bot.queued, per="duels")) == 6
        await world.store.apply(Bot.dequeue(world.claims[given_back]))
        await world.store.apply(Bot.recall(recalled, rested_at=await world.store.now()))
        await world.service.crew.retire(retired)
        for bot, person in ((matched, "ann"), (stranded, "bob")):
            ticket = await world.join(person)
            entrants = [entrant_of(ticket), entrant_of(await world.bot(bot))]
            records: dict[str, Bot | Ticket] = {entrants[0].key: ticket, entrants[1].key: await world.bot(bot)}
            teams = ((entrants[0],), (entrants[1],))
            pool = await world.service.pools.get("duels")
            made = offer(f"m-{bot}", pool, Proposal(teams=teams, gap=0.0), records, await world.store.now())
            await world.store.apply(*made)
        assert {bot.id for bot in await world.store.find(Bot.queued, per="duels")} == {lost}
        for _ in range(4):
            await world.store.beat(world.claims[matched])
            await world.store.advance(seconds(4))
        states = [(await world.bot(bot)).state.name for bot in bots]
        assert states == ["deployed", "deployed", "idle", "retired", "cooling", "deployed"]
        assert await world.store.find(Bot.queued, per="duels") == []
        assert await world.match() == []
        assert await world.audit() == []


@on_each_engine
async def test_a_bot_whose_runner_dies_keeps_its_seat_till_the_match_ends_and_is_free_then(
    place_of: PlaceOf, engine: str
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(max_deployed=1)
        (bot,) = await world.queued_bots(1)
        match = await against_a_bot(world, "ann")
        await world.store.advance(seconds(16))
        assert ((await world.bot(bot.id)).state, (await world.bot(bot.id)).match) == (Bot.stranded, match.id)
        with pytest.raises(NotHolder):
            await world.store.beat(world.claims[bot.id])
        await world.run_bots()  # another runner plays on
        assert (await world.bot(bot.id)).state == Bot.playing
        await world.store.advance(seconds(16))
        await world.service.settling.break_off(match.id, "room_lost")
        await world.store.sweep()
        assert ((await world.bot(bot.id)).state, (await world.bot(bot.id)).match) == (Bot.deployed, None)


async def test_a_match_that_is_longer_than_an_hour_keeps_its_state() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1, longest_seconds=7200)
        (bot,) = await world.queued_bots(1)
        match = await against_a_bot(world, "ann")
        for _ in range(70 * 60 // 14):
            await world.store.advance(seconds(14))
            await world.store.beat(world.claims[bot.id])
        assert (await world.bot(bot.id)).state == Bot.playing
        assert (await world.ticket("ann")).state == Ticket.playing
        assert (await world.service.settling.settle(match.id, [1, 2])).state == Match.over


# ------------------------------------------------------------------------------------ 5: a reservation that ran out


@on_each_engine
async def test_a_reservation_that_runs_out_clears_itself(place_of: PlaceOf, engine: str) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(accept_seconds=15, cool_seconds=30)
        await world.join("ann")
        await world.store.advance(seconds(3))
        await world.join("bob")
        first = (await world.ticket("ann")).queued_at
        (match,) = await world.match()
        await world.service.offers.accept("t-ann", match.id)
        await world.store.advance(seconds(15))
        ann, bob = await world.ticket("ann"), await world.ticket("bob")
        assert (ann.state, ann.match, ann.queued_at) == (Ticket.queued, None, first)
        assert (bob.state, bob.match) == (Ticket.cooling, None)
        assert (await world.store.get(Match, match.id)).reason == "not_accepted_in_time"
        await world.store.advance(seconds(30))
        assert (await world.ticket("bob")).state == Ticket.left
        await world.join("cid")
        (again,) = await world.match()
        assert players_of(again) == ["ann", "cid"]


@on_each_engine
async def test_bots_whose_reservation_runs_out_wait_on_and_those_that_never_answered_cool_down(
    place_of: PlaceOf, engine: str
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(
            system="openskill", max_deployed=2, rules=Rules(teams=3, tolerance=1e5, tolerance_at_most=1e5)
        )
        bots = [bot.id for bot in await world.queued_bots(2)]
        since = {bot: (await world.bot(bot)).queued_at for bot in bots}
        await world.join("ann")
        for _ in range(2):
            await world.store.advance(seconds(4))
            await world.run_bots()
        (match,) = await world.match()
        await world.service.offers.accept_as(world.claims[bots[0]])
        for _ in range(5):
            await world.store.advance(seconds(3))
            await world.run_bots(accepting=False)
        accepter, silent = [await world.bot(bot) for bot in bots]
        assert (accepter.state, accepter.queued_at, accepter.match) == (Bot.queued, since[bots[0]], None)
        assert (silent.state, silent.match) == (Bot.cooling, None)
        assert (await world.store.get(Match, match.id)).state == Match.void
        await world.store.advance(seconds(30))
        assert (await world.bot(bots[1])).state == Bot.deployed


# ------------------------------------------------------------------------------------ 6: who meets whom


async def test_bots_alone_are_never_matched_however_long_they_wait() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=5)
        await world.queued_bots(5)
        for _ in range(10):
            await world.store.advance(seconds(10))
            await world.run_bots()
            assert await world.match() == []
        await world.join("ann")
        assert await world.match() == []  # people come first
        await world.store.advance(seconds(7))
        (match,) = await world.match()
        assert sorted(seat.kind for team in match.teams for seat in team) == ["Bot", "Ticket"]


async def test_a_match_of_bots_alone_or_of_somebody_with_themselves_is_refused_whatever_proposed_it() -> None:
    async with a_world() as world:
        pool = await world.a_pool(max_deployed=2)
        bots, ann = await world.queued_bots(2), await world.join("ann")
        now = await world.store.now()
        for records in (bots, [ann, ann]):
            entrants = [entrant_of(record) for record in records]
            proposal = Proposal(teams=tuple((entrant,) for entrant in entrants), gap=0.0)
            with pytest.raises(InvalidChange):
                offer("m", pool, proposal, dict(zip([e.key for e in entrants], records, strict=True)), now)


@pytest.mark.parametrize("rules", [Rules(), Rules(team_size=2)])
def test_no_queue_proposes_a_match_of_bots_alone(rules: Rules) -> None:
    matching = matching_for(rules)
    for number in range(8):
        matching.add(Entrant(key=f"Bot/{number}", rating=1500.0, since=0.0, players=(str(number),), stands_in=True))
    assert matching.take(1e9) == []


# ------------------------------------------------------------------------------------ 7: who lost the lead


@on_each_engine
async def test_a_manager_that_lost_its_lease_deploys_nobody_and_ends_no_others_turn(
    place_of: PlaceOf, engine: str
) -> None:
    async with a_world(url=place_of(engine).fresh()) as world:
        await world.a_pool(max_deployed=1)
        await world.service.crew.create("duels")
        first = await world.a_turn("one")
        await world.store.advance(seconds(31))  # it is paused
        second = await world.a_turn("two")
        with pytest.raises(LeaseLost):
            await world.service.fleet.turn(first)
        assert (await world.states(Bot))["idle"] == 1
        with pytest.raises(NotHolder):
            await world.store.apply(Poller.finish(first))
        await world.service.fleet.turn(second)
        assert (await world.states(Bot))["deployed"] == 1


# ------------------------------------------------------------------------------------ 8: all or nothing


class Trouble:
    """Lets one write of a store fail: before it is made, or after, when only its answer is lost."""

    def __init__(self, world: World, number: int, *, made: bool) -> None:
        self.world, self.number, self.made, self.on = world, number, made, True
        self._write = world.store.engine.write
        world.store.engine.write = self.write  # type: ignore[method-assign, assignment]

    async def write(self, *args: Any) -> Any:
        self.number -= self.on
        if self.number != -1 or not self.on:
            return await self._write(*args)
        if self.made:
            await self._write(*args)
            raise OutcomeUnknown("the answer was lost")
        raise Unavailable("the store is away")

    async def until_done(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Ask until there is an answer; after a failure all must be as before, or as after it."""
        while True:
            try:
                return await ask()
            except (Unavailable, OutcomeUnknown):
                seen = await look(self.world.store)
                await check(self.world.store, joined=len(seen.tickets), made=len(seen.bots))


async def a_match_that_is_played(world: World, trouble: Trouble) -> None:
    done = trouble.until_done
    await done(lambda: world.join("ann", request="a"))
    (match,) = await matched(world, trouble)
    await done(lambda: world.service.offers.accept("a", match))
    (bot,) = await every(world.store, Bot)
    await done(lambda: accept_as(world, bot.id))
    await done(lambda: world.service.offers.start(match))
    await done(lambda: world.service.settling.settle(match, [1, 2]))
    assert (await world.store.get(Match, match)).state == Match.over
    assert (await world.store.get(Ticket, "a")).state == Ticket.played
    assert (await world.store.get(Rating, "ann/duel")).played == 1
    assert (await world.bot(bot.id)).played == 1


async def matched(world: World, trouble: Trouble) -> list[str]:
    """Match somebody with a bot, and give the match's id."""
    for _ in range(2):
        await world.store.advance(seconds(4))
        await trouble.until_done(lambda: world.run_bots(accepting=False))
    while not (found := await world.store.find(Match.offered)):
        await trouble.until_done(world.match)
        # A claim whose answer was lost is nobody's until its lease runs out.
        await world.store.advance(seconds(2))
        await trouble.until_done(lambda: world.run_bots(accepting=False))
    return [match.id for match in found]


async def accept_as(world: World, bot: str) -> None:
    if (await world.bot(bot)).state == Bot.matched:
        await world.service.offers.accept_as(world.claims[bot])


async def a_match_that_is_declined(world: World, trouble: Trouble) -> None:
    done = trouble.until_done
    await done(lambda: world.join("ann", request="a"))
    (match,) = await matched(world, trouble)
    (bot,) = await every(world.store, Bot)
    await done(lambda: accept_as(world, bot.id))
    await done(lambda: world.service.offers.decline("a", match))
    assert (await world.store.get(Match, match)).state == Match.void
    assert (await world.store.get(Ticket, "a")).state == Ticket.cooling
    assert (await world.bot(bot.id)).state == Bot.queued


async def a_pool_that_is_drained(world: World, trouble: Trouble) -> None:
    done = trouble.until_done
    await done(lambda: world.join("ann", request="a"))
    await done(lambda: world.join("bob", request="b"))
    await done(lambda: world.service.queue.leave("b"))
    await done(lambda: world.service.pools.drain("duels"))
    trouble.on = False
    turn = await world.a_turn()
    trouble.on = True
    while (await world.store.get(Ticket, "a")).state != Ticket.left:
        await done(lambda: world.service.fleet.turn(turn))
    assert (await world.states(Ticket)) == {"left": 2}
    assert len(await world.store.history(Ticket, "a")) == 2


@pytest.mark.parametrize("made", [False, True], ids=["before it is made", "after it is made"])
@pytest.mark.parametrize("story", [a_match_that_is_played, a_match_that_is_declined, a_pool_that_is_drained])
async def test_a_store_that_fails_at_any_write_leaves_all_or_nothing(
    story: Callable[[World, Trouble], Awaitable[None]],
    made: bool,  # noqa: FBT001
) -> None:
    for number in range(20):
        async with a_world() as world:
            await world.a_pool(max_deployed=1)
            if story is not a_pool_that_is_drained:
                await world.queued_bots(1)
            trouble = Trouble(world, number, made=made)
            await story(world, trouble)
            if trouble.number >= 0:
                return  # each write of the story has failed once
    raise AssertionError("the story has more writes than were tried")


# ------------------------------------------------------------------------------------ what users ask for elsewhere


async def test_why_a_bot_is_where_it_is_can_be_asked() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=1)
        (bot,) = await world.queued_bots(1)
        match = await against_a_bot(world, "ann")
        reader = await Reader.open(world.store)
        explained = await reader.explain("Bot", bot.id)
        assert "playing" in explained.summary
        names = [event.name for event in await world.store.history(Bot, bot.id)]
        assert names == ["create", "deploy", "enqueue", "reserve", "accept", "begin"]
        refused = await reader.why_not("Bot", bot.id, "recall")
        assert (refused.allowed, "playing" in refused.message) == (False, True)
        await world.service.offers.start(match.id)


async def test_nobody_is_queued_while_idle_and_nobody_idle_while_queued() -> None:
    async with a_world() as world:
        await world.a_pool(max_deployed=2, rotate_seconds=5)
        await world.queued_bots(4)
        for _ in range(10):
            await world.store.advance(seconds(3))
            await world.manage()
            await world.run_bots()
            queued = {bot.id for bot in await world.store.find(Bot.queued, per="duels")}
            idle = {bot.id for bot in await world.store.find(Bot.idle, per="duels")}
            assert (len(queued | idle), queued & idle) == (4, set())


async def test_drift_of_an_index_is_found_and_mended(place_of: PlaceOf) -> None:
    url = place_of(VALKEY).fresh()
    async with a_world(url=url) as world:
        await world.a_pool(max_deployed=1)
        await world.queued_bots(1)
        with a_client(url) as behind:
            (rank,) = [key for key in behind.scan_iter(count=1000) if "rank:Bot:queued" in key]
            behind.zadd(rank, {"ghost": 1400.0})
        assert await world.audit() != []
        await world.store.engine.audit(world.store.space_name, repair=True)
        assert await world.audit() == []
