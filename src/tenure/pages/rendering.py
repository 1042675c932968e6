"""Turning templates into pages: everything is escaped, and nothing from elsewhere is loaded.

A page's templates build on `base.html`; its style sheet and its script are sent as one file each with the shared
ones before them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tenure.http.rejections import Absent
from tenure.pages.showing import in_path, show_clock, show_length, show_ticks, show_time

SHARED = Path(__file__).parent
SHARED_ASSETS = {".css": ("text/css", "base.css"), ".js": ("text/javascript", "live.js")}
FILTERS: dict[str, Callable[..., Any]] = {
    "time": show_time, "clock": show_clock, "length_of": show_length, "ticks": show_ticks, "path": in_path,
}  # fmt: skip
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Assets:
    """A page's style sheet and script; their addresses change with their content, so browsers may keep them."""

    def __init__(self, folder: Path, name: str, *, prefix: str = "") -> None:
        self._prefix, self._name = prefix, name
        self._bodies = {
            name + ending: (media_type, _both(SHARED / "assets" / shared, folder / "assets" / (name + ending)))
            for ending, (media_type, shared) in SHARED_ASSETS.items()
        }

    @property
    def style(self) -> str:
        """Where the style sheet is, below the page's root."""
        return self._path(self._name + ".css")

    @property
    def script(self) -> str:
        """Where the script is, below the page's root."""
        return self._path(self._name + ".js")

    def _path(self, name: str) -> str:
        return f"{self._prefix}/assets/{name}?{hashlib.sha256(self._bodies[name][1]).hexdigest()[:12]}"

    async def serve(self, request: Request) -> Response:
        """Answer with an asset, at `PREFIX/assets/{name}`."""
        if request.path_params["name"] not in self._bodies:
            raise Absent("there is nothing at this address")
        media_type, body = self._bodies[request.path_params["name"]]
        headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(body, media_type=media_type, headers=headers)


def _both(shared: Path, own: Path) -> bytes:
    return shared.read_bytes() + b"\n" + own.read_bytes()


class Templates:
    """The templates in a page's folder, before the shared ones. `filters` are its own."""

    def __init__(self, folder: Path, **filters: Callable[..., Any]) -> None:
        loader = FileSystemLoader([folder / "templates", SHARED / "templates"])
        self._environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        self._environment.filters.update({**FILTERS, **filters})

    def render(self, template: str, values: dict[str, Any], status: int = 200) -> Response:
        """Answer with a page."""
        return HTMLResponse(self.part(template, values), status, headers=HEADERS)

    def part(self, template: str, values: dict[str, Any]) -> str:
        """Give what a template makes, such as a part of a page."""
        return self._environment.get_template(template).render(values)
