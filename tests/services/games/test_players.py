"""Players: added, named, edited, paused and removed, each as often as somebody asks for it."""

from __future__ import annotations

import asyncio

import pytest
from tests.services.games.tracking import some_tracking

from tenure import days, hours, minutes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.refusals import NotThen, Unknown, Wrong


async def test_a_player_is_tracked_once_however_often_and_however_they_are_written() -> None:
    async with some_tracking() as tracking:
        players = tracking.service.players
        ways = [("Ada#EUW", "euw1"), (" ada#euw ", "EUW"), ("ADA#Euw", "euw1")]
        added = await asyncio.gather(*(players.add(riot_id, platform) for riot_id, platform in ways * 5))
        assert len({player.id for player in added}) == 1
        assert await players.named("aDa#eUw", "euw") is not None
        other = await players.add("Ada#EUW", "na1")
        assert other.id != added[0].id, "on another platform it is another player"


@pytest.mark.parametrize("riot_id", ["Ada", "#EUW", "Ada#", "Ada#TOOLONG", "A" * 17 + "#EUW", "A\nda#EUW", ""])
async def test_what_is_no_riot_id_is_refused_with_what_would_be_one(riot_id: str) -> None:
    async with some_tracking() as tracking:
        with pytest.raises(Wrong, match="such as Ada#EUW"):
            await tracking.service.players.add(riot_id, "euw1")


async def test_a_platform_or_title_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    async with some_tracking() as tracking:
        with pytest.raises(Wrong, match="euw1"):
            await tracking.service.players.add("Ada#EUW", "atlantis")
        with pytest.raises(Wrong, match="lol, tft"):
            await tracking.service.players.add("Ada#EUW", "euw1", ("chess",))


async def test_a_removed_player_is_not_changed_and_may_be_added_anew() -> None:
    async with some_tracking() as tracking:
        players = tracking.service.players
        first = await players.add("Ada#EUW", "euw1")
        assert (await players.remove(first.id)).state == TrackedPlayer.removed
        assert (await players.remove(first.id)).state == TrackedPlayer.removed
        with pytest.raises(NotThen, match="add them anew"):
            await players.pause(first.id)
        second = await players.add("Ada#EUW", "euw1")
        assert (second.id != first.id, second.state) == (True, TrackedPlayer.named)
        assert [player.id for player in await players.list()] == [second.id]


async def test_repeats_change_nothing() -> None:
    async with some_tracking() as tracking:
        players = tracking.service.players
        player = await players.add("Ada#EUW", "euw1")
        paused = await players.pause(player.id)
        assert (await players.pause(player.id)).version == paused.version
        going = await players.unpause(player.id)
        assert (await players.unpause(player.id)).version == going.version
        edited = await players.edit(player.id, titles=("tft", "lol"))
        assert edited.titles == ("lol", "tft")
        assert (await players.edit(player.id, titles=("lol", "tft"))).version == edited.version
        with pytest.raises(Unknown):
            await players.get("nobody")


async def test_a_list_of_one_state_is_as_they_were_added_and_misses_nobody_whose_turn_comes_meanwhile() -> None:
    async with some_tracking() as tracking:
        added = await tracking.track(*(f"P{number}#NA1" for number in range(12)))
        listed, after = list[str](), None
        while page := await tracking.service.players.list(state=TrackedPlayer.tracked, limit=1, after=after):
            after, now = page[-1].id, await tracking.store.now()
            listed.append(after)
            await tracking.store.apply(TrackedPlayer.list_matches(after, due_at=now + hours(1), listed_until=now))
        assert listed == added


async def test_games_of_one_state_are_listed_newest_first() -> None:
    async with some_tracking() as tracking:
        names = [f"P{number}#NA1" for number in range(6)]
        await tracking.track(*names)
        for name in names:
            match = tracking.world.start(name).match_id
            await tracking.look()
            tracking.world.end(match, result_seconds=days(1).total_seconds(), listed_seconds=days(1).total_seconds())
        await tracking.passes(minutes(3))
        games = await tracking.service.games.list(state=TrackedGame.awaiting)
        assert [game.number for game in games] == [6, 5, 4, 3, 2, 1]
