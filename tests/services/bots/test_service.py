"""The service put together: its loops, what it says of itself, how it stops, and what it is told."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from tests.places import SQLITE, Place
from tests.services.bots.making import KEY, START, World, a_world

from tenure import Poller, seconds, testing
from tenure.http.environment import WrongSetting
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Bot, Match, Ticket
from tenure.services.bots.matchmaking import Matchmaking
from tenure.services.bots.service import BotsService, kinds
from tenure.services.bots.settings import Settings, game_key
from tenure.store.timing import ManualClock


async def until(world: World, fits: Callable[[], object]) -> None:
    """Let time pass until something is so; the test's time limit is the limit."""
    while not fits():
        await world.store.advance(seconds(0.5))
        await asyncio.sleep(0.001)


async def test_a_pool_that_is_made_later_is_matched_and_its_bots_are_deployed() -> None:
    async with a_world() as world, world.service.running():
        await until(world, lambda: world.service.fleet.leads)
        await world.a_pool(max_deployed=1)
        await world.service.crew.create("duels", ids=["rob"])
        await until(world, lambda: world.service.matchmaking.leads.get("duels"))
        for name in ("ann", "bob"):
            await world.join(name)
        found: list[Match] = []
        while not found or (await world.bot("rob")).state != Bot.deployed:
            found = await world.store.find(Match.live) or found
            await world.store.advance(seconds(0.2))
        assert world.service.trouble == ""


async def test_a_pool_that_drains_is_matched_no_more_and_one_that_is_opened_again_is() -> None:
    async with a_world() as world:
        await world.a_pool()
        await world.service.matchmaking.look()
        assert set(world.service.matchmaking.leads) == {"duels"}
        await world.service.pools.drain("duels")
        await world.service.matchmaking.look()
        assert world.service.matchmaking.leads == {}
        await world.service.pools.reopen("duels")
        async with world.service.running():
            await until(world, lambda: world.service.matchmaking.leads.get("duels"))


async def test_while_the_game_is_away_nobody_is_matched_and_who_waits_goes_on_waiting() -> None:
    async with a_world() as world:
        await world.a_pool()
        here, matchmaking = True, Matchmaking(
            world.store, world.service.pools, world.service.keeper, may_match=lambda: here
        )  # fmt: skip
        await matchmaking.look()
        assert set(matchmaking.leads) == {"duels"}
        here = False
        await matchmaking.look()
        assert matchmaking.leads == {}
        here = True
        await matchmaking.look()
        assert set(matchmaking.leads) == {"duels"}
        here = False
        await matchmaking.look()


async def test_a_matcher_goes_by_the_rules_as_they_are_edited() -> None:
    async with a_world() as world:
        await world.a_pool(rules=Rules(tolerance=10.0))
        async with world.service.running():
            await until(world, lambda: world.service.matchmaking.leads.get("duels"))
            wide = Rules(tolerance=1e5, tolerance_at_most=1e5)
            await world.service.pools.edit("duels", lambda terms: msgspec.structs.replace(terms, rules=wide))
            matcher = world.service.matchmaking._matchers["duels"][0]
            await until(world, lambda: matcher.rules == wide)


async def test_a_loop_that_fails_is_begun_again_and_said() -> None:
    async with a_world() as world:
        calls = 0
        real = world.service.fleet.run

        async def broken() -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise ZeroDivisionError
            await real()

        world.service.fleet.run = broken  # type: ignore[method-assign]
        async with world.service.running():
            while not world.service.trouble:
                await asyncio.sleep(0)
            assert world.service.trouble == "the loop 'fleet' ended with ZeroDivisionError"
            await until(world, lambda: world.service.fleet.leads)


