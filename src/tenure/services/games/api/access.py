"""Who may do what: the admin everything, a program of the community's own reads what there is."""

from __future__ import annotations

from tenure.http.answering import Guard
from tenure.http.guards import guards_of
from tenure.services.games.settings import Settings

KEYS = {"admin": "X-Admin-API-Key", "reader": "X-API-Key"}
"""The header in which each key comes."""

FITTING = {"admin": ("admin",), "reader": ("reader", "admin"), "anyone": ()}
"""Which keys open what."""


def guards(settings: Settings) -> dict[str, Guard]:
    """Say for each right how those are known who have it."""
    return guards_of({"admin": settings.admin_key, "reader": settings.key}, KEYS, FITTING)
