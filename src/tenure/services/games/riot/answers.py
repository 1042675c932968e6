"""Riot's answers, as far as the tracker needs them.

Everything is bounded: a text that is too long, or has a control character in it, or a number that no engine holds,
is no answer of Riot's.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Meta(max_length=100, pattern=PRINTABLE)]
Int = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Number = Annotated[int, Meta(ge=1, le=2**53)]
Millis = Annotated[int, Meta(ge=0, le=253_370_764_800_000)]
"""Since 1970, up to the year 9999."""
Length = Annotated[float, Meta(ge=0, le=10_000_000_000)]
PlatformId = Annotated[str, Meta(pattern=r"^[A-Za-z]{2,4}[0-9]{0,2}$")]
MatchId = Annotated[str, Meta(pattern=r"^[A-Z]{2,4}[0-9]{0,2}_[0-9]{1,16}$")]


class AccountAnswer(msgspec.Struct, rename="camel"):
    """account-v1."""

    puuid: Annotated[str, Meta(min_length=1, max_length=100, pattern=PRINTABLE)]
    game_name: Name | None = None
    tag_line: Name | None = None


class ActiveAnswer(msgspec.Struct, rename="camel"):
    """spectator-v5 and spectator-tft-v5. Whose game it is, and which queue, is left out for those who stream."""

    game_id: Number
    platform_id: PlatformId
    game_start_time: Millis = 0
    game_mode: Name = ""
    game_queue_config_id: Int | None = None


class LolParticipant(msgspec.Struct, rename="camel"):
    """One player of match-v5."""

    win: bool
    champion_name: Name
    puuid: Name | None = None
    riot_id_game_name: Name | None = None
    riot_id_tagline: Name | None = None
    game_ended_in_early_surrender: bool = False
    game_ended_in_surrender: bool = False
    nexus_kills: Int = 0
    team_position: Name = ""
    team_id: Int = 0
    kills: Int = 0
    deaths: Int = 0
    assists: Int = 0
    champ_level: Int = 0
    total_minions_killed: Int = 0
    neutral_minions_killed: Int = 0
    gold_earned: Int = 0
    total_damage_dealt_to_champions: Int = 0
    vision_score: Int = 0


class LolInfo(msgspec.Struct, rename="camel"):
    """The game itself. Of one that never began all is zero, empty or not there, but for its end."""

    participants: Annotated[list[LolParticipant], Meta(max_length=100)]
    game_duration: Annotated[int, Meta(ge=0, le=10_000_000_000)]
    queue_id: Int
    game_creation: Millis = 0
    game_start_timestamp: Millis = 0
    game_end_timestamp: Millis | None = None
    end_of_game_result: Name = ""


class LolMetadata(msgspec.Struct, rename="camel"):
    """Which match it is, and whose: that is there also where nothing is said of the game."""

    match_id: MatchId
    participants: Annotated[list[Name], Meta(max_length=100)] = []


class LolAnswer(msgspec.Struct):
    """match-v5."""

    metadata: LolMetadata
    info: LolInfo


class TftTrait(msgspec.Struct):
    """A trait; one of tier 0 is not active."""

    name: Name
    tier_current: Int = 0


class TftUnit(msgspec.Struct):
    """A unit on the board."""

    character_id: Name


class TftParticipant(msgspec.Struct):
    """One player of tft-match-v1."""

    placement: Annotated[int, Meta(ge=1, le=100)]
    puuid: Name | None = None
    riot_id_game_name: Name | None = msgspec.field(default=None, name="riotIdGameName")
    riot_id_tagline: Name | None = msgspec.field(default=None, name="riotIdTagline")
    level: Int = 0
    last_round: Int = 0
    players_eliminated: Int = 0
    total_damage_to_players: Int = 0
    partner_group_id: Int | None = None
    traits: Annotated[list[TftTrait], Meta(max_length=1000)] = []
    units: Annotated[list[TftUnit], Meta(max_length=1000)] = []


class TftInfo(msgspec.Struct):
    """The game itself; `game_datetime` is when it was over, or a little after."""

    participants: Annotated[list[TftParticipant], Meta(max_length=100)]
    game_datetime: Millis
    game_length: Length
    queue_id: Int
    end_of_game_result: Name = msgspec.field(default="", name="endOfGameResult")


class TftMetadata(msgspec.Struct):
    """Which match it is, and whose."""

    match_id: MatchId
    participants: Annotated[list[Name], Meta(max_length=100)] = []


class TftAnswer(msgspec.Struct):
    """tft-match-v1."""

    metadata: TftMetadata
    info: TftInfo
