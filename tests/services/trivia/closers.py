"""Three closers in processes of their own, and a hand that kills whoever comes first to a step, at each step."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.services.trivia.closer import STEPS

from tenure.services.trivia.discord.stand_in import StandIn

ROOT = Path(__file__).parents[3]
PROCESSES = 3


class Closers:
    """The processes. `killing` is called with each kill: then the chat forgets which repeats it knew."""

    def __init__(self, killing: Callable[[], None], times: int) -> None:
        self._killing, self._numbers = killing, itertools.count(1)
        self.left, self.killed = Counter(STEPS * times), list[str]()
        self.parent: Process | None = None
        self._pids: set[int] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin another one."""
        assert self.parent is not None
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"closer-{next(self._numbers)}\n".encode())

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Let a process go on from step to step, or kill it where nobody has been killed yet."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        _, pid = (await reader.readline()).split()
        self._pids.add(int(pid))
        with suppress(ConnectionError):
            async for line in reader:
                step = line.decode().strip()
                if self.left[step]:
                    self.kill(int(pid), step)
                    break
                writer.write(b".")
        writer.close()

    def kill(self, pid: int, step: str) -> None:
        """End a process at once, without a word, and begin another in its place."""
        self.left[step] -= 1
        self.killed.append(step)
        self._pids.discard(pid)
        os.kill(pid, signal.SIGKILL)
        self._killing()
        self.begin()

    async def end(self) -> None:
        """End all of them."""
        assert self.parent is not None
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.parent.kill()
        await self.parent.wait()
        await asyncio.gather(*self._serving)


@asynccontextmanager
async def closers_of(url: str, discord: StandIn, folder: Path, times: int) -> AsyncIterator[Closers]:
    """Run closers on a store and a Discord of our own while the body runs; one is killed so many times at each step."""
    closers, path = Closers(discord.forget_nonces, times), str(folder / "gate")
    async with await asyncio.start_unix_server(closers.serve, path):
        closers.parent = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.services.trivia.closer", url, path, discord.api_url,
            stdin=PIPE, cwd=ROOT, env={**os.environ, "DISCORD_TOKEN": discord.token},
        )  # fmt: skip
        try:
            for _ in range(PROCESSES):
                closers.begin()
            yield closers
        finally:
            await closers.end()
