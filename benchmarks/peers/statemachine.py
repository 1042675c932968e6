"""python-statemachine: transitions in memory, where nothing is kept."""

from __future__ import annotations

import time

from benchmarks.peers.told import arguments, tell
from statemachine import State, StateMachine


class Mover(StateMachine):
    """Goes to and fro."""

    left = State(initial=True)
    right = State()

    go = left.to(right)
    back = right.to(left)


def measure(seconds: float) -> tuple[int, float]:
    """Move one thing to and fro."""
    mover, made, began = Mover(), 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        mover.go()
        mover.back()
        made += 2
    return made, spent


if __name__ == "__main__":
    tell(*measure(arguments()[1]))
