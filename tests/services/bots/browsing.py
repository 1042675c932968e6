"""The bots page on a real port of this loop, and somebody before it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.desks import ADMIN_KEY, Operator, served
from tests.services.bots.making import World, a_world

from tenure.services.bots.api.http import create_app

__all__ = ["ADMIN_KEY", "Site", "a_site"]


@dataclass
class Site(Operator):
    """A world whose page is served, and who looks at it."""

    world: World

    async def figures(self) -> None:
        """Let the figures read what has happened, as their loop does."""
        figures = self.world.service.figures
        figures._tallies, figures._pools, figures._entrants = {}, {}, {}
        await figures.read_back()
        await figures.look()


@asynccontextmanager
async def a_site(*, logged_in: bool = True, **settings: Any) -> AsyncIterator[Site]:
    """A world whose time stands still, served on a port."""
    async with a_world(**settings) as world:
        async with served(create_app(world.service), world.service.closing) as (address, client):
            site = Site(address, client, world)
            if logged_in:
                assert await site.log_in() == 303
            yield site
