"""Lists of matches: of any length, late, of one title or both, and half written: no game is lost by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from tests.places import KEPT, Place
from tests.services.games.tracking import Tracking, some_tracking

from tenure import Unavailable, days, hours, minutes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.riot.contract import RiotError

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", KEPT)


async def reads(tracking: Tracking, by: timedelta = minutes(0)) -> None:
    """Let time pass, and the lists of those who are due be read."""
    await tracking.store.advance(by)
    for lot in await tracking.lots():
        await tracking.service.backfill.turn(lot)


async def matches(tracking: Tracking) -> set[str]:
    return {game.match for game in await tracking.games()}


@on_each_engine
async def test_who_played_more_games_than_one_answer_lists_loses_none(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        await tracking.track("Ada#NA1")
        await reads(tracking)
        began = tracking.world.now()
        played = {tracking.world.play("Ada#NA1", at=began + 1200 * n, seconds=900).match_id for n in range(250)}
        await reads(tracking, days(7))  # nobody has looked for a week
        found = await tracking.service.games.list(limit=1000)
        assert {game.match for game in found} == played


async def test_a_match_that_is_listed_late_by_hours_is_found() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        await reads(tracking)
        hidden = tracking.world.start("Ada#NA1", hidden=True).match_id
        tracking.world.end(hidden, at=tracking.world.now() + 1800, listed_seconds=hours(20).total_seconds())
        for _ in range(50):
            await reads(tracking, hours(1))
        assert await matches(tracking) == {hidden}


async def test_a_title_that_the_key_may_not_ask_takes_no_game_of_the_other_one_and_grows_no_list() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1", titles=("lol", "tft"))
        refusing_tft(tracking)
        for day in range(3):
            hidden = tracking.world.start("Ada#NA1", hidden=True).match_id
            tracking.world.end(hidden)
            await tracking.passes(hours(2), step=minutes(30))
            assert (await tracking.game(hidden)).state == TrackedGame.completed, day
        player = await tracking.player(id)
        assert "may not ask" in (player.last_error or "")
        assert player.listed_until is not None
        assert await tracking.store.now() - player.listed_until < hours(2)
        names = [event.name for event in await tracking.store.history(TrackedPlayer, id)]
        assert (names.count("fail"), names.count("recover")) == (1, 0), "it is said once, and does not flap"


async def test_a_list_that_fails_for_a_while_is_read_from_where_it_was_read_to() -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1", titles=("lol", "tft"))
        await reads(tracking)
        listed_until = (await tracking.player(id)).listed_until
        hidden = [tracking.world.play("Ada#NA1", at=tracking.world.now(), seconds=600).match_id]
        hidden.append(tracking.world.play("Ada#NA1", at=tracking.world.now() + 700, seconds=600, title="tft").match_id)
        tracking.fault("malformed", endpoint="tft-match-v1.*", times=None)
        for _ in range(5):
            await reads(tracking, hours(3))
        assert await matches(tracking) == {hidden[0]}, "what the other list has is taken at once"
        assert (await tracking.player(id)).listed_until == listed_until
        tracking.riot.faults.clear()
        await reads(tracking, hours(3))
        assert await matches(tracking) == set(hidden)


async def test_that_a_list_was_read_is_noted_only_when_its_games_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async with some_tracking() as tracking:
        (id,) = await tracking.track("Ada#NA1")
        hidden = tracking.world.play("Ada#NA1", at=tracking.world.now(), seconds=600).match_id
        await tracking.store.advance(hours(1))
        store = tracking.service.backfill._store
        submit = store.submit

        async def half(transactions: Sequence[Sequence[Any]], **more: Any) -> list[Any]:
            """Make what concerns no game, and fail: as when one of two batches does not get through."""
            await submit([each for each in transactions if each[0].name != "create"], **more)
            for each in transactions:
                each[0].applied = True  # as far as its maker is concerned
            raise Unavailable("the store is away")

        with monkeypatch.context() as patched:
            patched.setattr(store, "submit", half)
            with pytest.raises(Unavailable):
                await reads(tracking)
        assert (await tracking.player(id)).listed_until is None
        await reads(tracking, days(3))
        assert await matches(tracking) == {hidden}


# ------------------------------------------------------------------------------------ pauses


@on_each_engine
async def test_games_that_began_while_a_player_was_paused_are_not_taken(engine: str, place_of: PlaceOf) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        (id,) = await tracking.track("Ada#NA1")
        before = tracking.world.play("Ada#NA1", at=tracking.world.now(), seconds=600).match_id
        await tracking.store.advance(minutes(11))
        await tracking.turn()
        await tracking.service.players.pause(id)
        tracking.world.play("Ada#NA1", at=tracking.world.now() + 60, seconds=600)
        await tracking.store.advance(minutes(30))
        tracking.world.start("Ada#NA1")
        await tracking.store.advance(minutes(10))
        player = await tracking.service.players.unpause(id)
        assert player.tracked_from == await tracking.store.now()
        await tracking.passes(minutes(20), step=minutes(1))
        assert await matches(tracking) == {before}
        going_on = next(game for game in tracking.world.games.values() if game.ended_at > tracking.world.now())
        tracking.world.end(going_on.match_id)
        await tracking.passes(minutes(20), step=minutes(1))
        after = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.end(after)
        await tracking.passes(hours(2), step=minutes(10))
        assert await matches(tracking) == {before, after}
        assert [told.match_id for told in tracking.inbox.taken] == [before, after]


@on_each_engine
@pytest.mark.parametrize("how", ["pause", "title"])
async def test_a_game_at_whose_player_nobody_looks_any_more_gets_its_result_soon(
    engine: str, place_of: PlaceOf, how: str
) -> None:
    async with some_tracking(url=place_of(engine).fresh()) as tracking:
        (id,) = await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        if how == "pause":
            await tracking.service.players.pause(id)
        else:
            await tracking.service.players.edit(id, titles=["tft"])
        await tracking.passes(minutes(40), step=minutes(1))
        assert tracking.riot.counted["match-v5.getMatch"] == 0, "it is not over yet, usually"
        await tracking.passes(minutes(14), step=minutes(1))
        tracking.world.end(match)
        ended_at = await tracking.store.now()
        await tracking.passes(minutes(6), step=minutes(1))
        game = await tracking.game(match)
        assert game.state == TrackedGame.completed
        assert game.entered_at - ended_at <= minutes(5)
        assert [told.type for told in tracking.inbox.taken] == ["game.finished"]


# ------------------------------------------------------------------------------------ spectators' silence


async def test_a_game_that_is_not_shown_for_twenty_minutes_is_not_given_up_while_it_goes_on() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.passes(minutes(5))
        tracking.world.flap("Ada#NA1", 20 * 60)
        await tracking.passes(minutes(19))
        assert (await tracking.game(match)).state == TrackedGame.awaiting
        await tracking.passes(minutes(5))
        assert (await tracking.game(match)).state == TrackedGame.playing
        tracking.world.end(match)
        await tracking.passes(minutes(5))
        assert [told.type for told in tracking.inbox.taken] == ["game.finished"]


async def test_a_game_that_was_given_up_and_is_shown_again_is_asked_for_soon() -> None:
    async with some_tracking() as tracking:
        await tracking.track("Ada#NA1")
        match = tracking.world.start("Ada#NA1").match_id
        await tracking.turn()
        tracking.world.flap("Ada#NA1", 80 * 60)
        await tracking.passes(minutes(79), step=minutes(1))
        assert (await tracking.game(match)).state == TrackedGame.abandoned
        await tracking.passes(minutes(20))
        tracking.world.end(match)
        await tracking.passes(minutes(5))
        assert [told.type for told in tracking.inbox.taken] == ["game.corrected"]


def refusing_tft(tracking: Tracking) -> None:
    """Let the API key not be one for TFT."""
    asked = tracking.riot._ask

    def ask(endpoint: str, *where: Any) -> bool:
        if endpoint.startswith(("tft", "spectator-tft")):
            raise RiotError("the API key may not ask this", status=403)
        return asked(endpoint, *where)

    tracking.riot._ask = ask  # type: ignore[method-assign, assignment]
