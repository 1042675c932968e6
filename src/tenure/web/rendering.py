"""Turning templates into pages: everything is escaped, and nothing from elsewhere is loaded."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tenure.explaining import in_words
from tenure.web.problems import Problem

FOLDER = Path(__file__).parent
ASSETS = {"dashboard.css": "text/css", "dashboard.js": "text/javascript"}
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
    """The style sheet and the script; their addresses change with their content, so browsers may keep them."""

    def __init__(self) -> None:
        self._bodies = {name: (FOLDER / "assets" / name).read_bytes() for name in ASSETS}

    def url(self, name: str) -> str:
        """Give an asset's address."""
        return f"/dashboard/assets/{name}?{hashlib.sha256(self._bodies[name]).hexdigest()[:12]}"

    async def serve(self, request: Request) -> Response:
        """Answer with an asset."""
        name = request.path_params["name"]
        if name not in ASSETS:
            raise Problem(404, "there is nothing at this address")
        headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._bodies[name], media_type=ASSETS[name], headers=headers)


def render(template: str, values: dict[str, Any], status: int = 200) -> Response:
    """Answer with a page."""
    return HTMLResponse(_environment.get_template(template).render(values), status, headers=HEADERS)


def show_time(value: datetime | None) -> str:
    """Give an instant that the page's script says relative to now, and without it stays exact."""
    if value is None:
        return "–"
    at = value.astimezone(UTC)
    exact = f"{at:%Y-%m-%d %H:%M:%S}"
    return Markup('<time datetime="{}" title="{} UTC">{}</time>').format(at.isoformat(), exact, exact)


def show_value(value: object) -> str:
    """Give a field's value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, timedelta):
        return in_words(value)
    if isinstance(value, (dict, list)):
        return msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode()
    return str(value)


def show_ticks(text: str) -> str:
    """Give a sentence with what stands in backticks as code."""
    parts = str(text).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


def in_path(value: str) -> str:
    """Escape an id for a path."""
    return quote(value, safe="")


_environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_environment.filters.update(time=show_time, value=show_value, path=in_path, ticks=show_ticks)
