"""Measures what is said in battles and kept nowhere, such as that somebody types: beside a bare echo over WebSockets.

Each player says something as soon as the one before has reached the other player. A bare Starlette application sends
each text back, on the same server with the same settings, over as many sockets: so for each message that comes in, one
goes out, in both. Run as `python -m benchmarks.unlogged`; writes `benchmarks/results/unlogged.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import uvloop
from benchmarks.report import Result, save
from benchmarks.sockets import Client, said
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

import tenure
from tenure.benchmarks.machine import cpu_seconds, folder_on_disk
from tenure.benchmarks.stand import Name, stand_of
from tenure.http.serving import bind
from tenure.services.battles.api.http import create_app
from tenure.services.battles.service import BattlesService, kinds
from tenure.services.battles.settings import Settings
from tenure.services.battles.sockets.limits import Limits, Rate
from tenure.services.battles.sockets.tokens import Tokens
from tenure.web.serving import serving

ECHO, RELAY = "echo", "relay"
TOKEN_KEY = "a key of a benchmark's own"  # noqa: S105  # nosec B105
TOKENS = Tokens(TOKEN_KEY.encode())
ANY = Rate(a_second=1e9, at_once=1e9)
SETTLING_SECONDS, MOST_SECONDS = 0.2, 60.0
TITLE = "Unlogged messages of battles, over WebSockets"
HOW = """Each message goes from one player's socket to the other's, through all that the service does with it: limits,
who may say it, the store's signals. Beside it a bare Starlette application on the same server with the same settings
sends each text of the same length back, over as many sockets. Either way one text goes out for each that comes in, and
as many are under way at once. With two servers the players of each battle are on different ones, and what counts is
what both spend on a message."""


@dataclass(frozen=True)
class Load:
    """How many sockets there are, how much each has under way, and on which store how many servers are."""

    name: str
    sockets: int
    under_way: int
    engine: Name = "sqlite"
    servers: int = 1


LOADS = {
    "one": Load("200 sockets, one at a time", 200, 1),
    "bursts": Load("20 sockets, 20 at a time", 20, 20),
    "valkey": Load("200 sockets, two servers on Valkey", 200, 1, "valkey", 2),
    "postgres": Load("200 sockets, two servers on PostgreSQL", 200, 1, "postgres", 2),
}
GOALS = {f"{LOADS[name].name}: ours per bare": "≥ 0.7" for name in ("one", "bursts")}


# ---------------------------------------------------------------------------------------- the servers


async def echo(websocket: WebSocket) -> None:
    """Send back whatever comes."""
    await websocket.accept()
    async for text in websocket.iter_text():
        await websocket.send_text(text)


class Relay:
    """Sends whatever comes to the other one of two, and nothing else."""

    def __init__(self) -> None:
        self._sockets: dict[int, WebSocket] = {}

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one of two."""
        await websocket.accept()
        number = int(websocket.query_params["number"])
        self._sockets[number] = websocket
        async for text in websocket.iter_text():
            await self._sockets[number ^ 1].send_text(text)


@asynccontextmanager
async def application(url: str) -> AsyncIterator[Starlette]:
    """Give an application while all that it needs runs."""
    if url in (ECHO, RELAY):
        yield Starlette(routes=[WebSocketRoute("/socket", echo if url == ECHO else Relay().serve)])
        return
    limits = Limits(address_sockets=10_000, sockets=10_000, connects=ANY, messages=ANY, address_messages=ANY)
    settings = Settings(base_url="http://127.0.0.1", admin_key="an admin's key", token_key=TOKEN_KEY)
    async with tenure.open(url, *kinds, space="battles") as store, store.sweeping():
        service = BattlesService(store, settings, limits=limits)
        async with service.running():
            while service.presence.instance is None:  # noqa: ASYNC110  nobody can connect before
                await asyncio.sleep(0.01)
            yield create_app(service)


async def serve(url: str) -> None:
    """Serve until this process is ended; the port is its first line."""
    taken = bind("127.0.0.1", 0)
    async with application(url) as app, serving(app, taken):
        print(taken.getsockname()[1], flush=True)
        await asyncio.Event().wait()


class Server(NamedTuple):
    """A server in a process of its own."""

    process: int
    port: int


@contextlib.contextmanager
def server(url: str) -> Iterator[Server]:
    """Run a server."""
    command = [sys.executable, "-m", "benchmarks.unlogged", "--serve", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process.pid, int(next(iter(process.stdout or ()))))
        finally:
            process.kill()


# ---------------------------------------------------------------------------------------- the players


async def players(servers: Sequence[Server], number: int) -> list[Client]:
    """Connect players, the two of a battle one after the other, in turn to each server."""
    clients = list[Client]()
    for one in range(number):
        token = TOKENS.issue(f"p{one}", datetime.now(UTC))
        clients.append(await Client.connect(servers[one % len(servers)].port, f"/socket?token={token}&number={one}"))
    return clients


