"""Events: signed, in the shadow of another tracker not sent, and in the feed; and the settings that say so."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.places import SQLITE, Place
from tests.services.games.tracking import SETTINGS, START, Inbox, Tracking, a_world, some_tracking, tracking_on

from tenure import Poller, days, minutes, seconds, testing
from tenure.http.environment import WrongSetting
from tenure.services.games.kinds import kinds
from tenure.services.games.publishing import SENDER
from tenure.services.games.settings import Settings
from tenure.services.games.watching import Watching
from tenure.store.timing import ManualClock


async def a_finished_game(tracking: Tracking) -> str:
    """Let a player play one game."""
    await tracking.track("Ada#NA1")
    match = tracking.world.start("Ada#NA1").match_id
    await tracking.turn()
    await tracking.store.advance(minutes(20))
    tracking.world.end(match, won=True)
    await tracking.passes(minutes(2))
    return match


async def test_an_event_tells_who_played_what_and_how_it_came_out() -> None:
    async with some_tracking() as tracking:
        match = await a_finished_game(tracking)
        (told,) = tracking.inbox.taken
        assert (told.type, told.match_id, told.riot_id, told.platform) == ("game.finished", match, "Ada#NA1", "na1")
        assert told.result is not None
        assert told.result.result == "win"
        assert told.duration_seconds == minutes(20).total_seconds()


async def test_in_the_shadow_nothing_is_sent_and_every_line_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="tenure")
    shadow = replace(SETTINGS, emits_events=False, log_prefix="[SHADOW]")
    async with some_tracking(settings=shadow) as tracking:
        await a_finished_game(tracking)
        assert tracking.inbox.taken == []
        assert await tracking.service.publishing.once() == 0, "nothing is kept to be sent later"
    lines = [record.getMessage() for record in caplog.records]
    assert any("new game" in line for line in lines)
    assert any("completed game" in line for line in lines)
    assert all(line.startswith("[SHADOW] ") for line in lines)


async def test_in_the_shadow_the_store_s_own_lines_say_so_too(caplog: pytest.LogCaptureFixture) -> None:
    shadow = replace(SETTINGS, emits_events=False, log_prefix="[SHADOW]")
    async with some_tracking(settings=shadow) as tracking:
        tracking.store.acting("sweeper").log.warning("something is late", by=3)
    assert [record.getMessage() for record in caplog.records] == ["[SHADOW] something is late by=3"]


async def test_where_results_are_told_is_said_and_that_nobody_tells_them() -> None:
    async with some_tracking(settings=replace(SETTINGS, webhook_url="")) as tracking:
        assert "watched only: there is no webhook URL" in (await Watching(tracking.service).look()).events
        await tracking.store.apply(Poller.create(SENDER))
        await tracking.store.apply(Poller.begin(SENDER, turns=1, began_at=await tracking.store.now()))
        assert "another process posts" in (await Watching(tracking.service).look()).events
    async with some_tracking(settings=replace(SETTINGS, emits_events=False)) as tracking:
        assert "EMIT_EVENTS is off" in (await Watching(tracking.service).look()).events
    async with some_tracking() as tracking:
        assert "posted to the webhook" in (await Watching(tracking.service).look()).events


async def test_a_webhook_that_takes_nothing_for_long_is_a_trouble_until_it_does() -> None:
    async with some_tracking() as tracking:
        tracking.inbox.refuses = 8
        await a_finished_game(tracking)
        await tracking.passes(minutes(5))
        assert "the webhook takes no event: it answered 503" in tracking.service.trouble
        assert (await Watching(tracking.service).look()).status == "failing"
        await tracking.passes(minutes(60), step=minutes(5))
        assert len(tracking.inbox.taken) == 1
        assert tracking.service.trouble == ""


async def somebody_sends(tracking: Tracking) -> None:
    """Let a process that sends run for a moment."""
    async with tracking.service.running():
        while SENDER not in await tracking.store.get_many(Poller, [SENDER]):
            await tracking.store.advance(seconds(1))
        while (await tracking.store.get(Poller, SENDER)).began_at is None:
            await tracking.store.advance(seconds(1))


@pytest.mark.parametrize("settings", [replace(SETTINGS, emits_events=False), replace(SETTINGS, webhook_url="")])
async def test_where_somebody_sends_who_does_not_leaves_events_to_them(settings: Settings) -> None:
    async with some_tracking() as tracking:
        shadow = tracking_on(tracking.store, tracking.world, settings, riot=tracking.riot)
        await somebody_sends(tracking)
        await a_finished_game(shadow)
        await tracking.store.advance(days(6))
        assert await shadow.service.publishing.once() == 0
        assert await tracking.service.publishing.once() == 1
        assert (len(tracking.inbox.taken), shadow.inbox.taken) == (1, [])


async def test_where_nobody_sends_any_more_events_are_worked_off() -> None:
    async with some_tracking() as tracking:
        shadow = tracking_on(tracking.store, tracking.world, replace(SETTINGS, webhook_url=""), riot=tracking.riot)
        await somebody_sends(tracking)
        await a_finished_game(shadow)
        assert await shadow.service.publishing.once() == 0
        await tracking.store.advance(days(7))
        assert await shadow.service.publishing.once() == 1
        assert shadow.inbox.taken == []


async def test_what_is_told_again_after_a_backup_was_put_back_has_the_same_id(
    place_of: Callable[[str], Place],
) -> None:
    place, inbox = place_of(SQLITE), Inbox()
    url, clock = place.fresh(), ManualClock(round(START.timestamp() * 1e6))
    world = a_world(clock)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Tracking]:
        async with testing.store(*kinds, url=url, space="games", clock=clock) as store:
            yield tracking_on(store, world, inbox=inbox)

    async with opened() as tracking:
        await tracking.track("Ada#NA1")
        match = world.start("Ada#NA1").match_id
        await tracking.passes(minutes(20))
    put_back = place.back_up(url)
    world.end(match)
    async with opened() as tracking:
        await tracking.passes(minutes(5))
    put_back()
    async with opened() as tracking:
        await tracking.passes(minutes(5))
    assert (len(inbox.ids), len(set(inbox.ids))) == (2, 1)


async def test_results_are_in_the_feed() -> None:
    async with some_tracking() as tracking:
        await a_finished_game(tracking)
        feed = tracking.service.games.results(after=0)
        event = await anext(feed)
        await feed.aclose()
        assert (event.name, event.fields["result"].result) == ("complete", "win")


async def test_the_whole_answer_is_kept_where_that_is_asked_for() -> None:
    for keeps in (False, True):
        async with some_tracking(settings=replace(SETTINGS, keeps_raw=keeps)) as tracking:
            game = await tracking.game(await a_finished_game(tracking))
            assert (game.raw_api_response is not None) == keeps


def test_settings_go_by_the_names_that_trackers_have_always_had(tmp_path: Path) -> None:
    settings = Settings.read(
        {"DETECTION_INTERVAL_SECONDS": "20", "COMPLETION_INTERVAL_SECONDS": "40", "MAX_RESULT_RETRIES": "5"},
        admin_key="a" * 20,
        folder=tmp_path,
    )
    assert (settings.detection_interval, settings.completion_interval) == (seconds(20), seconds(40))
    assert (settings.most_retries, settings.emits_events, settings.log_prefix) == (5, True, "")
    shadow = Settings.read({"EMIT_EVENTS": "false"}, admin_key="a" * 20, folder=tmp_path)
    assert (shadow.emits_events, shadow.log_prefix) == (False, "[SHADOW]")
    assert shadow.webhook_secret == settings.webhook_secret != "", "it is made once"
    assert shadow.webhook_secret not in repr(shadow)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DETECTION_INTERVAL_SECONDS", "0"),
        ("COMPLETION_INTERVAL_SECONDS", "soon"),
        ("MAX_RESULT_RETRIES", "-1"),
        ("EMIT_EVENTS", "perhaps"),
        ("TENURE_GAMES_RIOT_KEY", "two words"),
        ("TENURE_GAMES_WEBHOOK_URL", "ftp://here"),
        ("LOG_PREFIX", "a\nb"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_with_what_would(name: str, text: str) -> None:
    with pytest.raises(WrongSetting, match=name):
        Settings.read({name: text}, admin_key="a" * 20)
