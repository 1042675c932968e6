"""What Riot's answers mean: as they are in the reference, as they have been seen, and as they never should be."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from tenure.services.games.results import LolResult, ResultClass, TftResult
from tenure.services.games.riot import reading
from tenure.services.games.riot.contract import Malformed, Match, RiotError
from tenure.services.games.riot.failures import judged

ADA, BO = "ada" * 26, "bo0" * 26
STARTED = 1_790_000_000_000
MINUTE = 60_000


def a_player(puuid: str, *, win: bool, team: int = 100, **more: Any) -> dict[str, Any]:
    return {"puuid": puuid, "win": win, "championName": "Ahri", "teamId": team, **more}


def a_match(*players: dict[str, Any], **info: Any) -> bytes:
    """Give a match of 30 minutes in match-v5's form: Ada has won against Bo, unless others are given."""
    everybody = players or (a_player(ADA, win=True), a_player(BO, win=False, team=200))
    whole = {
        "gameCreation": STARTED - MINUTE,
        "gameStartTimestamp": STARTED,
        "gameEndTimestamp": STARTED + 30 * MINUTE,
        "gameDuration": 1800,
        "queueId": 420,
        "endOfGameResult": "GameComplete",
        "participants": list(everybody),
        **info,
    }
    return json.dumps({"metadata": {"matchId": "NA1_5", "participants": [ADA, BO]}, "info": whole}).encode()


def a_tft_match(*placed: dict[str, Any], queue: int = 1100, **info: Any) -> bytes:
    """Give a match of 30 minutes in tft-match-v1's form."""
    whole = {
        "game_datetime": STARTED + 30 * MINUTE,
        "game_length": 1800.5,
        "queue_id": queue,
        "participants": list(placed),
        **info,
    }
    return json.dumps({"metadata": {"match_id": "NA1_5", "participants": [ADA, BO]}, "info": whole}).encode()


def classes(match: Match) -> dict[str, ResultClass]:
    return {puuid: result.result for puuid, result in match.results.items()}


def test_who_won_and_who_lost_and_when_it_was() -> None:
    match = reading.read_lol_match(a_match())
    assert classes(match) == {ADA: "win", BO: "loss"}
    assert (match.match_id, match.title, match.queue_id, match.duration_seconds) == ("NA1_5", "lol", 420, 1800)
    assert match.started_at == datetime.fromtimestamp(STARTED / 1000, UTC)
    assert json.loads(match.raw)["metadata"]["matchId"] == "NA1_5"


def test_what_is_counted_of_a_player() -> None:
    counted: dict[str, Any] = {
        "teamPosition": "MIDDLE", "kills": 1, "deaths": 2, "assists": 3, "champLevel": 4, "totalMinionsKilled": 50,
        "neutralMinionsKilled": 6, "goldEarned": 7, "totalDamageDealtToChampions": 8, "visionScore": 9,
    }  # fmt: skip
    match = reading.read_lol_match(a_match(a_player(ADA, win=True, **counted)))
    assert match.results[ADA] == LolResult(
        result="win", champion="Ahri", position="MIDDLE", team=100, kills=1, deaths=2, assists=3, level=4, minions=56,
        gold=7, damage=8, vision=9,
    )  # fmt: skip


REMADE: dict[str, Any] = {"gameEndedInEarlySurrender": True}
ABORTED: dict[str, Any] = {"endOfGameResult": "Abort_Unexpected"}


@pytest.mark.parametrize(
    ("players", "info", "class_"),
    [
        ((a_player(ADA, win=True, **REMADE), a_player(BO, win=False, team=200, **REMADE)), {}, "remake"),
        ((a_player(ADA, win=True), a_player(BO, win=False, team=200)), ABORTED, "aborted"),
        ((a_player(ADA, win=True), a_player(BO, win=False)), {"endOfGameResult": "Abort_AntiCheatExit"}, "aborted"),
        # It broke off, and no side won.
        ((a_player(ADA, win=False), a_player(BO, win=False, team=200)), {}, "aborted"),
    ],
)
def test_a_game_that_nobody_won_or_lost_is_no_loss(
    players: tuple[dict[str, Any], ...], info: dict[str, Any], class_: ResultClass
) -> None:
    match = reading.read_lol_match(a_match(*players, **info))
    assert classes(match) == {ADA: class_, BO: class_}


