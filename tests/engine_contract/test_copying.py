"""A space in pieces: what one engine gives every engine takes, and then it lives on as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.engine_contract.conftest import START, Stores, stores_at
from tests.engine_contract.kinds import KINDS, Bot, Instance, Job, Kettle, Match, Owner, Quiz, Ticket
from tests.engine_contract.looking import entries_of, everything, pass_unswept, rows_of
from tests.places import KEPT, Place

from tenure import (
    NEXT,
    CursorAhead,
    Delivery,
    End,
    Lifecycle,
    NotHolder,
    State,
    Store,
    Unavailable,
    hours,
    minutes,
    seconds,
)
from tenure.copying import CopyFailed, copy_space, opened_for_copying
from tenure.core.durations import to_microseconds
from tenure.core.engine import Engine
from tenure.core.pieces import (
    ClockPiece,
    EventPiece,
    MessagePiece,
    Part,
    Piece,
    RecordPiece,
    SerialPiece,
    Tallies,
)
from tenure.core.states import StateOf
from tenure.opening import open_engine
from tenure.store.timing import ManualClock
from tenure.testing import a

PlaceOf = Callable[[str], Place]
NAMES = ("here", "there")
QUEUES: tuple[StateOf[Any], ...] = (Bot.queued, Bot.idle, Job.failed, Ticket.open, Match.over)


class Waiting(ManualClock):
    """A clock that moves on by itself where somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        self.move_to(self.now + round(seconds * 1_000_000))


@asynccontextmanager
async def an_engine(url: str) -> AsyncIterator[Engine]:
    engine = await open_engine(url, KINDS)
    try:
        yield engine
    finally:
        await engine.close()


async def populate(store: Store) -> None:
    """Let there be something of everything that a space can hold."""
    await a(store, Match.running, "m", first="b0", second="b1")
    for number in range(5):
        await a(store, Bot.queued, f"b{number}", pool="eu", rating=1500 - number % 3)
    await a(store, Owner.enabled, "o", email="e")
    job = await a(store, Job.running, "j", owner="o", place="here")
    await store.apply(Job.steer(job.claim, course="north"), op="steered", why="it was asked for")
    await a(store, Job.running, "k", owner="o", place="there")
    await a(store, Kettle.heating, "kettle", length=minutes(7))
    await a(store, Quiz.open, "q", closes_at=START + hours(3))
    for title in ("first", "second"):
        await store.apply(Ticket.create(NEXT, title=title))
    await a(store, Instance.up, "i")
    await store.advance(minutes(20))  # the instance is lost, the jobs are too; messages wait
    await store.apply(Instance.create("x"))

    async def fail(_: Delivery[Job]) -> None:
        raise ValueError("it can't be done now")

    await store.deliver_once(Job.begun, fail)
    await store.advance(hours(2))  # the lost instance is removed, its history stays
    await store.apply(Instance.create("i"), op="again")
    await store.apply(Instance.leave((await store.get(Instance, "i")).claim))
    pass_unswept(store, minutes(3))
    await store.sweep()  # an outage is over


async def copied(source: Store, url: str, **options: Any) -> Any:
    """Copy the space of a store."""
    clock = source.clock
    assert isinstance(clock, ManualClock)
    async with an_engine(url) as target:
        waiting = Waiting(clock.now)
        result = await copy_space(source.engine, target, "tests", names=NAMES, clock=waiting, **options)
        clock.move_to(waiting.now)
        return result


async def pieces_of(engine: Engine, most: int = 1000) -> list[Piece]:
    pieces: list[Piece] = []
    mark: str | None = ""
    while mark is not None:
        part = await engine.dump("tests", mark, most)
        assert len(part.pieces) <= most
        pieces += part.pieces
        mark = part.mark
    return pieces


