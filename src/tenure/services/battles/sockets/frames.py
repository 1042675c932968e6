"""What an Engine.IO client may send, looked at before the library sees it.

The library buffers what it has not understood yet, answers a broken frame with a traceback, and counts nothing. So
whatever is too much, too large or no frame of ours stops here.
"""

from __future__ import annotations

import re

import msgspec

CONNECT, EVENT, ANSWER = "0", "2", "3"
FRAME = re.compile(r"1|2(?:probe)?|3(?:probe)?|5|6|4(?:1|([023])\d{0,9}(.*))", re.DOTALL)
"""Close, ping, pong, upgrade, noop; and as messages connect, disconnect, event and acknowledgement, all of the default
namespace. Binary attachments are none of ours: the library would keep as many as a header announces."""

SEPARATOR = "\x1e"
MOST_FRAMES = 16
MOST_OF_A_BODY = 64 * 1024


def is_frame(text: object, *, begun: bool = True) -> bool:
    """Tell whether a text is a frame that may go on. Before a session has begun there are no events."""
    frame = FRAME.fullmatch(text) if isinstance(text, str) else None
    if frame is None:
        return False
    kind, data = frame[1], frame[2]
    if kind is None:
        return True
    if kind == CONNECT and not data:
        return True
    return (begun or kind == CONNECT) and _fits(kind, data)


def _fits(kind: str, data: str) -> bool:
    """Tell whether a message carries what one of its kind does: whatever else it is, the library drops in silence."""
    try:
        read = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return False
    if kind == CONNECT:
        return isinstance(read, dict)
    return isinstance(read, list) and (kind == ANSWER or bool(read and isinstance(read[0], str)))


def frames_of(body: bytes, *, begun: bool = True) -> list[str] | None:
    """Give the frames of a body that a polling client sends; None if one of them is none that may go on."""
    try:
        frames = body.decode().split(SEPARATOR)
    except UnicodeDecodeError:
        return None
    return frames if len(frames) <= MOST_FRAMES and all(is_frame(frame, begun=begun) for frame in frames) else None
