"""The operators' page of battles on a real port of this loop, over instances whose time stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.desks import ADMIN_KEY, Operator, served
from tests.services.battles.making import Node, World, a_world

from tenure import Store
from tenure.services.battles.api.http import create_app
from tenure.services.battles.lifecycle import Instance

__all__ = ["ADMIN_KEY", "SEED", "Site", "a_site", "leave_behind", "pass_without_sweeping"]
SEED = 7_318_529_640_011_223
"""All the chance of the battles of a site: nobody may ever be shown it."""


@dataclass
class Site(Operator):
    """Instances on one store; the first one's page is served, and somebody looks at it."""

    world: World
    node: Node

    @property
    def store(self) -> Store:
        return self.world.store

    async def another(self) -> Node:
        """Start another instance."""
        return _with_seed(await self.world.node())

    async def a_battle(self, *players: str, other: Node | None = None) -> str:
        """Let two players meet, and play; the second one is connected to another instance if one is given."""
        one, two = players or ("ann", "bob")
        return await self.world.a_battle(self.node, other or self.node, (one, two))


@asynccontextmanager
async def a_site(*, logged_in: bool = True, **settings: Any) -> AsyncIterator[Site]:
    """Give a site with one instance."""
    async with a_world(host="server-1.example", pid=7, **settings) as world:
        node = _with_seed(await world.node())
        async with served(create_app(node.service), node.service.closing) as (address, client):
            site = Site(address, client, world, node)
            if logged_in:
                assert await site.log_in() == 303
            yield site


def _with_seed(node: Node) -> Node:
    node.service.offers._new_seed = lambda: SEED
    return node


async def leave_behind(world: World, id: str = "dead") -> None:
    """Let an instance die of which nobody has swept up."""
    await world.store.apply(Instance.create(id, host="gone.example"))
    await world.pass_time(9.5)
    await world.pass_unswept(1)


async def pass_without_sweeping(store: Store, swept: timedelta) -> None:
    """Let time pass, and a second more in which nobody sweeps: what ends then has not moved yet."""
    clock: Any = store.clock
    await store.advance(swept)
    clock.move_to(clock.now + 1_000_000)
