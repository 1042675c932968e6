"""Who may do what: the admin everything, the community's own backend what its members do."""

from __future__ import annotations

from starlette.requests import Request

from tenure.http.answering import Guard
from tenure.http.keys import Key
from tenure.http.rejections import Forbidden, Unauthorized
from tenure.services.trivia.settings import Settings

ADMIN, CHAT = "X-Admin-API-Key", "X-API-Key"
KEYS = {"admin": ADMIN, "chat": CHAT}
"""The header in which each key comes."""

FITTING = {"admin": ("admin",), "chat": ("chat", "admin"), "anyone": ()}
"""Which keys open what."""


class Access:
    """Knows the two keys."""

    def __init__(self, settings: Settings) -> None:
        self._keys = {"admin": Key(settings.admin_key), "chat": Key(settings.key)}

    def guards(self) -> dict[str, Guard]:
        """Say for each right how those are known who have it."""
        return {right: self._guard(keys) for right, keys in FITTING.items()}

    def _guard(self, keys: tuple[str, ...]) -> Guard:
        async def guard(request: Request) -> tuple[()]:
            if keys and not any(self._shows(request, key) for key in keys):
                wanted = " or ".join(KEYS[key] for key in reversed(keys))
                if any(self._shows(request, key) for key in KEYS):
                    raise Forbidden(f"this key may not do that: it needs the one for the header {wanted}")
                raise Unauthorized(f"this needs a valid key in the header {wanted}")
            return ()

        return guard

    def _shows(self, request: Request, key: str) -> bool:
        return self._keys[key].fits(request.headers.get(KEYS[key], ""))
