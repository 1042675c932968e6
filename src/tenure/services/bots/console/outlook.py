"""Why somebody still waits: whom of the queue they may meet, and when. Pure; for matches of two players."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tenure.matching.entrants import Entrant, Rules
from tenure.services.bots.console.words import points, wait


def outlook(entrant: Entrant, queue: Iterable[Entrant], rules: Rules, now: float) -> str:
    """Say who fits first of those who wait, and when."""
    others = [other for other in queue if other.key != entrant.key]
    if rules.teams * rules.team_size != 2:  # noqa: PLR2004  what fits is said of two players
        return ""
    if not others:
        return "Nobody else waits."
    if entrant.stands_in and all(other.stands_in for other in others):
        return "Only bots wait, and bots never meet one another."
    first = min(others, key=lambda other: rules.meet_at(entrant, other))
    at, named = rules.meet_at(entrant, first), f"{', '.join(first.players)} (rating {points(first.rating)})"
    if at == math.inf:
        nearest = min(abs(other.rating - entrant.rating) for other in others)
        return f"Nobody who waits will ever fit: they are {points(nearest)} or more points away, or may not meet it."
    if at > now:
        return f"Of those who wait {named} fits first, in {wait(at - now)}."
    return f"{named} fits already, so the matcher is about to pair them, or pairs either with somebody who fits better."
