"""Times, lengths and sentences as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from markupsafe import Markup

NOTHING = "–"


def show_time(value: datetime | None) -> str:
    """Give an instant that the page's script says relative to now, and without it stays exact."""
    if value is None:
        return NOTHING
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


def in_path(value: str) -> str:
    """Escape an id for a path."""
    return quote(value, safe="")