async def battle(one: Client, other: Client, level: int) -> str:
    """Let two players come together in a battle."""
    id = ""
    for client in (one, other):
        await client.hear("welcome")
        client.write(said({"type": "join", "level": level}))
    for client in (one, other):
        id = (await client.hear("match"))["battle"]
        client.write(said({"type": "confirm", "battle": id}))
    for client in (one, other):
        await client.hear("snapshot")
    return id


class Side:
    """All who talk through one of the two things that are compared, and what came of it so far."""

    def __init__(self, servers: Sequence[Server]) -> None:
        self._servers = servers
        self._said: list[tuple[Client, bytes]] = []
        self._now = self._talking = 0
        self.heard, self.spent, self.took = 0, 0.0, 0.0

    async def gather(self, load: Load, bare: str | None = None) -> None:
        """Connect all, and let them come together: in battles, or by what is bare."""
        clients = await players(self._servers, load.sockets)
        for level, (one, other) in enumerate(zip(clients[::2], clients[1::2], strict=True)):
            id = "0" * 16 if bare else await battle(one, other, level)
            text = said({"type": "signal", "battle": id, "data": {"x": 312, "y": 45}})
            for says, hears in ((one, one), (other, other)) if bare == ECHO else ((one, other), (other, one)):
                self._answer(hears, says, text)
                self._said += [(says, text)] * load.under_way

    def _answer(self, hears: Client, says: Client, text: bytes) -> None:
        """Let somebody say the same again whenever somebody hears something."""

        def told(came: bytes) -> None:
            if came.startswith(b'{"type":"signal"'):
                self._now += 1
                if self._talking:
                    says.write(text)
            elif came.startswith(b'{"type":"error"'):
                raise RuntimeError(f"the server refused something: {came!r}")

        hears.heard = told

    async def talk(self, seconds: float) -> None:
        """Let all talk for a while, and count what is heard and what it costs once they have begun."""
        self._talking = 1
        for says, text in self._said:
            says.write(text)
        await asyncio.sleep(SETTLING_SECONDS)
        heard, spent, began = self._now, self._cpu(), time.perf_counter()
        await asyncio.sleep(seconds)
        self.heard += self._now - heard
        self.spent += self._cpu() - spent
        self.took += time.perf_counter() - began
        self._talking = 0
        await asyncio.sleep(SETTLING_SECONDS)

    def _cpu(self) -> float:
        return sum(cpu_seconds(one.process) for one in self._servers)


# ---------------------------------------------------------------------------------------- measuring


async def compare(load: Load, ours: Side, bare: Side, how: str, seconds: float) -> dict[str, float]:
    """Let both sides talk in turn, a second each, and give what a message cost on each."""
    await ours.gather(load)
    await bare.gather(load, how)
    for _ in range(max(1, round(seconds))):
        for side in (ours, bare):
            await side.talk(1.0)
    figures = {
        f"{load.name}: ours, µs of a processor": ours.spent / ours.heard * 1e6,
        f"{load.name}: bare, µs of a processor": bare.spent / bare.heard * 1e6,
        f"{load.name}: ours per bare": bare.spent / bare.heard / (ours.spent / ours.heard),
    }
    if load.servers > 1:
        return figures
    return figures | {
        f"{load.name}: ours, messages/s": ours.heard / ours.took,
        f"{load.name}: bare, messages/s": bare.heard / bare.took,
        f"{load.name}: ours per bare, by the clock": ours.heard / ours.took / (bare.heard / bare.took),
    }


def measure(load: Load, url: str, how: str, seconds: float) -> dict[str, float]:
    """Measure one load once."""
    with ExitStack() as stack:
        ours = [stack.enter_context(server(url)) for _ in range(load.servers)]
        bare = stack.enter_context(server(how))
        return uvloop.run(_measure(load, ours, bare, how, seconds))


async def _measure(load: Load, ours: Sequence[Server], bare: Server, how: str, seconds: float) -> dict[str, float]:
    async with asyncio.timeout(MOST_SECONDS + 4 * seconds):
        return await compare(load, Side(ours), Side([bare]), how, seconds)


def main() -> None:
    """Measure each load in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="that each side talks in a round")
    parser.add_argument("--loads", nargs="*", choices=LOADS, default=list(LOADS), help="which; all are written")
    parser.add_argument("--beside", choices=(ECHO, RELAY), default=ECHO, help="what is bare; only the echo is written")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        with contextlib.suppress(KeyboardInterrupt):
            uvloop.run(serve(options.serve))
        return
    loads = [LOADS[name] for name in options.loads]
    rounds = []
    with ExitStack() as stack:
        stands = {load.engine: stack.enter_context(stand_of(load.engine, folder_on_disk())) for load in loads}
        for number in range(options.rounds):
            figures: dict[str, float] = {}
            for load in loads:
                figures |= measure(load, uvloop.run(stands[load.engine].fresh()), options.beside, options.seconds)
            rounds.append(figures)
            print(number + 1, {name: round(value, 2) for name, value in figures.items()}, flush=True)
    if len(loads) == len(LOADS) and options.beside == ECHO:
        save(Result.plain("unlogged", TITLE, {"how": HOW}), rounds, GOALS)


if __name__ == "__main__":
    main()
