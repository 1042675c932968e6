"""One process that does everything: store, services, sweepers, HTTP. This is what `tenure up` and `serve` run."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tenure.core.errors import TenureError
from tenure.core.lifecycle import Lifecycle
from tenure.services.meetings.api import http as meetings_http
from tenure.services.meetings.console.http import CONSOLE_PATH
from tenure.services.meetings.runtimes.choosing import open_runtime
from tenure.services.meetings.service import MeetingsService, kinds
from tenure.services.meetings.settings import PAGE_PATH
from tenure.services.meetings.settings import Settings as MeetingsSettings
from tenure.store.store import Store
from tenure.store.sweeping import run_sweeper
from tenure.web.access import Access
from tenure.web.counting import Counts, open_counting
from tenure.web.health import Health
from tenure.web.platform import Platform, create_app
from tenure.web.reading import Reader
from tenure.web.serving import Stop, bind, serving

LOOK_FOR_SPACES_SECONDS = 5.0
SHUT_DOWN_SECONDS = 4.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What one process is told: its store, its address, its key."""

    url: str
    space: str
    data: Path
    host: str
    port: int
    admin_key: str
    own_kinds: tuple[type[Lifecycle], ...] = ()
    keep: bool = False


async def host(hosted: Hosted, environment: Mapping[str, str], announce: Callable[[str], None]) -> None:
    """Run everything until SIGINT or SIGTERM. `announce` is called with the address as soon as it serves."""
    hosted.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = bind(hosted.host, hosted.port)
    try:
        actor = f"{socket.gethostname()}:{os.getpid()}"
        async with open_counting(hosted.url, _kinds(hosted), space=hosted.space, actor=actor) as (store, counts):
            await _run(hosted, environment, announce, store, counts, taken)
    finally:
        taken.close()


async def _run(
    hosted: Hosted,
    environment: Mapping[str, str],
    announce: Callable[[str], None],
    store: Store,
    counts: Counts,
    taken: socket.socket,
) -> None:
    address = f"http://{_reachable(hosted.host)}:{taken.getsockname()[1]}"
    settings = MeetingsSettings.read(environment, base_url=address, admin_key=hosted.admin_key, folder=hosted.data)
    meetings = MeetingsService(store, open_runtime(settings.runtime, hosted.data / "bots"), settings)
    closing, stop = asyncio.Event(), Stop(keep_on_sigterm=hosted.keep)
    await store.sweep()  # so that health does not begin with a silent sweeper
    health = Health(store)
    app = create_app(
        Platform(
            reader=await Reader.open(store),
            access=Access(hosted.admin_key),
            health=health,
            counts=counts,
            closing=closing,
            mounts=[("/", meetings_http.create_app(meetings))],
            links={"Meetings": f"{CONSOLE_PATH}/", "Meeting page": f"{PAGE_PATH}/"},
        )
    )
    with stop.listening():
        async with _sweepers(store), meetings.running(), serving(app, taken) as server:
            health.parts["meetings"] = lambda: meetings.trouble
            announce(address)
            await _until_stopped(server, stop)
            store.log.info("stopping", keep=stop.keep)
            closing.set()
            await _shut_down(meetings, keep=stop.keep)
    if not stop.is_asked:
        raise TenureError("the HTTP server ended by itself: its log lines say why")


async def _until_stopped(server: asyncio.Task[None], stop: Stop) -> None:
    asked = asyncio.create_task(stop.asked(), name="waits for a signal")
    await asyncio.wait([server, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()


async def _shut_down(meetings: MeetingsService, *, keep: bool) -> None:
    try:
        async with asyncio.timeout(SHUT_DOWN_SECONDS):
            await meetings.shut_down(keep=keep)
    except TimeoutError:
        meetings.store.log.warning("shut_down_took_too_long", service="meetings", seconds=SHUT_DOWN_SECONDS)


def _reachable(host: str) -> str:
    """Give what stands in a URL for this host; where it listens everywhere, this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"  # noqa: PLR2004
    return host if address.version == 4 else f"[{host}]"  # noqa: PLR2004


def _kinds(hosted: Hosted) -> list[type[Lifecycle]]:
    own = {kind.__name__ for kind in hosted.own_kinds}
    return [*(kind for kind in kinds if kind.__name__ not in own), *hosted.own_kinds]


@asynccontextmanager
async def _sweepers(store: Store) -> AsyncIterator[None]:
    """Run a sweeper in every space, also in those that come later."""
    task = asyncio.create_task(_sweep_all_spaces(store), name="sweepers")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sweep_all_spaces(store: Store) -> None:
    known: set[str] = set()
    async with AsyncExitStack() as running:
        while True:
            for space in {store.space_name, *await store.engine.spaces()} - known:
                known.add(space)
                await running.enter_async_context(run_sweeper(store.space(space)))
            await asyncio.sleep(LOOK_FOR_SPACES_SECONDS)
