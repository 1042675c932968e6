"""The runner in one process: it queues, accepts, plays, goes on, and gives back; a bad player hurts nobody else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.places import ENGINES, Place
from tests.services.bots.games import KEY, a_match, a_pool, a_ticket
from tests.services.bots.runners import Blocker, Player, a_runner, deployed, in_state, lived_on, offered, played, until

from tenure import Store, StoreReplaced, Unavailable, minutes, seconds, testing
from tenure.services.bots.game.contract import seat_key
from tenure.services.bots.lifecycle import Bot, Match, Rating, Ticket
from tenure.services.bots.offers import Offers
from tenure.services.bots.pools import Pools
from tenure.services.bots.runner.play import Game, NoPlayer, load
from tenure.services.bots.runner.players import RandomPlayer
from tenure.services.bots.runner.runner import Duty, PlayersBlock, Runner, run
from tenure.services.bots.runner.stage import Stage
from tenure.services.bots.service import kinds
from tenure.services.bots.settling import Settling
from tenure.store.timing import ManualClock


@asynccontextmanager
async def a_store(**pool: Any) -> AsyncIterator[Store]:
    """Make a store with a pool, whose time stands still."""
    async with testing.store(*kinds) as store:
        await a_pool(store, "duel", **pool)
        yield store


async def settle(store: Store, match: str, places: tuple[int, ...] = (1, 2)) -> None:
    await Settling(store, Offers(store)).settle(match, places)


@contextmanager
def out_of_reach(store: Store) -> Iterator[None]:
    """Let no write reach the store while the body runs."""

    async def away(*_: Any) -> Any:
        raise Unavailable("out of reach")

    engine = cast("Any", store.engine)
    write, engine.write = engine.write, away
    try:
        yield
    finally:
        engine.write = write


# ------------------------------------------------------------------------------------ taking and holding


async def test_a_deployed_bot_is_queued_with_its_rating_and_the_stores_time() -> None:
    async with a_store() as store:
        await deployed(store, "a", "b")
        await store.apply(Rating.rate("a/duel", value=1812.5, deviation=80.0, volatility=0.06, played=9, won=5))
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, "a", "b"))
            a, b = [await store.get(Bot, name) for name in ("a", "b")]
            assert (a.rating, b.rating, a.holder) == (1812.5, 1500.0, "runner")
            assert a.queued_at == await store.now()


async def test_a_runner_takes_no_more_than_its_slots_and_fills_one_that_is_free_again() -> None:
    async with a_store() as store:
        await deployed(store, "a", "b", "c")
        async with a_runner(store, slots=2) as runner:
            await until(lambda: in_state(store, Bot.queued, "a", "b"))
            await until(lambda: runner.kept == ["a", "b"])
            assert (await store.get(Bot, "c")).state == Bot.deployed
            await store.apply(Bot.recall("a", rested_at=await store.now()))
            await until(lambda: in_state(store, Bot.queued, "c"))
            await until(lambda: runner.kept == ["b", "c"])


async def test_a_runner_of_some_pools_leaves_the_bots_of_others_alone() -> None:
    async with a_store() as store:
        await a_pool(store, "other")
        await deployed(store, "a")
        await deployed(store, "b", pool="other")
        async with a_runner(store, pools=("other", "not-there-yet")):
            await until(lambda: in_state(store, Bot.queued, "b"))
            assert (await store.get(Bot, "a")).state == Bot.deployed


async def test_a_pool_that_is_draining_queues_no_bot() -> None:
    async with a_store() as store:
        await a_pool(store, "other")
        await deployed(store, "a")
        await Pools(store).drain("duel")
        await deployed(store, "b", pool="other")
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, "b"))
            assert (await store.get(Bot, "a")).state == Bot.deployed


async def test_a_bot_that_is_held_stays_so_and_one_whose_runner_died_is_deployed_within_its_lease() -> None:
    async with a_store() as store:
        await deployed(store, "a")
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, "a"))
            held = await store.get(Bot, "a")
            await lived_on(store, minutes(1), "a")
            assert (await store.get(Bot, "a")).version == held.version
        await store.advance(seconds(16))
        assert (await store.get(Bot, "a")).state == Bot.deployed
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, "a"))
            assert (await store.get(Bot, "a")).fence > held.fence


async def test_two_runners_share_the_bots_and_no_bot_has_two() -> None:
    async with a_store() as store:
        names = [f"b{number}" for number in range(60)]
        await deployed(store, *names)
        async with a_runner(store, slots=40) as one, a_runner(store, slots=40) as two:
            await until(lambda: in_state(store, Bot.queued, *names))
            await until(lambda: len(one.kept) + len(two.kept) == 60)
            assert not {*one.kept} & {*two.kept}


async def test_three_hundred_bots_beat_in_a_few_transactions() -> None:
    async with a_store() as store:
        names = [f"b{number}" for number in range(300)]
        await deployed(store, *names)
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, *names))
            batches, engine = list[int](), cast("Any", store.engine)
            write = engine.write

            async def counting(space: str, transactions: Any, now: Any) -> Any:
                batches.append(len(transactions))
                return await write(space, transactions, now)

            engine.write = counting
            await store.advance(seconds(5))
            await until(lambda: sum(batches) >= 300)
            assert sum(batches) / len(batches) > 100


# ------------------------------------------------------------------------------------ a match


async def test_a_bot_accepts_plays_and_waits_for_the_next_match() -> None:
    player = Player()
    async with a_store() as store, a_runner(store, player, key=KEY):
        await deployed(store, "a")
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        game = player.games[0]
        assert (game.match, game.mode, game.seat, game.team) == ("m1", "duel", "Bot/a", 0)
        assert (game.room, game.headers) == (
            "http://127.0.0.1:1/rooms/m1",
            {"Authorization": f"Bearer {seat_key(KEY, 'm1', 'Bot/a')}"},
        )
        await settle(store, "m1", (2, 1))
        await until(lambda: in_state(store, Bot.queued, "a"))
        bot = await store.get(Bot, "a")
        assert (bot.played, bot.rating) == (1, (await store.get(Rating, "a/duel")).value)
        assert bot.rating < 1500
        await until(lambda: player.ended == ["Bot/a"])
        await played(store, "m2", "a", "bob")
        await until(lambda: len(player.games) == 2)


async def test_a_bot_waits_for_its_room() -> None:
    player = Player()
    async with a_store() as store, a_runner(store, player):
        await deployed(store, "a")
        await played(store, "m1", "a", "ann", room=False)
        await until(lambda: in_state(store, Bot.playing, "a"))
        await lived_on(store, seconds(20), "a")
        assert player.games == []
        await store.apply(Match.open_at("m1", room="http://127.0.0.1:1/late"))
        await until(lambda: player.games)
        assert player.games[0].room == "http://127.0.0.1:1/late"


async def test_a_bot_that_is_released_waits_on_and_is_held_on() -> None:
    async with a_store() as store, a_runner(store):
        await deployed(store, "a")
        await offered(store, "m1", "a", "ann")
        await until(lambda: in_state(store, Bot.accepted, "a"))
        accepted = await store.get(Bot, "a")
        await Offers(store).decline("ann", "m1")
        released = await store.get(Bot, "a")
        assert (released.state, released.queued_at, released.fence) == (Bot.queued, accepted.queued_at, accepted.fence)
        await lived_on(store, minutes(1), "a")
        assert (await store.get(Bot, "a")).fence == accepted.fence


async def test_a_bot_whose_offer_runs_out_is_held_on() -> None:
    async with a_store() as store, a_runner(store) as runner:
        await deployed(store, "a")
        await offered(store, "m1", "a", "ann")
        await until(lambda: in_state(store, Bot.accepted, "a"))
        fence = (await store.get(Bot, "a")).fence
        await lived_on(store, minutes(1), "a")
        after = await store.get(Bot, "a")
        assert (after.state, after.fence, runner.kept) == (Bot.queued, fence, ["a"])
        assert (await store.get(Ticket, "ann")).state == Ticket.left


async def test_whoever_accepted_last_and_died_the_match_starts() -> None:
    looks = list[str]()
    async with a_store() as store, a_runner(store):
        engine = cast("Any", store.engine)
        rows = engine.rows

        async def seen(space: str, keys: Any) -> Any:
            found = await rows(space, keys)
            looks.extend(kind for kind, _ in keys if kind == "Ticket")
            return found

        await deployed(store, "a")
        await until(lambda: in_state(store, Bot.queued, "a"))
        ann = await a_ticket(store, "ann")
        engine.rows = seen
        await a_match(store, "m1", await store.get(Bot, "a"), ann)
        await until(lambda: len(looks) >= 2)  # when it accepted, and when it heard of that: Ann had not
        await store.apply(Ticket.accept("ann"))  # and then the server died, before it started the match
        await store.advance(seconds(5))
        await until(lambda: in_state(store, Match.playing, "m1"))


async def test_a_bot_that_beats_before_its_offers_end_was_swept_is_held_on() -> None:
    async with a_store() as store, a_runner(store) as runner:
        await deployed(store, "a")
        await offered(store, "m1", "a", "ann")
        await until(lambda: in_state(store, Bot.accepted, "a"))
        fence, refused = (await store.get(Bot, "a")).fence, list[Any]()
        engine = cast("Any", store.engine)
        write = engine.write

        async def seen(*given: Any) -> Any:
            outcomes = await write(*given)
            refused.extend(outcome for outcome in outcomes if getattr(outcome, "reason", "") == "overdue")
            return outcomes

        engine.write = seen
        await store.apply(Match.call_off("m1", reason="test"))
        clock = cast("ManualClock", store.clock)
        clock.move_to(clock.now + 5_000_000)  # time to beat, and nobody has swept
        await until(lambda: refused)
        await lived_on(store, minutes(1), "a")
        after = await store.get(Bot, "a")
        assert (after.state, after.fence, runner.kept) == (Bot.queued, fence, ["a"])


async def test_a_bot_that_is_called_home_is_let_go() -> None:
    async with a_store() as store, a_runner(store) as runner:
        await deployed(store, "a")
        await until(lambda: in_state(store, Bot.queued, "a"))
        await store.apply(Bot.recall("a", rested_at=await store.now()))
        await until(lambda: not runner.kept)


async def test_a_match_that_is_broken_off_ends_the_play() -> None:
    player = Player()
    async with a_store() as store, a_runner(store, player):
        await deployed(store, "a")
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        await store.apply(Match.break_off("m1", reason="test"))
        await store.advance(seconds(1))
        await until(lambda: player.ended)
        await until(lambda: in_state(store, Bot.queued, "a"))


# ------------------------------------------------------------------------------------ dead runners


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_dead_runners_match_is_played_on_by_another_in_the_same_seat(
    place_of: Callable[[str], Place], engine: str
) -> None:
    first, second = Player(), Player()
    async with testing.store(*kinds, url=place_of(engine).fresh()) as store:
        await a_pool(store)
        await deployed(store, "a")
        async with a_runner(store, first):
            await played(store, "m1", "a", "ann")
            await until(lambda: first.games)
        await store.advance(seconds(16))
        stranded = await store.get(Bot, "a")
        assert (stranded.state, stranded.match) == (Bot.stranded, "m1")
        async with a_runner(store, second):
            await until(lambda: second.games)
            assert (second.games[0].match, second.games[0].seat) == ("m1", "Bot/a")
            await settle(store, "m1")
            await until(lambda: in_state(store, Bot.queued, "a"))
            assert (await store.get(Bot, "a")).played == 1


async def test_a_bot_whose_runner_died_before_it_accepted_loses_its_offer_and_no_more() -> None:
    async with a_store() as store:
        await deployed(store, "a")
        async with a_runner(store):
            await until(lambda: in_state(store, Bot.queued, "a"))
        await offered(store, "m1", "a", "ann")
        async with a_runner(store):
            await store.advance(minutes(1))
            await until(lambda: in_state(store, Bot.queued, "a"))
            assert (await store.get(Match, "m1")).state == Match.void


async def nobody(*_: object) -> int:
    """Take no bot."""
    return 0


async def test_a_runner_that_wakes_up_late_lets_go_of_what_another_has() -> None:
    first = Player()
    async with a_store() as store:
        await deployed(store, "a")
        async with a_runner(store, first) as late:
            await played(store, "m1", "a", "ann")
            await until(lambda: first.games)
            bot = await store.get(Bot, "a")
            late._resume = nobody  # type: ignore[method-assign, assignment]  # else it may be the faster one
            await store.apply(Bot.hand_over(bot.claim))
            await store.acting("another").apply(Bot.resume("a"))
            await until(lambda: not late.kept)
            await until(lambda: first.ended)
            assert (await store.get(Bot, "a")).holder == "another"


async def test_a_store_that_is_away_for_a_while_costs_no_bot() -> None:
    player = Player()
    async with a_store() as store, a_runner(store, player) as runner:
        await deployed(store, "a", "b")
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        with out_of_reach(store):
            await store.advance(seconds(9))
        await lived_on(store, seconds(30), "a", "b")
        assert runner.kept == ["a", "b"]
        assert await in_state(store, Bot.playing, "a")
        assert (player.seats, player.ended) == (["Bot/a"], [])


async def test_a_runner_whose_store_was_replaced_ends_and_says_so() -> None:
    async with a_store() as store:

        async def replaced(*_: Any) -> Any:
            raise StoreReplaced("it was emptied")

        engine = cast("Any", store.engine)
        find, engine.find = engine.find, replaced
        with pytest.raises(StoreReplaced):
            await run(store, Duty(make=Player))
        engine.find = find


# ------------------------------------------------------------------------------------ bad players


async def failing(_: Game) -> None:
    raise ValueError("I can't play this")


async def quitting(_: Game) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize("does", [failing, quitting])
async def test_a_player_that_raises_is_tried_again_twice_and_the_match_goes_on(
    does: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    player = Player(does=does)
    async with a_store() as store, a_runner(store, player):
        await deployed(store, "a")
        await played(store, "m1", "a", "ann")
        await until(lambda: caplog.text.count("player_failed") == 1)
        await store.advance(seconds(2))
        await until(lambda: caplog.text.count("player_failed") == 2)
        await store.advance(seconds(4))
        await until(lambda: "given_up=True" in caplog.text)
        await lived_on(store, minutes(1), "a")
        assert len(player.games) == 3
        await settle(store, "m1")  # the game made of it what it wanted
        await until(lambda: in_state(store, Bot.queued, "a"))


async def test_a_player_that_hangs_is_cancelled_with_its_match() -> None:
    player = Player()
    async with a_store(longest_seconds=60.0) as store, a_runner(store, player):
        await deployed(store, "a")
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        await lived_on(store, seconds(60), "a")
        assert (await store.get(Match, "m1")).reason == "took_too_long"
        await until(lambda: player.ended)
        await until(lambda: in_state(store, Bot.queued, "a"))


async def test_a_player_that_blocks_its_thread_hurts_no_other_bot(caplog: pytest.LogCaptureFixture) -> None:
    blocker, finished = Blocker(), list[str]()

    async def does(game: Game) -> None:
        if game.seat == "Bot/bad":
            await until(lambda: "Bot/good" in player.seats)
            blocker.block()
        elif blocker.blocked.is_set():
            finished.append(game.seat)  # begun again, on another thread
        else:
            await asyncio.Event().wait()

    player = Player(does=does)
    async with a_store() as store, a_runner(store, player, blocked_seconds=1.0) as runner:
        await deployed(store, "bad", "good")
        await played(store, "m1", "bad", "ann")
        await played(store, "m2", "good", "bob")
        await until(lambda: finished)
        assert (finished, runner.kept) == (["Bot/good"], ["bad", "good"])
        assert "player_failed bot='bad'" in caplog.text
        await lived_on(store, minutes(1), "bad", "good")
        assert await in_state(store, Bot.playing, "bad", "good")  # both are held on: the beats have their own thread
        blocker.free()


async def test_a_runner_whose_players_block_again_and_again_ends_and_says_so() -> None:
    blocker = Blocker()

    async def does(_: Game) -> None:
        blocker.block()

    async with a_store() as store:
        await deployed(store, "a", "b", "c", "d")
        duty = Duty(make=lambda: Player(does=does), blocked_seconds=0.1)
        running = asyncio.create_task(run(store.acting("runner"), duty))

        async def play_all() -> None:
            for number, name in enumerate("abcd"):
                await played(store, f"m{number}", name, f"person{number}")

        # On a machine that stands still a thread may count as blocked before any player has blocked it.
        playing = asyncio.create_task(play_all())
        with pytest.raises(PlayersBlock):
            await running
        blocker.free()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


# ------------------------------------------------------------------------------------ stopping


async def stopped(store: Store, player: Player, stop: asyncio.Event, **duty: Any) -> int:
    """Run a runner until it is told to stop, and give how many bots it left."""
    return await run(store.acting("runner"), Duty(make=lambda: player, **duty), stop)


async def test_a_runner_that_stops_gives_those_who_wait_back_at_once() -> None:
    async with a_store() as store:
        await deployed(store, "a", "b")
        stop = asyncio.Event()
        running = asyncio.create_task(stopped(store, Player(), stop))
        await until(lambda: in_state(store, Bot.queued, "a", "b"))
        stop.set()
        assert await running == 0
        assert await in_state(store, Bot.deployed, "a", "b")
        assert (await store.history(Bot, "a"))[-1].name == "dequeue"


async def test_a_runner_that_stops_lets_a_match_come_to_its_end() -> None:
    player, stop = Player(), asyncio.Event()
    async with a_store() as store:
        await deployed(store, "a")
        running = asyncio.create_task(stopped(store, player, stop))
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        stop.set()
        await deployed(store, "b")
        assert await in_state(store, Bot.playing, "a")
        await settle(store, "m1")
        assert await running == 0
        assert await in_state(store, Bot.deployed, "a", "b")


async def test_a_match_that_is_offered_while_the_runner_stops_is_played() -> None:
    player, stop = Player(), asyncio.Event()
    async with a_store() as store:
        await deployed(store, "a")
        running = asyncio.create_task(stopped(store, player, stop))
        await offered(store, "m1", "a", "ann")
        stop.set()
        await until(lambda: in_state(store, Bot.accepted, "a"))
        await Offers(store).accept("ann", "m1")
        await store.apply(Match.open_at("m1", room="http://127.0.0.1:1/"))
        await until(lambda: player.games)
        await settle(store, "m1")
        assert await running == 0


async def test_a_match_that_outlasts_the_grace_is_handed_to_another_runner() -> None:
    player, other, stop = Player(), Player(), asyncio.Event()
    async with a_store() as store:
        await deployed(store, "a")
        running = asyncio.create_task(stopped(store, player, stop, grace_seconds=0.01))
        await played(store, "m1", "a", "ann")
        await until(lambda: player.games)
        stop.set()
        assert await running == 0
        assert await in_state(store, Bot.stranded, "a")
        assert player.ended == ["Bot/a"]
        async with a_runner(store, other):
            await until(lambda: other.games)  # at once: nobody waits for a lease


async def test_a_runner_that_is_cancelled_gives_its_bots_back() -> None:
    async with a_store() as store:
        await deployed(store, "a")
        running = asyncio.create_task(stopped(store, Player(), asyncio.Event()))
        await until(lambda: in_state(store, Bot.queued, "a"))
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await in_state(store, Bot.deployed, "a")


async def test_bots_that_are_being_claimed_when_the_runner_stops_are_given_back() -> None:
    stop, asked, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with a_store() as store:
        await deployed(store, "a", "b")
        engine = cast("Any", store.engine)
        write = engine.write

        async def slow(*given: Any) -> Any:
            asked.set()
            await go_on.wait()
            return await write(*given)

        engine.write = slow
        running = asyncio.create_task(stopped(store, Player(), stop))
        await asked.wait()
        stop.set()
        await until(lambda: "takes bots" not in {task.get_name() for task in asyncio.all_tasks()})
        go_on.set()
        assert await running == 0
        assert [event.name for event in await store.history(Bot, "a")][-2:] == ["enqueue", "dequeue"]
        assert await in_state(store, Bot.deployed, "a", "b")


async def test_bots_that_could_not_be_given_back_are_counted() -> None:
    async with a_store() as store:
        await deployed(store, "a")
        async with Stage(store.log) as stage:
            runner = Runner(store.acting("runner"), stage, Duty(make=Player, grace_seconds=0))
            stop = asyncio.Event()
            running = asyncio.create_task(runner.run(stop))
            await until(lambda: in_state(store, Bot.queued, "a"))
            with out_of_reach(store):
                stop.set()
                assert await running == 1


# ------------------------------------------------------------------------------------ plugging a player in


def test_a_player_of_ones_own_is_plugged_in_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_players.py").write_text("class Mine:\n    async def play(self, game): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert load("my_players:Mine")().__class__.__name__ == "Mine"
    assert isinstance(load("tenure.services.bots.runner.players:RandomPlayer")(), RandomPlayer)


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("", "MODULE:NAME"), ("os", "MODULE:NAME"), (":x", "MODULE:NAME"), ("no_such_module:X", "can't be imported"),
        ("os:nothing", "no class or function 'nothing'"), ("os:sep", "no class or function"),
        ("os:getcwd", "no method `play`"), ("os:fspath", "without arguments"), (".:x", "can't be imported"),
    ],
)  # fmt: skip
def test_what_is_no_player_is_turned_down_with_what_is_wanted(place: str, why: str) -> None:
    with pytest.raises(NoPlayer, match=why):
        load(place)
