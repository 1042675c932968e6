"""How the stand-in misbehaves when it is told to, and how often each fault really happened."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, get_args

Kind = Literal["status", "limit", "not_found", "malformed", "cut", "slow"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""What may go wrong with a request:

- `status`: answers with `status`, such as 500 or 503.
- `limit`: answers 429, `of` a type, with a `Retry-After` of `seconds` unless that is None.
- `not_found`: answers 404, though it is there.
- `malformed`: answers with something else, in the way of `how`.
- `cut`: the connection ends without an answer.
- `slow`: `seconds` pass before it is answered.
"""
LimitOf = Literal["application", "method", "service", "none"]
"""What too much was asked for of. `none` is not said: the answer comes from a system behind."""
How = Literal["text", "empty", "truncated", "list", "fields", "types"]
"""How an answer is malformed: no JSON, nothing, its first half, an array, without its fields, fields of other types."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault for requests of which endpoint and host fit a pattern, such as `match-v5.*` and `na1`."""

    kind: Kind
    endpoint: str = "*"
    host: str = "*"
    times: int | None = 1
    """How often it happens; None is until it is taken away."""
    share: float = 1.0
    """To which part of the requests that fit it happens."""
    ends_at: float = math.inf
    """When it is over, in seconds since 1970."""
    status: int = 503
    of: LimitOf = "application"
    seconds: float | None = 1.0
    how: How = "text"
    happened: int = 0

    def fits(self, endpoint: str, host: str, now: float) -> bool:
        """Tell whether it may happen to this request."""
        return not self.is_over(now) and fnmatchcase(endpoint, self.endpoint) and fnmatchcase(host, self.host)

    def is_over(self, now: float) -> bool:
        """Tell whether it happens no more."""
        return now >= self.ends_at or (self.times is not None and self.happened >= self.times)


@dataclass(slots=True)
class Faults:
    """The faults that are planned, and a count of those that happened. `now` gives seconds since 1970."""

    now: Callable[[], float]
    seed: int = 0
    planned: list[Fault] = field(default_factory=list)
    happened: Counter[str] = field(default_factory=Counter)
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  nothing secret comes of it

    def plan(self, fault: Fault) -> Fault:
        """Let this happen from now on, besides what is planned and not over."""
        self.planned[:] = [*self.left(), fault]
        return fault

    def left(self) -> list[Fault]:
        """Give those that may still happen."""
        return [fault for fault in self.planned if not fault.is_over(self.now())]

    def clear(self) -> None:
        """Behave again."""
        self.planned.clear()

    def next_for(self, endpoint: str, host: str) -> Fault | None:
        """Give the first fault that happens to this request, and count it."""
        if not self.planned:
            return None
        now = self.now()
        for fault in self.planned:
            if fault.fits(endpoint, host, now) and (fault.share >= 1 or self._random.random() < fault.share):
                fault.happened += 1
                self.happened[fault.kind] += 1
                return fault
        return None
