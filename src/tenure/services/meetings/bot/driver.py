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


class Person(msgspec.Struct, frozen=True):
    """Somebody in a meeting. `bot` is true of ourselves, and of others where the platform shows that."""

    name: str
    bot: bool = False


class Scene(msgspec.Struct, frozen=True):
    """A meeting at one look: who is in it, and what was said since the last look.

    Who is not inside waits to be admitted.
    """

    participants: list[Person]
    captions: list[Caption]
    inside: bool = True


class Unreachable(Exception):  # noqa: N818  what happened is the name
    """The meeting could not be reached this time; to try again makes sense."""


class Over(Exception):  # noqa: N818  what happened is the name
    """Attending has ended or can't begin: `reason` says why, `exit_code` whether that is a failure."""

    def __init__(self, reason: str, exit_code: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.exit_code = reason, exit_code


def put_out(reason: str) -> Over:
    """Give the end for a meeting that we are no longer in: it is orderly if people brought it about."""
    return Over(reason, 0 if reason in ("evicted", "meeting_ended", "left") else 1)


class Driver(Protocol):
    """The steps of one platform. Each may be cancelled at any point; `close` is always called at the end."""

    async def open(self) -> None:
        """Start what is needed to attend at all, such as a browser. Raises `Over`."""
        ...

    async def join(self) -> None:
        """Ask to be let in, until one is inside or waits for that. Raises `Unreachable` or `Over`."""
        ...

    async def look(self) -> Scene:
        """See who is there and what was said since the last look. Raises `Unreachable` or `Over`."""
        ...

    async def picture(self) -> bytes | None:
        """Take a PNG of what is to be seen; None where there is nothing to see."""
        ...

    async def leave(self) -> None:
        """Leave the meeting, if it was entered. Raises `Unreachable` or `Over`."""
        ...

    async def close(self) -> None:
        """Let go of everything at once, whatever hangs."""
        ...
