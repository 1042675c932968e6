"""Who may do what: the admin everything, the game's own backend what its players need."""

from __future__ import annotations

from tenure.http.answering import Guard
from tenure.http.guards import guards_of
from tenure.services.battles.settings import Settings

KEYS = {"admin": "X-Admin-API-Key", "game": "X-API-Key"}
"""The header in which each key comes."""

FITTING = {"admin": ("admin",), "game": ("game", "admin"), "anyone": ()}
"""Which keys open what."""


def guards(settings: Settings) -> dict[str, Guard]:
    """Say for each right how those are known who have it."""
    return guards_of({"admin": settings.admin_key, "game": settings.key}, KEYS, FITTING)
