"""What a game's backend and its operators send. Unknown fields are refused; each description says what is wanted."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tenure.services.bots.crew import LEAST_RATING, MOST_AT_ONCE, MOST_RATING
from tenure.services.bots.players import MOST_BLOCKED
from tenure.services.bots.terms import MOST_BOTS, MOST_PLACES, MOST_PLAYERS, RATING_SYSTEMS, SECONDS, Terms

DAY = 86_400

OF_A_NAME = "1 to 40 of A-Z a-z 0-9 _ . - that begin with a letter or digit"
Name = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$(?!\n)",
        description=OF_A_NAME,
    ),
]
OF_A_PLAYER = "1 to 100 characters without spaces and slashes, the first no point"
PlayerId = Annotated[
    str,
    Meta(
        pattern=r"^[^\s/.\x00-\x1f\x7f][^\s/\x00-\x1f\x7f]{0,99}$(?!\n)",
        description=OF_A_PLAYER,
    ),
]
RequestId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$(?!\n)",
        description="1 to 100 of A-Z a-z 0-9 _ . : - that begin with a letter or digit",
    ),
]
Reason = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)",
        description="1 to 200 characters on one line",
    ),
]
System = Annotated[Literal["elo", "glicko2", "openskill"], Meta(description="one of " + ", ".join(RATING_SYSTEMS))]
Deployed = Annotated[int, Meta(ge=0, le=MOST_BOTS, description=f"a whole number from 0 to {MOST_BOTS}")]
Places = Annotated[int, Meta(ge=1, le=MOST_PLACES, description=f"a whole number from 1 to {MOST_PLACES}")]
Number = Annotated[int, Meta(ge=1, le=MOST_AT_ONCE, description=f"a whole number from 1 to {MOST_AT_ONCE}")]
Ids = Annotated[
    list[Name],
    Meta(min_length=1, max_length=MOST_AT_ONCE, description=f"a list of 1 to {MOST_AT_ONCE} ids, each {OF_A_NAME}"),
]
Rating = Annotated[
    float, Meta(ge=LEAST_RATING, le=MOST_RATING, description=f"a number from {LEAST_RATING:g} to {MOST_RATING:g}")
]
Points = Annotated[float, Meta(ge=0, le=1e6, description="a number from 0 to 1000000")]
OfADay = Annotated[float, Meta(ge=0, le=DAY, description=f"seconds, from 0 to {DAY}")]
Size = Annotated[int, Meta(ge=1, le=MOST_PLAYERS, description=f"a whole number from 1 to {MOST_PLAYERS}")]


def _seconds(name: str) -> Meta:
    least, most = SECONDS[name]
    return Meta(ge=least, le=most, description=f"seconds, from {least:g} to {most:.0f}")


Accept = Annotated[float, _seconds("accept_seconds")]
Cool = Annotated[float, _seconds("cool_seconds")]
Patience = Annotated[float, _seconds("patience_seconds")]
Longest = Annotated[float, _seconds("longest_seconds")]
Rotate = Annotated[float, _seconds("rotate_seconds")]


class RulesWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Who may meet whom; what is left out stays as it is, at first the default."""

    teams: Size | UnsetType = UNSET
    team_size: Size | UnsetType = UNSET
    tolerance: Points | UnsetType = UNSET
    tolerance_per_second: Points | UnsetType = UNSET
    tolerance_at_most: Points | UnsetType = UNSET
    stand_ins_after_seconds: OfADay | UnsetType = UNSET
    rematch_after_seconds: OfADay | UnsetType = UNSET


RULES = Meta(
    description="an object with teams, team_size, tolerance, tolerance_per_second, tolerance_at_most, "
    "stand_ins_after_seconds or rematch_after_seconds"
)


class TermsWanted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How a pool is run; what is left out stays as it is, at first the default."""

    max_deployed: Deployed | UnsetType = UNSET
    places: Places | UnsetType = UNSET
    rules: Annotated[RulesWanted, RULES] | UnsetType = UNSET
    accept_seconds: Accept | UnsetType = UNSET
    cool_seconds: Cool | UnsetType = UNSET
    patience_seconds: Patience | UnsetType = UNSET
    longest_seconds: Longest | UnsetType = UNSET
    rotate_seconds: Rotate | UnsetType = UNSET

    def over(self, terms: Terms) -> Terms:
        """Give these terms with what was given here in place of what was there."""
        given = {name: value for name in Terms.__struct_fields__ if (value := getattr(self, name)) is not UNSET}
        if isinstance(self.rules, RulesWanted):
            given["rules"] = msgspec.structs.replace(terms.rules, **_given(self.rules))
        return msgspec.structs.replace(terms, **given)


def _given(wanted: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}


class PoolWanted(TermsWanted, kw_only=True):
    """An operator makes a pool."""

    id: Name
    mode: Name
    region: Name
    rating_system: System = "glicko2"


class PoolReopened(msgspec.Struct, forbid_unknown_fields=True):
    """An operator opens a drained pool again; what is left out is as it was before."""

    max_deployed: Deployed | None = None
    places: Places | None = None


class BotsWanted(msgspec.Struct, forbid_unknown_fields=True):
    """An operator makes bots: so many, which get names, or those with these ids."""

    pool: Name
    number: Number | None = None
    ids: Ids | None = None
    rating: Rating | None = None


class TicketWanted(msgspec.Struct, forbid_unknown_fields=True):
    """A person, or a party that stays together, wants to play. `id` makes a repeat safe, as `Idempotency-Key` does."""

    pool: Name
    players: Annotated[
        list[PlayerId],
        Meta(
            min_length=1,
            max_length=MOST_PLAYERS,
            description=f"a list of 1 to {MOST_PLAYERS} player ids, each {OF_A_PLAYER}",
        ),
    ]
    id: RequestId | None = None


class Answered(msgspec.Struct, forbid_unknown_fields=True):
    """A person answers an offer: the id in the `match` of the ticket."""

    match: RequestId


class Result(msgspec.Struct, forbid_unknown_fields=True):
    """The game says who won: the place of each team, from 1; equal places are a draw."""

    places: Annotated[
        list[Size], Meta(min_length=2, max_length=MOST_PLAYERS, description="the place of each team, from 1")
    ]


class BrokenOff(msgspec.Struct, forbid_unknown_fields=True):
    """A match comes to no result."""

    reason: Reason = "broken_off"


class Blocked(msgspec.Struct, forbid_unknown_fields=True):
    """Whom a player never meets; it replaces what was there."""

    players: Annotated[
        list[PlayerId],
        Meta(max_length=MOST_BLOCKED, description=f"a list of at most {MOST_BLOCKED} player ids, each {OF_A_PLAYER}"),
    ]
