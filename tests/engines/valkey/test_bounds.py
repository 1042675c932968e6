"""Reading much: no call holds the server up for long, and the whole is given all the same.

Only for Valkey, because there a call that reads everything stops everybody; the engine asks piece by piece instead.
"""

from __future__ import annotations

from tests.engine_contract.conftest import START
from tests.engine_contract.drawing import Room, Seat
from tests.engine_contract.kinds import KINDS, Bot, Connection, Instance, Job, Owner, Ticket
from tests.engine_contract.looking import ALL

from tenure import NEXT, days, minutes
from tenure.core.engine import Query
from tenure.core.row import Entry
from tenure.servers import Server
from tenure.testing import a, store

MANY = 6_000
"""More than one call looks at."""


async def test_the_last_of_very_many_children_are_found(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await a(opened, Instance.up, "i")
        await opened.submit([[Connection.create(f"c{n}", instance="i")] for n in range(MANY)])
        for query, expected in (
            (Query("Connection", ("open",), parent=("Instance", "i"), most=ALL), MANY),
            (Query("Connection", ("closed",), parent=("Instance", "i"), most=ALL), 0),
        ):
            assert len(await opened.engine.find("tests", query)) == expected
        await opened.apply(Instance.leave((await opened.get(Instance, "i")).claim))
        assert await opened.sweep() == MANY
        assert await opened.find(Connection.open, under="i") == []


async def test_the_few_of_a_parent_are_found_in_a_very_long_queue(server: Server) -> None:
    async with store(Room, Seat, url=server.url, at=START) as opened:
        await opened.submit([[Room.create(room, cap=MANY)] for room in ("full", "rare")])
        others = [[Seat.create(f"s{n}", pool="eu", rating=n), Seat.enter(f"s{n}", room="full")] for n in range(MANY)]
        await opened.submit(others)
        for number in (3, MANY // 2, MANY + 7):
            await opened.submit(
                [[Seat.create(f"rare{number}", pool="eu", rating=number), Seat.enter(f"rare{number}", room="rare")]]
            )
        ids = [f"rare{n}" for n in (3, MANY // 2, MANY + 7)]
        assert [seat.id for seat in await opened.find(Seat.waiting, under="rare")] == ids
        assert [seat.id for seat in await opened.find(Seat.waiting, under="rare", newest_first=True)] == ids[::-1]
        assert [seat.id for seat in await opened.find(Seat.waiting, under="rare", per="eu", limit=2)] == ids[:2]
        assert await opened.engine.audit("tests", repair=False) == []


async def test_the_few_events_of_a_kind_are_found_among_very_many(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await a(opened, Owner.enabled, "first", email="e")
        await opened.submit([[Bot.create(f"b{n}", pool=f"p{n}")] for n in range(MANY)])
        await a(opened, Owner.enabled, "last", email="e")
        assert [e.id for e in await opened.engine.feed("tests", ["Owner"], 0, 10)] == ["first", "last"]
        everything = await opened.engine.feed("tests", [], 0, ALL)
        assert len(everything) == MANY + 2
        pages: list[Entry] = []
        after = 0
        while page := await opened.engine.feed("tests", [], after, 777):
            pages += page
            after = page[-1].position
        assert pages == everything


async def test_a_very_long_history_is_given_whole_and_pruned_from_its_beginning(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await opened.apply(Ticket.create(NEXT, title="0"))
        for start in range(0, 3000, 1000):
            await opened.submit([[Ticket.rename("1", title=str(n))] for n in range(start, start + 1000)])
        history = await opened.engine.history("tests", "Ticket", "1", 0, ALL)
        assert [entry.version for entry in history] == list(range(1, 3002))
        middle = await opened.engine.history("tests", "Ticket", "1", 1500, 700)
        assert [entry.version for entry in middle] == list(range(1501, 2201))
        await opened.advance(days(1) + minutes(1))
        left = [e.version for e in await opened.engine.history("tests", "Ticket", "1", 0, ALL)]
        for _ in range(60):
            await opened.advance(minutes(1))
            now = [e.version for e in await opened.engine.history("tests", "Ticket", "1", 0, ALL)]
            assert now == left[len(left) - len(now) :], "the oldest go first"
            left = now
        assert left == [3001]


async def test_very_many_messages_are_listed_and_erased(server: Server) -> None:
    async with store(*KINDS, url=server.url, at=START) as opened:
        await a(opened, Owner.enabled, "o", email="e", most=MANY)
        await opened.submit([[Job.create(f"j{n}", owner="o", place=f"p{n}"), Job.take(f"j{n}")] for n in range(1500)])
        listed = await opened.engine.messages("tests", "Job", "begun", ALL)
        # What is submitted goes out in several batches, which may come to the server in any order.
        assert sorted(message.entry.id for message in listed) == sorted(f"j{n}" for n in range(1500))
        positions = [message.entry.position for message in listed]
        assert positions == sorted(positions)
        await opened.engine.erase("tests")
        assert await opened.engine.messages("tests", None, None, ALL) == []
        assert await opened.count(Job) == {}
