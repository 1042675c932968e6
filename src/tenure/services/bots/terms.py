"""What a pool's owner may ask for, checked: its numbers, its rules, and what rates its players."""

from __future__ import annotations

import math
import re

import msgspec

from tenure.matching.entrants import Rules
from tenure.services.bots.ratings import rating_system as rating_system_of
from tenure.services.bots.refusals import Wrong

RATING_SYSTEMS = ("elo", "glicko2", "openskill")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
MOST_BOTS, MOST_PLACES, MOST_PLAYERS = 100_000, 10_000_000, 200
DAY = 86_400.0
SECONDS = {
    "accept_seconds": (1.0, 600.0),
    "cool_seconds": (0.0, DAY),
    "patience_seconds": (1.0, DAY),
    "longest_seconds": (1.0, 7 * DAY),
    "rotate_seconds": (1.0, 365 * DAY),
}
"""The least and the most of each length of a pool."""


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a pool is run, as its owner may change it. `places` is how many tickets may wait and play at a time."""

    max_deployed: int = 0
    places: int = 100_000
    rules: Rules = Rules()
    accept_seconds: float = 15.0
    cool_seconds: float = 30.0
    patience_seconds: float = 600.0
    longest_seconds: float = 3600.0
    rotate_seconds: float = 1800.0


def check_name(what: str, name: str) -> None:
    """Refuse what can't be part of an id. Raises `Wrong`."""
    if not NAME.fullmatch(name):
        raise Wrong(f"`{what}` must be 1 to 40 of A-Z a-z 0-9 _ . - and begin with a letter or digit")


def check_terms(terms: Terms, rating_system: str) -> None:
    """Refuse numbers that make no sense, and a rating system that can't rate such matches. Raises `Wrong`."""
    _between("max_deployed", terms.max_deployed, 0, MOST_BOTS)
    _between("places", terms.places, 1, MOST_PLACES)
    for name, (least, most) in SECONDS.items():
        _between(name, getattr(terms, name), least, most)
    _check_rules(terms.rules)
    if rating_system not in RATING_SYSTEMS:
        raise Wrong(f"`rating_system` must be one of {', '.join(RATING_SYSTEMS)}")
    if terms.rules.teams * terms.rules.team_size > 2 and rating_system != "openskill":  # noqa: PLR2004  two players
        raise Wrong("Elo and Glicko-2 rate two players: for more of them take the rating system `openskill`")
    try:
        rating_system_of(rating_system)
    except ImportError as missing:
        raise Wrong(str(missing)) from None


def _check_rules(rules: Rules) -> None:
    _between("rules.teams", rules.teams, 2, MOST_PLAYERS)
    _between("rules.team_size", rules.team_size, 1, MOST_PLAYERS // rules.teams)
    for name in ("tolerance", "tolerance_per_second", "tolerance_at_most"):
        _between(f"rules.{name}", getattr(rules, name), 0, 1e6)
    for name in ("stand_ins_after_seconds", "rematch_after_seconds"):
        _between(f"rules.{name}", getattr(rules, name), 0, DAY)
    if rules.tolerance_at_most < rules.tolerance:
        raise Wrong("`rules.tolerance_at_most` is below `rules.tolerance`: it is what the tolerance widens to")


def _between(name: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise Wrong(f"`{name}` must be from {least:g} to {most:g}")
