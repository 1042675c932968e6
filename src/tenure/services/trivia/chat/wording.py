"""How replies are written: in Discord's notation, of which only little is used, so that any chat can show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

MEANS_SOMETHING = re.compile(r"([\\*_`~|<>#\[\]()@:-])")
MOST_OF_A_REPLY = 1900
"""How many characters a reply has at most: Discord takes 2,000."""


def as_it_is(text: str) -> str:
    """Give a text of somebody else's, such as a name: whatever is in it means nothing."""
    return MEANS_SOMETHING.sub(r"\\\1", text)


def advice(detail: str) -> str:
    """Give a sentence of ours in which only backticks mean something."""
    parts = detail.split("`")
    return "".join(f"`{part}`" if n % 2 else as_it_is(part) for n, part in enumerate(parts))


def instant(at: datetime) -> str:
    """Give an instant, which each chat shows by the clock of whoever reads it."""
    return f"<t:{int(at.timestamp())}:R>"


def channel(id: str) -> str:
    """Give a channel by its id."""
    return f"<#{id}>"


def number(of: int, thing: str) -> str:
    """Give a number of things, such as `1 point` or `2 points`."""
    return f"{of} {thing}" if of == 1 else f"{of} {thing}s"


def lines(parts: Iterable[str]) -> str:
    """Give lines as far as a reply can take them; of the others, how many they are."""
    shown, left, size = list[str](), 0, 0
    for part in parts:
        size += len(part) + 1
        if left or size > MOST_OF_A_REPLY:
            left += 1
        else:
            shown.append(part)
    return "\n".join([*shown, f"… and {left} more"] if left else shown)
