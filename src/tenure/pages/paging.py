"""A list that is shown a page at a time: its records, and with which the next page begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from tenure import InvalidChange, Lifecycle, StateOf, Store
from tenure.http.rejections import Invalid

K = TypeVar("K", bound=Lifecycle)
ON_A_PAGE = 50


class Page(NamedTuple, Generic[K]):
    """Records in their order; `next` is the last one's id where there are more, and what the next page comes after."""

    records: Sequence[K]
    next: str | None


async def page_of(store: Store, states: StateOf[K], *, after: str | None, **more: Any) -> Page[K]:
    """Read a page of the records of some states; `more` is what `find` takes beside. Raises `Invalid`."""
    try:
        # One record more tells whether there is another page.
        found = await store.find(states, limit=ON_A_PAGE + 1, after=after, **more)
    except InvalidChange:
        raise Invalid("what the page before ended with is gone: begin again with the first page") from None
    return Page(found[:ON_A_PAGE], found[ON_A_PAGE - 1].id if len(found) > ON_A_PAGE else None)
