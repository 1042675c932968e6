"""Several processes share a key's limits: the stand-in keeps to them, in windows of its own, and never says no."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

import pytest

from tenure.services.games.riot.stand_in import StandIn, serving

ASKER = Path(__file__).parent / "asker.py"


async def asked_by(processes: int, stand_in: StandIn, store: str, for_seconds: float) -> Counter[str]:
    """Let so many processes ask at the same time, each as much as it can, and add up what they were answered."""

    async def start() -> Process:
        command = (sys.executable, str(ASKER), store, stand_in.url, stand_in.key, str(for_seconds))
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def finish(process: Process) -> Counter[str]:
        out, _ = await process.communicate(b"go\n")
        return Counter(json.loads(out))

    asking = await asyncio.gather(*(start() for _ in range(processes)))
    return sum(await asyncio.gather(*(finish(process) for process in asking)), Counter())


async def check(limits: str, most: float, for_seconds: float, folder: Path) -> None:
    stand_in = StandIn()
    stand_in.world.add_player("Ada#1", "na1")
    stand_in.limit(limits)
    async with serving(stand_in):
        counted = await asked_by(3, stand_in, f"sqlite:{folder / 'store.db'}", for_seconds)
    answered = counted["404"] / for_seconds / 2
    print(f"{limits}: {answered:.1f} of {most:.1f} a second at each of two hosts: {dict(counted)}")  # noqa: T201
    assert (stand_in.limits.refused, counted["429"]) == (Counter(), 0)
    assert answered > 0.5 * most  # a share is kept for delays, and machines that run tests are slow


async def test_three_processes_share_a_keys_limits_and_none_is_refused(tmp_path: Path) -> None:
    await check("100:2", 50, 3, tmp_path)


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("limits", "most"), [("20:1,100:120", 100 / 120), ("500:10,30000:600", 50), ("100:1", 100)])
async def test_three_processes_share_a_keys_limits_for_minutes(limits: str, most: float, tmp_path: Path) -> None:
    await check(limits, most, 150, tmp_path)
