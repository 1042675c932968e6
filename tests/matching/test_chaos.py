"""Three matcher processes, a crowd of players, and a hand that kills matchers: nobody is lost or seated twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from tests.matching.chaos_matcher import KINDS, POOL, SPACE
from tests.matching.crowd import Crowd

import tenure
from tenure.matching.entrants import Rules
from tenure.services.bots.lifecycle import Pool

ROOT = Path(__file__).parents[2]
PROCESSES = 3
RULES = Rules(tolerance=100, tolerance_per_second=100, tolerance_at_most=1e6)


class Matchers:
    """The processes: who leads, what they made, and how often one was killed."""

    def __init__(self, url: str, seed: int) -> None:
        self._url, self._dice = url, Random(seed)  # noqa: S311  a seed, so that a failure comes again
        self.processes: dict[int, Process] = {}
        self._readers: set[asyncio.Task[None]] = set()
        self.leader: int | None = None
        self.kills = self.leaders_killed = self.matches = self.conflicts = self.begun = 0

    async def begin(self) -> None:
        """Begin another process."""
        self.begun += 1
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.matching.chaos_matcher", self._url, f"matcher-{self.begun}",
            stdout=PIPE, cwd=ROOT,
        )  # fmt: skip
        self.processes[process.pid] = process
        reader = asyncio.create_task(self._read(process))
        self._readers.add(reader)
        reader.add_done_callback(self._readers.discard)

    async def kill_one(self, *, leader: bool) -> None:
        """End a process at once, without a word, and begin another in its place."""
        while leader and self.leader is None:
            await asyncio.sleep(0.01)
        pid = self.leader if leader and self.leader else self._dice.choice(list(self.processes))
        self.leaders_killed += pid == self.leader
        self.kills += 1
        await self._end(pid)
        await self.begin()

    async def _end(self, pid: int) -> None:
        process = self.processes.pop(pid)
        os.kill(pid, signal.SIGKILL)
        await process.wait()
        self.leader = None if self.leader == pid else self.leader

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            leads, matches, conflicts, *_ = line.split()
            if process.pid in self.processes and (leads == b"1" or self.leader == process.pid):
                self.leader = process.pid if leads == b"1" else None
            self.matches += int(matches)
            self.conflicts += int(conflicts)

    async def close(self) -> None:
        for pid in list(self.processes):
            await self._end(pid)
        await asyncio.gather(*self._readers)


@asynccontextmanager
async def matchers_of(url: str, seed: int) -> AsyncIterator[Matchers]:
    matchers = Matchers(url, seed)
    try:
        for _ in range(PROCESSES):
            await matchers.begin()
        yield matchers
    finally:
        await matchers.close()


async def chaos(
    url: str, *, players: int, seed: int, kills: int, pause: float, accept_seconds: float
) -> tuple[Crowd, Matchers]:
    """Let players come while matchers are killed; then let all who are there come to an end."""
    dice = Random(seed)  # noqa: S311  a seed, so that a failure comes again
    async with (
        asyncio.timeout(500 + players / 20),
        tenure.open(url, *KINDS, space=SPACE, actor="crowd") as store,
        store.sweeping(),
    ):
        await store.apply(
            Pool.create(
                POOL, mode="duel", region="here", rules=RULES, accept_seconds=accept_seconds, places=1_000_000,
            )
        )  # fmt: skip
        crowd = Crowd(store, POOL, seed)
        following = asyncio.create_task(crowd.follow(await store.position()))
        async with matchers_of(url, seed) as matchers:
            await crowd.join(players // 2)
            await crowd.until(lambda: crowd.ledger.matches > 0)
            joining = asyncio.create_task(crowd.join(players, over_seconds=kills * pause))
            for number in range(kills):
                await asyncio.sleep(pause * dice.random())
                await matchers.kill_one(leader=number % 2 == 0)
            await joining
            await crowd.until(lambda: len(crowd.waits_or_plays()) <= 1)
            assert await store.engine.audit(SPACE, repair=False) == []
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await crowd.close()
        await crowd.check()
    return crowd, matchers


def is_well(crowd: Crowd, matchers: Matchers) -> None:
    ledger = crowd.ledger
    assert ledger.wrong == []
    assert matchers.leaders_killed
    assert len(ledger.states) == crowd.joined
    played = sum(state == "played" for state in ledger.states.values())
    assert played == 2 * ledger.seen["Match.settle"] > 0
    assert ledger.matches >= matchers.matches


@pytest.mark.timeout(600)
async def test_matchers_that_are_killed_lose_nobody_and_seat_nobody_twice(kept_url: str) -> None:
    crowd, matchers = await chaos(kept_url, players=300, seed=7, kills=1, pause=0.4, accept_seconds=4)
    is_well(crowd, matchers)


@pytest.mark.soak
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", [1])
async def test_ten_thousand_players_and_matchers_that_are_killed(kept_url: str, seed: int) -> None:
    crowd, matchers = await chaos(kept_url, players=10_000, seed=seed, kills=12, pause=6, accept_seconds=20)
    is_well(crowd, matchers)
    print(  # noqa: T201  what a soak is for
        f"\n{kept_url.partition(':')[0]}: {crowd.joined} joined, {crowd.checks} checks, {matchers.kills} killed "
        f"({matchers.leaders_killed} leading), {crowd.ledger.matches} matches, {matchers.conflicts} conflicts, "
        f"{dict(crowd.ledger.seen)}"
    )  # fmt: skip
