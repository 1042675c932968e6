"""A matcher for each mode: of all processes one matches a mode at a time, so it matters not who is connected where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tenure import Change, Store
from tenure.matching.entrants import Proposal, Rules
from tenure.matching.matcher import Matcher, Round, Source
from tenure.services.battles.checks import new_id
from tenure.services.battles.counting import Counting
from tenure.services.battles.lifecycle import BattleTicket
from tenure.services.battles.offers import entrant_of, offer
from tenure.store.keeping import Loop

SAME_LEVEL = Rules(tolerance=0.0, tolerance_per_second=0.0, tolerance_at_most=0.0)
SOURCES = (Source(BattleTicket.waiting, entrant_of),)


def queue_of(mode: str) -> str:
    """Give the id of the record that says who matches a mode."""
    return f"battles/{mode}"


class Matchmaking:
    """Makes the matchers."""

    def __init__(
        self,
        store: Store,
        modes: Sequence[str],
        *,
        confirm_within: timedelta,
        longest: timedelta,
        make_id: Callable[[], str] = new_id,
        counting: Counting | None = None,
    ) -> None:
        self._store = store.acting(f"matcher@{store.actor}")
        self._within, self._longest, self._make_id = confirm_within, longest, make_id
        self._counting = counting or Counting()
        self.matchers = {mode: self._matcher(mode) for mode in modes}

    def loops(self) -> dict[str, Loop]:
        """Give the loop of each matcher by name; each goes on until it is cancelled."""
        return {f"matcher of {mode}": matcher.run for mode, matcher in self.matchers.items()}

    def _matcher(self, mode: str) -> Matcher:
        return Matcher(
            self._store,
            queue_of(mode),
            per=mode,
            rules=SAME_LEVEL,
            sources=SOURCES,
            offer=self._offer,
            told=lambda ran: self._told(mode, ran),
        )

    def _offer(self, proposal: Proposal, tickets: Mapping[str, Any], now: datetime) -> list[Change[Any]]:
        return offer(self._make_id(), proposal, tickets, now, within=self._within, by=self._longest)

    def _told(self, mode: str, ran: Round) -> None:
        self._counting.matched[mode] += len(ran.matches)
        self._counting.conflicts[mode] += ran.conflicts
        for entrant in (entrant for proposal in ran.matches for entrant in proposal.entrants):
            self._counting.waits[mode].add(max(ran.at - entrant.since, 0.0))
