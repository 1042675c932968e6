"""Who a player is: names change, and another API key has other puuids. Nobody else is tracked in their place."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace
from tests.places import KEPT, Place
from tests.services.games.tracking import Tracking, some_tracking

from tenure import days, hours, minutes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.riot.contract import Account

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", KEPT)


async def plays(tracking: Tracking, *riot_ids: str) -> str:
    """Let players play one game, and see its result."""
    match = tracking.world.start(*riot_ids).match_id
    await tracking.turn()
    await tracking.store.advance(minutes(20))
    tracking.world.end(match)
    await tracking.passes(minutes(3))
    assert (await tracking.game(match)).state == TrackedGame.completed
    return match


def another_key(tracking: Tracking, key: str = "RGAPI-another") -> None:
    tracking.world.keys.change(key)
    tracking.riot.use(key)


async def name_of(tracking: Tracking, id: str) -> str:
    player = await tracking.player(id)
    return f"{player.game_name}#{player.tag_line}"


# ------------------------------------------------------------------------------------ names


@on_each_engine
async def test_a_player_s_new_name_is_learned_from_their_next_match(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        (id,) = await tracking.track("Ada#NA1")
        before = await tracking.player(id)
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        await plays(tracking, "Countess#LOVE")
        after = await tracking.player(id)
        assert (after.game_name, after.tag_line, after.riot_id) == ("Countess", "LOVE", "countess#love")
        assert after.puuid == before.puuid
        assert [event.name for event in await tracking.store.history(TrackedPlayer, id)].count("rename") == 1
        assert tracking.inbox.taken[0].player == id
        found = await tracking.service.players.named("Countess#love", "na1")
        assert found is not None
        assert found.id == id
        assert await tracking.service.players.named("Ada#NA1", "na1") is None


async def test_a_player_who_does_not_play_is_asked_for_their_name_once_a_day() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        while not (asked := tracking.riot.counted)["account-v1.getByPuuid"]:  # their day begins at an hour of its own
            await tracking.passes(hours(1), step=minutes(59))
        assert await name_of(tracking, id) == "Countess#LOVE"
        await tracking.passes(days(1) + hours(3), step=minutes(59))
        assert asked["account-v1.getByPuuid"] == 2


async def test_an_old_match_does_not_bring_an_old_name_back() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1", titles=("lol", "tft"))
        late = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(late, result_seconds=1500)
        old = await tracking.riot.match(late, "lol")
        assert old is None
        await tracking.store.advance(minutes(1))
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        game = tracking.world.start("Countess#LOVE").match_id
        await tracking.passes(minutes(2))
        tracking.world.end(game)
        await tracking.passes(minutes(4))
        assert await name_of(tracking, id) == "Countess#LOVE"
        real = tracking.riot.match

        async def as_it_was(match_id: str, title: str) -> object:
            match = await real(match_id, title)  # type: ignore[arg-type]
            return match and replace(match, names=dict.fromkeys(match.names, ("Ada", "NA1")))

        tracking.service.asking._riot.match = as_it_was  # type: ignore[method-assign, assignment]
        await tracking.passes(minutes(30), step=minutes(1))
        assert (await tracking.game(late)).state == TrackedGame.completed
        assert await name_of(tracking, id) == "Countess#LOVE"


async def test_the_name_of_another_player_of_ours_is_taken_when_that_one_is_called_otherwise() -> None:
    async with some_tracking() as tracking:
        ada, bob = await tracking.track("Ada#NA1", "Bob#NA1")
        tracking.world.rename("Bob#NA1", "Robert#NA1")
        tracking.world.rename("Ada#NA1", "Bob#NA1")
        await plays(tracking, "Bob#NA1")
        assert await name_of(tracking, ada) == "Ada#NA1", "for now: of Robert we know nothing yet"
        await tracking.passes(days(3), step=minutes(59))
        assert [await name_of(tracking, id) for id in (ada, bob)] == ["Bob#NA1", "Robert#NA1"]


# ------------------------------------------------------------------------------------ another key


@on_each_engine
async def test_who_was_renamed_is_found_with_another_key_though_somebody_else_has_the_old_name(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        (id,) = await tracking.track("Ada#NA1")
        await plays(tracking, "Ada#NA1")
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        tracking.world.add_player("Ada#NA1")  # and this is somebody else
        another_key(tracking)
        await tracking.passes(minutes(2))
        after = await tracking.player(id)
        assert after.state == TrackedPlayer.tracked
        assert after.puuid == tracking.world.keys.puuid("RGAPI-another", tracking.world.player("Countess#LOVE"))
        assert await name_of(tracking, id) == "Countess#LOVE"
        theirs = tracking.world.start("Ada#NA1").match_id
        await tracking.passes(minutes(2))
        assert theirs not in {game.match for game in await tracking.games()}
        mine = await plays(tracking, "Countess#LOVE")
        assert (await tracking.game(mine)).player == id


async def test_somebody_else_who_has_the_name_now_is_not_tracked_in_a_player_s_place() -> None:
    async with some_tracking() as tracking:
        tracking.world.add_player("Bob#NA1")
        (id,) = await tracking.track("Ada#NA1")
        match = await plays(tracking, "Ada#NA1", "Bob#NA1")
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        tracking.world.add_player("Ada#NA1")
        # The result is read otherwise than it was, so that it tells nobody; but the new Ada was not in that game.
        real = tracking.riot.match

        async def otherwise(match_id: str, title: str) -> object:
            read = await real(match_id, title)  # type: ignore[arg-type]
            changed = (
                {puuid: replace(each, level=each.level + 1) for puuid, each in read.results.items()} if read else {}
            )
            return read and replace(read, results=changed)

        tracking.service.asking._riot.match = otherwise  # type: ignore[method-assign, assignment]
        another_key(tracking)
        await tracking.passes(minutes(2))
        found = await tracking.player(id)
        assert found.state == TrackedPlayer.unknown
        assert "another account's now" in (found.last_error or "")
        assert (await tracking.game(match)).state == TrackedGame.completed


async def test_no_match_is_fetched_of_which_no_player_is_known_with_this_key() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.end(match)
        await tracking.look()
        await tracking.look()
        lot = (await tracking.game(match)).match_lot
        another_key(tracking)
        await tracking.store.advance(minutes(3))
        await tracking.service.completion.turn(lot)
        game = await tracking.game(match)
        assert (game.state, game.retry_count) == (TrackedGame.awaiting, 0)
        assert "looked up with this API key first" in (game.last_error or "")
        assert tracking.riot.fetched[match] == 0
        await tracking.passes(minutes(3))
        assert (await tracking.game(match)).state == TrackedGame.completed
        assert tracking.riot.fetched[match] == 1


async def test_of_whom_no_game_is_known_the_name_is_believed() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        another_key(tracking)
        await tracking.passes(minutes(1))
        assert (await tracking.player(id)).state == TrackedPlayer.tracked
        assert tracking.riot.counted["account-v1.getByRiotId"] == 2


async def test_who_is_unpaused_is_told_by_the_account_and_not_by_the_name() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        await tracking.service.players.pause(id)
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        tracking.world.add_player("Ada#NA1")
        before = await tracking.player(id)
        await tracking.service.players.unpause(id)
        await tracking.passes(minutes(1))
        after = await tracking.player(id)
        assert (after.puuid, await name_of(tracking, id)) == (before.puuid, "Countess#LOVE")


# ------------------------------------------------------------------------------------ one account


@on_each_engine
async def test_an_account_is_tracked_once_however_it_is_spelled(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        tracking.world.add_player("Hide on bush#KR1", "kr")
        one = await tracking.service.players.add("Hide on bush#KR1", "kr")
        again = await tracking.service.players.add("ＨIDEONBUSH #kr1", "kr")
        assert again.id == one.id


async def test_who_is_added_by_the_new_name_beside_the_old_one_is_said_to_be_tracked_already() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        tracking.world.rename("Ada#NA1", "Countess#LOVE")
        other = await tracking.service.players.add("Countess#LOVE", "na1")
        await tracking.service.accounts.once()
        twice = await tracking.player(other.id)
        assert twice.state == TrackedPlayer.unknown
        assert "tracked already, as Ada#NA1" in (twice.last_error or "")
        match = tracking.world.start("Countess#LOVE").match_id
        await tracking.turn()
        assert [(game.player, game.match) for game in await tracking.games()] == [(id, match)]


async def test_an_account_that_comes_without_its_name_takes_no_name_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nameless(platform: str, game_name: str, tag_line: str) -> Account:
        assert (platform, game_name, tag_line) == ("na1", "Ada", "NA1")
        return Account(puuid="x" * 78, game_name="", tag_line="")

    async with some_tracking() as tracking:
        monkeypatch.setattr(tracking.service.asking, "account", nameless)
        (id,) = await tracking.track("Ada#NA1")
        player = await tracking.player(id)
        assert (player.state, player.game_name, player.tag_line) == (TrackedPlayer.tracked, "Ada", "NA1")
