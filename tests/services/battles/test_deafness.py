"""Trap 7 in full: a process whose connection for hearing has died, while whatever it asks for is answered.

It looks well from inside: it beats, it writes, its players' moves count. Only what it signals to itself tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from tests.calling import Calls
from tests.engine_contract.conftest import PlaceOf
from tests.places import ENGINES, POSTGRES, VALKEY
from tests.proxy import Flow, Proxy, proxy_to
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.making import Line

import tenure
from tenure.engines.postgres import signals, telling
from tenure.engines.valkey import subscribing
from tenure.services.battles import echo
from tenure.services.battles.api.http import create_app
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.messages import Happened, Signalled
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings

SERVED = tuple(engine for engine in ENGINES if engine in (VALKEY, POSTGRES))
SETTINGS = Settings(base_url="http://127.0.0.1:1", admin_key="the-admins-key", token_key="k" * 32)


@dataclass
class Server(Calls):
    """One process of the service, and its API."""

    service: BattlesService
    app: Starlette

    async def is_well(self) -> bool:
        return (await self.call("GET", "/health", headers={})).status == 200


@asynccontextmanager
async def a_server(url: str, name: str) -> AsyncIterator[Server]:
    """Run a process of the service, which has heard itself."""
    async with tenure.open(url, *kinds, space="battles", actor=name) as store, store.sweeping():
        service = BattlesService(store, SETTINGS)
        async with service.running():
            await until(lambda: service.presence.instance and service.echo.heard)
            yield Server(service, create_app(service))


async def until(look: Callable[[], object]) -> None:
    """Look again and again until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await found if isinstance(found := look(), Awaitable) else found):
            await asyncio.sleep(0.01)  # another process is waited for, or a connection


@pytest.fixture(autouse=True)
def _only_the_echo_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let periods be short, and no engine find out by itself that a connection by which it hears signals is dead."""
    monkeypatch.setattr(echo, "PERIOD_SECONDS", 0.2)
    monkeypatch.setattr(subscribing, "PING_SECONDS", 600)
    monkeypatch.setattr(signals, "PING_SECONDS", 600)
    monkeypatch.setattr(signals, "ANSWER_SECONDS", 600)
    monkeypatch.setattr(telling, "HORIZON_SECONDS", 0.2)


async def a_battle(*servers: Server) -> str:
    """Let a player of each server meet, and somebody run their battle."""
    for server, player in zip(servers, ("ann", "bob"), strict=True):
        connection = await server.service.presence.connect(player)
        await server.service.queue.join(connection.id, mode="wizards", level=1)
    store, found = servers[0].service.store, list[Battle]()
    while not found:
        found = await store.find(Battle.offered)
        await asyncio.sleep(0.01)
    (battle,) = found
    for server, player in zip(servers, ("ann", "bob"), strict=True):
        await server.service.queue.confirm(player, battle.id)
    return battle.id


def said(line: Line) -> list[str]:
    return [one.fields["text"] for one in line.told if isinstance(one, Happened) and one.name == "say"]


@pytest.mark.parametrize("how", ["stall", "drop"])
@pytest.mark.parametrize("engine", SERVED)
async def test_a_process_behind_a_silent_line_says_so_and_hears_by_another_and_its_room_misses_nothing(
    engine: str, how: str, place_of: PlaceOf
) -> None:
    url = place_of(engine).fresh()
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(proxy_to(urlsplit(url).port or 0))
        silent = proxy.to_listener = Flow()
        here = await stack.enter_async_context(a_server(through(url, proxy), "here"))
        there = await stack.enter_async_context(a_server(url, "there"))
        battle, line = await a_battle(here, there), Line()
        await here.service.rooms.enter(battle, "ann", line)
        await until(here.is_well)  # an echo that took longer than a period is missed: another one comes

        getattr(silent, how)()  # also for lines that are made from now on
        await until(lambda: here.service.echo.deaf)
        health = await here.call("GET", "/health", headers={})
        assert (health.status, health.json["hears"], health.json["redis"]) == (503, False, False)
        assert "this process is deaf" in health.json["reasons"][0]
        ready = await here.call("GET", "/ready", headers={})
        assert (ready.status, ready.json["ready"]) == (503, False)
        await until(there.is_well)
        for number in range(5):  # each by another process, and by us: what we ask for is answered
            await there.service.playing.say(battle, "bob", f"{number}", number=f"s{number}")
            await here.service.playing.say(battle, "ann", f"and {number}", number=f"s{number}")
        assert here.service.echo.deaf

        proxy.to_listener = None  # the silent lines stay as they are: only others hear
        await until(lambda: not here.service.echo.deaf)
        await until(here.is_well)
        await until(lambda: len(said(line)) == 10)
        assert said(line) == [text for number in range(5) for text in (f"{number}", f"and {number}")]

        async def is_heard() -> bool:
            """Say it again, as nobody keeps it for topics that are asked for a moment after the echo's."""
            await there.service.rooms.signal(battle, "bob", b'"types"')
            return any(isinstance(one, Signalled) for one in line.told)

        await until(is_heard)
        cursors = [one.cursor for one in line.told if isinstance(one, Happened)]
        assert cursors == list(range(cursors[0], cursors[0] + len(cursors)))


def through(url: str, proxy: Proxy) -> str:
    return url.replace(f":{urlsplit(url).port}", f":{proxy.port}", 1)
