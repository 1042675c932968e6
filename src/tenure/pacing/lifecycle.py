"""What is left of what may be asked of somebody: one record for all processes."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime, timedelta

from tenure.core.durations import hours
from tenure.core.fields import field
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import End, State
from tenure.core.transitions import SWEEPER
from tenure.pacing.rates import Level


class Budget(Lifecycle, history=hours(1)):
    """Whoever takes of it says what is left, as of the version that it was read at: so no token is given twice."""

    level: Level
    blocked_until: datetime | None = None
    forgotten_at: datetime = field()
    """When it is dropped, unless somebody takes of it before."""

    open = State(initial=True)
    forgotten = End(keep=timedelta(0))

    @open.stay()
    def take(self, level: Level, forgotten_at: datetime) -> None: ...

    @open.stay()
    def learn(self, level: Level) -> None: ...

    @open.stay()
    def block(self, blocked_until: datetime) -> None: ...

    forget = open.to(forgotten, by=SWEEPER, after=forgotten_at)


kinds = (Budget,)
