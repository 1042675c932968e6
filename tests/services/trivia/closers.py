"""Three closers in processes of their own, and a hand that kills whoever comes first to a step, at each step."""

from __future__ import annotations

import asyncio
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
    """The processes. `forget` lets the chat forget that it knew a repeat of a post by its mark.

    That is of the post that the killed one had just made, and of no other, which somebody may be about to make.
    """

    def __init__(self, forget: Callable[[str], None], times: int) -> None:
        self._forget = forget
        self._begun = self._heard = 0
        self.left, self.killed = Counter(STEPS * times), list[str]()
        self.parent: Process | None = None
        self._pids: set[int] = set()
        self._serving: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Begin another one."""
        assert self.parent is not None
        assert self.parent.stdin is not None
        self._begun += 1
        self.parent.stdin.write(f"closer-{self._begun}\n".encode())

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Let a process go on from step to step, or kill it where nobody has been killed yet."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        _, pid = (await reader.readline()).split()
        self._heard += 1
        self._pids.add(int(pid))
        with suppress(ConnectionError):
            async for line in reader:
                step, _, mark = line.decode().strip().partition("|")
                if self.left[step]:
                    self.kill(int(pid), step, mark)
                    break
                writer.write(b".")
        writer.close()

    def kill(self, pid: int, step: str, mark: str) -> None:
        """End a process at once, without a word, and begin another in its place."""
        self.left[step] -= 1
        self.killed.append(step)
        self._pids.discard(pid)
        os.kill(pid, signal.SIGKILL)
        if mark:
            self._forget(mark)
        self.begin()

    async def end(self) -> None:
        """End all of them, also the one that was begun just now."""
        assert self.parent is not None
        while self._heard < self._begun and self.parent.returncode is None:
            await asyncio.sleep(0.01)
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.parent.kill()
        await self.parent.wait()
        await asyncio.gather(*self._serving)


@asynccontextmanager
async def closers_of(url: str, discord: StandIn, folder: Path, times: int) -> AsyncIterator[Closers]:
    """Run closers on a store and a Discord of our own while the body runs; one is killed so many times at each step."""

    def forget(mark: str) -> None:
        del discord.world.nonces[discord.world.bot.id, mark]

    closers, path = Closers(forget, times), str(folder / "gate")
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
