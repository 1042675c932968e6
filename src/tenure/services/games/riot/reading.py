"""What Riot's answers mean, in the words of the contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from tenure.services.games.results import LolResult, ResultClass, TftResult
from tenure.services.games.riot.answers import (
    AccountAnswer,
    ActiveAnswer,
    LolAnswer,
    LolInfo,
    LolParticipant,
    MatchId,
    TftAnswer,
    TftInfo,
    TftParticipant,
)
from tenure.services.games.riot.contract import Account, ActiveGame, Malformed, Match

T = TypeVar("T")

ABORTED = "Abort"
NOBODY = frozenset({"", "BOT"})
"""What stands for a puuid where there is no account."""
TFT_MODE = "TFT"
MOST_SECONDS = 7 * 86_400
"""However long a game goes on."""
PAIRS = frozenset({1150, 1160})
"""Queues of TFT in which pairs play; not every answer says who belongs to whom."""


def decoder(type_: type[T]) -> Callable[[bytes], T]:
    """Give what reads an answer of this type. It raises `Malformed`."""
    inner = msgspec.json.Decoder(type_)

    def read(content: bytes) -> T:
        try:
            return inner.decode(content)
        except (ValueError, RecursionError) as error:
            raise malformed(str(error)) from None

    return read


def malformed(why: str) -> Malformed:
    """Give the error for an answer that is not understood."""
    return Malformed(f"Riot's answer is not understood: {why[:200]}; if it stays so, the tracker needs an update")


_read_account, _read_active = decoder(AccountAnswer), decoder(ActiveAnswer)
_read_lol, _read_tft, _read_ids = decoder(LolAnswer), decoder(TftAnswer), decoder(list[MatchId])


def read_account(content: bytes) -> Account:
    """Read an account. Raises `Malformed`."""
    answer = _read_account(content)
    return Account(puuid=answer.puuid, game_name=answer.game_name or "", tag_line=answer.tag_line or "")


def read_active_lol(content: bytes) -> ActiveGame | None:
    """Read the game in which somebody is. A game of TFT is none here: it is asked for elsewhere. Raises `Malformed`."""
    answer = _read_active(content)
    return None if answer.game_mode == TFT_MODE else _active(answer)


def read_active_tft(content: bytes) -> ActiveGame | None:
    """Read the game of TFT in which somebody is; any other is none here. Raises `Malformed`."""
    answer = _read_active(content)
    return _active(answer) if answer.game_mode in (TFT_MODE, "") else None


def read_ids(content: bytes) -> list[str]:
    """Read a list of match ids. Raises `Malformed`."""
    return _read_ids(content)


def _active(answer: ActiveAnswer) -> ActiveGame:
    return ActiveGame(
        match_id=f"{answer.platform_id.upper()}_{answer.game_id}",
        queue_id=answer.game_queue_config_id,
        started_at=_moment(answer.game_start_time) if answer.game_start_time else None,
    )


def read_lol_match(content: bytes) -> Match:
    """Read a match of League of Legends. Raises `Malformed`."""
    answer = _read_lol(content)
    info, results = answer.info, dict[str, LolResult]()
    neither = _neither(info)
    for one in info.participants:
        if one.puuid is not None and one.puuid not in NOBODY:
            results[one.puuid] = _lol_result(one, neither)
    if not info.participants:
        results = dict.fromkeys(answer.metadata.participants, LolResult(result="aborted", champion=""))
    # Before 2021 no end was given, and the length was in milliseconds.
    length = info.game_duration if info.game_end_timestamp is not None else info.game_duration // 1000
    began = info.game_start_timestamp or info.game_creation
    return Match(
        match_id=answer.metadata.match_id,
        title="lol",
        started_at=_moment(began) if began else None,
        duration_seconds=_checked(length),
        queue_id=info.queue_id if began else info.queue_id or None,
        results=results,
        raw=_text(content),
        names=_names(info.participants),
    )


def _neither(info: LolInfo) -> ResultClass | None:
    """Tell what a game is that nobody has won or lost: what it says of its end is not always true, so more is asked."""
    if any(one.game_ended_in_early_surrender for one in info.participants):
        return "remake"
    if any(one.game_ended_in_surrender or one.nexus_kills for one in info.participants):
        return None
    unwon = not any(one.win for one in info.participants) and len({one.team_id for one in info.participants}) > 1
    return "aborted" if unwon or info.end_of_game_result.startswith(ABORTED) else None


def _lol_result(one: LolParticipant, neither: ResultClass | None) -> LolResult:
    return LolResult(
        result=neither or ("win" if one.win else "loss"),
        champion=one.champion_name,
        position=one.team_position,
        team=one.team_id,
        kills=one.kills,
        deaths=one.deaths,
        assists=one.assists,
        level=one.champ_level,
        minions=one.total_minions_killed + one.neutral_minions_killed,
        gold=one.gold_earned,
        damage=one.total_damage_dealt_to_champions,
        vision=one.vision_score,
    )


def read_tft_match(content: bytes) -> Match:
    """Read a match of Teamfight Tactics. Raises `Malformed`."""
    answer = _read_tft(content)
    info, results = answer.info, dict[str, TftResult]()
    aborted, length = info.end_of_game_result.startswith(ABORTED), _checked(int(info.game_length))
    for one, placement in zip(info.participants, _placements(info), strict=True):
        if one.puuid is not None and one.puuid not in NOBODY:
            results[one.puuid] = _tft_result(one, placement, aborted=aborted)
    if not info.participants:
        results = dict.fromkeys(answer.metadata.participants, TftResult(result="aborted", placement=0))
    return Match(
        match_id=answer.metadata.match_id,
        title="tft",
        started_at=_moment(info.game_datetime) - timedelta(seconds=info.game_length) if info.game_datetime else None,
        duration_seconds=length,
        queue_id=info.queue_id if info.game_datetime else info.queue_id or None,
        results=results,
        raw=_text(content),
        names=_names(info.participants),
    )


def _placements(info: TftInfo) -> list[int]:
    """Give each one's placement: of pairs, where pairs play. Partners come out together, so they stand side by side."""
    places = [one.placement for one in info.participants]
    if all(one.partner_group_id is None for one in info.participants):
        return [(place + 1) // 2 for place in places] if info.queue_id in PAIRS else places
    best: dict[int | None, int] = {}
    for one in info.participants:
        best[one.partner_group_id] = min(one.placement, best.get(one.partner_group_id, one.placement))
    order = sorted(best.values())
    return [order.index(best[one.partner_group_id]) + 1 for one in info.participants]


def _tft_result(one: TftParticipant, placement: int, *, aborted: bool) -> TftResult:
    return TftResult(
        result="aborted" if aborted else "win" if placement == 1 else "placed",
        placement=placement,
        level=one.level,
        last_round=one.last_round,
        eliminated=one.players_eliminated,
        damage=one.total_damage_to_players,
        traits=tuple(trait.name for trait in one.traits if trait.tier_current > 0),
        units=tuple(unit.character_id for unit in one.units),
    )


def _names(participants: Sequence[LolParticipant | TftParticipant]) -> dict[str, tuple[str, str]]:
    return {
        one.puuid: (one.riot_id_game_name, one.riot_id_tagline)
        for one in participants
        if one.puuid and one.riot_id_game_name and one.riot_id_tagline
    }


def _checked(seconds: int) -> int:
    if seconds > MOST_SECONDS:
        raise malformed(f"a game of {seconds} seconds")
    return seconds


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise malformed("it is not UTF-8") from None
