"""Settings from the environment, each read by its name; what makes no sense is refused with what would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tenure.core.errors import TenureError
from tenure.http.keys import kept_key

YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")
LEAST_OF_A_KEY = 16

Environment = Mapping[str, str]


class WrongSetting(TenureError, ValueError):  # noqa: N818
    """A variable of the environment makes no sense; the message says which, and what it may be."""


def read_number(environment: Environment, name: str, default: float, *, least: float, most: float) -> float:
    """Read a number within bounds; an empty variable is none."""
    text = environment.get(name, "") or str(default)
    try:
        number = float(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise WrongSetting(f"{name} must be a number from {least:g} to {most:.12g}")
    return number


def read_switch(environment: Environment, name: str, *, default: bool) -> bool:
    """Read whether something is on."""
    text = environment.get(name, YES[0] if default else NO[0]).lower()
    if text not in (*YES, *NO):
        raise WrongSetting(f"{name} must be 1 or 0")
    return text in YES


def read_url(environment: Environment, name: str, default: str = "") -> str:
    """Read a URL without a slash at its end; it may be empty."""
    text = environment.get(name, default)
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise WrongSetting(f"{name} must be a URL such as https://example.org/path, or empty")
    return text.rstrip("/")


def read_key(environment: Environment, name: str, path: Path | None, prefix: str) -> str:
    """Read a key; where none is given, one is made once and kept in a file, with this prefix. No file, no key: ''."""
    text = environment.get(name, "")
    if not text:
        return "" if path is None else kept_key(path, prefix)
    if len(text) < LEAST_OF_A_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongSetting(f"{name} must be {LEAST_OF_A_KEY} or more printable characters without spaces")
    return text
