"""A store that was closed: whatever is asked of it says so at once, and closing it again changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.engine_contract.conftest import START
from tests.engine_contract.kinds import KINDS, Bot
from tests.resting import PATIENCE_SECONDS

import tenure
from tenure import Store, Unavailable, testing


async def _listen(store: Store) -> None:
    async with store.signals("topic"):
        pass


Call = Callable[[Store], Awaitable[object]]

CALLS: dict[str, Call] = {
    "apply": lambda store: store.apply(Bot.create("ada", pool="eu")),
    "check": lambda store: store.check(Bot.create("ada", pool="eu")),
    "get": lambda store: store.get(Bot, "ada"),
    "find": lambda store: store.find(Bot.idle),
    "count": lambda store: store.count(Bot),
    "history": lambda store: store.history(Bot, "ada"),
    "now": lambda store: store.now(),
    "position": lambda store: store.position(),
    "sweep": lambda store: store.sweep(),
    "watch": lambda store: anext(store.watch(Bot, "ada")),
    "feed": lambda store: anext(store.feed(after=0)),
    "signal": lambda store: store.signal("topic", b"payload"),
    "listen": _listen,
}


async def test_whatever_is_asked_of_a_closed_store_is_refused_at_once(url: str) -> None:
    async with testing.store(*KINDS, url=url, at=START) as store:
        await store.apply(Bot.create("eve", pool="eu"))
    answers = await asyncio.gather(*(_said(call(store)) for call in CALLS.values()))
    assert {name: said for name, said in zip(CALLS, answers, strict=True) if "closed" not in said} == {}


async def _said(asked: Awaitable[object]) -> str:
    try:
        return f"gave {await asyncio.wait_for(asked, PATIENCE_SECONDS)}"
    except Unavailable as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  shown by the test
        return f"raised {error!r}"


async def test_closing_again_changes_nothing(url: str) -> None:
    async with tenure.open(url, *KINDS) as store:
        await store.apply(Bot.create("ada", pool="eu"))
        await asyncio.gather(store.close(), store.acting("somebody").close())
        with pytest.raises(Unavailable, match="closed"):
            await store.get(Bot, "ada")
        await store.close()
