"""The way in and out: a form that takes a key, and a button that ends the session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from tenure.pages.forms import read_form
from tenure.pages.sessions import Sessions, check_origin, path_of, root_of

BY_ADMIN_KEY = {
    "key_is": "Admin key",
    "user": "admin",
    "wrong_is": "That is not the key.",
    "where": "It was printed when the server started, and lies in `admin.key` in its data folder, unless "
    "TENURE_ADMIN_KEY was given.",
}
"""What `login.html` says where the admin's key is wanted."""


class ShowForm(Protocol):
    """How a page asks for a key."""

    def __call__(self, request: Request, *, target: str, wrong: bool) -> Response:
        """Show the form; `target` is where it leads, `wrong` says that the last key was none."""
        ...


class Entrance:
    """Routes below `prefix`. `who_has` gives the word for whose key it is, None for nobody's."""

    def __init__(
        self,
        sessions: Sessions,
        who_has: Callable[[str], Awaitable[str | None]],
        show: ShowForm,
        *,
        prefix: str = "",
    ) -> None:
        self._sessions, self._who_has, self._show = sessions, who_has, show
        self._login, self._logout = f"{prefix}/login", f"{prefix}/logout"

    def routes(self) -> list[BaseRoute]:
        """Give the routes, which need no session."""
        return [
            Route(self._login, self._ask, methods=["GET"]),
            Route(self._login, self._log_in, methods=["POST"]),
            Route(self._logout, self._log_out, methods=["POST"]),
        ]

    def lead_in(self, request: Request) -> Response:
        """Send a browser without a session to the form, and from there to the page that it wanted."""
        query = f"?{request.url.query}" if request.url.query else ""
        target = path_of(request) + query if request.method == "GET" else "/"
        return to(request, self._login, next=target)

    async def _ask(self, request: Request) -> Response:
        return self._show(request, target=_inside(request.query_params.get("next")), wrong=False)

    async def _log_in(self, request: Request) -> Response:
        check_origin(request)
        form = await read_form(request)
        target = _inside(form.get("next"))
        who = await self._who_has(form.get("key", "").strip())
        if who is None:
            return self._show(request, target=target, wrong=True)
        response = to(request, target)
        self._sessions.begin(request, response, who)
        return response

    async def _log_out(self, request: Request) -> Response:
        session = self._sessions.find(request)
        if session is not None:
            check_origin(request)
            self._sessions.check_form(session.text, (await read_form(request)).get("form_token", ""))
        response = to(request, self._login)
        self._sessions.end(request, response)
        return response


def to(request: Request, path: str, **query: str) -> Response:
    """Lead on to a path of the same page, as an answer to a form."""
    return RedirectResponse(root_of(request) + path + (f"?{urlencode(query)}" if query else ""), 303)


def _inside(target: str | None) -> str:
    """Give a path of this page only: anything else leads to its first."""
    target = target or "/"
    fits = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if fits else "/"
