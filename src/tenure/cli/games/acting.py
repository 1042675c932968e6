"""What the commands of games share: the store with all kinds of the service, and what can be done on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tenure.cli.session import Session, UsageError
from tenure.services.games.kinds import kinds
from tenure.services.games.service import Parts
from tenure.store.store import Store

MOST_LISTED = 100_000


def bounded(limit: int) -> int:
    """Give how many to list at most, within what can be asked for at once. Raises `UsageError`."""
    if not 1 <= limit <= MOST_LISTED:
        raise UsageError(f"--limit is from 1 to {MOST_LISTED}; the option --after goes on behind the last one")
    return limit


class Acting(NamedTuple):
    """The store, and what can be done on it as the one who called the command."""

    store: Store
    by: Parts


@asynccontextmanager
async def acting(session: Session, *, may_create: bool = False) -> AsyncIterator[Acting]:
    """Open the store as the user of the command line. A running server asks Riot."""
    async with session.store_of(kinds, may_create=may_create) as store:
        yield Acting(store, Parts(store))
