"""transitions: in memory, where nothing is kept."""

from __future__ import annotations

import time
from typing import Any

from benchmarks.peers.told import arguments, tell
from transitions import Machine


class Mover:
    """Goes to and fro."""

    go: Any
    back: Any


def measure(seconds: float) -> tuple[int, float]:
    """Move one thing to and fro."""
    mover = Mover()
    Machine(
        mover,
        states=["left", "right"],
        initial="left",
        transitions=[["go", "left", "right"], ["back", "right", "left"]],
        auto_transitions=False,
    )
    made, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        mover.go()
        mover.back()
        made += 2
    return made, spent


if __name__ == "__main__":
    tell(*measure(arguments()[1]))
