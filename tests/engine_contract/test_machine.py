"""The state machine against each engine; `make soak` takes a million steps. A failure prints how to repeat it."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine_contract.drawing import EVEN_IF_SLOW
from tests.engine_contract.machine import Machine
from tests.places import InMemory, Place

EXAMPLES, EXAMPLES_IN_MEMORY, STEPS = 40, 200, 30
# Over four engines these are a million steps.
SOAK_EXAMPLES, SOAK_EXAMPLES_IN_MEMORY, SOAK_STEPS = 3_000, 8_000, 60


@pytest.mark.timeout(240)
def test_an_engine_holds_what_the_model_holds_after_every_step(place: Place) -> None:
    compare(place, EXAMPLES_IN_MEMORY if isinstance(place, InMemory) else EXAMPLES, STEPS)


@pytest.mark.soak
@pytest.mark.timeout(6 * 3600)
def test_an_engine_holds_what_the_model_holds_after_very_many_steps(place: Place) -> None:
    compare(place, SOAK_EXAMPLES_IN_MEMORY if isinstance(place, InMemory) else SOAK_EXAMPLES, SOAK_STEPS)


def compare(place: Place, examples: int, steps: int) -> None:
    class Here(Machine):
        pass

    Here.place = place
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
