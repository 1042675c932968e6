"""`tenure bench transitions`: `move` and `full` on one engine, in two minutes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tenure.benchmarks.machine import machine
from tenure.benchmarks.measuring import CALLERS, measure
from tenure.benchmarks.stand import Name, stand_of
from tenure.benchmarks.workloads import FULL, MOVE

WORKLOADS = (MOVE, FULL)
ROUNDS, SECONDS = 5, 2.0


async def transitions(
    engine: Name, *, folder: Path, rounds: int = ROUNDS, seconds: float = SECONDS, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Measure both workloads on an engine, and say on what that was."""
    with stand_of(engine, folder) as stand:
        said = {
            "engine": engine,
            "callers": CALLERS,
            "durability": stand.durability,
            "raw": stand.raw,
            "naive": stand.naive,
            "versions": dict(await stand.versions()),
            "machine": machine(folder),
        }
        found: dict[str, Any] = {}
        for workload in WORKLOADS:
            measured = await measure(
                stand,
                workload,
                rounds=rounds,
                seconds=seconds,
                tell=partial(_tell, tell, workload.name),
            )
            found[workload.name] = measured.figures()
    return {**found, **said}


def _tell(tell: Callable[[str], None], name: str, text: str) -> None:
    tell(f"{name}: {text}")