@pytest.mark.parametrize("target", KEPT)
async def test_a_copy_holds_everything_and_lives_on(url: str, target: str, place_of: PlaceOf) -> None:
    there_url = place_of(target).fresh()
    clock = ManualClock(to_microseconds(START))
    async with stores_at(url)(clock=clock) as source:
        await populate(source)
        before = await all_but_looks(source)
        result = await copied(source, there_url)
        assert result.numbers["Instance removed records"] == 2
        assert result.numbers["op ids"] >= 1
        assert result.numbers["Job messages"] >= 2
        async with stores_at(there_url)(clock=clock) as there:
            assert await all_but_looks(there) == before
            for queue in QUEUES:
                assert [r.id for r in await there.find(queue)] == [r.id for r in await source.find(queue)]
            assert [e.version for e in await there.history(Instance, "i")] == [1, 2]
            await _live_on(there)


async def all_but_looks(store: Store) -> object:
    """Read all that must be alike; when a record is looked at may differ, as long as it is not too late."""
    counts = await store.engine.counts("tests")
    some = {kind: {state: n for state, n in states.items() if n} for kind, states in counts.items()}
    messages = await store.engine.messages("tests", None, None, 1000)
    return await rows_of(store), await entries_of(store), some, list(messages)


async def _live_on(there: Store) -> None:
    """Fences and positions rise, numbers go on, op ids are known, deadlines strike, messages go out."""
    fence = max(row.fence for row in await rows_of(there))
    assert (await there.apply(Instance.create("new"))).fence > fence
    assert (await there.apply(Ticket.create(NEXT, title="third"))).number == 3
    again = await there.apply(Instance.create("i"), op="again")
    assert again.version == 1, "a repeat of what was made before the copy gives its first answer"
    delivered: list[str] = []

    async def handle(delivery: Delivery[Job]) -> None:
        delivered.append(delivery.record.id)

    await there.deliver_once(Job.ended, handle)
    assert delivered == ["j", "k"]
    await there.advance(hours(1))
    assert (await there.get(Quiz, "q")).state == Quiz.closed
    await there.advance(hours(24 * 32))
    assert await there.history(Instance, "i") == [], "history of removed records goes at its time here too"


async def test_claims_and_cursors_hold_beyond_the_copy(url: str, place_of: PlaceOf) -> None:
    there_url = place_of(KEPT[0]).fresh()
    clock = ManualClock(to_microseconds(START))
    async with stores_at(url)(clock=clock) as source:
        await a(source, Owner.enabled, "o", email="e")
        job = await a(source, Job.running, "j", owner="o", place="here")
        await source.apply(Job.steer("j", course="north"))
        cursor = (await source.engine.feed("tests", [], 0, 1000))[-1].position
        pass_unswept(source, seconds(11))
        await copied(source, there_url)
    async with stores_at(there_url)(clock=clock) as there:
        assert [event.name for event in await there.beat(job.claim)] == ["steer"]
        await there.apply(Job.move("j", place="there"))
        assert [e.name for e in await there.engine.feed("tests", [], cursor, 10)] == ["move"]
        taken = await there.apply(Job.retake("j"))
        assert taken.fence > job.fence
        with pytest.raises(NotHolder):
            await there.beat(job.claim)
        with pytest.raises(CursorAhead):
            await anext(there.feed(after=(await there.engine.last_position("tests")) + 1_000_000_000))


async def test_pieces_are_the_same_in_parts_of_any_size(a_store: Stores) -> None:
    async with a_store() as store:
        await populate(store)
        whole = await pieces_of(store.engine)
        for most in (1, 2, 3, 7):
            parts = await pieces_of(store.engine, most)
            assert sorted(map(str, parts)) == sorted(map(str, whole))
        born = {(p.kind, p.id, p.born) for p in whole if isinstance(p, RecordPiece)}
        assert all((p.entry.kind, p.entry.id, p.born) in born for p in whole if isinstance(p, EventPiece))
        assert len([p for p in whole if isinstance(p, RecordPiece) and p.id == "i"]) == 2, "its id was used twice"


