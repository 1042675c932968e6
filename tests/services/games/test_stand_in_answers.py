"""The stand-in's answers over HTTP, each against the reference of Riot's API."""

from typing import Any
from urllib.parse import quote

import pytest
from tests.services.games.riot_standing import (
    ACCOUNTS,
    ACTIVE,
    ADA,
    BOB,
    EVE,
    MATCHES,
    REFERENCE,
    START,
    fits,
    puuid,
    served,
)

from tenure.services.games.results import Title
from tenure.services.games.riot.stand_in.asked import ACCOUNT_HOSTS, MATCH_HOSTS, PLATFORM_HOSTS, asked
from tenure.services.games.riot.stand_in.playing import Ending

TITLES: tuple[Title, ...] = ("lol", "tft")
SPECTATOR = {title: f"spectator-{'tft-' * (title == 'tft')}v5.getCurrentGameInfoByPuuid" for title in TITLES}
MATCH = {"lol": "match-v5.getMatch", "tft": "tft-match-v1.getMatch"}
IDS = {title: f"{name}IdsByPUUID" for title, name in MATCH.items()}


def test_each_endpoint_is_where_the_reference_has_it() -> None:
    described = REFERENCE["endpoints"]
    found = {name: asked([part.strip("{}") for part in one["path"].split("/")[1:]]) for name, one in described.items()}
    assert {name: wanted and wanted.endpoint for name, wanted in found.items()} == {name: name for name in described}
    for hosts, of in ((ACCOUNT_HOSTS, "account"), (PLATFORM_HOSTS, "active")):
        assert all(hosts == set(described[name]["hosts"]) for name, one in found.items() if one and one.what == of)
    assert set(described["match-v5.getMatch"]["hosts"]) == MATCH_HOSTS


async def test_an_account_is_answered_in_any_letters_and_one_that_is_not_there_with_404() -> None:
    async with served() as (stand_in, get):
        found = await get(f"{ACCOUNTS}/aDA/na1")
        fits("account-v1.getByRiotId", found.body)
        assert found.body == {"puuid": puuid(stand_in), "gameName": "Ada", "tagLine": "NA1"}
        strange = stand_in.world.add_player("Größe 1/2?#ß", "euw1")
        found = await get(f"{ACCOUNTS}/{quote('Größe 1/2?', safe='')}/{quote('ß', safe='')}")
        assert found.body["puuid"] == stand_in.world.keys.puuid(stand_in.key, strange)
        absent = await get(f"{ACCOUNTS}/Nobody/NA1")
        assert (absent.status, absent.body["status"]["status_code"]) == (404, 404)


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("anonymous", [False, True])
async def test_a_game_that_goes_on_is_answered_as_the_reference_says(title: Title, *, anonymous: bool) -> None:
    async with served() as (stand_in, get):
        path = f"{ACTIVE[title]}/{puuid(stand_in)}"
        absent = await get(path)
        assert (absent.status, absent.body["errorCode"]) == (404, "NOT_FOUND")
        game = stand_in.world.start(ADA, BOB, title=title, loading_seconds=30, anonymous=anonymous)
        loading = (await get(path)).body
        fits(SPECTATOR[title], loading)
        assert (loading["gameStartTime"], loading["gameLength"]) == (0, 0)
        stand_in.world.advance(90)
        playing = (await get(path)).body
        fits(SPECTATOR[title], playing)
        assert (playing["gameStartTime"], playing["gameLength"]) == ((START + 30) * 1000, 60)
        assert f"{playing['platformId']}_{playing['gameId']}" == game.match_id
        shown = {one["puuid"] for one in playing["participants"] if "puuid" in one}
        assert len(playing["participants"]) == (10 if title == "lol" else 8)
        if anonymous:
            assert shown == set()
            assert "gameQueueConfigId" not in playing
        else:
            assert {puuid(stand_in, ADA), puuid(stand_in, BOB)} <= shown
            assert len(shown) == len(playing["participants"])
        assert (await get(path.replace("/na1/", "/euw1/"))).status == 404


async def test_the_endpoint_of_league_of_legends_shows_games_of_tft_too_and_not_the_other_way_round() -> None:
    async with served() as (stand_in, get):
        stand_in.world.start(ADA, title="tft")
        stand_in.world.start(BOB, title="lol")
        seen = await get(f"{ACTIVE['lol']}/{puuid(stand_in)}")
        fits(SPECTATOR["lol"], seen.body)
        assert (seen.status, seen.body["gameMode"]) == (200, "TFT")
        assert (await get(f"{ACTIVE['tft']}/{puuid(stand_in, BOB)}")).status == 404


@pytest.mark.parametrize("ending", ["decided", "surrender", "remake", "aborted"])
@pytest.mark.parametrize(("title", "queue_id"), [("lol", 420), ("tft", 1100), ("tft", 1160)])
async def test_a_match_is_answered_as_the_reference_says(title: Title, queue_id: int, ending: Ending) -> None:
    async with served() as (stand_in, get):
        game = stand_in.world.start(ADA, against=[BOB], title=title, queue_id=queue_id, loading_seconds=20)
        path = f"{MATCHES[title]}/{game.match_id}"
        assert (await get(path)).status == 404
        stand_in.world.advance(1220)
        stand_in.world.end(game.match_id, ending=ending, result_seconds=0)
        match = (await get(path)).body
        fits(MATCH[title], match)
        participants = [one["puuid"] for one in match["info"]["participants"]]
        assert participants == match["metadata"]["participants"]
        assert len(set(participants)) == (10 if title == "lol" else 8)
        assert puuid(stand_in) in participants
        assert match["info"]["endOfGameResult"].startswith("Abort_") == (ending == "aborted")
        if title == "lol":
            check_lol(match["info"], ending)
        else:
            check_tft(match["info"], queue_id)
        assert (await get(path.replace("americas", "europe"))).status == 404


