"""What members see of what the bot does, and what is said if something is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.world import Channel, Guild

T = TypeVar("T", Guild, Channel)
NO_ANSWER = "The application did not respond"


class NotThere(LookupError):  # noqa: N818  an answer
    """No such guild, channel, member, message or button; the message says what there is."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a click or a command.

    `failed` is what Discord shows if the bot does not answer in time; `messages` are those that the bot wrote in
    answer, as JSON of its API; `private` is whether only this member sees them.
    """

    interaction: str
    failed: str | None = None
    messages: list[Json] = []
    private: bool = False

    @property
    def text(self) -> str:
        """All that the messages say: contents, and titles and descriptions of embeds."""
        return "\n".join(words for message in self.messages for words in words_of(message))


def words_of(message: Json) -> list[str]:
    """Give all texts of a message."""
    words = [message["content"]]
    for embed in message["embeds"]:
        words += [embed.get("title", ""), embed.get("description", "")]
        words += [f"{one['name']}: {one['value']}" for one in embed.get("fields", [])]
        words.append(embed.get("footer", {}).get("text", ""))
    return [text for text in words if text]


def named(what: str, things: Mapping[str, T], wanted: str) -> T:
    """Find a thing by its name or id. Raises `NotThere`."""
    for id, thing in things.items():
        if wanted in (id, thing.name):
            return thing
    raise NotThere(f"there is no {what} {wanted!r}; there are: {', '.join(thing.name for thing in things.values())}")
