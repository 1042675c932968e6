"""The local meeting page over HTTP: its three files, and what participants do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tenure.http.reading import read_body
from tenure.http.rejections import Absent, Invalid
from tenure.services.meetings.page.inputs import ROOM, Guarding, Joining, Look, Pointing, Proof, Saying
from tenure.services.meetings.page.service import Page

MOST_OF_A_BODY = 16 * 1024
Step = Callable[[Any], Awaitable[object]]
FILES = {"page.css": "text/css", "page.js": "text/javascript"}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def page_routes(page: Page) -> list[BaseRoute]:
    """Give the page's routes, to be mounted anywhere."""
    steps: dict[str, tuple[Step, type[Proof]]] = {
        "look": (page.look, Look),
        "say": (page.say, Saying),
        "guard": (page.guard, Guarding),
        "admit": (page.admit, Pointing),
        "deny": (page.deny, Pointing),
        "kick": (page.kick, Pointing),
        "leave": (page.leave, Proof),
        "end": (page.end, Proof),
    }

    async def step(request: Request) -> Response:
        name = request.path_params["room"]
        if not re.fullmatch(ROOM, name):
            raise Invalid("a room's name is 1 to 240 letters, digits, points, hyphens and underscores")
        if request.path_params["step"] == "join":
            return _json(await page.join(name, await read_body(request, Joining, MOST_OF_A_BODY)))
        taken = steps.get(request.path_params["step"])
        if taken is None:
            raise Absent("there is nothing at this address")
        act, form = taken
        return _json(await act(await read_body(request, form, MOST_OF_A_BODY)) or {})

    return [
        Route("/", _show),
        *(Route(f"/{name}", _file) for name in FILES),
        Route("/{room}", _show),
        Route("/{room}/{step}", step, methods=["POST"]),
    ]


async def _show(request: Request) -> Response:
    text = _read("index.html").replace("ROOT", request.scope.get("root_path", ""))
    return Response(text, media_type="text/html; charset=utf-8", headers=HEADERS)


async def _file(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    return Response(_read(name), media_type=FILES[name], headers=HEADERS)


def _read(name: str) -> str:
    return (resources.files("tenure.services.meetings.page") / name).read_text()


def _json(content: object) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json", headers={"Cache-Control": "no-store"})
