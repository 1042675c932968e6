"""The engines that the contract holds for, and the stores that its tests use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS
from tests.places import ENGINES, KEPT, Place

from tenure import Lifecycle, Store, testing

START = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the explicit time of the test still holds."""

Stores = Callable[..., AbstractAsyncContextManager[Store]]
PlaceOf = Callable[[str], Place]


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, place_of: PlaceOf) -> Place:
    """Give where the stores of each engine are kept."""
    return place_of(request.param)


@pytest.fixture(params=KEPT)
def kept_place(request: pytest.FixtureRequest, place_of: PlaceOf) -> Place:
    """Give the same for each engine whose state outlives its process, and which several may open."""
    return place_of(request.param)


@pytest.fixture
def url(place: Place) -> str:
    """Give the URL of a fresh store of each engine."""
    return place.fresh()


@pytest.fixture
def kept_url(kept_place: Place) -> str:
    """Give the URL of a fresh store of each engine whose state outlives its process, and which several may open."""
    return kept_place.fresh()


@pytest.fixture
def a_store(url: str) -> Stores:
    """Give a function that opens a store; when it closes, its indexes must say what its records do."""
    return stores_at(url)


@pytest.fixture
def a_kept_store(kept_url: str) -> Stores:
    """The same for stores that can be opened again, also side by side."""
    return stores_at(kept_url)


def stores_at(url: str) -> Stores:
    @asynccontextmanager
    async def opened(*kinds: type[Lifecycle], at: datetime = START, **options: Any) -> AsyncIterator[Store]:
        async with testing.store(*(kinds or KINDS), url=url, at=at, **options) as store:
            yield store
            for space in await store.engine.spaces():
                assert await store.engine.audit(space, repair=False) == []

    return opened
