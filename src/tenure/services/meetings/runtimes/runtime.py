"""What runs bots: one small contract, whatever a bot is run in (a process now, a container next)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self


class RuntimeFailed(Exception):  # noqa: N818  what happened is the name
    """A bot could not be started; the message says why, without its environment."""


@dataclass(frozen=True, slots=True)
class Process:
    """One bot as its runtime knows it: `exit_code` is None while it runs, and where nobody could tell."""

    name: str
    running: bool
    exit_code: int | None = None


class Runtime(Protocol):
    """Starts and ends bots by name. A name is started at most once, also across restarts of the server."""

    async def __aenter__(self) -> Self:
        """Find what an earlier server left running."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of everything; what runs, runs on."""
        ...

    async def start(self, name: str, environment: Mapping[str, str]) -> None:
        """Start a bot; nothing happens if this name was started before. Raises `RuntimeFailed`."""
        ...

    async def end(self, name: str, *, grace_seconds: float) -> None:
        """Ask a bot to end, kill it after the grace, and return when it is gone."""
        ...

    async def bots(self) -> list[Process]:
        """Give every bot that was started here and is not forgotten, the ended ones too."""
        ...

    async def forget(self, name: str) -> None:
        """Stop listing an ended bot. Its log stays."""
        ...

    async def log(self, name: str) -> str:
        """Give the last part of what a bot wrote; empty if there is nothing."""
        ...

    async def changed(self) -> None:
        """Return as soon as a bot has ended since the last call."""
        ...

    async def prune(self, *, older_than_seconds: float) -> None:
        """Remove the logs of forgotten bots that were last written so long ago."""
        ...
