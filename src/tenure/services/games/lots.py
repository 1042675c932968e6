"""Players and matches are dealt into lots, each looked at by one process at a time, so that any number share the work.

The number is part of what is stored: records keep the lot that they were created in.
"""

from __future__ import annotations

from zlib import crc32

LOTS = 16


def lot_of(text: str) -> int:
    """Give the lot of a player's id, or of a match's."""
    return crc32(text.encode()) % LOTS


def phase_of(lot: int) -> float:
    """Give when in a period the turns of a lot are, from 0 to 1: the lots' turns are spread evenly over it."""
    return lot / LOTS


def spread_of(text: str) -> float:
    """Give a number from 0.75 to 1.25 that is always the same for a text: what failed together comes back apart."""
    return 0.75 + crc32(text.encode()) % 1000 / 2000