async def test_an_erased_space_is_as_one_that_nobody_has_used(a_store: Stores) -> None:
    async with a_store() as store:
        other = store.space("other")
        await populate(store)
        await a(other, Bot.queued, "b", pool="eu")
        await store.engine.erase("tests")
        assert len(await pieces_of(store.engine)) <= 1
        assert await all_but_looks(store) == ([], [], {}, [])
        assert await store.engine.due("tests", 10) == []
        assert (await store.apply(Ticket.create(NEXT, title="t"))).number == 1
        assert [b.id for b in await other.find(Bot.queued)] == ["b"]


# ----------------------------------------------------------------------------------------- sealing


Writing = Callable[[Store], Awaitable[object]]
WRITES: dict[str, Writing] = {
    "create": lambda s: s.apply(Bot.create("new", pool="eu")),
    "transition": lambda s: s.apply(Bot.enqueue("b")),
    "sweep": lambda s: s.sweep(minutes(10)),
    "take": lambda s: s.engine.take("tests", "Job", "begun", 10, 1000, s.clock()),
}


@pytest.mark.parametrize("writing", WRITES)
async def test_a_sealed_space_is_read_and_not_written(a_store: Stores, writing: str) -> None:
    async with a_store() as store:
        await a(store, Bot.idle, "b", pool="eu")
        await a(store, Owner.enabled, "o", email="e")
        job = await a(store, Job.running, "j", owner="o", place="here")
        before = await everything(store)
        await store.engine.seal("tests", "it's on its way")
        assert await store.engine.sealed("tests") == "it's on its way"
        with pytest.raises(Unavailable, match="it's on its way"):
            await WRITES[writing](store)
        with pytest.raises(Unavailable, match="it's on its way"):
            await store.beat(job.claim)
        assert await everything(store) == before
        await store.engine.seal("tests", "")
        assert await store.engine.sealed("tests") == ""
        await WRITES[writing](store)
        await store.beat(job.claim)


async def test_a_seal_is_of_one_space_and_others_are_written_meanwhile(a_store: Stores) -> None:
    async with a_store() as store:
        other = store.space("other")
        await store.apply(Bot.create("b", pool="eu"))
        await store.engine.seal("tests", "closed")
        made = await asyncio.gather(
            *(s.apply(Bot.create(f"b{n}", pool="eu")) for n in range(10) for s in (store, other)),
            return_exceptions=True,
        )
        assert [type(one) for one in made] == [Unavailable, Bot] * 10
        assert (await other.count(Bot))["idle"] == 10


async def test_a_seal_holds_for_other_processes_and_outlives_its_own(kept_url: str) -> None:
    opened = stores_at(kept_url)
    async with opened() as store, opened() as neighbour:
        await store.apply(Bot.create("b", pool="eu"))
        await store.engine.seal("tests", "closed")
        with pytest.raises(Unavailable, match="closed"):
            await neighbour.apply(Bot.enqueue("b"))
    async with an_engine(kept_url) as engine:
        assert await engine.sealed("tests") == "closed"
        await engine.seal("tests", "")
    async with opened() as store:
        await store.apply(Bot.enqueue("b"))


# ---------------------------------------------------------------------------------------- failures


class Written:
    """An engine to whose space somebody writes in the middle, as one would who knows of no seal."""

    def __init__(self, engine: Engine, what: Callable[[], Awaitable[object]]) -> None:
        self._engine, self._what, self._read = engine, what, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def dump(self, space: str, after: str, most: int) -> Part:
        if not after:
            self._read += 1
            if self._read == 2:  # the first reading is the copy, the second compares
                await self._what()
        return await self._engine.dump(space, after, most)


