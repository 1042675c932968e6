"""The names of states, events and reasons in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A service's words by its names. A name without any is shown as it is, without its underscores."""

    states: Mapping[str, str]
    events: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)

    def state(self, name: str) -> str:
        """Say where a record is."""
        return self.states.get(name, name.replace("_", " "))

    def event(self, name: str) -> str:
        """Say what happened."""
        return self.events.get(name, name.replace("_", " ").capitalize())

    def reason(self, code: str | None) -> str:
        """Say a reason; empty where there is none."""
        return self.reasons.get(code, code.replace("_", " ")) if code else ""
