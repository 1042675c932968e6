"""The state machine against each engine; `TENURE_LONG=1` makes it long. A failure prints how to repeat it."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.engine_contract.conftest import ENGINES
from tests.engine_contract.drawing import EVEN_IF_SLOW
from tests.engine_contract.machine import Machine

LONG = bool(os.environ.get("TENURE_LONG"))
EXAMPLES = {"sqlite in memory": 200, "sqlite in a file": 40}
LONGER, STEPS, LONG_STEPS = 40, 30, 60


@pytest.mark.timeout(3600 if LONG else 60)
@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_holds_what_the_model_holds_after_every_step(engine: str, tmp_path: Path) -> None:
    numbers = itertools.count()

    class Fresh(Machine):
        def fresh_url(self) -> str:
            return "sqlite:" if engine == "sqlite in memory" else f"sqlite:///{tmp_path}/{next(numbers)}.db"

    run_state_machine_as_test(
        Fresh,
        settings=settings(
            max_examples=EXAMPLES[engine] * (LONGER if LONG else 1),
            stateful_step_count=LONG_STEPS if LONG else STEPS,
            deadline=None,
            print_blob=True,
            suppress_health_check=EVEN_IF_SLOW,
        ),
    )
