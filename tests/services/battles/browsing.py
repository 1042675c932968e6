"""The game's page on servers of this loop, or of a process of its own: `browsing.py FOLDER ADDRESS-OF-ANOTHER`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from socket import socket

from starlette.applications import Starlette
from starlette.routing import Mount
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.serving import TOKEN_KEY

import tenure
from tenure import Store
from tenure.http.serving import bind
from tenure.services.battles.page.http import PAGE_PATH, create_app
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings
from tenure.store.sweeping import ALIVE_FOR
from tenure.web.serving import serving


@dataclass
class Place:
    """Servers that know one another, each with the page."""

    store: Store
    addresses: list[str]
    running: list[AsyncExitStack]

    async def stop(self, number: int) -> None:
        """Stop one as its end does: whom it had goes elsewhere."""
        await self.running[number].aclose()


@asynccontextmanager
async def a_place(
    folder: Path, number: int = 1, *, others: tuple[str, ...] = (), alive_for: timedelta = ALIVE_FOR
) -> AsyncIterator[Place]:
    """Serve the game with its page on some servers of one store; `others` are those of other processes.

    The sweeper counts as alive for `alive_for` after each sweep: what comes later is credited to leases.
    """
    taken = [bind("127.0.0.1", 0) for _ in range(number)]
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(tenure.open(f"sqlite:///{folder}/store.db", *kinds, space="battles"))
        place = Place(store, [*map(address_of, taken), *others], [])
        await stack.enter_async_context(store.sweeping(alive_for))
        for port in taken:
            running = await stack.enter_async_context(AsyncExitStack())
            await running.enter_async_context(a_server(store, port, place.addresses))
            place.running.append(running)
        yield place


def address_of(port: socket) -> str:
    """Give where the page of a port is."""
    return f"http://127.0.0.1:{port.getsockname()[1]}{PAGE_PATH}/"


@asynccontextmanager
async def a_server(store: Store, port: socket, addresses: list[str]) -> AsyncIterator[None]:
    """Run one that knows where the page is on all of them."""
    own = address_of(port)
    settings = Settings(
        base_url=own.removesuffix(f"{PAGE_PATH}/"),
        admin_key="the-admins-key",
        token_key=TOKEN_KEY,
        origins=frozenset(address.removesuffix(f"{PAGE_PATH}/") for address in addresses),
        # In real time: a machine that stands still for a while ends no offer and no seat.
        confirm_seconds=600,
        grace_seconds=600,
    )
    service = BattlesService(store.acting(f"server {port.getsockname()[1]}"), settings)
    page = create_app(service, others=[address for address in addresses if address != own])
    app = Starlette(routes=[Mount(PAGE_PATH, page), *service.sockets.routes()])
    async with service.running(), serving(app, port):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while service.presence.instance is None:
                await asyncio.sleep(0.005)
        yield
        await service.shut_down(keep=False)


async def main(folder: Path, another: str) -> None:
    """Run one until the process is killed, after saying where."""
    async with a_place(folder, others=(another,)) as place:
        print(place.addresses[0], flush=True)  # noqa: T201  whoever started us waits for it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
