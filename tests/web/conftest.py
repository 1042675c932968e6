"""The platform on a real socket of this loop: `async with site(store) as site: await site.get("/health")`."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from yarl import URL

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Effect,
    End,
    Lifecycle,
    Limit,
    State,
    Store,
    days,
    field,
    lease,
    minutes,
    parent,
)
from tenure.http.serving import bind
from tenure.web.access import Access
from tenure.web.counting import open_counting
from tenure.web.health import Health
from tenure.web.platform import Platform, create_app
from tenure.web.reading import Reader
from tenure.web.serving import serving

KEY = "the-key-of-the-admin"


class Club(Lifecycle):
    seats: int = field(default=2)

    open = State(initial=True)
    closed = End(keep=days(1))

    close = open.to(closed)


class Guest(Lifecycle):
    club: str = parent(Club)
    name: str
    about: dict[str, object] = {}  # noqa: RUF012  a declaration: the store copies it

    waiting = State(initial=True)
    inside = State()
    away = End(keep=days(1))

    enter = waiting.to(inside, by=CLAIMANT)
    leave = inside.to(away, by=HOLDER)
    vanish = inside.to(away, by=SWEEPER, after=lease(minutes=2))
    give_up = waiting.to(away, after=minutes(30))

    @waiting.stay()
    def rename(self, name: str) -> None: ...

    seated = Limit(at_most=Club.seats, per=club, over=waiting | inside)
    greet = Effect(inside)


@dataclass
class Site:
    """A client of the platform, with and without the key."""

    address: str
    store: Store
    health: Health
    closing: asyncio.Event
    client: aiohttp.ClientSession

    async def get(self, path: str, **settings: Any) -> aiohttp.ClientResponse:
        return await self._ask("GET", self.address + path, **settings)

    async def post(self, path: str, **settings: Any) -> aiohttp.ClientResponse:
        return await self._ask("POST", self.address + path, **settings)

    async def get_as_it_is(self, path: str, **settings: Any) -> aiohttp.ClientResponse:
        """Ask for a path whose escapes are sent as they are."""
        return await self._ask("GET", URL(self.address + path, encoded=True), **settings)

    async def _ask(self, method: str, url: str | URL, **settings: Any) -> aiohttp.ClientResponse:
        answer = await self.client.request(method, url, allow_redirects=False, **settings)
        await answer.read()
        return answer

    async def api(self, path: str) -> Any:
        answer = await self.get(path, headers={"X-Admin-API-Key": KEY})
        assert answer.status == 200, await answer.text()
        return await answer.json()

    async def log_in(self) -> None:
        answer = await self.post("/dashboard/login", data={"key": KEY})
        assert answer.status == 303

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()


Sites = Callable[..., AbstractAsyncContextManager[Site]]


@asynccontextmanager
async def _site(url: str = "sqlite:", **settings: Any) -> AsyncIterator[Site]:
    async with open_counting(url, (Club, Guest), space="main", actor="tests") as (store, counts), store.sweeping():
        await store.sweep()
        health, closing = Health(store), asyncio.Event()
        platform = Platform(
            reader=await Reader.open(store),
            access=Access(KEY),
            health=health,
            counts=counts,
            closing=closing,
            **settings,
        )
        taken = bind("127.0.0.1", 0)
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        jar = aiohttp.CookieJar(unsafe=True)
        async with serving(create_app(platform), taken), aiohttp.ClientSession(cookie_jar=jar) as client:
            yield Site(address, store, health, closing, client)
            closing.set()


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a store be in good health that answers late, as on a slow machine."""
    monkeypatch.setattr("tenure.web.health.LONGEST_ANSWER_SECONDS", 60.0)


@pytest.fixture
def site() -> Sites:
    return _site


@pytest.fixture
def club() -> type[Club]:
    return Club


@pytest.fixture
def guest() -> type[Guest]:
    return Guest
