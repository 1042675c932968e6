"""What Riot refuses on one platform holds up no other one, and comes again as soon as it may be asked."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.places import KEPT, Place
from tests.services.games.tracking import START, Tracking, some_tracking

from tenure import Turn, minutes, seconds
from tenure.services.games import backfill, completion
from tenure.services.games.lanes import MOST_IN_VAIN
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import lot_of
from tenure.services.games.players import Players
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import ActiveGame, KeyRefused
from tenure.store.timing import ManualClock

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", KEPT)
AMERICAN, KOREAN = [f"N{number}#NA1" for number in range(12)], [f"K{number}#KR1" for number in range(12)]
WAIT = seconds(7)


async def in_one_lot(tracking: Tracking, *, titles: tuple[str, ...] = ("lol",)) -> None:
    """Track players of two platforms, all in lot 0."""
    ids = iter([f"{number}" for number in range(2000) if lot_of(str(number)) == 0])
    tracking.service.players = Players(tracking.store, new_id=lambda: next(ids))
    await tracking.track(*AMERICAN, titles=titles)
    await tracking.track(*KOREAN, platform="kr", titles=titles)


async def awaiting_in_one_lot(tracking: Tracking) -> tuple[int, list[str], list[str]]:
    """Let games of both platforms be over, and give a lot of matches that has some of each, and those."""
    await in_one_lot(tracking)
    matches = [tracking.world.start(name).match_id for name in (*AMERICAN, *KOREAN)]
    await tracking.look()
    for match in matches:
        tracking.world.end(match)
    for _ in range(2):
        await tracking.look()
    await tracking.store.advance(minutes(5))
    lots = [{lot_of(match) for match in matches[:12]}, {lot_of(match) for match in matches[12:]}]
    lot = min(lots[0] & lots[1])
    there = [match for match in matches if lot_of(match) == lot]
    return lot, [match for match in there if match < "N"], [match for match in there if match > "N"]


async def a_turn(tracking: Tracking) -> Turn:
    return Turn(1, await tracking.store.now(), 1)


async def completed(tracking: Tracking, matches: list[str]) -> bool:
    return all([(await tracking.game(match)).state == TrackedGame.completed for match in matches])


def clock_of(tracking: Tracking) -> ManualClock:
    assert isinstance(tracking.store.clock, ManualClock)
    return tracking.store.clock


# ------------------------------------------------------------------------------------ detection


@on_each_engine
async def test_a_platform_that_is_blocked_is_looked_at_when_the_block_ends_and_the_others_at_once(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await in_one_lot(tracking)
        american, korean = (tracking.world.start(name).match_id for name in (AMERICAN[11], KOREAN[11]))
        tracking.fault("limit", endpoint="spectator-v5.*", host="na1", seconds=7.0)
        asked = tracking.riot.counted.total()
        turn = asyncio.create_task(tracking.service.detection.turn(0, await a_turn(tracking)))
        while clock_of(tracking).next_wake() != round((START + WAIT).timestamp() * 1e6):
            assert not turn.done()
            await asyncio.sleep(0.001)
        assert [game.match for game in await tracking.games()] == [korean]
        await tracking.store.advance(WAIT)
        await turn
        assert sorted(game.match for game in await tracking.games()) == sorted([american, korean])
        assert tracking.riot.counted.total() - asked == 24 + 1, "nobody was asked for twice, but for the one refused"


async def test_a_block_that_outlasts_the_period_is_left_to_later_turns() -> None:
    async with some_tracking() as tracking:
        await in_one_lot(tracking)
        korean = tracking.world.start(KOREAN[3]).match_id
        tracking.fault("limit", endpoint="spectator-v5.*", host="na1", seconds=30.0)
        await tracking.service.detection.turn(0, await a_turn(tracking))
        assert [game.match for game in await tracking.games()] == [korean]


async def test_a_method_that_is_in_trouble_holds_up_no_other_method_of_its_host() -> None:
    async with some_tracking() as tracking:
        await in_one_lot(tracking, titles=("lol", "tft"))
        american, korean = (tracking.world.start(name).match_id for name in (AMERICAN[0], KOREAN[0]))
        tracking.world.start(AMERICAN[1], title="tft")
        fault = tracking.fault("limit", endpoint="spectator-tft-v5.*", host="na1", of="service", times=None)
        await tracking.service.detection.turn(0)
        assert fault.happened == 1
        assert {game.match for game in await tracking.games()} == {american, korean}


async def test_a_key_that_is_refused_ends_all_lanes_and_what_was_seen_until_then_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with some_tracking() as tracking:
        await in_one_lot(tracking)
        match = tracking.world.start(AMERICAN[0]).match_id
        asked = tracking.service.asking.active_game

        async def active_game(platform: str, puuid: str, title: Title) -> ActiveGame | None:
            if platform == "kr":
                raise KeyRefused("it has expired", status=403)
            return await asked(platform, puuid, title)

        monkeypatch.setattr(tracking.service.asking, "active_game", active_game)
        with pytest.raises(KeyRefused):
            await tracking.service.detection.turn(0)
        assert [game.match for game in await tracking.games()] == [match]


# ------------------------------------------------------------------------------------ completion


@on_each_engine
async def test_results_of_a_region_that_is_blocked_come_when_the_block_ends_and_the_others_at_once(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        lot, korean, american = await awaiting_in_one_lot(tracking)
        tracking.fault("limit", endpoint="match-v5.getMatch", host="americas", seconds=7.0)
        turn = await a_turn(tracking)
        await tracking.service.completion.turn(lot, turn)
        assert await completed(tracking, korean)
        assert not await completed(tracking, american)
        assert turn.next_at == turn.at + WAIT, "neither at once, in vain, nor a period later"
        await tracking.store.advance(WAIT)
        turn = await a_turn(tracking)
        await tracking.service.completion.turn(lot, turn)
        assert await completed(tracking, american)
        assert turn.next_at is None
        assert [(await tracking.game(match)).retry_count for match in american] == [0] * len(american)


async def test_any_number_of_games_that_may_not_be_asked_for_hide_none_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(completion, "AT_A_TIME", 1)
    monkeypatch.setattr(backfill, "AT_A_TIME", 1)
    async with some_tracking() as tracking:
        lot, korean, _ = await awaiting_in_one_lot(tracking)
        fault = tracking.fault("limit", endpoint="match-v5.*", host="americas", times=None, seconds=90.0)
        turn = await a_turn(tracking)
        await tracking.service.completion.turn(lot, turn)
        assert await completed(tracking, korean)
        assert (turn.next_at, fault.happened) == (None, 1)
        before = [player.listed_until for player in await tracking.service.players.list() if player.platform == "kr"]
        await tracking.service.backfill.turn(0)
        after = [player.listed_until for player in await tracking.service.players.list() if player.platform == "kr"]
        assert (set(before), set(after)) == ({None}, {await tracking.store.now()})
        assert fault.happened == 2


# ------------------------------------------------------------------------------------ lists and accounts


async def test_lists_and_accounts_of_a_region_that_is_blocked_wait_alone_until_the_block_ends() -> None:
    async with some_tracking() as tracking:
        await in_one_lot(tracking)
        tracking.fault("limit", endpoint="match-v5.*", host="asia", times=None, seconds=7.0)
        turn = await a_turn(tracking)
        await tracking.service.backfill.turn(0, turn)
        unread = [player.platform for player in await tracking.service.players.list() if player.listed_until is None]
        assert unread == ["kr"] * len(KOREAN)
        assert turn.next_at == turn.at + WAIT
        tracking.world.keys.change("RGAPI-another")
        tracking.riot.use("RGAPI-another")
        await tracking.look()
        tracking.fault("limit", endpoint="account-v1.*", host="asia", times=None, seconds=7.0)
        turn = await a_turn(tracking)
        await tracking.service.accounts.turn(turn)
        sought = await tracking.service.players.list(state=TrackedPlayer.named)
        assert [player.platform for player in sought] == ["kr"] * len(KOREAN)
        assert [player.last_error for player in sought] == [None] * len(KOREAN), "it is no trouble of theirs"
        assert turn.next_at == turn.at + WAIT


async def test_who_has_only_the_other_title_has_their_lists_read_though_one_title_s_may_not_be() -> None:
    async with some_tracking() as tracking:
        (both,) = await tracking.track("Ada#NA1", titles=("lol", "tft"))
        (one,) = await tracking.track("Bob#NA1")
        tracking.fault("limit", endpoint="tft-match-v1.*", times=None, seconds=7.0)
        for lot in await tracking.lots():
            await tracking.service.backfill.turn(lot)
        assert (await tracking.player(both)).listed_until is None
        assert (await tracking.player(one)).listed_until is not None


async def test_a_region_that_does_not_answer_is_left_alone_and_the_others_are_asked() -> None:
    async with some_tracking() as tracking:
        lot, korean, _ = await awaiting_in_one_lot(tracking)
        fault = tracking.fault("status", endpoint="match-v5.*", host="americas", times=None)
        await tracking.service.backfill.turn(0)
        assert fault.happened <= MOST_IN_VAIN + backfill.AT_ONCE
        await tracking.service.completion.turn(lot)
        assert await completed(tracking, korean)
