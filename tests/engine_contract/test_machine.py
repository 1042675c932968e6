"""The state machine against each engine; `TENURE_LONG=1` makes it long. A failure prints how to repeat it."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings

from tests.engine_contract.machine import Machine

LONG = bool(os.environ.get("TENURE_LONG"))
QUIET = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))


class InMemory(Machine):
    url = "sqlite:"


class InAFile(Machine):
    folder: ClassVar[Path]
    numbers: ClassVar[itertools.count[int]] = itertools.count()

    def fresh_url(self) -> str:
        return f"sqlite:///{self.folder}/{next(self.numbers)}.db"


class TestInMemory(InMemory.TestCase):
    settings = settings(QUIET, max_examples=2000 if LONG else 60, stateful_step_count=60 if LONG else 30)


class TestInAFile(InAFile.TestCase):
    settings = settings(QUIET, max_examples=500 if LONG else 15, stateful_step_count=60 if LONG else 30)

    @pytest.fixture(autouse=True)
    def _in_a_folder(self) -> object:  # type: ignore[misc]
        with tempfile.TemporaryDirectory() as folder:
            InAFile.folder = Path(folder)
            yield
