"""What holds for all tests of battles: on a slow machine a store is slow, and not away."""

from __future__ import annotations

import pytest
from tests.resting import PATIENCE_SECONDS

from tenure.services.battles import contact, watching
from tenure.services.battles.api import metrics


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait long for an answer of the store; a test in which it truly stops says otherwise by a fixture of this name."""
    monkeypatch.setattr(contact, "PATIENCE_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(watching, "LONGEST_ANSWER_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(metrics, "LONGEST_ANSWER_SECONDS", PATIENCE_SECONDS)
