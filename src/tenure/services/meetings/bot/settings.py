"""What a bot is told at its start."""

from __future__ import annotations

import msgspec


class BotSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The JSON of `BOT_CONFIG`. Times are in seconds."""

    meeting_id: int
    connection_id: str
    callback_url: str
    callback_secret: str
    platform: str
    native_meeting_id: str
    meeting_url: str
    bot_name: str
    language: str | None = None
    task: str | None = None
    passcode: str | None = None
    alone_seconds: float | None = None
    silence_seconds: float | None = None
    heartbeat_seconds: float = 30
    poll_seconds: float = 0.5
    join_timeout_seconds: float = 30
    launch_timeout_seconds: float = 60
    capture_timeout_seconds: float = 20
    meeting_away_seconds: float = 60
    server_away_seconds: float = 300

    def __repr__(self) -> str:
        """Name the run without its secrets."""
        return f"<BotSettings {self.connection_id}>"


def read(text: str) -> BotSettings:
    """Read `BOT_CONFIG`; raises `ValueError` with what is wrong, never with a value."""
    return msgspec.json.decode(text.encode(), type=BotSettings)
