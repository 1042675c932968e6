"""Marks: what tells a post of ours from all others, the same at every try."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal

Purpose = Literal["question", "results", "held", "withheld"]


def mark_of(game: str, purpose: Purpose) -> str:
    """Give the mark of a post: 24 characters of A-Z, a-z, 0-9, - and _, from what it is for and nothing else.

    The tempting wrong version makes it from the effect: a question that was held is posted by another effect than
    the one whose try may have got through, and is then there twice.
    """
    digest = hashlib.blake2b(f"{game}\0{purpose}".encode(), digest_size=18).digest()
    return base64.urlsafe_b64encode(digest).decode()