def check_lol(info: Any, ending: Ending) -> None:
    assert (info["gameDuration"], info["gameStartTimestamp"]) == (1200, (START + 20) * 1000)
    assert info["gameEndTimestamp"] == (START + 1220) * 1000
    winners = {one["teamId"] for one in info["participants"] if one["win"]}
    assert len(winners) == (0 if ending == "aborted" else 1)
    assert {one["gameEndedInEarlySurrender"] for one in info["participants"]} == {ending == "remake"}
    assert {one["gameEndedInSurrender"] for one in info["participants"]} == {ending == "surrender"}
    assert sum(one["nexusKills"] for one in info["participants"]) == (ending == "decided")


def check_tft(info: Any, queue_id: int) -> None:
    assert (info["game_length"], info["game_datetime"]) == (1200, (START + 1220) * 1000)
    assert sorted(one["placement"] for one in info["participants"]) == list(range(1, 9))
    pairs = [one.get("partner_group_id") for one in info["participants"]]
    assert sorted(pairs, key=str) == ([1, 1, 2, 2, 3, 3, 4, 4] if queue_id == 1160 else [None] * 8)


@pytest.mark.parametrize("title", TITLES)
async def test_a_list_of_matches_is_asked_for_by_time_count_and_start(title: Title) -> None:
    async with served() as (stand_in, get):
        world = stand_in.world
        ids = [world.play(ADA, at=START + 1000 * n, seconds=900, title=title).match_id for n in range(25)][::-1]
        world.advance(30_000)
        path = f"{MATCHES[title]}/by-puuid/{puuid(stand_in)}/ids"
        usual = await get(path)
        fits(IDS[title], usual.body)
        assert usual.body == ids[:20]
        assert (await get(f"{path}?count=100")).body == ids
        assert (await get(f"{path}?count=3&start=2")).body == ids[2:5]
        assert (await get(f"{path}?count=0")).body == []
        assert (await get(f"{path}?startTime={int(START) + 20_000}")).body == ids[:5]
        assert (await get(f"{path}?endTime={int(START) + 2_000}")).body == ids[23:]
        assert (await get(path.replace("americas", "europe"))).body == []
        for wrong in ("count=101", "count=many", "start=-1", "startTime=x"):
            assert (await get(f"{path}?{wrong}")).status == 400


async def test_a_list_of_league_of_legends_is_also_asked_for_by_queue_and_kind() -> None:
    async with served() as (stand_in, get):
        for number, queue in enumerate((420, 450)):
            game = stand_in.world.start(ADA, queue_id=queue, at=START + 1000 * number)
            stand_in.world.end(game.match_id, at=START + 1000 * number + 900)
        stand_in.world.advance(5000)
        path = f"{MATCHES['lol']}/by-puuid/{puuid(stand_in)}/ids"
        ranked, other = (await get(path)).body[::-1]
        assert (await get(f"{path}?queue=450")).body == [other]
        assert (await get(f"{path}?type=ranked")).body == [ranked]
        assert (await get(f"{path}?type=normal")).body == [other]
        assert (await get(f"{path}?type=tea")).status == 400


async def test_who_has_no_key_another_one_or_an_old_one_is_turned_away() -> None:
    async with served() as (stand_in, get):
        old, path = stand_in.key, f"{ACCOUNTS}/Ada/NA1"
        assert (await get(path, key="")).status == 401
        assert (await get(path, key="RGAPI-wrong")).status == 401
        assert (await get(f"{path}?api_key={old}", key="")).status == 200
        new = stand_in.change_key()
        refused = await get(path, key=old)
        assert (refused.status, refused.body) == (403, {"status": {"message": "Forbidden", "status_code": 403}})
        assert (await get(path, key=new)).status == 200
        stand_in.expire_key()
        assert (await get(path, key=new)).status == 403


@pytest.mark.parametrize("place", [*ACTIVE.values(), *(f"{one}/by-puuid" for one in MATCHES.values())])
async def test_a_puuid_of_another_key_cannot_be_decrypted(place: str) -> None:
    async with served() as (stand_in, get):
        old = puuid(stand_in)
        stand_in.change_key()
        answer = await get(f"{place}/{old}" + "/ids" * ("matches" in place))
        assert answer.status == 400
        assert answer.body["status"]["message"] == f"Bad Request - Exception decrypting {old}"


async def test_what_is_not_there_is_404_and_another_method_405() -> None:
    async with served() as (stand_in, get):
        assert (await get("/na1/lol/nothing")).status == 404
        assert (await get(ACCOUNTS.replace("americas", "na1") + "/Ada/NA1")).status == 404
        assert (await get(f"{ACTIVE['lol']}/{puuid(stand_in)}".replace("na1", "americas"))).status == 404
        assert (await get(f"{MATCHES['lol']}/NA1_1")).status == 404
        assert (await get(f"{ACCOUNTS}/Ada/NA1", method="POST")).status == 405
        assert (await get("/moon/lol/match/v5/matches/NA1_1")).status == 404
        assert stand_in.api.counted["account-v1.getByRiotId", 405] == 1
        assert (await get(f"{ACCOUNTS.replace('americas', 'europe')}/Eve/EUW")).body["gameName"] == EVE[:3]
