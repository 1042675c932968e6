"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tenure import days, minutes, seconds
from tenure.http.environment import WrongSetting, read_key, read_number, read_switch, read_url

SHADOW = "[SHADOW]"
DETECTION, COMPLETION, BACKFILL = seconds(30), seconds(60), minutes(10)
MOST_RETRIES = 3
MOST_OF_A_KEY = 200
LINK_KEY, LINK_KEY_FILE = "TENURE_GAMES_LINK_KEY", "games-links.key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The intervals, the retries and `emits_events` go by the names that trackers of this kind have always had.

    `base_url` is where the service is, as players reach it, and `link_key` signs the links to their own pages.
    `riot_key` is Riot's; `riot_api` is where Riot's API is asked, in its own places if it is empty. Without a
    `riot_key` a stand-in of our own answers with `stand_in`, and nobody without it. `key` is shown by a program of the
    community's own, which reads what there is. Without a `webhook_url` events stand in the feed only. Without
    `emits_events` nothing is sent, and every line of the log begins with `log_prefix`. With `keeps_raw` records keep
    the whole answer of which their result was read: some 100 kB each, twice. With `tracks` off this process asks for
    nothing: others do. With `offers_views` off it makes no SQL views.
    """

    admin_key: str = field(repr=False)
    key: str = field(default="", repr=False)
    base_url: str = ""
    link_key: str = field(default="", repr=False)
    riot_key: str = field(default="", repr=False)
    riot_api: str = ""
    stand_in: bool = False
    detection_interval: timedelta = DETECTION
    completion_interval: timedelta = COMPLETION
    backfill_interval: timedelta = BACKFILL
    most_retries: int = MOST_RETRIES
    emits_events: bool = True
    log_prefix: str = ""
    webhook_url: str = ""
    webhook_secret: str = field(default="", repr=False)
    keeps_raw: bool = False
    tracks: bool = True
    offers_views: bool = True

    @classmethod
    def read(
        cls, environment: Mapping[str, str], *, admin_key: str, base_url: str = "", folder: Path | None = None
    ) -> Settings:
        """Read the rest from the environment. A key or secret of ours that is not given is made once, in the folder.

        Raises `WrongSetting`.
        """
        emits = read_switch(environment, "EMIT_EVENTS", default=True)
        return cls(
            admin_key=admin_key,
            key=read_key(environment, "TENURE_GAMES_KEY", folder and folder / "games.key", "tenure_games_"),
            base_url=read_url(environment, "TENURE_GAMES_URL") or base_url.rstrip("/"),
            link_key=read_key(environment, LINK_KEY, folder and folder / LINK_KEY_FILE, "tenure_links_"),
            riot_key=_riot_key(environment.get("TENURE_GAMES_RIOT_KEY", "")),
            riot_api=read_url(environment, "TENURE_GAMES_RIOT_API"),
            stand_in=read_switch(environment, "TENURE_GAMES_STAND_IN", default=False),
            detection_interval=_interval(environment, "DETECTION_INTERVAL_SECONDS", DETECTION),
            completion_interval=_interval(environment, "COMPLETION_INTERVAL_SECONDS", COMPLETION),
            backfill_interval=_interval(environment, "BACKFILL_INTERVAL_SECONDS", BACKFILL),
            most_retries=int(read_number(environment, "MAX_RESULT_RETRIES", MOST_RETRIES, least=1, most=100)),
            emits_events=emits,
            log_prefix=_prefix(environment.get("LOG_PREFIX", "" if emits else SHADOW)),
            webhook_url=read_url(environment, "TENURE_GAMES_WEBHOOK_URL"),
            webhook_secret=read_key(
                environment, "TENURE_GAMES_WEBHOOK_SECRET", folder and folder / "games-webhook.secret", "whsec_"
            ),
            keeps_raw=read_switch(environment, "TENURE_GAMES_KEEPS_RAW", default=False),
            tracks=read_switch(environment, "TENURE_GAMES_TRACKS", default=True),
            offers_views=read_switch(environment, "TENURE_GAMES_VIEWS", default=True),
        )


def _interval(environment: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    most = days(1).total_seconds()
    return seconds(read_number(environment, name, default.total_seconds(), least=1, most=most))


def _riot_key(text: str) -> str:
    text = text.strip()
    if len(text) > MOST_OF_A_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongSetting("TENURE_GAMES_RIOT_KEY must be an API key as Riot's developer portal shows it, or empty")
    return text


def _prefix(text: str) -> str:
    if len(text) > MOST_OF_A_KEY or not text.isprintable():
        raise WrongSetting("LOG_PREFIX must be a short text of one line, or empty")
    return text
