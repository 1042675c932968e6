"""The games by which battles are played here."""

from __future__ import annotations

from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.rules.wizards import Wizards

ALL_RULES: tuple[Rules, ...] = (Wizards(),)
MODES = tuple(rules.name for rules in ALL_RULES)
