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
from tenure.http.serving import bind
from tenure.opening import open_engine
from tenure.store.store import Store
from tenure.store.sweeping import run_sweeper
from tenure.web.access import Access
from tenure.web.counting import Counts, open_counting
from tenure.web.health import Health
from tenure.web.platform import Platform, create_app
from tenure.web.reading import Reader
from tenure.web.services import SERVICES, NotHosted, Place, Running, ServiceName, kinds_of, obstacles
from tenure.web.serving import Stop, serving

LOOK_FOR_SPACES_SECONDS = 5.0
SHUT_DOWN_SECONDS = 4.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """What one process is told: its store, its address, its key. `only` is the one service that it serves at /."""

    url: str
    space: str
    data: Path
    host: str
    port: int
    admin_key: str
    own_kinds: tuple[type[Lifecycle], ...] = ()
    keep: bool = False
    only: ServiceName | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What a process serves: at which address, which services by their path, and why others are left out."""

    address: str
    paths: Mapping[ServiceName, str]
    left_out: Mapping[ServiceName, str]


Announce = Callable[[Served], None]


async def host(hosted: Hosted, environment: Mapping[str, str], announce: Announce) -> None:
    """Run everything until SIGINT or SIGTERM. `announce` is called with what is served, as soon as it is."""
    hosted.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    taken = bind(hosted.host, hosted.port)
    try:
        address = f"http://{_reachable(hosted.host)}:{taken.getsockname()[1]}"
        chosen = await _choose(hosted, address)
        kinds = [*kinds_of(chosen.paths), *hosted.own_kinds]
        actor = f"{socket.gethostname()}:{os.getpid()}"
        async with open_counting(hosted.url, kinds, space=hosted.space, actor=actor) as (store, counts):
            running = _open(hosted, chosen, store, environment)
            await _run(hosted, chosen, running, store, counts, taken, announce)
    finally:
        taken.close()


async def _choose(hosted: Hosted, address: str) -> Served:
    """Choose the services that fit this store: another program may use the names of their kinds for its own."""
    engine = await open_engine(hosted.url, ())
    try:
        declared = await engine.declarations()
    finally:
        await engine.close()
    wanted: list[ServiceName] = [hosted.only] if hosted.only else list(SERVICES)
    left_out: dict[ServiceName, str] = {}
    for name in wanted:
        if why := "; ".join(obstacles(name, hosted.own_kinds, declared)):
            left_out[name] = why
    if hosted.only in left_out:
        raise NotHosted(f"{hosted.only} can't be served here: {left_out[hosted.only]}: give it another store")
    paths: dict[ServiceName, str] = {
        name: "" if hosted.only else SERVICES[name].path for name in wanted if name not in left_out
    }
    return Served(address, paths, left_out)


def _open(hosted: Hosted, chosen: Served, store: Store, environment: Mapping[str, str]) -> dict[ServiceName, Running]:
    for name, why in chosen.left_out.items():
        store.log.warning("service_left_out", service=name, why=why)
    return {
        name: SERVICES[name].open(
            Place(
                store=store,
                address=chosen.address,
                base_url=chosen.address + path,
                admin_key=hosted.admin_key,
                folder=hosted.data,
            ),
            environment,
        )
        for name, path in chosen.paths.items()
    }


async def _run(
    hosted: Hosted,
    chosen: Served,
    services: Mapping[ServiceName, Running],
    store: Store,
    counts: Counts,
    taken: socket.socket,
    announce: Announce,
) -> None:
    closing, stop = asyncio.Event(), Stop(keep_on_sigterm=hosted.keep)
    await store.sweep()  # so that health does not begin with a silent sweeper
    health = Health(store, details={name: s.health for name, s in services.items() if s.health}, alone=hosted.only)
    app = create_app(
        Platform(
            reader=await Reader.open(store),
            access=Access(hosted.admin_key),
            health=health,
            counts=counts,
            closing=closing,
            mounts=[(chosen.paths[name] or "/", service.app) for name, service in services.items()],
            links={t: chosen.paths[name] + at for name, s in services.items() for t, at in s.links.items()},
            metrics=[service.metrics for service in services.values() if service.metrics],
        )
    )
    with stop.listening():
        async with _sweepers(store), _running(services), serving(app, taken) as server:
            health.parts.update({name: _trouble(service) for name, service in services.items()})
            announce(chosen)
            await _until_stopped(server, stop)
            store.log.info("stopping", keep=stop.keep)
            closing.set()
            await asyncio.gather(*(_shut_down(store, name, s, keep=stop.keep) for name, s in services.items()))
    if not stop.is_asked:
        raise TenureError("the HTTP server ended by itself: its log lines say why")


@asynccontextmanager
async def _running(services: Mapping[ServiceName, Running]) -> AsyncIterator[None]:
    async with AsyncExitStack() as running:
        for service in services.values():
            await running.enter_async_context(service.work.running())
        yield


def _trouble(service: Running) -> Callable[[], str]:
    return lambda: service.work.trouble


async def _until_stopped(server: asyncio.Task[None], stop: Stop) -> None:
    asked = asyncio.create_task(stop.asked(), name="waits for a signal")
    await asyncio.wait([server, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()


async def _shut_down(store: Store, name: ServiceName, service: Running, *, keep: bool) -> None:
    try:
        async with asyncio.timeout(SHUT_DOWN_SECONDS):
            await service.work.shut_down(keep=keep)
    except TimeoutError:
        store.log.warning("shut_down_took_too_long", service=name, seconds=SHUT_DOWN_SECONDS)


def _reachable(host: str) -> str:
    """Give what stands in a URL for this host; where it listens everywhere, this machine."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "[::1]"  # noqa: PLR2004
    return host if address.version == 4 else f"[{host}]"  # noqa: PLR2004


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