@pytest.mark.parametrize("proof", [{"nexusKills": 1}, {"gameEndedInSurrender": True}])
def test_a_game_that_was_decided_counts_though_it_says_that_it_was_aborted(proof: dict[str, Any]) -> None:
    match = reading.read_lol_match(
        a_match(a_player(ADA, win=True, **proof), a_player(BO, win=False, team=200), **ABORTED)
    )
    assert classes(match) == {ADA: "win", BO: "loss"}


def test_a_game_that_is_lost_against_nobody_is_a_loss() -> None:
    assert classes(reading.read_lol_match(a_match(a_player(ADA, win=False), a_player(BO, win=False)))) == {
        ADA: "loss", BO: "loss",
    }  # fmt: skip


def test_a_game_that_never_began_is_aborted_for_all_who_were_to_play_it() -> None:
    nothing = {"gameCreation": 0, "gameStartTimestamp": 0, "gameDuration": 0, "queueId": 0, "endOfGameResult": ""}
    answer = json.loads(a_match(**nothing))
    answer["info"]["participants"] = []
    match = reading.read_lol_match(json.dumps(answer).encode())
    assert match.results == dict.fromkeys((ADA, BO), LolResult(result="aborted", champion=""))
    assert (match.duration_seconds, match.started_at, match.queue_id) == (0, None, None), "it says nothing of that"


def test_a_match_of_before_2021_has_its_length_in_milliseconds() -> None:
    answer = json.loads(a_match(gameDuration=1_800_000))
    del answer["info"]["gameEndTimestamp"]
    assert reading.read_lol_match(json.dumps(answer).encode()).duration_seconds == 1800


def test_bots_and_those_who_hide_have_no_result() -> None:
    nameless = a_player("", win=False, team=200)
    del nameless["puuid"]
    players = (a_player(ADA, win=True), a_player("BOT", win=False, team=200), nameless)
    assert set(reading.read_lol_match(a_match(*players)).results) == {ADA}


def test_a_game_of_tft_is_won_by_who_came_first() -> None:
    placed = {
        "puuid": ADA, "placement": 1, "level": 8, "last_round": 30, "players_eliminated": 2,
        "total_damage_to_players": 99, "traits": [{"name": "Sniper", "tier_current": 1}, {"name": "Idle"}],
        "units": [{"character_id": "Jinx"}],
    }  # fmt: skip
    match = reading.read_tft_match(a_tft_match(placed, {"puuid": BO, "placement": 2}))
    assert match.results[ADA] == TftResult(
        result="win", placement=1, level=8, last_round=30, eliminated=2, damage=99, traits=("Sniper",), units=("Jinx",)
    )
    assert classes(match)[BO] == "placed"
    assert (match.duration_seconds, match.title) == (1800, "tft")
    assert match.started_at == datetime.fromtimestamp((STARTED - 500) / 1000, UTC)


@pytest.mark.parametrize(
    ("partners", "placements"),
    [((7, 7, 3, 3), (1, 2, 3, 4)), ((7, 7, 3, 3), (1, 1, 2, 2)), ((7, 3, 3, 7), (1, 3, 4, 2))],
)
def test_partners_are_placed_together(partners: tuple[int, ...], placements: tuple[int, ...]) -> None:
    placed = [
        {"puuid": f"p{number}", "placement": placement, "partner_group_id": partner}
        for number, (partner, placement) in enumerate(zip(partners, placements, strict=True))
    ]
    match = reading.read_tft_match(a_tft_match(*placed, queue=1160))
    first = {f"p{number}" for number, partner in enumerate(partners) if partner == 7}
    assert {puuid for puuid, result in match.results.items() if result.result == "win"} == first
    assert {result.placement for result in match.results.values() if isinstance(result, TftResult)} == {1, 2}


def test_partners_are_placed_together_though_it_is_not_said_who_they_are() -> None:
    placed = [{"puuid": f"p{place}", "placement": place} for place in range(1, 9)]
    match = reading.read_tft_match(a_tft_match(*placed, queue=1160))
    assert [match.results[f"p{place}"].result for place in (1, 2, 3)] == ["win", "win", "placed"]


def test_an_aborted_game_of_tft_has_no_placement_that_counts() -> None:
    match = reading.read_tft_match(a_tft_match({"puuid": ADA, "placement": 1}, **ABORTED))
    assert classes(match) == {ADA: "aborted"}
    assert classes(reading.read_tft_match(a_tft_match())) == {ADA: "aborted", BO: "aborted"}


