"""What goes wrong with players, keys and answers: noted where somebody sees it, tried again, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.services.games.tracking import Tracking, some_tracking, time_passes, tracking_on

from tenure import minutes, seconds
from tenure.services.games.accounts import ACCOUNTS
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import LOTS, lot_of, phase_of
from tenure.services.games.players import Players
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import Match
from tenure.services.games.riot.stand_in.direct import Direct
from tenure.services.games.rounds import poller_of
from tenure.services.games.watching import Watching
from tenure.store.polling import Poller

ACTIVE, MATCH, ACCOUNT = "spectator-v5.*", "match-v5.getMatch", "account-v1.*"


async def turns(tracking: Tracking, length: timedelta) -> None:
    """Let the loops, which run, take their turns for so long, as their pollers give them."""
    for _ in range(length // seconds(5)):
        await time_passes(tracking.store)


# ------------------------------------------------------------------------------------ accounts


async def test_an_account_that_nobody_has_is_unknown_and_looked_for_ever_more_seldom() -> None:
    async with some_tracking() as tracking:
        player = await tracking.service.players.add("Nobody#NA1", "na1")
        await tracking.passes(minutes(1))
        found = await tracking.player(player.id)
        assert found.state == TrackedPlayer.unknown
        assert "no account" in (found.last_error or "")
        asked = []
        for _ in range(4):
            before = tracking.riot.counted["account-v1.getByRiotId"]
            await tracking.passes(minutes(30), step=minutes(1))
            asked.append(tracking.riot.counted["account-v1.getByRiotId"] - before)
        assert asked[0] > asked[1] >= asked[3] >= 0, asked
        tracking.world.add_player("Nobody#NA1")
        await tracking.passes(minutes(240), step=minutes(10))
        assert (await tracking.player(player.id)).state == TrackedPlayer.tracked


async def test_a_lookup_that_fails_is_tried_again_and_says_why() -> None:
    async with some_tracking() as tracking:
        tracking.fault("status", endpoint=ACCOUNT, status=500, times=2)
        (id,) = await tracking.track("Ada#NA1")
        found = await tracking.player(id)
        assert (found.state, found.retry_count) == (TrackedPlayer.named, 1)
        assert "500" in (found.last_error or "")
        await tracking.passes(minutes(2))
        found = await tracking.player(id)
        assert (found.state, found.retry_count, found.last_error) == (TrackedPlayer.tracked, 0, None)


# ------------------------------------------------------------------------------------ keys


async def test_with_another_key_everybody_is_looked_up_anew_and_open_games_get_their_results() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        before = await tracking.player(id)
        tracking.world.keys.change("RGAPI-another")
        tracking.riot.use("RGAPI-another")
        tracking.world.end(match)
        await tracking.passes(minutes(3))
        after = await tracking.player(id)
        assert after.state == TrackedPlayer.tracked
        assert after.puuid != before.puuid
        game = await tracking.game(match)
        assert (game.state, game.retry_count) == (TrackedGame.completed, 0)


async def test_two_processes_that_ask_with_different_keys_are_told_of() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        watching = Watching(tracking.service)
        tracking.world.keys.change("RGAPI-2", keep_old=True)
        other = tracking_on(tracking.store, tracking.world, riot=Direct(tracking.world, "RGAPI-2"))
        for turn in range(8):
            assert "another API key" not in " ".join((await watching.look()).reasons) or turn > 1
            await tracking.store.advance(seconds(30))
            for one in (other, tracking)[:: 1 if turn % 2 else -1]:
                await one.turn()
        assert "another API key" in " ".join((await watching.look()).reasons)
        await tracking.passes(minutes(15), step=minutes(1))
        assert "another API key" not in " ".join((await watching.look()).reasons)


async def test_a_puuid_that_riot_says_is_of_another_key_is_looked_up_anew() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        found = await tracking.player(id)
        await tracking.store.apply(TrackedPlayer.seek(found, due_at=found.due_at, last_error=None))
        await tracking.store.apply(
            TrackedPlayer.find(
                id,
                puuid="x" * 78,
                key_mark=tracking.riot.key_mark,
                game_name="Ada",
                tag_line="NA1",
                riot_id=found.riot_id,
                named_at=found.due_at,
                due_at=found.due_at,
            )
        )
        await tracking.look()
        assert (await tracking.player(id)).state == TrackedPlayer.named
        await tracking.turn()
        assert (await tracking.player(id)).puuid == found.puuid


async def test_a_key_that_is_refused_is_said_loudly_hardly_asked_with_and_nothing_is_lost() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.look()
        tracking.world.keys.expire()
        tracking.world.end(match)
        before = await tracking.player(id)
        asked = tracking.riot.counted.total()
        async with tracking.service.running():
            await turns(tracking, minutes(10))
        assert tracking.riot.counted.total() - asked <= 60, "each lot that has work probes once a minute"
        assert "refuses the API key" in tracking.service.trouble
        assert (await Watching(tracking.service).look()).status == "failing"
        assert (await tracking.player(id)).version == before.version, "it is no trouble of the player's"
        assert (await tracking.game(match)).retry_count == 0
        tracking.world.keys.change(tracking.riot.key)
        await tracking.passes(minutes(3))
        assert (await tracking.game(match)).state == TrackedGame.completed
        assert tracking.service.trouble == ""


# ------------------------------------------------------------------------------------ answers


async def test_a_malformed_answer_is_noted_on_the_player_once_and_gone_when_it_is_well_again() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        before = await tracking.player(id)
        fault = tracking.fault("malformed", endpoint=ACTIVE, times=None)
        for _ in range(5):
            await tracking.look()
        found = await tracking.player(id)
        assert "not understood" in (found.last_error or "")
        assert found.version == before.version + 1
        assert fault.happened == 5
        tracking.riot.faults.clear()
        await tracking.look()
        assert (await tracking.player(id)).last_error is None


async def test_a_platform_that_does_not_answer_is_left_alone_in_this_turn_and_others_are_looked_at() -> None:
    async with some_tracking() as tracking:
        ids = iter([f"{number}" for number in range(2000) if lot_of(str(number)) == 0])
        tracking.service.players = Players(tracking.store, new_id=lambda: next(ids))
        await tracking.track(*[f"N{number}#NA1" for number in range(30)])
        await tracking.track(*[f"E{number}#EUW" for number in range(3)], platform="euw1")
        match = tracking.world.start("E1#EUW").match_id
        fault = tracking.fault("status", endpoint=ACTIVE, host="na1", status=503, times=None)
        versions = [player.version for player in await tracking.service.players.list()]
        await tracking.look()
        assert 5 <= fault.happened <= 5 + 16, "those that were under way, and no more"
        assert (await tracking.game(match)).state == TrackedGame.playing
        assert [player.version for player in await tracking.service.players.list()] == versions


async def test_that_too_much_was_asked_for_is_no_retry_of_a_game_and_no_error_of_a_player() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(match)
        storm = tracking.fault("limit", endpoint="match-v5.*", times=None, seconds=7.0)
        async with tracking.service.running():
            await turns(tracking, minutes(5))
            assert storm.happened > 0
            game = await tracking.game(match)
            assert (game.state, game.retry_count, game.last_error) == (TrackedGame.awaiting, 0, None)
            tracking.riot.faults.clear()
            cleared_at = await tracking.store.now()
            while (await tracking.game(match)).state != TrackedGame.completed:
                await time_passes(tracking.store)
        assert await tracking.store.now() - cleared_at < minutes(30)
        assert (await tracking.player(id)).last_error is None


async def test_who_is_not_in_the_match_as_this_key_knows_it_has_an_error_on_the_record() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1", "Bob#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        ada = await tracking.game(match)
        await tracking.store.advance(minutes(45))
        tracking.world.end(match)
        bob = tracking.world.player("Bob#NA1")
        tracking.world.game(match).players = (bob,)
        await tracking.passes(minutes(15), step=minutes(1))
        game = await tracking.store.get(TrackedGame, ada.id)
        assert game.state == TrackedGame.abandoned
        assert "not among those of the match" in (game.last_error or "")


async def test_riots_clock_may_be_wrong_by_an_hour() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        tracking.world.skew(-3600)
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(match)
        await tracking.passes(minutes(3))
        assert (await tracking.game(match)).state == TrackedGame.completed


async def test_a_game_that_never_began_keeps_what_was_seen_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1", queue_id=450).match_id
        await tracking.turn()
        seen = await tracking.game(match)
        tracking.world.end(match)
        asked = tracking.service.asking.match

        async def nothing_said(match_id: str, title: Title) -> Match | None:
            found = await asked(match_id, title)
            return found and replace(found, started_at=None, queue_id=None)

        monkeypatch.setattr(tracking.service.asking, "match", nothing_said)
        await tracking.passes(minutes(4))
        game = await tracking.game(match)
        assert (game.state, game.queue_id, game.started_at) == (TrackedGame.completed, 450, seen.started_at)


# ------------------------------------------------------------------------------------ players


async def test_a_paused_player_is_not_looked_at_and_open_games_get_their_results() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        await tracking.service.players.pause(id)
        tracking.world.end(match)
        await tracking.store.advance(minutes(400))  # nobody looks: after six hours it is asked for
        asked = tracking.riot.counted["spectator-v5.getCurrentGameInfoByPuuid"]
        await tracking.passes(minutes(2))
        assert tracking.riot.counted["spectator-v5.getCurrentGameInfoByPuuid"] == asked
        assert (await tracking.game(match)).state == TrackedGame.completed
        await tracking.service.players.unpause(id)
        await tracking.turn()
        assert (await tracking.player(id)).state == TrackedPlayer.tracked


async def test_games_of_a_player_who_is_removed_are_dropped() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        (game,) = await tracking.games()
        await tracking.service.players.remove(id)
        tracking.world.end(match)
        await tracking.passes(minutes(2))
        assert (await tracking.store.get(TrackedGame, game.id)).state == TrackedGame.dropped
        assert tracking.inbox.taken == []


# ------------------------------------------------------------------------------------ what is written


async def test_nothing_is_written_about_whom_there_is_nothing_new() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1", "Bob#NA1")
        tracking.world.start("Ada#NA1")
        await tracking.turn()
        before = await tracking.store.position()
        for _ in range(20):
            await tracking.store.advance(seconds(20))
            await tracking.look()
        assert await tracking.store.position() == before


async def test_a_game_that_ends_is_fetched_soon_and_not_only_at_the_next_turn() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        (game,) = await tracking.games()
        poller = poller_of("completion", game.match_lot)
        await tracking.store.apply(Poller.create(poller))
        tracking.world.end(match)
        for _ in range(2):
            await tracking.look()
        called = (await tracking.store.get(Poller, poller)).called_at
        assert called == await tracking.store.now()


def test_lots_are_taken_evenly_and_in_turn() -> None:
    numbers = [lot_of(f"{number:012x}") for number in range(1600)]
    assert all(60 < numbers.count(lot) < 140 for lot in range(LOTS))
    assert [phase_of(lot) for lot in (0, 4, 8, 12)] == [0, 0.25, 0.5, 0.75]


async def test_a_new_player_is_looked_up_at_once() -> None:
    async with some_tracking() as tracking:
        await tracking.store.apply(Poller.create(ACCOUNTS))
        player = await tracking.service.players.add("Ada#NA1", "na1")
        assert (await tracking.store.get(Poller, ACCOUNTS)).called_at == player.due_at
