"""What a bot needs of a meeting, whatever the platform."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Caption(msgspec.Struct, frozen=True):
    """One thing said: `at` in seconds since 1970, `number` rising within the meeting."""

    number: int
    speaker: str
    text: str
    at: float


class Scene(msgspec.Struct, frozen=True):
    """A meeting at one look: who is in it, and what was said since the last look."""

    participants: list[str]
    captions: list[Caption]


class Unreachable(Exception):  # noqa: N818  what happened is the name
    """The meeting could not be reached this time; to try again makes sense."""


class Over(Exception):  # noqa: N818  what happened is the name
    """Attending has ended or can't begin: `reason` says why, `exit_code` whether that is a failure."""

    def __init__(self, reason: str, exit_code: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.exit_code = reason, exit_code


class Driver(Protocol):
    """The steps of one platform."""

    async def join(self) -> None:
        """Enter the meeting. Raises `Unreachable` or `Over`."""
        ...

    async def look(self) -> Scene:
        """See who is there and what was said since the last look. Raises `Unreachable` or `Over`."""
        ...

    async def leave(self) -> None:
        """Leave the meeting, if it was entered. Raises `Unreachable`."""
        ...
