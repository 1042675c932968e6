"""The tracker as a process runs it: with our own stand-in where there is no key, and with nobody to ask."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

import tenure
from tenure import Event, Store, seconds, testing
from tenure.services.games.hosting import HostedGames
from tenure.services.games.kinds import kinds
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.riot.contract import KeyRefused, RiotAway
from tenure.services.games.settings import Settings
from tenure.services.games.standing_in.lifecycle import RiotStandIn
from tenure.services.games.standing_in.sharing import ID

PATIENCE_SECONDS = 100


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a tracker on a busy machine wait for its stand-in."""
    monkeypatch.setattr("tenure.services.games.hosting.START_SECONDS", PATIENCE_SECONDS)


async def until(store: Store, id: str, state: str) -> None:
    """Wait until a player is in a state."""
    async for event in store.watch(TrackedPlayer, id):
        if event.target.name == state:
            return


async def test_without_a_key_a_stand_in_answers_whose_players_are_tracked_at_once(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        await store.sweep()
        hosted = HostedGames(store, Settings(admin_key="a", stand_in=True))
        async with hosted.running(), asyncio.timeout(PATIENCE_SECONDS):
            ada = await hosted.service.players.add("Ada#NA1", "na1")
            await until(store, ada.id, "tracked")
            nobody = await hosted.service.players.add("Nobody#NA1", "na1")
            await until(store, nobody.id, "unknown")
            assert hosted.trouble == ""
            await hosted.shut_down(keep=False)


def another(store: Store, host: str = "", **more: Any) -> HostedGames:
    """Give the tracker as one more process of the store runs it, on this machine unless another one is named."""
    hosted = HostedGames(store, Settings(admin_key="a", stand_in=True, **more))
    assert hosted.stand_in is not None
    if host:
        hosted.stand_in._host = host
    return hosted


def asked_at(hosted: HostedGames) -> str:
    """Give where a process asks."""
    assert hosted._client is not None
    return hosted._client._api


async def until_it_moves(store: Store, url: str) -> AsyncIterator[Event[RiotStandIn]]:
    """Give what happens to the stand-in's place until it is another one."""
    async for event in store.watch(RiotStandIn, ID):
        yield event
        if event.fields.get("url", url) != url:
            return


async def test_two_processes_of_a_store_ask_one_stand_in_and_the_other_goes_on_with_its_own(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/games.db"
    async with tenure.open(url, *kinds) as one, tenure.open(url, *kinds) as two:
        await one.sweep()
        first, second = another(one), another(two)
        async with asyncio.timeout(PATIENCE_SECONDS), AsyncExitStack() as later:
            async with first.running():
                place = await one.get(RiotStandIn, ID)
                await later.enter_async_context(second.running())
                assert asked_at(first) == asked_at(second) == f"{place.url}/{{host}}"
                assert [hosted.stand_in.here is not None for hosted in (first, second) if hosted.stand_in] == [
                    True,
                    False,
                ]
                ada = await first.service.players.add("Ada#NA1", "na1")
                await until(one, ada.id, "tracked")
                puuid = (await first.service.players.get(ada.id)).puuid
            moved = [event async for event in until_it_moves(two, place.url)]
            assert second.stand_in is not None
            await second.stand_in.known.wait()
            # The first players of each stand-in are the same ones: who was tracked still is.
            assert await second.service.asking.active_game("na1", str(puuid), "lol") is None
            assert asked_at(second) == f"{moved[-1].fields['url']}/{{host}}"


async def test_the_stand_in_of_a_process_that_is_dead_is_taken_over_after_its_lease() -> None:
    async with testing.store(*kinds) as store:
        await store.apply(RiotStandIn.create(ID))
        await store.apply(RiotStandIn.begin(ID, url="http://127.0.0.1:9", host=socket.gethostname()))
        hosted = another(store, tracks=False)
        async with asyncio.timeout(PATIENCE_SECONDS), hosted.running():
            assert asked_at(hosted) == "http://127.0.0.1:9/{host}"
            with pytest.raises(RiotAway):
                await hosted.service.asking.account("na1", "Ada", "NA1")
            await store.advance(seconds(11))
            async for event in store.watch(RiotStandIn, ID):
                if event.version == 4:
                    break
            assert hosted.stand_in is not None
            await hosted.stand_in.known.wait()
            assert (await hosted.service.asking.account("na1", "Ada", "NA1")) is not None
        assert (await store.get(RiotStandIn, ID)).state == RiotStandIn.vacant


async def test_a_stand_in_on_another_machine_is_not_asked_and_that_is_said(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        await store.sweep()
        there, here = another(store, "over-there"), another(store, tracks=False)
        async with asyncio.timeout(PATIENCE_SECONDS), there.running(), here.running():
            assert "on another machine, over-there" in here.trouble
            with pytest.raises(RiotAway, match="tenure serve riot-stand-in"):
                await here.service.asking.account("na1", "Ada", "NA1")
            assert there.trouble == ""


async def test_a_process_that_lost_its_lease_asks_the_stand_in_of_who_has_it_now() -> None:
    async with testing.store(*kinds) as store:
        hosted = another(store, tracks=False)
        async with asyncio.timeout(PATIENCE_SECONDS), hosted.running():
            assert hosted.stand_in is not None
            assert hosted.stand_in.here is not None
            mine = await store.get(RiotStandIn, ID)
            taken = await store.apply(
                RiotStandIn.leave(mine.claim), RiotStandIn.begin(ID, url="http://x", host="other")
            )
            while not hosted.trouble:
                await asyncio.sleep(0)
            assert hosted.stand_in.here is None
            assert (await store.get(RiotStandIn, ID)).fence == taken[1].fence


async def test_without_a_key_and_a_stand_in_it_says_so_as_soon_as_somebody_is_to_be_tracked(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        await store.sweep()
        hosted = HostedGames(store, Settings(admin_key="a"))
        assert hosted.trouble == ""
        await hosted.service.players.add("Ada#NA1", "na1")
        with pytest.raises(KeyRefused, match="TENURE_GAMES_RIOT_KEY"):
            await hosted.service.accounts.once()
        assert "TENURE_GAMES_STAND_IN=1" in hosted.trouble


def test_a_key_is_never_shown_and_comes_before_the_stand_in() -> None:
    settings = Settings.read({"TENURE_GAMES_RIOT_KEY": "RGAPI-secret", "TENURE_GAMES_STAND_IN": "1"}, admin_key="a")
    assert settings.stand_in
    assert "RGAPI-secret" not in repr(settings)


async def test_with_a_key_there_is_no_stand_in(tmp_path: Path) -> None:
    async with tenure.open(f"sqlite://{tmp_path}/games.db", *kinds) as store:
        hosted = HostedGames(store, Settings(admin_key="a", riot_key="RGAPI-secret", stand_in=True))
        assert hosted.stand_in is None
        assert "RGAPI" not in hosted.service.asking.key_mark
