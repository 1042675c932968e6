"""The platforms: their names, and the address of a meeting on each.

An address is made of a fixed host and an id of harmless characters, so nobody can send a bot elsewhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import parse_qs, urlsplit

Platform = Literal["google_meet", "jitsi", "local", "teams", "zoom"]
PLATFORMS: tuple[str, ...] = get_args(Platform)

NATIVE_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$(?!\n)"
"""What an id may be on every platform. It begins with a letter or digit: `..` would lead to another path. A `$` alone
would let a newline through at the end."""

_ADDRESSES = {
    "google_meet": "https://meet.google.com/",
    "jitsi": "https://meet.jit.si/",
    "teams": "https://teams.live.com/meet/",
    "zoom": "https://zoom.us/j/",
}


def address(platform: str, native_id: str, *, page_url: str) -> str:
    """Give a meeting's address; `page_url` is where the local meeting page is."""
    return _ADDRESSES.get(platform, page_url + "/") + native_id


def room(platform: str, native_id: str) -> str:
    """Give the name of the local room that stands in for a platform's meeting."""
    return native_id if platform == "local" else f"{platform}-{native_id}"


# ------------------------------------------------------------------------------------ the other way round

MEETING_URLS = (
    "https://meet.google.com/ID, https://meet.jit.si/ID, https://teams.live.com/meet/ID, https://zoom.us/j/ID, "
    "or a room of this server's own meeting page"
)
MOST_OF_A_PASSCODE = 100
_ZOOM = re.compile(r"([a-z0-9-]{1,63}\.){0,2}zoom\.us")


class UnknownMeeting(ValueError):  # noqa: N818  what is wrong is the name
    """A URL that leads to no meeting that we know; nothing is ever fetched to find out."""


@dataclass(frozen=True, slots=True)
class Place:
    """A meeting, as a platform names it."""

    platform: str
    native_id: str
    passcode: str | None = field(default=None, repr=False)


def read_url(url: str, *, page_url: str) -> Place:
    """Give the meeting to which a URL leads. Raises `UnknownMeeting`.

    Only platform and id are taken over: a bot goes to the address that is made of these, so a URL sends it nowhere
    else.
    """
    if not re.fullmatch(r"[\x21-\x7e]+", url):  # the parser would drop a newline without a word
        raise UnknownMeeting
    if url.startswith(page_url + "/"):
        return Place("local", _id(url.removeprefix(page_url + "/")))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UnknownMeeting from None
    if parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc:
        raise UnknownMeeting
    path, asked = parts.path.removesuffix("/"), parse_qs(parts.query)
    match host:
        case "meet.google.com":
            return Place("google_meet", _id(path.removeprefix("/")))
        case "meet.jit.si":
            return Place("jitsi", _id(path.removeprefix("/")))
        case "teams.live.com" if path.startswith("/meet/"):
            return Place("teams", _id(path.removeprefix("/meet/")), _passcode(asked.get("p")))
        case _ if path.startswith("/j/") and _ZOOM.fullmatch(host):
            return Place("zoom", _id(path.removeprefix("/j/")), _passcode(asked.get("pwd")))
    raise UnknownMeeting


def _id(text: str) -> str:
    if not re.match(NATIVE_ID, text):
        raise UnknownMeeting
    return text


def _passcode(found: list[str] | None) -> str | None:
    if not found:
        return None
    if not found[0].isprintable() or len(found[0]) > MOST_OF_A_PASSCODE:
        raise UnknownMeeting
    return found[0]