async def test_when_the_service_stops_others_take_its_turns_at_once_and_nothing_runs_on() -> None:
    async with a_world() as world:
        await world.a_pool()
        async with world.service.running():
            await until(world, lambda: world.service.matchmaking.leads.get("duels") and world.service.fleet.leads)
            await world.service.shut_down(keep=True)
            assert world.service.closing.is_set()
        assert (await world.store.get(Poller, "bots/fleet")).state == Poller.waiting
        assert len(await world.match()) == 0
        assert world.matchers["duels"].leads  # no lease had to run out


async def test_a_service_that_stops_lets_nobody_wait_at_its_local_game() -> None:
    async with a_world() as world:
        game, told = world.service.stand_in, list[bool]()
        assert game is not None
        game.end_looks = lambda: told.append(True)  # type: ignore[method-assign]
        await world.service.shut_down(keep=False)
        assert told


async def test_two_services_on_one_store_match_and_manage_together(place_of: Callable[[str], Place]) -> None:
    url, clock = place_of(SQLITE).fresh(), ManualClock(round(START.timestamp() * 1e6))
    settings = Settings(base_url="http://127.0.0.1:1", admin_key="k", game_key=KEY, plays=False)
    async with (
        testing.store(*kinds, url=url, space="bots", clock=clock, actor="one") as one,
        testing.store(*kinds, url=url, space="bots", clock=clock, actor="two", every_change_applied=False) as two,
    ):
        services = [BotsService(store, settings) for store in (one, two)]
        world = World(one, services[0])
        await world.a_pool(max_deployed=2)
        await world.service.crew.create("duels", number=4)
        async with services[0].running(), services[1].running():
            await until(world, lambda: any(service.matchmaking.leads.get("duels") for service in services))
            assert sum(service.matchmaking.leads.get("duels", False) for service in services) == 1
            for number in range(10):
                await world.join(f"p{number}")
            while (await world.states(Ticket))["matched"] < 10 or (await world.states(Bot))["deployed"] < 2:
                await one.advance(seconds(0.2))
                await asyncio.sleep(0.001)
        assert await one.engine.audit("bots", repair=False) == []


# ------------------------------------------------------------------------------------ settings


def read(folder: Path, **given: str) -> Settings:
    environment = {f"TENURE_BOTS_{name.upper()}": value for name, value in given.items()}
    return Settings.read(environment, base_url="http://127.0.0.1:8000/", admin_key="a-key", folder=folder)


def test_without_settings_the_local_game_stands_in_under_a_key_that_is_kept(tmp_path: Path) -> None:
    first = read(tmp_path)
    assert first.stands_in
    assert first.url_of_the_game == "http://127.0.0.1:8000/local-game"
    assert first.report_to("m1") == "http://127.0.0.1:8000/matches/m1/result"
    assert read(tmp_path).game_key == first.game_key == game_key({}, tmp_path)
    assert len(first.game_key) >= 40
    assert first.game_key not in repr(first)
    assert "a-key" not in repr(first)


def test_a_game_of_ones_own_is_told_by_the_environment(tmp_path: Path) -> None:
    settings = read(
        tmp_path, game_url="https://game.example.org/tenure/", game_key="x" * 16, game_tries="5", matches="0"
    )
    assert (settings.stands_in, settings.url_of_the_game) == (False, "https://game.example.org/tenure")
    assert (settings.game_key, settings.game_tries, settings.matches, settings.manages) == ("x" * 16, 5, False, True)
    assert not (tmp_path / "game.key").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("game_url", "game.example.org"), ("game_url", "ftp://game"), ("game_url", "http://game/?a=b"),
        ("game_key", "short"), ("game_key", "with a space in it"), ("game_tries", "0"), ("game_tries", "many"),
        ("game_try_seconds", "nan"), ("game_rest_seconds", "-1"), ("matches", "perhaps"),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=f"TENURE_BOTS_{name.upper()}"):
        read(tmp_path, **{name: value})


async def test_a_process_may_leave_matching_and_managing_to_others() -> None:
    async with a_world(matches=False, manages=False) as world:
        assert not {"matchers", "fleet"} & set(world.service.loops())
