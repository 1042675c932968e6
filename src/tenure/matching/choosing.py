"""Which queue fits which rules."""

from __future__ import annotations

from tenure.matching.entrants import Matching, Rules
from tenure.matching.line import Line
from tenure.matching.teams import Squads


def matching_for(rules: Rules) -> Matching:
    """Give an empty queue that matches by these rules."""
    one_against_one = rules.teams == 2 and rules.team_size == 1  # noqa: PLR2004  each side is one player
    return Line(rules) if one_against_one else Squads(rules)
