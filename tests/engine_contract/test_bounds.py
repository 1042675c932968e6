"""What no engine could index or store is refused for itself, before it harms the others of its batch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.engine_contract.conftest import Stores

from tenure import Change, End, InvalidChange, Lifecycle, Limit, NotFound, State, Store, field, parent

ASTRAL = "\U00010348"
"""A character of four bytes."""


class Hall(Lifecycle):
    open = State(initial=True)
    shut = End()
    close = open.to(shut)


class Stand(Lifecycle):
    hall: str | None = parent(Hall, default=None)
    row: str = field(default="")
    side: str = field(default="")
    label: str = field(default="")
    price: float = field(default=0.0)
    weight: float = 0.0

    free = State(initial=True)
    offered = State(rank=price, per=row)
    gone = End()

    @free.to(offered)
    def offer(self, row: str, price: float) -> None: ...

    drop = (free | offered).to(gone)

    once = Limit(at_most=1, per=(row, side), over=offered)


def a_text(size: int) -> str:
    """Give a text that can't be packed into less: an index may pack what it holds."""
    return "".join(chr(0x10000 + 7919 * n % 60000) for n in range(size // 4))


TOO_MUCH: dict[str, Callable[[], Change[Any]]] = {
    "a long text in a rank's and a limit's key": lambda: Stand.offer("s", row=a_text(3000), price=1.0),
    "a long text in a new record": lambda: Stand.create("t", side=a_text(3000)),
    "a long id of a parent": lambda: Stand.create("t", hall=a_text(3000)),
    "an id of a parent with a NUL": lambda: Stand.create("t", hall="a\0b"),
    "no number": lambda: Stand.offer("s", row="x", price=float("nan")),
    "no end": lambda: Stand.offer("s", row="x", price=float("inf")),
    "a number too large": lambda: Stand.offer("s", row="x", price=10**400),
    "no number, opaque": lambda: Stand.create("t", weight=float("nan")),
}


@pytest.mark.parametrize("what", TOO_MUCH)
async def test_what_no_index_takes_is_refused_alone(a_store: Stores, what: str) -> None:
    async with a_store(Hall, Stand) as store:
        await store.apply(Stand.create("s"))
        good = asyncio.create_task(store.apply(Stand.create("good", hall="h", row="r")))
        await asyncio.sleep(0)
        with pytest.raises(InvalidChange, match="Stand"):
            await store.apply(TOO_MUCH[what]())
        assert (await good).row == "r"
        assert (await store.get(Stand, "s")).version == 1
        with pytest.raises(NotFound):
            await store.get(Stand, "t")


async def test_the_longest_that_is_taken_is_held_by_every_index(a_store: Stores) -> None:
    async with a_store(Hall, Stand) as store:
        hall, half = ASTRAL * 200, a_text(996)
        await store.apply(Hall.create(hall))
        await store.apply(Stand.create("s", hall=hall, side=half, label=a_text(100_000)))
        offered = await store.apply(Stand.offer("s", row=half, price=float(2**62)))
        assert [s.id for s in await store.find(Stand.offered, per=half)] == ["s"]
        assert [s.id for s in await store.find(Stand.offered, under=hall)] == ["s"]
        assert await store.holding(Stand.once, half, half) == [offered]
        with pytest.raises(InvalidChange, match="it may have 1000 bytes"):
            await store.apply(Stand.create("t", row=half + ASTRAL))


async def test_a_space_has_a_name_that_every_engine_takes(a_store: Stores) -> None:
    async with a_store(Hall, Stand) as store:
        for name in ("a\0b", "\udc80", "x" * 501):
            with pytest.raises(InvalidChange, match="can't be a space"):
                store.space(name)
        other = store.space(ASTRAL * 500)
        await other.apply(Stand.create("s"))
        assert other.space_name in await store.engine.spaces()


UNREADABLE = ("a\0b", "\udc80", "x" * 5000)


@pytest.mark.parametrize("id", UNREADABLE, ids=["NUL", "surrogate", "long"])
async def test_what_can_be_no_id_is_not_there(a_store: Stores, id: str) -> None:
    async with a_store(Hall, Stand) as store:
        await store.apply(Stand.create("s", hall="h"))
        with pytest.raises(NotFound):
            await store.get(Stand, id)
        assert list(await store.get_many(Stand, ["s", id])) == ["s"]
        assert await store.history(Stand, id) == []
        assert await store.find(Stand.free, under=id) == []
        assert await is_refused(store, id)


async def is_refused(store: Store, after: str) -> bool:
    with pytest.raises(InvalidChange, match="is gone"):
        await store.find(Stand.offered, after=after)
    return True
