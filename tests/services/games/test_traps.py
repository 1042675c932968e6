"""The known traps of tracking games, each as a test that fails where somebody falls into it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from tests.places import KEPT, Place
from tests.services.games.tracking import SETTINGS, START, some_tracking, time_passes, tracking_on

from tenure import Store, days, hours, minutes, seconds
from tenure.services.games.lifecycle import TrackedGame
from tenure.services.games.results import LolResult, TftResult, Title
from tenure.services.games.riot.contract import Account, ActiveGame, Match
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.riot.stand_in.playing import Ending
from tenure.services.games.service import GamesService

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", KEPT)


# ------------------------------------------------------------------------------------ 1: after the last retry


@on_each_engine
async def test_a_game_without_a_result_is_abandoned_with_its_error_and_a_late_result_corrects_it(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        await tracking.store.advance(minutes(45))
        ended_at = await tracking.store.now()
        tracking.world.end(match, result_seconds=hours(1).total_seconds(), listed_seconds=hours(2).total_seconds())
        await tracking.passes(minutes(24), step=minutes(1))
        game = await tracking.game(match)
        assert game.state == TrackedGame.abandoned
        assert game.retry_count >= 3
        assert "no result" in (game.last_error or "")
        assert game.entered_at - ended_at >= minutes(10), "however often it was asked for, it had its time"
        await tracking.passes(hours(2), step=minutes(30))
        game = await tracking.game(match)
        assert (game.state, game.result is None) == (TrackedGame.completed, False)
        assert (await tracking.names(game))[-1] == "correct"
        (told,) = tracking.inbox.taken
        assert (told.type, told.match_id) == ("game.corrected", match)


# ------------------------------------------------------------------------------------ 2: answers flap


@on_each_engine
async def test_a_game_is_not_over_because_it_is_not_shown_for_a_moment(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.flap("Ada#NA1", 20)
        await tracking.store.advance(seconds(15))
        await tracking.turn()
        game = await tracking.game(match)
        assert (game.state, game.absences) == (TrackedGame.playing, 1)
        await tracking.store.advance(seconds(15))
        await tracking.turn()
        game = await tracking.game(match)
        assert (game.state, game.absences) == (TrackedGame.playing, 0)
        assert tracking.riot.counted["match-v5.getMatch"] == 0


@on_each_engine
async def test_a_game_that_was_not_shown_for_long_goes_on_when_it_is_shown_again(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.flap("Ada#NA1", 180)
        await tracking.passes(minutes(2))
        assert (await tracking.game(match)).state == TrackedGame.awaiting
        await tracking.passes(minutes(3))
        game = await tracking.game(match)
        assert (game.state, game.retry_count, game.last_error) == (TrackedGame.playing, 0, None)
        tracking.world.end(match)
        await tracking.passes(minutes(2))
        assert (await tracking.game(match)).state == TrackedGame.completed
        assert len(tracking.inbox.taken) == 1


@on_each_engine
async def test_the_previous_game_that_comes_back_ends_neither_game(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        first = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(first)
        await tracking.passes(minutes(2))
        second = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        before = [await tracking.game(first), await tracking.game(second)]
        assert [game.state for game in before] == [TrackedGame.completed, TrackedGame.playing]
        tracking.world.show_again(first, 60)
        await tracking.passes(minutes(1))
        after = [await tracking.game(first), await tracking.game(second)]
        assert [game.version for game in after] == [game.version for game in before]


@on_each_engine
async def test_the_previous_game_that_comes_back_without_its_result_goes_on_no_more(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        first = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.end(first, result_seconds=600)
        second = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        before = await tracking.game(second)
        tracking.world.show_again(first, 60)
        await tracking.passes(minutes(1))
        assert (await tracking.game(first)).state == TrackedGame.awaiting
        assert (await tracking.game(second)).version == before.version


# ------------------------------------------------------------------------------------ 3: the document's race


@on_each_engine
async def test_a_game_gets_its_result_though_the_next_one_began_before_it_was_there(
    engine: str, place_of: PlaceOf
) -> None:
    """The race for which all of this was begun: A ends, its result is late, and B is detected meanwhile."""
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        first = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.end(first, result_seconds=120, listed_seconds=3600)
        second = tracking.world.start("Ada#NA1").match_id  # no poll has seen Ada in no game
        await tracking.store.advance(seconds(30))
        await tracking.turn()
        a, b = await tracking.game(first), await tracking.game(second)
        assert (a.state, b.state) == (TrackedGame.awaiting, TrackedGame.playing)
        await tracking.passes(minutes(3))
        a, b = await tracking.game(first), await tracking.game(second)
        assert (a.state, b.state) == (TrackedGame.completed, TrackedGame.playing)
        assert isinstance(a.result, LolResult)
        tracking.world.end(second)
        await tracking.passes(minutes(3))
        assert (await tracking.game(second)).state == TrackedGame.completed
        assert [told.match_id for told in tracking.inbox.taken] == [first, second]


# ------------------------------------------------------------------------------------ 4: games that nobody sees


@on_each_engine
async def test_games_that_no_look_saw_are_found_in_the_lists_of_matches(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1", "Bob#NA1")
        hidden = tracking.world.start("Ada#NA1", hidden=True).match_id
        short = tracking.world.start("Bob#NA1").match_id
        tracking.world.end(short, at=tracking.world.now() + 1, ending="remake")
        await tracking.store.advance(seconds(10))
        await tracking.look()
        assert await tracking.games() == []
        await tracking.turn()
        assert [game.match for game in await tracking.games()] == [short]
        await tracking.store.advance(minutes(30))
        await tracking.turn()  # Ada's list is read once more before the game is over
        tracking.world.end(hidden)
        await tracking.passes(minutes(20), step=minutes(1))
        found = [await tracking.game(hidden), await tracking.game(short)]
        assert [(game.state, game.found_by) for game in found] == [(TrackedGame.completed, "matches")] * 2
        assert sorted(told.match_id for told in tracking.inbox.taken) == sorted([hidden, short])


@on_each_engine
async def test_games_from_before_somebody_was_tracked_are_not_taken(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        tracking.world.add_player("Ada#NA1")
        tracking.world.play("Ada#NA1", at=tracking.world.now() - 3600, seconds=1800)
        await tracking.track("Ada#NA1")
        await tracking.passes(minutes(15), step=minutes(1))
        assert tracking.riot.counted["match-v5.getMatchIdsByPUUID"] >= 1
        assert await tracking.games() == []


# ------------------------------------------------------------------------------------ 5: two in one game


@on_each_engine
async def test_two_tracked_players_of_one_game_are_two_records_and_one_fetch(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        players = await tracking.track("Ada#NA1", "Bob#NA1")
        match = tracking.world.start("Ada#NA1", against=["Bob#NA1"]).match_id
        await tracking.turn()
        tracking.world.end(match, won=True)
        await tracking.passes(minutes(2))
        games = await tracking.games()
        assert {game.player for game in games} == set(players)
        assert {game.state.name for game in games} == {"completed"}
        assert sorted(game.result.result for game in games if game.result is not None) == ["loss", "win"]
        assert tracking.riot.fetched[match] == 1
        assert len(set(tracking.inbox.ids)) == 2


# ------------------------------------------------------------------------------------ 6: events


@on_each_engine
async def test_an_event_is_there_once_with_an_id_that_stays_whatever_becomes_of_its_posts(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(match)
        tracking.inbox.refuses, tracking.inbox.loses = 3, 2
        await tracking.passes(minutes(10), step=minutes(1))
        assert len(tracking.inbox.taken) == 3, "it was taken twice without our knowing, and then once more"
        assert len(set(tracking.inbox.ids)) == 1
        game = await tracking.game(match)
        assert tracking.inbox.ids[0] == f"{game.id}/game.finished"
        assert (await tracking.names(game)).count("complete") == 1


# ------------------------------------------------------------------------------------ 7: when it began


@on_each_engine
async def test_a_game_began_when_riot_says_so_and_not_when_it_was_seen(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1", loading_seconds=100).match_id
        await tracking.look()
        assert (await tracking.game(match)).started_at is None, "it loads"
        await tracking.store.advance(minutes(5))
        await tracking.look()
        began_at = START + seconds(100)
        assert (await tracking.game(match)).started_at == began_at
        tracking.world.end(match)
        await tracking.passes(minutes(2))
        assert (await tracking.game(match)).started_at == began_at


# ------------------------------------------------------------------------------------ 8: no losses


@on_each_engine
@pytest.mark.parametrize(("ending", "result"), [("remake", "remake"), ("aborted", "aborted"), ("surrender", "loss")])
async def test_remakes_and_aborted_games_are_no_losses(
    engine: str, place_of: PlaceOf, ending: Ending, result: str
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        await tracking.store.advance(minutes(3))
        tracking.world.end(match, ending=ending, won=False)
        await tracking.passes(minutes(2))
        game = await tracking.game(match)
        assert isinstance(game.result, LolResult)
        assert (game.state, game.result.result) == (TrackedGame.completed, result)
        assert [told.result and told.result.result for told in tracking.inbox.taken] == [result]


@on_each_engine
async def test_a_game_of_tft_has_a_placement(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1", titles=("lol", "tft"))
        match = tracking.world.start("Ada#NA1", title="tft").match_id
        await tracking.turn()
        tracking.world.end(match, placement=3)
        await tracking.passes(minutes(2))
        game = await tracking.game(match)
        assert isinstance(game.result, TftResult)
        assert (game.title, game.result.placement, game.result.result) == ("tft", 3, "placed")


# ------------------------------------------------------------------------------------ 9: never there


@on_each_engine
async def test_a_match_that_is_listed_and_never_there_is_asked_for_ever_more_seldom_and_holds_nobody_up(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1", "Bob#NA1")
        lost = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        await tracking.store.advance(minutes(45))
        tracking.world.end(lost, lost=True)
        await tracking.passes(minutes(24), step=minutes(4))
        assert (await tracking.game(lost)).state == TrackedGame.abandoned
        well = tracking.world.start("Bob#NA1").match_id
        await tracking.turn()
        tracking.world.end(well)
        await tracking.passes(minutes(2))
        assert (await tracking.game(well)).state == TrackedGame.completed
        lot, asked = (await tracking.game(lost)).match_lot, []
        for step in (minutes(20), hours(2), days(3), hours(2)):
            before = tracking.riot.counted["match-v5.getMatch"]
            for _ in range(7):
                await tracking.store.advance(step)
                await tracking.service.completion.turn(lot)
            asked.append(tracking.riot.counted["match-v5.getMatch"] - before)
        assert asked[0] > 1, asked
        assert asked[1] < 7, "it is asked for every few hours by now"
        assert asked[3] == 0, "after two weeks nobody asks any more"
        assert (await tracking.game(lost)).state == TrackedGame.abandoned


# ------------------------------------------------------------------------------------ 10: two trackers


async def test_two_trackers_of_one_store_make_no_game_twice_and_fetch_no_match_twice() -> None:
    """Three processes on each engine, and one of them dead, stand in `test_instances`."""
    async with some_tracking() as tracking:
        other = tracking_on(tracking.store, tracking.world, riot=tracking.riot, inbox=tracking.inbox)
        names = [f"P{number}#NA1" for number in range(12)]
        await tracking.track(*names)
        both = (tracking.service, other.service)
        async with both[0].running(), both[1].running():
            matches = [tracking.world.start(name).match_id for name in names]
            await until(tracking.store, lambda: states(tracking.store, playing=12))
            for match in matches:
                tracking.world.end(match)
            await until(tracking.store, lambda: states(tracking.store, completed=12))
            await until(tracking.store, lambda: all_told(tracking.inbox.ids, 12))
        assert [tracking.riot.fetched[match] for match in matches] == [1] * 12
        assert len(tracking.inbox.ids) == len(set(tracking.inbox.ids)) == 12
        assert (both[0].trouble, both[1].trouble) == ("", "")


@dataclass
class Slow:
    """A `Riot` whose answer comes late: whoever asked is paused until told to go on."""

    riot: Direct
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def key_mark(self) -> str:
        return self.riot.key_mark

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        answer = await self.riot.active_game(platform, puuid, title)
        self.reached.set()
        await self.go_on.wait()
        return answer

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        return await self.riot.account(platform, game_name, tag_line)

    async def account_of(self, platform: str, puuid: str) -> Account | None:
        return await self.riot.account_of(platform, puuid)

    async def match(self, match_id: str, title: Title) -> Match | None:
        return await self.riot.match(match_id, title)

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        return await self.riot.match_ids(platform, puuid, title, since)


@on_each_engine
async def test_a_tracker_that_was_paused_past_every_lease_ends_no_game_by_what_it_saw_then(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        (id,) = await tracking.track("Ada#NA1")
        lot = (await tracking.player(id)).lot
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.flap("Ada#NA1", 40)
        await tracking.store.advance(seconds(15))
        await tracking.look()  # Ada is missed once
        slow = Slow(tracking.riot)
        paused = GamesService(tracking.store.acting("paused"), SETTINGS, slow)
        work = asyncio.create_task(paused.detection.turn(lot))
        await slow.reached.wait()  # and here a second time, by somebody who does not come to note it
        await tracking.store.advance(minutes(5))
        await tracking.look()
        before = await tracking.game(match)
        assert (before.state, before.absences) == (TrackedGame.playing, 0)
        slow.go_on.set()
        await work
        assert (await tracking.game(match)).version == before.version


async def until(store: Store, so: Callable[[], object]) -> None:
    """Let time pass until something is so; the test's time limit is the limit."""
    while not await so():  # type: ignore[misc]
        await time_passes(store)


async def states(store: Store, **wanted: int) -> bool:
    """Tell whether all games are in these states."""
    counts = await store.count(TrackedGame)
    return {name: number for name, number in counts.items() if number} == wanted


async def all_told(ids: list[str], number: int) -> bool:
    return len(ids) >= number
