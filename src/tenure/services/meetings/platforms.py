"""The platforms: their names, and the address of a meeting on each.

An address is made of a fixed host and an id of harmless characters, so nobody can send a bot elsewhere.
"""

from __future__ import annotations

from typing import Literal, get_args

Platform = Literal["google_meet", "jitsi", "local", "teams", "zoom"]
PLATFORMS: tuple[str, ...] = get_args(Platform)

NATIVE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$(?!\n)"
"""What an id may be on every platform. It begins with a letter or digit: `..` would lead to another path. A `$` alone
would let a newline through at the end."""

_ADDRESSES = {
    "google_meet": "https://meet.google.com/{id}",
    "jitsi": "https://meet.jit.si/{id}",
    "teams": "https://teams.live.com/meet/{id}",
    "zoom": "https://zoom.us/j/{id}",
}


def address(platform: str, native_id: str, *, page_url: str) -> str:
    """Give a meeting's address; `page_url` is where the local meeting page is."""
    return _ADDRESSES.get(platform, page_url + "/{id}").replace("{id}", native_id)


def room(platform: str, native_id: str) -> str:
    """Give the name of the local room that stands in for a platform's meeting."""
    return native_id if platform == "local" else f"{platform}-{native_id}"
