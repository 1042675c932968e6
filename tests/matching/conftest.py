"""The engines that matching is tested on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.engine_contract.conftest import Stores, stores_at
from tests.places import ENGINES, KEPT, Place

PlaceOf = Callable[[str], Place]


@pytest.fixture(params=ENGINES)
def a_store(request: pytest.FixtureRequest, place_of: PlaceOf) -> Stores:
    """Give a function that opens a store of each engine; when it closes, its indexes must say what its records do."""
    return stores_at(place_of(request.param).fresh())


@pytest.fixture(params=KEPT)
def kept_url(request: pytest.FixtureRequest, place_of: PlaceOf) -> str:
    """Give the URL of a fresh store of each engine that several processes may open."""
    return place_of(request.param).fresh()
