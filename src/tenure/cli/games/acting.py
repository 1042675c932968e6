"""What the commands of games share: the store with all kinds of the service, and what can be done on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tenure.cli.session import Session
from tenure.services.games.kinds import kinds
from tenure.services.games.service import Parts
from tenure.store.store import Store


class Acting(NamedTuple):
    """The store, and what can be done on it as the one who called the command."""

    store: Store
    by: Parts


@asynccontextmanager
async def acting(session: Session, *, may_create: bool = False) -> AsyncIterator[Acting]:
    """Open the store as the user of the command line. A running server asks Riot."""
    async with session.store_of(kinds, may_create=may_create) as store:
        yield Acting(store, Parts(store))
