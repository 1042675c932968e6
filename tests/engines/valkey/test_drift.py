"""Planted drift is found, told and mended.

Only for Valkey, because no neutral form exists: an index can be falsified only behind the engine's back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.engine_contract.conftest import START
from tests.engine_contract.kinds import KINDS, Bot, Instance, Job, Kettle, Match, Owner
from tests.engines.valkey.asking import ask

from tenure import SWEEPER, End, Lifecycle, LimitReached, State, Store, Unavailable, end_of, parent, seconds
from tenure.servers import Server
from tenure.testing import a, store

Falsify = Callable[[str], Any]


def _rank(url: str) -> tuple[str, bytes]:
    key = 'tenure:{tests}:rank:Bot:queued:["eu"]'
    return key, ask(url, "ZRANGE", key, 0, 0)[0]


def _record(url: str, key: str) -> bytes:
    stored: bytes = ask(url, "HGET", "tenure:{tests}:records", key)
    return stored


def _late_look(url: str) -> Any:
    stored = _record(url, "Instance:i")
    late = (int.from_bytes(stored[16:24]) + 3_600_000_000).to_bytes(8)
    ask(url, "ZADD", "tenure:{tests}:due", int.from_bytes(late), stored[:16] + b"Instance:i")
    return ask(url, "HSET", "tenure:{tests}:records", "Instance:i", stored[:16] + late + stored[24:])


DRIFT: dict[str, tuple[Falsify, str]] = {
    "a rank is missing": (lambda url: ask(url, "ZREM", *_rank(url)), "rank"),
    "a rank is a ghost's": (lambda url: ask(url, "ZADD", _rank(url)[0], 1, f"{7:016d}ghost"), "rank"),
    "a rank is wrong": (lambda url: ask(url, "ZINCRBY", _rank(url)[0], 5, _rank(url)[1]), "rank"),
    "a slot is leaked": (lambda url: ask(url, "ZADD", 'tenure:{tests}:slot:Job:slots:["o"]', 7, "ghost"), "slot"),
    "a slot is free twice": (lambda url: ask(url, "ZREM", 'tenure:{tests}:slot:Job:slots:["o"]', "j"), "slot"),
    "a child is lost": (lambda url: ask(url, "DEL", "tenure:{tests}:child:Owner:o"), "child"),
    "a child is a ghost's": (lambda url: ask(url, "ZADD", "tenure:{tests}:child:Owner:o", 7, "Job:ghost"), "child"),
    "a state's list lacks one": (lambda url: ask(url, "ZREM", "tenure:{tests}:state:Bot:queued", "b1"), "state"),
    "a state's list has a ghost": (lambda url: ask(url, "ZADD", "tenure:{tests}:state:Bot:idle", 7, "b1"), "state"),
    "a deadline is lost": (lambda url: ask(url, "DEL", "tenure:{tests}:due"), "due"),
    "a look is late": (_late_look, "due"),
}


async def populate(opened: Store) -> None:
    await a(opened, Match.offered, "m", first="ada", second="bob")
    for number in range(3):
        await a(opened, Bot.queued, f"b{number}", pool="eu", rating=number)
    await a(opened, Bot.idle, "idle", pool="eu")
    await a(opened, Owner.enabled, "o", email="e", most=2)
    await a(opened, Job.running, "j", owner="o", place="here")
    await a(opened, Instance.up, "i")
    await a(opened, Kettle.heating, "k", length=seconds(99))


@pytest.mark.parametrize("drift", DRIFT)
async def test_drift_is_found_first_then_mended(server: Server, drift: str) -> None:
    falsify, what = DRIFT[drift]
    async with store(*KINDS, url=server.url, at=START) as opened:
        await populate(opened)
        assert await opened.engine.audit("tests", repair=False) == []
        falsify(server.url)
        found = await opened.engine.audit("tests", repair=False)
        assert {difference.what for difference in found} == {what}
        assert await opened.engine.audit("tests", repair=False) == found, "looking mends nothing"
        assert await opened.engine.audit("tests", repair=True) == found
        assert await opened.engine.audit("tests", repair=False) == []
        await everything_works(opened)


async def everything_works(opened: Store) -> None:
    assert [b.id for b in await opened.find(Bot.queued, per="eu")] == ["b0", "b1", "b2"]
    await opened.apply(Job.create("k", owner="o", place="there"))
    with pytest.raises(LimitReached):
        await opened.apply(Job.create("l", owner="o", place="elsewhere"))
    assert (await opened.count(Bot))["queued"] == 3
    assert await opened.advance(seconds(100)) == 4


async def test_a_version_without_its_event_is_told(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await populate(opened)
        number = _record(server.url, "Kettle:k")[:16].decode()
        ask(server.url, "HDEL", "tenure:{tests}:events", f"{number}:1")
        found = await opened.engine.audit("tests", repair=True)
        assert [(d.what, d.kind, d.id) for d in found] == [("events", "Kettle", "k")]
        assert await opened.engine.audit("tests", repair=True) == found, "nothing can mend that: it is told again"


async def test_a_copy_is_not_made_of_lists_that_lack_a_record(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await populate(opened)
        ask(server.url, "ZREM", "tenure:{tests}:state:Bot:queued", "b1")
        with pytest.raises(Unavailable, match="repair them by an audit"):
            await dumped(opened)


async def dumped(opened: Store) -> None:
    mark: str | None = ""
    while mark is not None:
        mark = (await opened.engine.dump("tests", mark, 1000)).mark


async def test_an_audit_of_many_records_goes_piece_by_piece_while_others_write(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        for start in range(0, 3000, 500):
            await opened.submit([[Bot.create(f"b{n}", pool=f"p{n}")] for n in range(start, start + 500)])
        turns = 0
        auditing = opened.engine.audit("tests", repair=True)

        async def write() -> None:
            nonlocal turns
            while True:
                bot = f"b{turns * 7 % 3000}"
                await opened.submit([[Bot.enqueue(bot)], [Bot.withdraw(bot)], [Bot.enqueue(bot)]])
                turns += 1

        writing = asyncio.ensure_future(write())
        found = await auditing
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        assert turns > 3
        assert found == [], "what changed between two pieces is no drift"
        assert await opened.engine.audit("tests", repair=False) == []


class House(Lifecycle):
    """Is kept for ever once it is gone, and looked at then only for the sake of its guests."""

    stands = State(initial=True)
    gone = End()

    fall = stands.to(gone)


class Guest(Lifecycle):
    """Leaves with the house."""

    house: str = parent(House)

    inside = State(initial=True)
    outside = End()

    leave = inside.to(outside, by=SWEEPER, after=end_of(house))


async def is_reserved(opened: Store) -> None:
    """Let a bot be reserved for a match that nobody has seen."""
    await opened.apply(Match.create("new", first="b0", second="b1"), Bot.reserve("b0", match="new"))


async def falls(opened: Store) -> None:
    """Let a house fall, and its guests leave with it."""
    await opened.apply(House.fall("stands"))
    await opened.advance(seconds(1))


async def is_swept(opened: Store) -> None:
    """Let the guests of a house leave that had fallen before."""
    await opened.advance(seconds(1))


@pytest.mark.parametrize("move", [is_reserved, falls, is_swept])
async def test_what_moves_between_two_pieces_is_not_told_as_looked_at_too_late(
    server: Server, move: Callable[[Store], Awaitable[None]]
) -> None:
    async with store(*KINDS, House, Guest, url=server.url, at=START) as opened:
        await populate(opened)
        for house in ("stands", "fell"):
            await a(opened, House.stands, house)
            await a(opened, Guest.inside, f"guest of {house}", house=house)
        await opened.apply(House.fall("fell"))
        engine: Any = opened.engine
        call, moved = engine._call, list[str]()

        async def piece(home: Any, name: str, *given: Any) -> Any:
            if name == "scan_index" and not moved:
                moved.append(name)
                await move(opened)
            return await call(home, name, *given)

        engine._call = piece
        assert await engine.audit("tests", repair=False) == []
        assert moved
        assert await engine.audit("tests", repair=False) == []
