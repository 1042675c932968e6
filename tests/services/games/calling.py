"""The API and the page of games, over a tracker with explicit time and a world of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from tests.calling import BACKEND, Calls
from tests.desks import Operator, served
from tests.services.games.tracking import SETTINGS, Tracking, some_tracking

from tenure.services.games.api.http import create_app
from tenure.services.games.settings import Settings


@dataclass
class Caller(Calls):
    """A tracker, and its API."""

    tracking: Tracking
    app: Starlette

    async def position(self) -> int:
        """Tell how far the store has come."""
        return await self.tracking.store.position()


@dataclass
class Site(Operator):
    """A tracker whose page is served, and who looks at it."""

    tracking: Tracking
    caller: Caller


def settings(**given: object) -> Settings:
    """Give the settings of the tests with the key of a community's program."""
    shown = {name: getattr(SETTINGS, name) for name in ("admin_key", "webhook_url", "webhook_secret")}
    return Settings(**{**shown, "key": BACKEND["X-API-Key"], **given})


@asynccontextmanager
async def a_caller(**given: object) -> AsyncIterator[Caller]:
    """Make a tracker with its API, of nobody yet."""
    async with some_tracking(settings=settings(**given)) as tracking:
        yield Caller(tracking, create_app(tracking.service))


@asynccontextmanager
async def a_site(*, logged_in: bool = True, **given: object) -> AsyncIterator[Site]:
    """Serve the page of a tracker of nobody yet."""
    async with a_caller(**given) as caller:
        async with served(caller.app, caller.tracking.service.closing_down) as (address, client):
            site = Site(address, client, caller.tracking, caller)
            if logged_in:
                assert await site.log_in() == 303
            yield site
