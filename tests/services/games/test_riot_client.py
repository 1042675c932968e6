"""Riot's API over HTTP, as the stand-in has it: what is asked, what comes back, and how it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import get_args

import msgspec
import pytest
from tests.services.games.riots import asking

from tenure import Unavailable
from tenure.pacing.lifecycle import Budget
from tenure.pacing.pacer import Pacer
from tenure.services.games.results import Title
from tenure.services.games.riot import failures
from tenure.services.games.riot.client import MOST_FORBIDDEN, RiotClient
from tenure.services.games.riot.contract import (
    KeyRefused,
    Limited,
    Malformed,
    OfAnotherKey,
    RiotAway,
    RiotError,
)
from tenure.services.games.riot.stand_in.faults import How, LimitOf
from tenure.services.games.riot.stand_in.standing import StandIn

ADA, BO = "Ada Löve/#EU 1", "Bo#1"


@asynccontextmanager
async def playing() -> AsyncIterator[tuple[StandIn, RiotClient, str]]:
    """Give a stand-in with two players, a client, and the puuid of one of them."""
    async with asking() as (stand_in, client, _):
        for riot_id in (ADA, BO):
            stand_in.world.add_player(riot_id, "euw1")
        account = await client.account("euw1", *ADA.split("#"))
        assert account is not None
        yield stand_in, client, account.puuid


async def test_an_account_is_found_by_any_spelling_and_nobody_else_is() -> None:
    async with playing() as (stand_in, client, puuid):
        account = await client.account("EUW1", "ADA LÖVE/", "eu 1")
        assert account is not None
        assert (account.puuid, f"{account.game_name}#{account.tag_line}") == (puuid, ADA)
        assert await client.account("oc1", *ADA.split("#")) == account
        assert await client.account("euw1", "nobody", "1") is None
        assert await stand_in.direct().account("euw1", "Ada Löve/", "EU 1") == account
        assert client.key_mark == stand_in.direct().key_mark
        assert stand_in.key not in client.key_mark


@pytest.mark.parametrize("title", ["lol", "tft"])
async def test_a_game_is_what_the_world_says_from_its_beginning_to_its_result(title: Title) -> None:
    async with playing() as (stand_in, client, puuid):
        world, direct = stand_in.world, stand_in.direct()
        since = datetime.now(UTC) - timedelta(hours=1)
        assert await client.active_game("euw1", puuid, title) is None
        match_id = world.start(ADA, against=[BO], title=title).match_id
        active = await client.active_game("euw1", puuid, title)
        assert active == await direct.active_game("euw1", puuid, title)
        assert active is not None
        assert active.match_id == match_id
        assert await client.match(match_id, title) is None
        world.advance(1800)
        world.end(match_id)
        match, told = await client.match(match_id, title), await direct.match(match_id, title)
        assert match is not None
        assert told is not None
        assert match.started_at is not None
        assert told.started_at is not None
        assert abs(match.started_at - told.started_at) < timedelta(seconds=0.01)
        assert (match.match_id, match.title, match.duration_seconds, match.queue_id) == (
            told.match_id, told.title, told.duration_seconds, told.queue_id,
        )  # fmt: skip
        assert {one: match.results[one] for one in told.results} == told.results
        assert len(match.results) == {"lol": 10, "tft": 8}[title]
        assert match_id in match.raw
        assert list(await client.match_ids("euw1", puuid, title, since)) == [match_id]
        assert list(await client.match_ids("euw1", puuid, title, datetime.now(UTC) + timedelta(hours=1))) == []


async def test_a_game_that_is_loading_has_no_beginning_and_one_of_a_streamer_no_queue() -> None:
    async with playing() as (stand_in, client, puuid):
        stand_in.world.start(ADA, loading_seconds=60, anonymous=True)
        active = await client.active_game("euw1", puuid, "lol")
    assert active is not None
    assert (active.started_at, active.queue_id) == (None, None)


async def test_a_puuid_of_another_key_is_told_apart_from_a_player_who_is_not_there() -> None:
    async with playing() as (stand_in, client, puuid):
        stand_in.change_key("RGAPI-other", keep_old=True)
        other = stand_in.direct("RGAPI-other")
        theirs = await other.account("euw1", *ADA.split("#"))
        assert theirs is not None
        for ask in (client.active_game("euw1", theirs.puuid, "lol"), client.active_game("euw1", "none", "tft")):
            with pytest.raises(OfAnotherKey, match="look the player up by name"):
                await ask
        with pytest.raises(OfAnotherKey):
            await client.match_ids("euw1", theirs.puuid, "lol", datetime.now(UTC))
        assert await client.active_game("na1", puuid, "lol") is None


async def test_a_key_that_has_expired_or_is_wrong_says_what_to_do_and_not_the_key() -> None:
    async with playing() as (stand_in, client, puuid):
        old = stand_in.key
        assert await client.active_game("euw1", puuid, "lol") is None
        stand_in.expire_key()
        for _ in range(MOST_FORBIDDEN):
            with pytest.raises(RiotError, match="may not ask this"):
                await client.active_game("euw1", puuid, "lol")
        with pytest.raises(KeyRefused, match=r"expired.*developer\.riotgames\.com.*TENURE_GAMES_RIOT_KEY") as refused:
            await client.active_game("euw1", puuid, "lol")
        assert refused.value.status == 403
        assert old not in str(refused.value)


async def test_a_key_that_is_good_for_one_title_is_not_refused_for_the_other() -> None:
    async with playing() as (stand_in, client, puuid):
        stand_in.fail("status", "spectator-tft-v5.*", status=403, times=None)
        with pytest.raises(RiotError, match=r"may not ask this.*track without that title") as error:
            await client.active_game("euw1", puuid, "tft")
        assert type(error.value) is RiotError
        assert await client.active_game("euw1", puuid, "lol") is None


async def test_a_thing_that_is_forbidden_for_ever_is_no_trouble_of_the_key() -> None:
    async with playing() as (stand_in, client, puuid):
        assert await client.match("EUW1_1", "lol") is None
        for _ in range(2 * MOST_FORBIDDEN):
            stand_in.fail("status", "match-v5.*", status=403)
            with pytest.raises(RiotError, match="403 of match-v5") as error:
                await client.match("EUW1_1", "lol")
            assert type(error.value) is RiotError
            assert await client.active_game("euw1", puuid, "lol") is None, "the key is good"


async def test_an_account_is_found_by_its_puuid_whatever_it_is_called() -> None:
    async with playing() as (stand_in, client, puuid):
        stand_in.world.rename(ADA, "Countess Löve#EU 2")
        account = await client.account_of("euw1", puuid)
        assert account == await stand_in.direct().account_of("euw1", puuid)
        assert account is not None
        assert (account.puuid, account.game_name, account.tag_line) == (puuid, "Countess Löve", "EU 2")
        stand_in.world.remove_player("Countess Löve#EU 2")
        assert await client.account_of("euw1", puuid) is None
        with pytest.raises(OfAnotherKey):
            await client.account_of("euw1", "x" * 78)


@pytest.mark.parametrize("title", ["lol", "tft"])
async def test_a_match_says_how_its_players_were_called_then(title: Title) -> None:
    async with playing() as (stand_in, client, puuid):
        match_id = stand_in.world.play(ADA, at=stand_in.world.now() - 2000, seconds=1800, title=title).match_id
        match, told = await client.match(match_id, title), await stand_in.direct().match(match_id, title)
        assert match is not None
        assert told is not None
        assert match.names[puuid] == told.names[puuid] == tuple(ADA.split("#"))


async def test_a_list_of_any_length_is_read_to_its_end() -> None:
    async with playing() as (stand_in, client, puuid):
        world = stand_in.world
        played = [world.play(ADA, at=world.now() - 300_000 + 1000 * n, seconds=900).match_id for n in range(250)][::-1]
        long_ago = datetime.now(UTC) - timedelta(days=30)
        before = client.answers["match-v5-ids", 200]
        assert list(await client.match_ids("euw1", puuid, "lol", long_ago)) == played
        assert list(await stand_in.direct().match_ids("euw1", puuid, "lol", long_ago)) == played
        assert client.answers["match-v5-ids", 200] - before == 3


async def test_a_list_without_an_end_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing() as (_, client, puuid):
        monkeypatch.setattr(RiotClient, "_get", _a_hundred)
        with pytest.raises(Malformed, match="has no end"):
            await client.match_ids("euw1", puuid, "lol", datetime.now(UTC))


async def _a_hundred(*_: object) -> bytes:
    return msgspec.json.encode([f"EUW1_{number}" for number in range(100)])


async def test_a_key_that_was_good_for_nothing_of_late_is_refused() -> None:
    now = 0.0
    async with asking(clock=lambda: now) as (stand_in, client, _):
        assert await client.account("euw1", "Ada", "1") is None
        stand_in.expire_key()
        with pytest.raises(RiotError, match="may not ask this"):
            await client.match("EUW1_1", "lol")
        now = 60.0
        with pytest.raises(KeyRefused):
            await client.match("EUW1_1", "lol")


async def test_what_fails_at_riot_is_for_later() -> None:
    async with playing() as (stand_in, client, puuid):
        for status in (500, 502, 503, 504):
            stand_in.fail("status", status=status)
            with pytest.raises(RiotAway, match=f"{status}"):
                await client.active_game("euw1", puuid, "lol")
            assert await client.active_game("euw1", puuid, "lol") is None
            assert client.answers["spectator-v5", status] == 1


async def test_a_connection_that_ends_is_riot_being_away() -> None:
    async with playing() as (stand_in, client, puuid):
        # A GET whose connection was kept and is found closed is sent once more.
        stand_in.fail("cut", times=2)
        with pytest.raises(RiotAway, match="does not answer to spectator-v5"):
            await client.active_game("euw1", puuid, "lol")
        assert client.answers["spectator-v5", 0] == 1


@pytest.mark.parametrize("title", ["lol", "tft"])
async def test_an_answer_that_is_not_understood_says_so_and_nothing_else(title: Title) -> None:
    async with playing() as (stand_in, client, puuid):
        match_id = stand_in.world.play(ADA, at=stand_in.world.now() - 2000, seconds=1800, title=title).match_id
        stand_in.world.start(ADA, title=title)
        asks = (
            lambda: client.account("euw1", *ADA.split("#")),
            lambda: client.active_game("euw1", puuid, title),
            lambda: client.match(match_id, title),
        )
        for how in get_args(How):
            stand_in.fail("malformed", how=how, times=None)
            for ask in asks:
                with pytest.raises(Malformed, match="not understood"):
                    await ask()
            stand_in.behave()
        for ask in asks:
            assert await ask() is not None


async def test_a_match_that_answers_for_another_one_is_not_believed() -> None:
    async with playing() as (stand_in, client, _):
        world = stand_in.world
        first, second = (world.play(ADA, at=world.now() - ago, seconds=900).match_id for ago in (3000, 2000))
        world.games[first] = world.games[second]
        with pytest.raises(Malformed, match=f"another match than {first}"):
            await client.match(first, "lol")


async def test_a_page_of_somebody_else_at_that_address_is_not_an_absence() -> None:
    async with asking() as (stand_in, _, store):
        elsewhere = RiotClient(stand_in.key, Pacer(store), api=f"{stand_in.url}/elsewhere/{{host}}")
        async with elsewhere as client:
            with pytest.raises(Malformed, match=r"404.*is TENURE_GAMES_RIOT_API right"):
                await client.active_game("euw1", "anyone", "lol")


async def test_what_no_platform_is_says_which_there_are() -> None:
    async with playing() as (_, client, puuid):
        for ask in (
            client.active_game("xx1", puuid, "lol"),
            client.account("", "Ada", "1"),
            client.match("XX1_12", "lol"),
            client.match("12", "lol"),
            client.match_ids("na1/..", puuid, "lol", datetime.now(UTC)),
        ):
            with pytest.raises(RiotError, match="it is one of br1, eun1"):
                await ask
        assert sum(client.answers.values()) == 1


# Longer than anybody waits for a token, and than a slow machine takes for the next request.
WAIT = 60.0
LIMITS: list[tuple[LimitOf, float | None]] = [
    ("application", WAIT), ("method", WAIT), ("service", WAIT), ("application", None), ("service", None),
    ("none", None),
]  # fmt: skip


@pytest.mark.parametrize(("of", "wait"), LIMITS)
async def test_a_limit_that_was_hit_blocks_what_it_is_of_for_everybody(
    of: LimitOf, wait: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "PAUSE_SECONDS", pause := 2 * WAIT)
    async with asking() as (stand_in, client, store):
        stand_in.world.add_player(ADA, "euw1")
        account = await client.account("euw1", *ADA.split("#"))
        assert account is not None
        assert await client.active_game("euw1", account.puuid, "lol") is None
        stand_in.fail("limit", of=of, seconds=wait)
        with pytest.raises(Limited) as first:
            await client.active_game("euw1", account.puuid, "lol")
        blocked = "application" if of == "application" else "method"
        assert (first.value.of, first.value.retry_after) == ("service" if of == "none" else of, wait or pause)
        asked = sum(client.answers.values())
        with pytest.raises(Limited) as again:
            await client.active_game("euw1", account.puuid, "lol")
        assert (again.value.of, sum(client.answers.values())) == (blocked, asked)
        assert 0 < again.value.retry_after <= (wait or pause)
        name = f"riot/{client.key_mark}/euw1" + ("" if blocked == "application" else "/spectator-v5")
        assert (await store.get(Budget, name)).blocked_until is not None
        if blocked == "method":
            assert await client.active_game("euw1", account.puuid, "tft") is None
        assert await client.match("EUW1_1", "lol") is None


async def test_without_a_word_of_when_the_pauses_grow() -> None:
    async with asking() as (stand_in, client, store):
        pauses = []
        for _ in range(8):
            stand_in.fail("limit", of="service", seconds=None)
            with pytest.raises(Limited) as error:
                await client.match("EUW1_1", "lol")
            pauses.append(error.value.retry_after)
            budget = await store.get(Budget, f"riot/{client.key_mark}/europe/match-v5")
            await store.apply(Budget.block(budget, blocked_until=budget.entered_at))
            client._pacer._budgets._known.clear()
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


async def test_limits_are_learned_from_the_headers() -> None:
    async with asking(limits="500:10,30000:600") as (stand_in, client, store):
        stand_in.world.add_player(ADA, "euw1")
        assert await client.account("euw1", *ADA.split("#")) is not None
        application = await store.get(Budget, f"riot/{client.key_mark}/europe")
        method = await store.get(Budget, f"riot/{client.key_mark}/europe/account-v1")
    assert [(rate.most, rate.seconds) for rate in application.level.rates] == [(500, 10), (30000, 600)]
    assert [(rate.most, rate.seconds) for rate in method.level.rates] == [(1000, 60)]


async def test_limits_that_were_forgotten_are_learned_again() -> None:
    async with asking(limits="500:10") as (stand_in, client, store):
        stand_in.world.add_player(ADA, "euw1")
        application = f"riot/{client.key_mark}/europe"
        learned = []
        for _ in range(2):
            assert await client.account("euw1", *ADA.split("#")) is not None
            budget = await store.get(Budget, application)
            learned.append([(rate.most, rate.seconds) for rate in budget.level.rates])
            # As when nobody took of it for two days.
            await store.apply(Budget.take(budget, level=budget.level, forgotten_at=budget.entered_at))
            await store.sweep()
            client._pacer._lanes.clear()
    assert learned == [[(500, 10)]] * 2


async def test_a_store_that_is_away_is_not_riot_being_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_changes: object, **_options: object) -> None:
        raise Unavailable("the store is away")

    async with asking() as (_, client, store):
        with monkeypatch.context() as patched:
            patched.setattr(store, "submit", away)
            with pytest.raises(Unavailable):
                await client.match("EUW1_1", "lol")
        assert await client.match("EUW1_1", "lol") is None


async def test_who_stops_waiting_for_an_answer_leaves_the_client_usable() -> None:
    async with playing() as (stand_in, client, puuid):
        stand_in.fail("slow", seconds=30)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.active_game("euw1", puuid, "lol"), 0.05)
        assert await client.active_game("euw1", puuid, "lol") is None
