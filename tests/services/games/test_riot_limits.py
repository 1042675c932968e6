"""Several processes share a key's limits: the stand-in keeps to them, in windows of its own, and never says no."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from pathlib import Path

import pytest

from tenure.pacing.rates import HOLD_SECONDS, parse_rates
from tenure.services.games.riot.stand_in import StandIn, serving

ASKER = Path(__file__).parent / "asker.py"


PROCESSES = 3


async def asked(stand_in: StandIn, folder: Path, for_seconds: float, at_once: int) -> tuple[Counter[str], float]:
    """Let processes ask at the same time, each as much as it can, and add up what they were answered in how long."""

    async def start() -> Process:
        store, told = f"sqlite:{folder / 'store.db'}", (stand_in.url, stand_in.key, str(for_seconds), str(at_once))
        command = (sys.executable, str(ASKER), store, *told)
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def finish(process: Process) -> Counter[str]:
        out, _ = await process.communicate(b"go\n")
        return Counter(json.loads(out))

    async with serving(stand_in):
        asking, began = await asyncio.gather(*(start() for _ in range(PROCESSES))), time.monotonic()
        counted = sum(await asyncio.gather(*(finish(process) for process in asking)), Counter[str]())
    return counted, time.monotonic() - began


def a_stand_in(limits: str) -> StandIn:
    """Make a stand-in with one player, that enforces these limits."""
    stand_in = StandIn()
    stand_in.world.add_player("Ada#1", "na1")
    stand_in.limit(limits)
    return stand_in


async def test_three_processes_share_a_keys_limits_and_none_is_refused(tmp_path: Path) -> None:
    """However slow the machine is: less is asked in all than the stand-in's window takes, and no more than is fair."""
    stand_in, (rate,), at_once = a_stand_in("100:20"), parse_rates("100:20"), 2
    counted, length = await asked(stand_in, tmp_path, 3, at_once)
    assert (stand_in.limits.refused, counted["429"]) == (Counter(), 0)
    fair = rate.at_once + (length + HOLD_SECONDS) / rate.gap_seconds + 1
    assert 2 * PROCESSES * at_once <= counted["404"] <= 2 * fair, "at two hosts"


@pytest.mark.soak
@pytest.mark.timeout(300)
@pytest.mark.parametrize(("limits", "most"), [("20:1,100:120", 100 / 120), ("500:10,30000:600", 50), ("100:1", 100)])
async def test_three_processes_share_a_keys_limits_for_minutes(limits: str, most: float, tmp_path: Path) -> None:
    stand_in = a_stand_in(limits)
    counted, _ = await asked(stand_in, tmp_path, 150, 8)
    answered = counted["404"] / 150 / 2
    print(f"{limits}: {answered:.1f} of {most:.1f} a second at each of two hosts: {dict(counted)}")  # noqa: T201
    assert (stand_in.limits.refused, counted["429"]) == (Counter(), 0)
    assert answered > 0.5 * most  # a share is kept for delays, and machines that run tests are slow
