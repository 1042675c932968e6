"""The same random steps on all engines at once: whatever can be read of them is equal after each step."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine_contract.drawing import EVEN_IF_SLOW
from tests.engine_contract.lockstep import Lockstep
from tests.places import KEPT, SQLITE, SQLITE_IN_MEMORY, Place

EXAMPLES, STEPS = 12, 30
# In the long run: a million steps, in parts that may run beside each other.
PARTS, STEPS_OF_PART = 50, 20_000
EXAMPLES_AT_ONCE, MANY_STEPS, LOOK_EACH = 50, 200, 25
# The reference is the one in memory; in a file it is the same code.
COMPARED = [SQLITE_IN_MEMORY, *(engine for engine in KEPT if engine != SQLITE)]


@pytest.mark.timeout(300)
def test_all_engines_hold_the_same_after_the_same_steps(place_of: Callable[[str], Place]) -> None:
    compare(place_of, EXAMPLES, STEPS)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_all_engines_hold_the_same_after_very_many_steps(part: int, place_of: Callable[[str], Place]) -> None:
    made, batches = 0, itertools.count(part * STEPS_OF_PART)
    while made < STEPS_OF_PART:
        made += compare(place_of, EXAMPLES_AT_ONCE, MANY_STEPS, LOOK_EACH, next(batches))


def compare(
    place_of: Callable[[str], Place], examples: int, steps: int, look_each: int = 1, begin: int | None = None
) -> int:
    """Take random steps on fresh stores of all engines, the same ones with each begin, and give how many it were."""

    class Here(Lockstep):
        pass

    Here.places = {engine: place_of(engine) for engine in COMPARED}
    Here.look_each = look_each
    run_state_machine_as_test(
        Here if begin is None else seed(begin)(Here),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            suppress_health_check=EVEN_IF_SLOW,
        ),
    )
    return Here.steps
