"""Changes made under a turn: who has lost it is refused, however late it wakes up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tenure import Change, Claim, LeaseLost, Poller, Refused, Store

Group = Sequence[Change[Any]]


async def apply_under(store: Store, turn: Claim[Poller], groups: Iterable[Group], *, why: str) -> int:
    """Apply groups of changes, each all or not at all, and give how many were applied.

    They go in one transaction first, since most are never refused; then each by itself. What is refused has moved
    since it was read, and the next turn sees how. Raises `LeaseLost` where the turn is another's by now.

    The tempting wrong version looks whether it still has its turn, and then writes: a pause in between, and two
    processes deploy at once.
    """
    waiting = [group for group in groups if group]
    if not waiting:
        return 0
    if await _apply(store, turn, [change for group in waiting for change in group], why):
        return len(waiting)
    if len(waiting) == 1:
        return 0
    return sum([await _apply(store, turn, group, why) for group in waiting])


async def _apply(store: Store, turn: Claim[Poller], changes: Group, why: str) -> bool:
    try:
        await store.apply(Poller.beat(turn), *changes, why=why)
    except Refused as refusal:
        if refusal.kind is Poller:
            raise LeaseLost(f"the turn of {turn} is over; another process has taken it") from None
        return False
    return True
