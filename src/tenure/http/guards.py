"""Who may do what, by the keys that they show in headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from tenure.http.answering import Guard
from tenure.http.keys import Key
from tenure.http.rejections import Forbidden, Unauthorized


def guards_of(
    keys: Mapping[str, str], headers: Mapping[str, str], fitting: Mapping[str, Sequence[str]]
) -> dict[str, Guard]:
    """Say for each right how those are known who have it: which of the keys, by name, fit it.

    `headers` says in which header each key comes. A right that no key fits is everybody's; an empty key fits nothing.
    """
    shown = _Shown(keys, headers)
    return {right: _guard(shown, tuple(names)) for right, names in fitting.items()}


class _Shown:
    """Knows the keys, and looks which of them a request shows."""

    def __init__(self, keys: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self.keys, self.headers = {name: Key(key) for name, key in keys.items()}, headers

    def any_of(self, request: Request, names: Sequence[str]) -> bool:
        return any(self.keys[name].fits(request.headers.get(self.headers[name], "")) for name in names)


def _guard(shown: _Shown, names: tuple[str, ...]) -> Guard:
    wanted = " or ".join(shown.headers[name] for name in reversed(names))

    async def guard(request: Request) -> tuple[()]:
        if not names or shown.any_of(request, names):
            return ()
        if shown.any_of(request, tuple(shown.keys)):
            raise Forbidden(f"this key may not do that: it needs the one for the header {wanted}")
        raise Unauthorized(f"this needs a valid key in the header {wanted}")

    return guard