def test_a_game_of_tft_is_none_of_league_of_legends() -> None:
    answer = json.dumps({"gameId": 5, "platformId": "NA1", "gameMode": "TFT", "gameStartTime": STARTED}).encode()
    assert reading.read_active_lol(answer) is None
    seen = reading.read_active_tft(answer)
    assert seen is not None
    assert seen.match_id == "NA1_5"
    assert reading.read_active_tft(answer.replace(b"TFT", b"CLASSIC")) is None


def test_a_game_of_more_than_a_week_is_not_understood() -> None:
    week = 7 * 86_400
    assert reading.read_lol_match(a_match(gameDuration=week)).duration_seconds == week
    with pytest.raises(Malformed, match="a game of 604801 seconds"):
        reading.read_lol_match(a_match(gameDuration=week + 1))
    with pytest.raises(Malformed, match="a game of 604801 seconds"):
        reading.read_tft_match(a_tft_match({"puuid": ADA, "placement": 1}, game_length=week + 1.5))


def test_names_are_read_where_both_parts_of_them_are_there() -> None:
    named: dict[str, Any] = {"riotIdGameName": "Ada", "riotIdTagline": "NA1"}
    half: dict[str, Any] = {"riotIdGameName": "Bo", "riotIdTagline": ""}
    match = reading.read_lol_match(a_match(a_player(ADA, win=True, **named), a_player(BO, win=False, **half)))
    assert match.names == {ADA: ("Ada", "NA1")}
    tft = reading.read_tft_match(a_tft_match({"puuid": ADA, "placement": 1, **named}, {"puuid": BO, "placement": 2}))
    assert tft.names == {ADA: ("Ada", "NA1")}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"matchId": "NA1_5\x00"}, {"matchId": "../../etc"}, {"matchId": 5}, {"championName": "A" * 101},
        {"championName": "\x00"}, {"kills": 2**63}, {"kills": "3"}, {"kills": None}, {"gameStartTimestamp": 1e300},
        {"gameStartTimestamp": -1}, {"gameDuration": -1}, {"participants": None}, {"puuid": 7}, {"win": "true"},
    ],
    ids=str,
)  # fmt: skip
def test_what_no_record_could_hold_is_no_answer(spoilt: dict[str, Any]) -> None:
    answer = json.loads(a_match(a_player(ADA, win=True, kills=1)))
    parts = [answer["metadata"], answer["info"]["participants"][0], answer["info"]]
    next(part for part in parts if part.keys() & spoilt.keys()).update(spoilt)
    with pytest.raises(Malformed, match="not understood"):
        reading.read_lol_match(json.dumps(answer).encode())


def test_whatever_comes_is_read_or_malformed_and_nothing_else() -> None:
    chance = random.Random(7)  # noqa: S311
    reads = (
        reading.read_lol_match, reading.read_tft_match, reading.read_account, reading.read_active_lol, reading.read_ids,
    )  # fmt: skip
    whole = [
        a_match(), a_tft_match({"puuid": ADA, "placement": 1}), b'{"puuid": "a", "gameName": "x", "tagLine": "y"}',
        b'{"gameId": 5, "platformId": "NA1"}', b'["NA1_5", "NA1_6"]',
    ]  # fmt: skip
    for _ in range(4000):
        content = bytearray(chance.choice(whole))
        for _ in range(chance.randint(0, 3)):
            at = chance.randrange(len(content))
            content[at : at + chance.choice((0, 1, 9))] = chance.choice(
                (b"", b"\xff", b"\x00", b"[" * 2000, b'{"a":', b"1e999", b"-1", b"null", b'"\\ud800"')
            )
        with suppress(Malformed):
            chance.choice(reads)(bytes(content))


def test_a_proxys_page_is_not_riots_word_and_no_ones_absence() -> None:
    error = judged("match-v5", 404, b"<html>404</html>", {})
    assert isinstance(error, Malformed)
    assert "TENURE_GAMES_RIOT_API" in str(error)


def test_what_riot_turns_down_says_what_it_said() -> None:
    error = judged("account-v1", 400, b'{"status": {"message": "Bad name", "status_code": 400}}', {})
    assert type(error) is RiotError
    assert "400 Bad name" in str(error)


@pytest.mark.parametrize(
    ("told", "waits"), [("7", 7), ("0", 1), ("1e9", 3600), ("-3", 1), ("nan", 5), ("soon", 5), ("1e999", 5)]
)
def test_however_long_riot_wants_us_to_wait_it_is_a_while(told: str, waits: float) -> None:
    error = judged("match-v5", 429, b"", {"Retry-After": told, "X-Rate-Limit-Type": "method"})
    assert vars(error)["retry_after"] == waits
