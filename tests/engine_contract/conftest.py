"""The engines that the contract holds for, and the stores that its tests use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.engine_contract.kinds import KINDS

from tenure import Lifecycle, Store, testing

START = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the explicit time of the test still holds."""

ENGINES = ("sqlite in memory", "sqlite in a file")
Stores = Callable[..., AbstractAsyncContextManager[Store]]


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a fresh store of each engine."""
    return "sqlite:" if request.param == "sqlite in memory" else f"sqlite:///{tmp_path}/store.db"


@pytest.fixture(params=[engine for engine in ENGINES if engine != "sqlite in memory"])
def kept_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of a fresh store of each engine whose state outlives its process, and which several may open."""
    assert request.param == "sqlite in a file"
    return f"sqlite:///{tmp_path}/store.db"


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
