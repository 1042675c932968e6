"""Events: signed, in the shadow of another tracker not sent, and in the feed; and the settings that say so."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.games.tracking import SETTINGS, Tracking, some_tracking

from tenure import minutes, seconds
from tenure.http.environment import WrongSetting
from tenure.services.games.settings import Settings


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
