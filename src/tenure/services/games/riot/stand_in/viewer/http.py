"""Serving the page: its three files. What it shows and does, it asks of the control."""

from __future__ import annotations

from pathlib import Path as File

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

FOLDER = File(__file__).parent
FILES = {"": "page.html", "viewer.css": "viewer.css", "viewer.js": "viewer.js"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def routes() -> list[Route]:
    """Give the routes of the page."""
    return [Route(f"/{path}", _file, name=name) for path, name in FILES.items()]


async def _file(request: Request) -> Response:
    return FileResponse(FOLDER / FILES[request.url.path.removeprefix("/")], headers=HEADERS)
