"""Turning templates into pages: everything is escaped, and nothing from elsewhere is loaded."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from tenure.services.meetings.api.rejections import Absent
from tenure.services.meetings.console import words

FOLDER = Path(__file__).parent
ASSETS = {"console.css": "text/css", "console.js": "text/javascript"}
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

    def path(self, name: str) -> str:
        """Give an asset's path below the page's own."""
        return f"/assets/{name}?{hashlib.sha256(self._bodies[name]).hexdigest()[:12]}"

    async def serve(self, request: Request) -> Response:
        """Answer with an asset."""
        name = request.path_params["name"]
        if name not in ASSETS:
            raise Absent("there is nothing at this address")
        headers = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._bodies[name], media_type=ASSETS[name], headers=headers)


def render(template: str, values: dict[str, Any], status: int = 200) -> Response:
    """Answer with a page."""
    return HTMLResponse(_environment.get_template(template).render(values), status, headers=HEADERS)


def show_time(value: datetime | None) -> str:
    """Give an instant that the page's script says relative to now, and without it stays exact."""
    if value is None:
        return "–"
    at = value.astimezone(UTC).isoformat(timespec="seconds")[:19]
    exact = at.replace("T", " ")
    # Not escaped: an instant holds nothing to escape, and a list shows two thousand of them.
    return Markup(f'<time datetime="{at}Z" title="{exact} UTC">{exact}</time>')  # noqa: S704  # nosec B704


def show_clock(seconds: float) -> str:
    """Give an instant in seconds since 1970 as the time of day, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M:%S}"


def show_length(value: timedelta | float | None) -> str:
    """Give a length of time with its two largest units, such as `2 min 30 s`."""
    if value is None:
        return "never"
    left = round(value.total_seconds() if isinstance(value, timedelta) else value)
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"


def show_ticks(text: str) -> str:
    """Give a sentence with what stands in backticks as code."""
    parts = str(text).split("`")
    return Markup("").join(Markup("<code>{}</code>").format(part) if n % 2 else part for n, part in enumerate(parts))


_environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True
)
_environment.filters.update(
    time=show_time, clock=show_clock, length_of=show_length, ticks=show_ticks, said=words.state, reason=words.reason
)
