"""Who matches which queue: one at a time, by a fenced lease."""

from __future__ import annotations

from datetime import timedelta

from tenure.core.durations import lease
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import End, State
from tenure.core.transitions import CLAIMANT, HOLDER, SWEEPER

LEASE_SECONDS = 3.0
"""How long a matchmaker that shows no sign of life keeps its queue."""


class Matchmaker(Lifecycle):
    """The right to match one queue; its id is the queue's name. Each match is made beside a beat of this claim."""

    waiting = State(initial=True)
    matching = State()
    removed = End(keep=timedelta(0))

    begin = waiting.to(matching, by=CLAIMANT)
    finish = matching.to(waiting, by=HOLDER)
    lose = matching.to(waiting, by=SWEEPER, after=lease(seconds=LEASE_SECONDS))
    remove = waiting.to(removed)
