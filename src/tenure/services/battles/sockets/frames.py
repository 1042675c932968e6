"""What an Engine.IO client may send, looked at before the library sees it.

The library buffers what it has not understood yet, answers a broken frame with a traceback, and counts nothing. So
whatever is too much, too large or no frame of ours stops here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

FRAME = re.compile(r"1|2(probe)?|3(probe)?|5|6|4(0|1|2\d{0,9}\[.*|0\{.*|3\d{1,9}\[.*)", re.DOTALL)
"""Close, ping, pong, upgrade, noop; and as messages connect, disconnect, event and acknowledgement, all of the default
namespace. Binary attachments are none of ours: the library would keep as many as a header announces."""

SEPARATOR = "\x1e"
MOST_FRAMES = 16
MOST_OF_A_BODY = 64 * 1024


def is_frame(text: object) -> bool:
    """Tell whether a text is a frame that may go on."""
    return isinstance(text, str) and FRAME.fullmatch(text) is not None


def frames_of(body: bytes) -> list[str] | None:
    """Give the frames of a body that a polling client sends; None if one of them is none."""
    try:
        frames = body.decode().split(SEPARATOR)
    except UnicodeDecodeError:
        return None
    return frames if len(frames) <= MOST_FRAMES and all(map(is_frame, frames)) else None


def messages_in(frames: Iterable[str]) -> int:
    """Count the frames that are more than a sign of life."""
    return sum(frame.startswith("4") for frame in frames)
