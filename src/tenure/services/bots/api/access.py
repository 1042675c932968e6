"""Who may do what: the admin everything, the game's backend what its players do, the game its reports."""

from __future__ import annotations

from tenure.http.answering import Guard
from tenure.http.guards import guards_of
from tenure.services.bots.settings import Settings

KEYS = {"admin": "X-Admin-API-Key", "game": "X-API-Key", "report": "Authorization"}
"""The header in which each key comes."""

FITTING = {"admin": ("admin",), "game": ("game", "admin"), "report": ("report", "game", "admin"), "anyone": ()}
"""Which keys open what."""


def guards(settings: Settings) -> dict[str, Guard]:
    """Say for each right how those are known who have it."""
    report = f"Bearer {settings.game_key}" if settings.game_key else ""
    return guards_of({"admin": settings.admin_key, "game": settings.key, "report": report}, KEYS, FITTING)
