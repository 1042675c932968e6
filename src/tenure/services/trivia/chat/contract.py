"""What the service asks of a chat. Posts say what is to be shown; how it looks is each chat's own."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

import msgspec

from tenure import TenureError
from tenure.services.trivia.questions.question import Difficulty
from tenure.services.trivia.results import Results


class Asked(msgspec.Struct, frozen=True, kw_only=True, tag="asked"):
    """A question with its choices. `right` is None as long as it may be answered; then it is the right letter."""

    game: str
    number: int
    of: int
    text: str
    choices: tuple[str, ...]
    category: str
    difficulty: Difficulty
    points: int
    closes_at: datetime
    right: str | None = None
    taken_back: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A member's points in a round of several questions so far."""

    member: str
    name: str
    points: int


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """The results of a game; `standings` are those of the round so far, if it has several questions."""

    game: str
    number: int
    of: int
    text: str
    right: str
    right_text: str
    explanation: str | None
    results: Results
    standings: tuple[Standing, ...] = ()


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told"):
    """Some words to those who run the guild, and the channel that they are about, if there is one."""

    text: str
    channel: str | None = None


Post = Asked | Answered | Told


class ChatAway(TenureError):  # noqa: N818
    """The chat does not answer, or asks to wait: nothing is known of the post, and it is tried again soon."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """In how many seconds it may be tried again, if the chat said so."""


class ChatRefused(TenureError):  # noqa: N818
    """The chat does not let us post there: no permission, no such channel. The message says what to do.

    It is tried again after longer and longer pauses, since somebody may grant it.
    """


class Chat(Protocol):
    """A chat, such as Discord or the page that comes along. All ids are the chat's own texts."""

    name: str

    @property
    def trouble(self) -> str:
        """What is wrong with it as a whole, such as a revoked token, and what to do; empty if nothing is."""
        ...

    async def post(self, guild: str, channel: str, post: Post, mark: str) -> str:
        """Post and give the message's id. A repeat with the same mark within minutes gives the first message.

        Marks have 24 characters of A-Z, a-z, 0-9, - and _. Raises `ChatAway`, `ChatRefused`.
        """
        ...

    async def find(self, guild: str, channel: str, mark: str) -> str | None:
        """Look among the channel's latest messages of our own for the one with this mark, and give its id.

        Raises `ChatAway`, `ChatRefused`.
        """
        ...

    async def edit(self, guild: str, channel: str, message: str, post: Post, mark: str) -> None:
        """Show a message anew; one that is gone is left alone. Raises `ChatAway`, `ChatRefused`."""
        ...
