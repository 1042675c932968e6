"""The commands about pools."""

from __future__ import annotations

from tenure.cli.looking import InSession
from tenure.services.bots import lifecycle


async def list_pools(*, session: InSession) -> None:
    """List the pools, with how many wait, play and are deployed."""
    async with session.store_of(lifecycle.kinds) as store:
        found = await store.find(lifecycle.Pool.open, limit=1000)
    session.output.json_lines(found)
