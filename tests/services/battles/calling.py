"""The API of battles called in-process, on a service with explicit time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from tests.calling import ADMIN, Calls
from tests.calling import BACKEND as GAME
from tests.services.battles.making import START

from tenure import Store, testing
from tenure.services.battles.api.http import create_app
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings


@dataclass
class Caller(Calls):
    """A service whose loops are not run, and its API."""

    store: Store
    service: BattlesService
    app: Starlette

    async def health(self) -> tuple[int, Any]:
        """Ask how it is, as anybody may."""
        answer = await self.call("GET", "/health", headers={})
        return answer.status, answer.json


@asynccontextmanager
async def a_caller(**more: Any) -> AsyncIterator[Caller]:
    """Make a service with its API. At the end its indexes must be right."""
    settings = Settings(
        base_url="http://127.0.0.1:1",
        admin_key=ADMIN["X-Admin-API-Key"],
        key=GAME["X-API-Key"],
        token_key="k" * 32,
        **more,
    )
    async with testing.store(*kinds, space="battles", at=START) as store:
        service = BattlesService(store, settings)
        yield Caller(store, service, create_app(service))
        assert list(await store.engine.audit("battles", repair=False)) == []