async def test_a_write_during_the_copy_is_found_and_leaves_no_copy(a_store: Stores, place_of: PlaceOf) -> None:
    async with a_store() as store, an_engine(place_of(KEPT[0]).fresh()) as target:
        await populate(store)
        held = await a(store, Instance.up, "held")
        pass_unswept(store, seconds(11))
        clock = store.clock

        async def beat() -> None:
            await store.engine.seal("tests", "")
            await store.beat(held.claim)

        with pytest.raises(CopyFailed, match="somebody wrote to the source: Instance records: as many, but not"):
            await copy_space(cast("Engine", Written(store.engine, beat)), target, "tests", names=NAMES, clock=clock)
        assert len(await pieces_of(target)) <= 1
        assert await target.sealed("tests") == ""
        assert await store.engine.sealed("tests") == ""
        await store.beat(held.claim)


class Careless:
    """A target that takes a piece of one sort otherwise than it is told, or not at all."""

    def __init__(self, engine: Engine, spoil: Callable[[Piece], Piece | None]) -> None:
        self._engine, self._spoil = engine, spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        await self._engine.load(space, [kept for piece in pieces if (kept := self._spoil(piece)) is not None])


SPOILED: dict[str, tuple[Callable[[Piece], Piece | None], str]] = {
    "a lost message": (lambda p: None if isinstance(p, MessagePiece) else p, "Job messages: 4 here, 0 there"),
    "a lost number": (lambda p: None if isinstance(p, SerialPiece) else p, "serials: 1 here, 0 there"),
    "another reason": (
        lambda p: replace(p, entry=replace(p.entry, why="none")) if isinstance(p, EventPiece) and p.entry.why else p,
        "Job events: as many, but not the same",
    ),
    "an old clock": (
        lambda p: replace(p, sequence=0, read_at=0) if isinstance(p, ClockPiece) else p,
        "the clock of the copy is behind",
    ),
}


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_a_copy_that_is_not_whole_is_found_and_taken_back(kept_place: Place, spoiled: str) -> None:
    spoil, told = SPOILED[spoiled]
    async with stores_at("sqlite:")() as store, an_engine(kept_place.fresh()) as target:
        await populate(store)
        pass_unswept(store, minutes(1))
        careless = cast("Engine", Careless(target, spoil))
        with pytest.raises(CopyFailed, match=told):
            await copy_space(store.engine, careless, "tests", names=NAMES, clock=store.clock)
        assert len(await pieces_of(target)) <= 1
        assert await store.engine.sealed("tests") == ""


async def test_a_space_where_a_sweeper_is_at_work_is_not_copied(url: str, place_of: PlaceOf) -> None:
    async with stores_at(url)() as store, an_engine(place_of(KEPT[0]).fresh()) as target:
        await store.apply(Bot.create("b", pool="eu"))

        class Swept(Waiting):
            async def sleep(self, seconds: float) -> None:
                await super().sleep(seconds)
                assert isinstance(store.clock, ManualClock)
                store.clock.move_to(self.now)
                await store.sweep()

        assert isinstance(store.clock, ManualClock)
        with pytest.raises(CopyFailed, match="a program is at work in the space 'tests' of here: end"):
            await copy_space(store.engine, target, "tests", names=NAMES, clock=Swept(store.clock.now))
        assert await store.engine.sealed("tests") == ""


async def test_a_target_that_holds_something_is_left_alone(url: str, place_of: PlaceOf) -> None:
    there_url = place_of(KEPT[0]).fresh()
    async with stores_at(url)() as store, stores_at(there_url)() as there:
        await store.apply(Bot.create("b", pool="eu"))
        await there.apply(Bot.create("theirs", pool="eu"))
        pass_unswept(store, minutes(1))
        with pytest.raises(CopyFailed, match="'tests' of there is not empty"):
            await copied(store, there_url)
        assert [b.id for b in await there.find(Bot.idle)] == ["theirs"]
        assert await store.engine.sealed("tests") == ""


class Elsewhere:
    """Another build, whose bots are not ours."""

    class Bot(Lifecycle):
        idle = State(initial=True)
        gone = End()
        leave = idle.to(gone)


