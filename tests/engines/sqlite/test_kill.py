"""A process that is killed at any step of a transaction leaves all of it or nothing, and whoever was told is right.

No engine-neutral form exists: the points are this engine's own statements, in this process; other engines decide or
commit in a server. The list of points is the folder of statements itself, so that a new one can't be forgotten.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import apsw
import pytest
from tests.engine_contract.kinds import KINDS
from tests.engine_contract.looking import assert_one_event_per_version
from tests.engines.sqlite.victim import POINTS

import tenure


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_a_point_leaves_what_was_told_and_nothing_half(point: str, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    answers = await killed_at(path, point, 1)
    await assert_whole(path, answers)


@pytest.mark.parametrize("times", [20, 24, 28])
@pytest.mark.parametrize("point", ["COMMIT", "committed", "told", "write_records"])
async def test_so_does_a_kill_at_a_later_passing(point: str, times: int, tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    answers = await killed_at(path, point, times)
    assert answers, "it was told something before"
    await assert_whole(path, answers)


async def killed_at(path: Path, point: str, times: int) -> list[tuple[str, str, int]]:
    """Let a process work on a file until it dies at a point, and give the answers that it had."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.engines.sqlite.victim", f"sqlite://{path}", point, str(times),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == -signal.SIGKILL, f"{point} was not reached {times} times: {out.decode()}{err.decode()}"
    lines = [line.split() for line in out.decode().splitlines()]
    return [(kind, id, int(version)) for kind, id, version in lines]


async def assert_whole(path: Path, answers: list[tuple[str, str, int]]) -> None:
    """Open the file again: what was told is there, and everything in it agrees."""
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        assert await store.engine.audit("tests", repair=False) == []
        await assert_one_event_per_version(store.space("tests"))
        for kind, id, version in answers:
            events = await store.space("tests").history(store.kinds[kind], id)
            gone = not events and kind != "Owner"  # ended, kept for its time, and removed with its history
            assert gone or events[-1].version >= version
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
