"""What the events of one pool say: who waits, and what was matched, counted over a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tenure import Event
from tenure.matching.entrants import Entrant, Rules
from tenure.matching.quality import Quality, unevenness_of
from tenure.matching.samples import Sampler, together
from tenure.matching.windows import Window
from tenure.services.bots.lifecycle import Bot, Match, Seat, Ticket

BECAME = {
    "start": "started",
    "settle": "settled",
    "expire": "expired",
    "call_off": "called_off",
    "break_off": "broken_off",
    "overrun": "broken_off",
}
"""What is counted of a match after it was offered."""
GONE = {"leave": "left", "give_up": "gave_up", "cool": "cooled"}
"""What is counted of a ticket or a bot."""


class Tally:
    """One pool. It takes events in the order of the feed; each is taken once."""

    def __init__(self, pool: str, window_seconds: float, rules: Rules) -> None:
        self.pool, self.rules = pool, rules
        self.queue: dict[str, Entrant] = {}
        """Who waits, by `Ticket/ID` and `Bot/ID`."""
        self.conflicts = 0
        """Matches that were chosen and not made, since these figures were last given: no event tells of them."""
        self._window = Window(window_seconds)
        self._sampler = Sampler()

    def match(self, event: Event[Match]) -> None:
        """Take an event of a match."""
        at = event.at.timestamp()
        if event.name == "create":
            self._offer(at, event.fields)
        elif event.name in BECAME:
            declined = event.name == "call_off" and event.fields["reason"] == "declined"
            self._window.at(at).counts["declined" if declined else BECAME[event.name]] += 1

    def seat(self, event: Event[Ticket] | Event[Bot], entrant: Entrant) -> None:
        """Take an event of a ticket or a bot, which is this entrant."""
        at, target = event.at.timestamp(), event.target.names[0]
        if event.name in GONE:
            self._window.at(at).counts[GONE[event.name]] += 1
        if target == "queued":
            self.queue[entrant.key] = entrant
        elif self.queue.pop(entrant.key, None) is not None and target != "matched":
            self._sampler.go(entrant.key)

    def quality(self, now: datetime) -> Quality:
        """Give the figures of the window that ends now."""
        at = now.timestamp()
        self._note(at)
        self._window.at(at).counts["conflicts"] += self.conflicts
        self.conflicts = 0
        total = self._window.total(at)
        counts = total.counts
        since = [entrant.since for entrant in self.queue.values() if not entrant.stands_in]
        return Quality(
            pool=self.pool,
            window_seconds=self._window.seconds,
            matches=counts["matches"],
            matches_per_minute=counts["matches"] * 60 / self._window.seconds,
            started=counts["started"],
            settled=counts["settled"],
            expired=counts["expired"],
            declined=counts["declined"],
            called_off=counts["called_off"],
            broken_off=counts["broken_off"],
            cooled=counts["cooled"],
            stand_ins=counts["stand_ins"],
            gave_up=counts["gave_up"],
            left=counts["left"],
            conflicts=counts["conflicts"],
            gap=total.gap.spread(),
            unevenness=total.unevenness.spread(),
            wait=total.wait(),
            deciles=total.deciles(),
            waiting=len(since),
            bots_waiting=len(self.queue) - len(since),
            oldest_seconds=max(at - min(since), 0.0) if since else None,
            regret=together(total.regrets),
        )

    def _offer(self, at: float, fields: dict[str, Any]) -> None:
        teams: Sequence[Sequence[Seat]] = fields["teams"]
        seats = [seat for team in teams for seat in team]
        part = self._window.at(at)
        part.counts["matches"] += 1
        part.counts["stand_ins"] += any(seat.kind == "Bot" for seat in seats)
        part.gap.add(fields["gap"])
        part.unevenness.add(unevenness_of(fields["expected"]))
        for seat in seats:
            if seat.kind != "Bot":
                part.person(seat.rating, wait=seat.waited, gap=fields["gap"])
        self._note(at)
        self._sampler.match(self.queue, [f"{seat.kind}/{seat.id}" for seat in seats], self.rules, at)

    def _note(self, at: float) -> None:
        """Keep what came of a sample whose time is over."""
        sample = self._sampler.end(at)
        if sample is not None:
            self._window.at(sample.at).regrets.append(sample.regret())