async def test_a_target_that_knows_a_kind_otherwise_is_left_alone(kept_place: Place) -> None:
    here, there = kept_place.fresh(), kept_place.fresh()
    async with stores_at(here)() as store, stores_at(there)(Elsewhere.Bot) as other:
        await store.apply(Bot.create("b", pool="eu"))
        await other.apply(Elsewhere.Bot.create("theirs"))
    with pytest.raises(CopyFailed, match="the target knows Bot by another declaration"):
        async with opened_for_copying(here, there):
            pass
    async with stores_at(there)(Elsewhere.Bot) as other:
        assert [bot.id for bot in await other.find(Elsewhere.Bot.idle)] == ["theirs"]


async def test_a_copy_needs_no_class_of_its_kinds(kept_place: Place) -> None:
    here, there = kept_place.fresh(), kept_place.fresh()
    async with stores_at(here)() as store:
        await store.apply(Bot.create("b", pool="eu"), Bot.enqueue("b"))
    async with opened_for_copying(here, there) as (source, target):
        clock = Waiting(to_microseconds(START) + 3_600_000_000)
        result = await copy_space(source, target, "tests", names=NAMES, clock=clock)
        assert result.numbers["Bot records"] == 1
        assert await target.declarations() == await source.declarations()
    async with stores_at(there)(at=START + hours(2)) as copied_store:
        assert [bot.id for bot in await copied_store.find(Bot.queued)] == ["b"]


async def test_an_unknown_space_is_told(url: str, place_of: PlaceOf) -> None:
    async with an_engine(url) as source, an_engine(place_of(KEPT[0]).fresh()) as target:
        with pytest.raises(CopyFailed, match="here has no space 'nowhere'; it has"):
            await copy_space(source, target, "nowhere", names=NAMES)


async def test_after_a_copy_the_source_refuses_writes_unless_it_is_left_open(url: str, place_of: PlaceOf) -> None:
    first, second = place_of(KEPT[0]).fresh(), place_of(KEPT[0]).fresh()
    async with stores_at(url)() as store:
        await store.apply(Bot.create("b", pool="eu"))
        pass_unswept(store, minutes(1))
        await copied(store, first, leave_open=True)
        await store.apply(Bot.enqueue("b"))
        await copied(store, second)
        with pytest.raises(Unavailable, match="it was moved to there"):
            await store.apply(Bot.withdraw("b"))


class Killed(BaseException):
    """The process is gone."""


async def test_a_copy_that_was_killed_anywhere_is_begun_again(url: str, place_of: PlaceOf) -> None:
    there_url = place_of(KEPT[0]).fresh()
    async with stores_at(url)() as store:
        await populate(store)
        pass_unswept(store, minutes(1))
        calls, kills = 0, 0
        while True:
            async with an_engine(there_url) as target:
                dying = Dying(target, kills)
                try:
                    result = await copy_space(
                        store.engine, cast("Engine", dying), "tests", names=NAMES, leave_open=True, clock=store.clock
                    )
                except Killed:
                    kills += 1
                    sealed = await target.sealed("tests")
                    assert sealed.startswith("a copy into it is not finished") or len(await pieces_of(target)) <= 1
                    continue
            calls = dying.calls
            break
        assert kills == calls > 5
        assert await store.engine.sealed("tests") == "", "what the killed ones left is lifted"
        tallies = Tallies()
        async with an_engine(there_url) as target:
            tallies.add(await pieces_of(target))
            assert await target.sealed("tests") == ""
        assert tallies.by_sort["Bot records"].digest == result.digests["Bot records"]


class Dying:
    """A target whose copier is killed at its so-and-so-manieth call, and does nothing any more."""

    def __init__(self, engine: Engine, at: int) -> None:
        self._engine, self._at = engine, at
        self.calls = 0

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._engine, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self.calls == self._at:
                raise Killed
            self.calls += 1
            return await method(*args, **kwargs)

        return call
