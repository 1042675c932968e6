"""What runs bots: one small contract, whatever a bot is run in (a process or a container)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self


class RuntimeFailed(Exception):  # noqa: N818  what happened is the name
    """A bot could not be started; the message says why, without its environment."""


class RuntimeAway(Exception):  # noqa: N818  what happened is the name
    """What runs the bots can't be reached: nothing may be concluded about any of them. Try again later."""


@dataclass(frozen=True, slots=True)
class Process:
    """One bot as its runtime knows it: `exit_code` is None while it runs, and where nobody could tell.

    A bot that a signal ended has -SIGNAL of a process and 128 + SIGNAL of a container. `cause` is what the runtime
    says beyond that, such as that the memory was used up.
    """

    name: str
    running: bool
    exit_code: int | None = None
    cause: str = ""


class Runtime(Protocol):
    """Starts and ends bots by name. A name is started at most once, also across restarts of the server."""

    async def __aenter__(self) -> Self:
        """Find what an earlier server left running. Where that can't be told yet, the runtime is away."""
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
        """Ask a bot to end, kill it after the grace, and return when it is gone. Raises `RuntimeAway`."""
        ...

    async def bots(self) -> list[Process]:
        """Give every bot that was started here and is not forgotten, the ended ones too. Raises `RuntimeAway`."""
        ...

    async def forget(self, name: str) -> None:
        """Stop listing an ended bot. Its log stays. Raises `RuntimeAway`."""
        ...

    async def log(self, name: str) -> str:
        """Give the last 64 KiB of what a bot wrote; empty if there is nothing. Raises `RuntimeAway`."""
        ...

    async def changed(self) -> None:
        """Return as soon as a bot has ended since the last call, and whenever else it is time to look."""
        ...

    async def prune(self, *, older_than_seconds: float) -> None:
        """Remove the logs of forgotten bots that were last written so long ago."""
        ...


def check_name(name: str) -> None:
    """Refuse what can't name a process's folder or a container. Raises `RuntimeFailed`."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", name):
        raise RuntimeFailed("a bot's name is made of small letters, digits and hyphens")
