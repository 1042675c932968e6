"""The same random steps on all engines at once: whatever can be read of them is equal after each step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine_contract.drawing import EVEN_IF_SLOW
from tests.engine_contract.lockstep import Lockstep
from tests.places import KEPT, SQLITE, SQLITE_IN_MEMORY, Place

EXAMPLES, STEPS, MANY_STEPS = 12, 30, 100
SOAK_EXAMPLES = 1000
# The reference is the one in memory; in a file it is the same code.
COMPARED = [SQLITE_IN_MEMORY, *(engine for engine in KEPT if engine != SQLITE)]


@pytest.mark.timeout(300)
def test_all_engines_hold_the_same_after_the_same_steps(place_of: Callable[[str], Place]) -> None:
    compare(place_of, EXAMPLES, STEPS)


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_all_engines_hold_the_same_after_very_many_steps(place_of: Callable[[str], Place]) -> None:
    compare(place_of, SOAK_EXAMPLES, MANY_STEPS)


def compare(place_of: Callable[[str], Place], examples: int, steps: int) -> None:
    class Here(Lockstep):
        pass

    Here.places = {engine: place_of(engine) for engine in COMPARED}
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            print_blob=True,
            suppress_health_check=EVEN_IF_SLOW,
        ),
    )
