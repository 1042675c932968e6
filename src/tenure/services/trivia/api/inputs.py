"""What operators and a community's backend send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tenure.services.trivia.guilds import About
from tenure.services.trivia.questions.question import DIFFICULTIES
from tenure.services.trivia.registrations import (
    LONGEST_WINDOW,
    MOST_QUESTIONS,
    MOST_SOURCES,
    SHORTEST_WINDOW,
    Terms,
)

OF_A_NAME = "1 to 40 of A-Z a-z 0-9 _ - that begin with a letter or digit"
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$(?!\n)", description=OF_A_NAME)]
ChannelName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$(?!\n)",
        description="1 to 40 of a-z 0-9 _ - that begin with a letter or digit",
    ),
]
LINE = r"^[^\x00-\x1f\x7f]+$(?!\n)"
Line = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=LINE, description="1 to 100 printable characters on one line")
]
Title = Annotated[str, Meta(max_length=100, description="at most 100 printable characters on one line")]
MemberId = Annotated[
    str,
    Meta(
        pattern=r"^[^\s/.\x00-\x1f\x7f][^\s/\x00-\x1f\x7f]{0,63}$(?!\n)",
        description="1 to 64 characters without spaces and slashes, the first no point",
    ),
]
MemberName = Annotated[
    str, Meta(min_length=1, max_length=30, pattern=LINE, description="1 to 30 visible characters on one line")
]
Letter = Annotated[str, Meta(min_length=1, max_length=10, description="the letter of a choice, such as A")]
Weekday = Annotated[int, Meta(ge=0, le=6, description="a whole number from 0 for Monday to 6 for Sunday")]
Number = Annotated[int, Meta(ge=1, le=MOST_QUESTIONS, description=f"a whole number from 1 to {MOST_QUESTIONS}")]
Window = Annotated[
    float,
    Meta(
        ge=SHORTEST_WINDOW,
        le=LONGEST_WINDOW,
        description=f"seconds, from {SHORTEST_WINDOW:g} to {LONGEST_WINDOW:.0f}",
    ),
]
SourceNames = Annotated[
    tuple[Name, ...],
    Meta(
        min_length=1,
        max_length=MOST_SOURCES,
        description=f"a list of 1 to {MOST_SOURCES} names of sources, such as builtin, in their order",
    ),
]
Level = Annotated[Literal["easy", "medium", "hard"], Meta(description="one of " + ", ".join(DIFFICULTIES))]
Counted = Annotated[Literal["first", "last"], Meta(description="first or last: which answer of a member counts")]
Missed = Annotated[
    Literal["skip", "latest"], Meta(description="skip or latest: what becomes of slots that were missed")
]
Instant = Annotated[
    datetime, Meta(tz=True, description="an instant with its offset from UTC, such as 2026-01-31T20:00:00Z")
]
Yes = Annotated[bool, Meta(description="true or false")]


def _given(wanted: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}


class GuildWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An operator makes a guild of the chat that comes along."""

    id: Name
    name: Title = ""
    time_zone: Title = "UTC"


class GuildEdited(msgspec.Struct, forbid_unknown_fields=True):
    """An operator changes a guild; what is left out stays as it is."""

    name: Title | UnsetType = UNSET
    time_zone: Title | UnsetType = UNSET
    week_starts: Weekday | UnsetType = UNSET
    operators: Line | UnsetType | None = UNSET

    def over(self, about: About) -> About:
        """Give what is known of a guild, with what was given here in place of what was there."""
        return msgspec.structs.replace(about, **_given(self))


class ChannelWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An operator makes a channel."""

    name: ChannelName


class MemberWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An operator lets somebody in."""

    name: MemberName
    manages: Yes = False


class MemberEdited(msgspec.Struct, forbid_unknown_fields=True):
    """An operator says whether a member may give the commands of those who manage the guild."""

    manages: Yes


class RegistrationWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An operator registers where and when questions are asked."""

    name: Name
    channel: Line
    schedule: Line
    questions: Number = 1
    category: Line | None = None
    difficulty: Level | None = None
    window_seconds: Window = 600.0
    sources: SourceNames = ("builtin",)
    counts: Counted = "first"
    catch_up: Missed = "latest"

    @property
    def terms(self) -> Terms:
        """What is asked."""
        return Terms(**{name: getattr(self, name) for name in Terms.__struct_fields__})


class TermsEdited(msgspec.Struct, forbid_unknown_fields=True):
    """An operator changes a registration; what is left out stays as it is, and null means any."""

    channel: Line | UnsetType = UNSET
    schedule: Line | UnsetType = UNSET
    questions: Number | UnsetType = UNSET
    category: Line | UnsetType | None = UNSET
    difficulty: Level | UnsetType | None = UNSET
    window_seconds: Window | UnsetType = UNSET
    sources: SourceNames | UnsetType = UNSET
    counts: Counted | UnsetType = UNSET
    catch_up: Missed | UnsetType = UNSET

    def over(self, terms: Terms) -> Terms:
        """Give these terms with what was given here in place of what was there."""
        return msgspec.structs.replace(terms, **_given(self))


class Extended(msgspec.Struct, forbid_unknown_fields=True):
    """An operator lets a question be open for longer."""

    closes_at: Instant


class AnswerGiven(msgspec.Struct, forbid_unknown_fields=True):
    """A member answers."""

    member: MemberId
    name: Line
    choice: Letter
