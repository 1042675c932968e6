"""What players say written to a store by nobody but ourselves: the same changes, without servers and sockets.

As `python -m benchmarks.battles.storing URL NUMBER SECONDS` it is one of two processes, as there are two servers: it
says when it is ready, waits for a line, and prints what it has written.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import uvloop

import tenure
from tenure import Claim, Store, hours
from tenure.services.battles.kinds import kinds
from tenure.services.battles.lifecycle import Battle, Instance

PROCESSES = 2
TEXT = "0123456789.012345"
"""As long as what is said in rooms."""

WARMING_SECONDS = 1.0


class Applied(NamedTuple):
    """How many messages a second were written, and what processors did in our processes for each."""

    a_second: float
    microseconds: float


def rate_of_store(url: str, battles: int, seconds: float) -> Applied:
    """Let two processes write, each to half of the battles with two callers for each."""
    command = [sys.executable, "-m", "benchmarks.battles.storing", url]
    started = [
        subprocess.Popen(
            [*command, str(number), str(battles // PROCESSES), str(seconds)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    try:
        for one in started:
            _line(one)
        for one in started:
            assert one.stdin is not None  # noqa: S101  # nosec B101  it is a pipe
            print("go", file=one.stdin, flush=True)
        found = [msgspec.json.decode(_line(one), type=Applied) for one in started]
        number = sum(one.a_second for one in found)
        return Applied(number, sum(one.a_second * one.microseconds for one in found) / number)
    finally:
        for one in started:
            one.kill()
            one.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    line = next(iter(process.stdout or ()), "")
    if not line:
        raise RuntimeError("a process that writes has ended")
    return line


async def _running(store: Store, number: int, battles: int) -> tuple[Claim[Instance], list[Battle]]:
    """Make an instance that runs so many battles."""
    instance = (await store.apply(Instance.create(f"instance-{number}"))).claim
    ends, board = await store.now() + hours(1), msgspec.Raw(b"{}")
    ids = [f"battle-{number}-{n}" for n in range(battles)]
    players = [(f"{id}-one", f"{id}-two") for id in ids]
    await store.submit(
        [
            [
                Battle.create(id, ends_by=ends, mode="wizards", level=1, players=pair),
                Battle.start(id, board=board, acts=pair[:1], turn_ends_at=None),
                Battle.take(id, instance=instance.id),
            ]
            for id, pair in zip(ids, players, strict=True)
        ]
    )
    return instance, list((await store.get_many(Battle, ids)).values())


async def _write(store: Store, battles: Sequence[Battle], seconds: float, prefix: str) -> Applied:
    """Let each player say one thing after the other, each awaited."""
    began, spent, written = time.perf_counter(), time.process_time(), 0

    async def player(battle: Battle, name: str) -> None:
        nonlocal written
        while time.perf_counter() - began < seconds:
            said = Battle.say(battle.id, player=name, text=TEXT)
            await store.apply(said, op=f"{battle.id}/{name}/{prefix}-{written}-{time.perf_counter_ns()}")
            written += 1

    await asyncio.gather(*(player(battle, name) for battle in battles for name in battle.players))
    return Applied(written / (time.perf_counter() - began), (time.process_time() - spent) / written * 1e6)


async def _main(url: str, number: int, battles: int, seconds: float) -> None:
    async with tenure.open(url, *kinds, space="main") as store, store.sweeping():
        instance, running = await _running(store, number, battles)
        async with store.hold(instance):
            await _write(store, running, WARMING_SECONDS, "warming")
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
            print(msgspec.json.encode(await _write(store, running, seconds, "timed")).decode(), flush=True)


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
