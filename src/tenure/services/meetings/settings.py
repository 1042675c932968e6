"""What the service is told by whoever composes it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tenure.http.environment import WrongSetting, read_number, read_switch
from tenure.services.meetings.runtimes.settings import Runtimes

PAGE_PATH = "/local-meeting"
MOST_DAYS = 36_500
LONGEST_PATIENCE = 604_800.0
CALLBACK_PATH = "/bots/internal/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`base_url` is where the server is, and where bots reach it unless `callback_base` says otherwise.

    `server_key` derives the secrets of runs; `runtime` is what bots run in; `folder` is the data folder, without
    which no pictures are kept.
    """

    base_url: str
    admin_key: str = field(repr=False)
    server_key: bytes = field(repr=False)
    folder: Path | None = None
    stand_in: bool = False
    max_concurrent_bots: int = 1
    heartbeat_seconds: float = 30
    beats_seconds: float = 1
    join_timeout_seconds: float = 30
    leave_seconds: float = 10
    log_days: float = 14
    alone_seconds: float | None = 300
    silence_seconds: float | None = 3600
    waiting_room_seconds: float = 600
    maximum_seconds: float = 28_800
    webhook_private: bool = False
    retention_days: int | None = None

    runtime: Runtimes = Runtimes()
    callback_base: str = ""

    @property
    def page_url(self) -> str:
        """Where the local meeting page is."""
        return self.base_url + PAGE_PATH

    @property
    def callback_url(self) -> str:
        """Where bots report."""
        return (self.callback_base or self.base_url) + CALLBACK_PATH

    @property
    def page_url_for_bots(self) -> str:
        """Where bots find the local meeting page."""
        return (self.callback_base or self.base_url) + PAGE_PATH

    @classmethod
    def read(cls, environment: Mapping[str, str], *, base_url: str, admin_key: str, folder: Path) -> Settings:
        """Read the rest from the environment; the server's key is made once, in the data folder."""
        runtime, callback_base = Runtimes.read(environment), environment.get("TENURE_MEETINGS_CALLBACK_URL", "")
        runtime.check_reachable(callback_base or base_url)
        _check_bot(environment.get("TENURE_MEETINGS_BOT", ""))
        return cls(
            base_url=base_url.rstrip("/"),
            runtime=runtime,
            callback_base=callback_base.rstrip("/"),
            admin_key=admin_key,
            server_key=server_key(folder),
            folder=folder,
            stand_in=read_switch(environment, "TENURE_MEETINGS_STAND_IN", default=False),
            max_concurrent_bots=int(
                read_number(environment, "TENURE_MEETINGS_MAX_CONCURRENT_BOTS", 1, least=0, most=100_000)
            ),
            heartbeat_seconds=read_number(environment, "TENURE_MEETINGS_HEARTBEAT_SECONDS", 30, least=1, most=3600),
            join_timeout_seconds=read_number(
                environment, "TENURE_MEETINGS_JOIN_TIMEOUT_SECONDS", 30, least=1, most=3600
            ),
            alone_seconds=_patience(environment, "TENURE_MEETINGS_ALONE_SECONDS", 300),
            silence_seconds=_patience(environment, "TENURE_MEETINGS_SILENCE_SECONDS", 3600),
            waiting_room_seconds=read_number(
                environment, "TENURE_MEETINGS_WAITING_ROOM_SECONDS", 600, least=1, most=86400
            ),
            maximum_seconds=read_number(environment, "TENURE_MEETINGS_MAXIMUM_SECONDS", 28800, least=1, most=604800),
            webhook_private=read_switch(environment, "TENURE_MEETINGS_WEBHOOK_PRIVATE", default=False),
            retention_days=_days(environment.get("TENURE_MEETINGS_RETENTION_DAYS", "")),
        )


def _check_bot(text: str) -> None:
    """Refuse what the bots, which read this themselves, would not understand."""
    if text not in ("", "http", "browser"):
        raise WrongSetting("TENURE_MEETINGS_BOT must be `http`, `browser`, or nothing for what is there")


def _days(text: str) -> int | None:
    if text and (not text.isdecimal() or not 1 <= int(text) <= MOST_DAYS):
        raise WrongSetting(f"TENURE_MEETINGS_RETENTION_DAYS must be a whole number from 1 to {MOST_DAYS}, or empty")
    return int(text) if text else None


def _patience(environment: Mapping[str, str], name: str, default: float) -> float | None:
    if environment.get(name) == "never":
        return None
    try:
        return read_number(environment, name, default, least=1, most=LONGEST_PATIENCE)
    except WrongSetting as wrong:
        raise WrongSetting(f"{wrong}, or `never`") from None


def server_key(folder: Path) -> bytes:
    """Give the key from which the secrets of runs derive; it outlives the server, as bots do."""
    path = folder / "server.key"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        draft = folder / f"server.key.{secrets.token_hex(4)}"
        draft.touch(mode=0o600)
        draft.write_bytes(secrets.token_bytes(32))
        try:
            # A link fails where the file is there already, so two servers starting at once agree on one key.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
