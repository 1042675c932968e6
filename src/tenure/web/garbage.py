"""The garbage collector of a process that serves: while it looks for cycles, nobody is answered."""

from __future__ import annotations

import gc

YOUNG = 10_000
"""A list of a thousand things is a few thousand objects, and none of them is in a cycle: they go by themselves when
the answer is sent. At Python's 700 it was looked through several times before."""


def settle() -> None:
    """To be called once, when all is up: what is there stays, and is never looked through again.

    The tempting wrong version only freezes: then what the start left over would stay too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
