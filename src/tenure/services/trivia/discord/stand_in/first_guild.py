"""The guild that a stand-in of its own process begins with."""

from __future__ import annotations

from tenure.services.trivia.discord.stand_in.standing import StandIn

NAME = "Quiz Club"
CHANNELS = ("general", "trivia", "operators")
MANAGERS = ("Ada",)
MEMBERS = ("Grace", "Alan", "Edsger")


def add_first_guild(stand_in: StandIn) -> None:
    """Add it, with one member who runs it and some who do not."""
    stand_in.people.add_guild(NAME, channels=CHANNELS, managers=MANAGERS, members=MEMBERS)
