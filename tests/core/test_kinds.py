"""Whether a change keeps a record's slots is told without naming them."""

from __future__ import annotations

import itertools

import pytest

from tenure import End, Lifecycle, Limit, State, field, minutes
from tenure.core.fields import Plain
from tenure.core.kinds import keeps_slots, slots_of
from tenure.core.lifecycle import table_of
from tenure.core.row import Row


class Guest(Lifecycle):
    """Somebody at a table, of whom two limits count."""

    table: str = field()
    share: float | None = field(default=None)

    seated = State(initial=True)
    served = State()
    gone = End(keep=minutes(1))

    serve = seated.to(served)
    go = served.to(gone)

    places = Limit(at_most=2, per=table, over=seated | served)
    shares = Limit(at_most=1, per=(table, share), over=served)


TABLE = table_of(Guest)
FIELDS: list[dict[str, Plain]] = [
    {"table": "a"},
    {"table": "a", "share": None},
    {"table": "a", "share": 1},
    {"table": "a", "share": 1.0},
    {"table": "b", "share": 1.0},
]
ROWS = [
    Row("Guest", "ann", state, 1, 0, None, 0, 0, 0, 0, 0, 0, fields, b"{}")
    for state in ("seated", "served", "gone")
    for fields in FIELDS
]

PAIRS = list(itertools.product(ROWS, ROWS))


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_row_keeps_its_slots_where_their_names_are_the_same(before: Row, after: Row) -> None:
    assert keeps_slots(TABLE, before, after) is (slots_of(TABLE, before) == slots_of(TABLE, after))
