"""All kinds of the service, those of matching and of the local game too: what its store must be opened with."""

from __future__ import annotations

from tenure.matching.lifecycle import Matchmaker
from tenure.services.bots import lifecycle
from tenure.services.bots.game.lifecycle import Duel

kinds = (*lifecycle.kinds, Matchmaker, Duel)
