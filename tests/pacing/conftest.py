"""The engines that pacing is tested on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.engine_contract.conftest import Stores, stores_at
from tests.places import ENGINES, Place

PlaceOf = Callable[[str], Place]


@pytest.fixture(params=ENGINES)
def a_store(request: pytest.FixtureRequest, place_of: PlaceOf) -> Stores:
    """Give a function that opens a store of each engine; when it closes, its indexes must say what its records do."""
    return stores_at(place_of(request.param).fresh())
