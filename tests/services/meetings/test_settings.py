"""Settings of meetings that make no sense are refused at the start, with what would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.http.environment import WrongSetting
from tenure.services.meetings.settings import Settings


def read(folder: Path, **given: str) -> Settings:
    """Read settings from these variables."""
    environment = {f"TENURE_MEETINGS_{name}": value for name, value in given.items()}
    return Settings.read(environment, base_url="http://127.0.0.1:1/", admin_key="a-key", folder=folder)


def test_what_is_given_is_read(tmp_path: Path) -> None:
    settings = read(tmp_path, MAX_CONCURRENT_BOTS="7", HEARTBEAT_SECONDS="2.5", ALONE_SECONDS="never", STAND_IN="yes")
    assert (settings.base_url, settings.max_concurrent_bots) == ("http://127.0.0.1:1", 7)
    assert (settings.heartbeat_seconds, settings.alone_seconds, settings.silence_seconds) == (2.5, None, 3600)
    assert settings.stand_in
    assert not settings.webhook_private


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("HEARTBEAT_SECONDS", "soon", "TENURE_MEETINGS_HEARTBEAT_SECONDS must be a number from 1 to 3600"),
        ("MAX_CONCURRENT_BOTS", "-1", "TENURE_MEETINGS_MAX_CONCURRENT_BOTS must be a number from 0 to 100000"),
        ("SILENCE_SECONDS", "nan", "TENURE_MEETINGS_SILENCE_SECONDS must be a number from 1 to 604800, or `never`"),
        ("STAND_IN", "maybe", "TENURE_MEETINGS_STAND_IN must be 1 or 0"),
        ("RETENTION_DAYS", "0", "TENURE_MEETINGS_RETENTION_DAYS must be a whole number from 1 to 36500, or empty"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_would(tmp_path: Path, name: str, value: str, advice: str) -> None:
    with pytest.raises(WrongSetting) as told:
        read(tmp_path, **{name: value})
    assert str(told.value) == advice
