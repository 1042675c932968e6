"""What operators send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tenure.services.games.results import Title

RiotId = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=30,
        description="a Riot id: a name of 1 to 16 characters, `#`, and a tag of 1 to 5, such as Ada#EUW",
    ),
]
Platform = Annotated[str, Meta(min_length=2, max_length=10, description="a platform, such as euw1")]
Titles = Annotated[
    tuple[Title, ...], Meta(min_length=1, max_length=2, description="a list of one or both of lol and tft")
]


class PlayerWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A player who is to be tracked."""

    riot_id: RiotId
    platform: Platform
    titles: Titles = ("lol",)


class PlayerEdited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of a player."""

    titles: Titles
