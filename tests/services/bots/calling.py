"""The API of bots called in-process, on a service with explicit time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from tests.calling import BACKEND, Calls
from tests.services.bots.making import KEY, World, a_world

from tenure.services.bots.api.http import create_app

REPORT = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Caller(Calls):
    """A world, and its API."""

    world: World
    app: Starlette

    async def post(self, path: str, body: object = b"", headers: Mapping[str, str] = BACKEND) -> Any:
        """Do something that can be done."""
        answer = await self.call("POST", path, body, headers)
        assert answer.status < 300, answer.body
        return answer.json

    async def position(self) -> int:
        return await self.world.store.position()


@asynccontextmanager
async def a_caller(**settings: Any) -> AsyncIterator[Caller]:
    """Make a service with its API, called by nobody yet."""
    async with a_world(key=BACKEND["X-API-Key"], **settings) as world:
        yield Caller(world, create_app(world.service))
