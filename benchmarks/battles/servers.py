"""Servers of battles as their users run them, each a process of its own; and a bare one to compare them with."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from tenure.benchmarks.machine import cpu_seconds
from tenure.http.serving import bind
from tenure.web.serving import serving

HOST = "127.0.0.1"
WELCOME = "x" * 120
"""As long as what a server of battles says first."""


@dataclass
class Server:
    """A process that serves. `key` is the key of its players' backend."""

    process: subprocess.Popen[str]
    port: int
    key: str = ""

    @property
    def address(self) -> str:
        """Give where its HTTP is."""
        return f"http://{HOST}:{self.port}"

    @property
    def cpu(self) -> float:
        """Give how many seconds of a core it has used."""
        return cpu_seconds(self.process.pid)

    @property
    def kilobytes(self) -> float:
        """Give how much memory it has for its own."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return float(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])

    def kill(self) -> None:
        """End it at once, without a word."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def battle_servers(url: str, number: int, folder: Path) -> Iterator[list[Server]]:
    """Run so many `tenure serve battles` on one store while the body runs. What they log goes into the folder."""
    key = secrets.token_urlsafe(24)
    environment = os.environ | {
        "TENURE_BATTLES_KEY": key,
        "TENURE_BATTLES_TOKEN_KEY": secrets.token_urlsafe(24),
        "TENURE_ADMIN_KEY": secrets.token_urlsafe(24),
    }
    command = [sys.executable, "-m", "tenure.cli", "--json", "serve", "battles", "--store", url, "--port", "0"]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                _started(
                    [*command, "--data", str(folder / f"server-{n}")], folder / f"server-{n}.log", environment, key
                )
            )
            for n in range(number)
        ]


@contextlib.contextmanager
def bare_server(folder: Path) -> Iterator[Server]:
    """Run a server that takes WebSockets and knows nothing of battles."""
    command = [sys.executable, "-m", "benchmarks.battles.servers"]
    with _started(command, folder / "bare.log", os.environ) as server:
        yield server


@contextlib.contextmanager
def _started(
    command: Sequence[str], log: Path, environment: os._Environ[str] | dict[str, str], key: str = ""
) -> Iterator[Server]:
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True, env=environment) as process,
    ):
        try:
            first = next(iter(process.stdout or ()), "")
            if not first:
                raise RuntimeError(f"a server did not start: {log.read_text()[-2000:]}")
            yield Server(process, int(json.loads(first)["address"].rpartition(":")[2]), key)
        finally:
            process.kill()


async def _bare() -> None:
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text(WELCOME)
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.receive_text()

    taken = bind(HOST, 0)
    async with serving(Starlette(routes=[WebSocketRoute("/socket", socket)]), taken) as task:
        print(json.dumps({"address": f"http://{HOST}:{taken.getsockname()[1]}"}), flush=True)
        await task


if __name__ == "__main__":
    import uvloop

    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_bare())
