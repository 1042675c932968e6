"""The players that a stand-in of its own process begins with."""

from __future__ import annotations

from tenure.services.games.riot.stand_in.standing import StandIn

FIRST_PLAYERS = (
    ("Ada#NA1", "na1"),
    ("Grace#NA1", "na1"),
    ("Alan#NA1", "na1"),
    ("Edsger#EUW", "euw1"),
    ("Barbara#EUW", "euw1"),
    ("Donald#KR1", "kr"),
)


def add_first_players(stand_in: StandIn) -> None:
    """Add them, some on each of three platforms."""
    for riot_id, platform in FIRST_PLAYERS:
        stand_in.world.add_player(riot_id, platform)
