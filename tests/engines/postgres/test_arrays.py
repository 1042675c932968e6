"""Columns travel as the texts of arrays: the server reads in them what was put into them.

No engine-neutral form exists: only this engine sends arrays.
"""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engines.postgres.conftest import a_session

from tenure.engines.postgres.writing import to_array

SIGNS = st.sampled_from(
    ["\\", '"', "'", "{", "}", ",", " ", "\n", "\t", "\r", "\b", "\x01", "\x7f", "ü", "\u2028", "🂡"]
)
TEXTS = st.text(st.one_of(SIGNS, st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(st.none() | TEXTS, min_size=1), min_size=1),
    numbers=st.lists(st.none() | NUMBERS, min_size=1),
    floats=st.lists(FLOATS, min_size=1),
)
async def test_what_is_read_in_an_array_is_what_was_put_into_it(
    url: str, texts: list[list[str | None]], numbers: list[int | None], floats: list[float]
) -> None:
    async with a_session(url) as session:
        for column in texts:
            assert await session.fetchval("SELECT $1::text::text[]", to_array(column)) == column
        assert await session.fetchval("SELECT $1::text::bigint[]", to_array(numbers)) == numbers
        assert await session.fetchval("SELECT $1::text::double precision[]", to_array(floats)) == floats
