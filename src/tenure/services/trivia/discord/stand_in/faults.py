"""How the stand-in misbehaves when it is told to, and how often each fault really fired."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal["status", "limit", "global_limit", "ban", "cut", "lose_reply", "reset", "slow", "slow_reply", "garbage"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What may go wrong with a request:

- `status`: answers with `status` and nothing was done; below 500 with `code` as Discord's own.
- `limit`, `global_limit`: answers 429, to be tried again after `seconds`.
- `ban`: answers 429 as the network in front of Discord does: no JSON, nothing to wait for.
- `cut`, `reset`: the connection ends before anything was done, in order or by a reset.
- `lose_reply`: it is done, and then the connection ends without an answer.
- `slow`, `slow_reply`: `seconds` pass before it is done, or between that and the answer.
- `garbage`: it is done, and the answer is no JSON.
"""


@dataclass(slots=True)
class Fault:
    """One fault for requests whose `METHOD /path` fits a pattern, such as `POST /channels/*/messages`."""

    kind: Kind
    route: str = "*"
    times: int | None = 1
    """How often it happens; None is until it is taken away."""
    status: int = 503
    code: int = 0
    seconds: float = 1.0
    fired: int = 0

    def fits(self, request: str) -> bool:
        """Tell whether it happens to this request."""
        return (self.times is None or self.fired < self.times) and fnmatchcase(request, self.route)


@dataclass(slots=True)
class Faults:
    """The faults that are planned, and a count of those that happened."""

    planned: list[Fault] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter)

    def plan(self, fault: Fault) -> None:
        """Let this happen from now on."""
        self.planned.append(fault)

    def clear(self) -> None:
        """Behave again."""
        self.planned.clear()

    def next_for(self, request: str) -> Fault | None:
        """Give the first fault that fits, and count it."""
        for fault in self.planned:
            if fault.fits(request):
                fault.fired += 1
                self.fired[fault.kind] += 1
                return fault
        return None
