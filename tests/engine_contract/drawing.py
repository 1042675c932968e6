"""What Hypothesis draws for the contract: the kinds of the machine, and changes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st

from tenure import (
    CLAIMANT,
    HOLDER,
    NEXT,
    SWEEPER,
    Change,
    Claim,
    End,
    Lifecycle,
    Limit,
    State,
    end_of,
    field,
    lease,
    minutes,
    parent,
    seconds,
    serial,
)
from tenure.core.decide import Transaction
from tenure.core.durations import to_microseconds
from tenure.core.row import Row
from tenure.store.store import digest_of

START = datetime(2100, 1, 1, tzinfo=UTC)


class Room(Lifecycle):
    """A parent: its window, its cap, its end."""

    cap: int = field(default=2)
    closes_at: datetime | None = field(default=None)
    pause: timedelta = field(default=seconds(90))

    open = State(initial=True)
    shut = State()
    over = End(keep=minutes(3))

    close = open.to(shut, after=closes_at)
    reopen = shut.to(open)
    expire = shut.to(over, by=SWEEPER, after=pause)
    finish = (open | shut).to(over)

    @(open | shut).stay()
    def resize(self, cap: int) -> None: ...

    @open.stay()
    def until(self, closes_at: datetime | None) -> None: ...


class Seat(Lifecycle):
    """A child: ranked, limited, held, numbered."""

    number: int = serial()
    pool: str = field()
    rating: int = field(default=0)
    room: str | None = parent(Room, default=None)
    note: str = ""

    idle = State(initial=True)
    waiting = State(rank=rating, per=pool, has=room, under=Room.open)
    playing = State(has=room)
    done = End(keep=minutes(1))
    lost = End()

    @idle.to(waiting)
    def enter(self, room: str) -> None: ...

    leave = waiting.to(idle, after=minutes(1))
    evict = waiting.to(lost, by=SWEEPER, after=end_of(room))
    play = waiting.to(playing, by=CLAIMANT)
    retake = playing.stay(by=CLAIMANT)
    nudge = playing.stay(tell=HOLDER)
    expire = playing.to(idle, by=SWEEPER, after=lease(seconds=20))
    stop = playing.to(lost, after=end_of(room))
    finish = playing.to(done, by=HOLDER)
    give_up = (idle | waiting).to(done)

    @playing.stay(by=HOLDER)
    def score(self, rating: int, note: str) -> None: ...

    @(idle | waiting).stay()
    def move(self, pool: str) -> None: ...

    seats = Limit(at_most=Room.cap, per=room, over=waiting | playing)
    once = Limit(at_most=1, per=(pool, rating), over=playing)


KINDS = (Room, Seat)
ROOMS = st.sampled_from(["r0", "r1", "r2"])
SEATS = st.sampled_from(["s0", "s1", "s2", "s3", "1", "2"])
POOLS = st.sampled_from(["eu", "us"])
RATINGS = st.integers(0, 2)
CAPS = st.integers(0, 3)
INSTANTS = st.one_of(st.none(), st.integers(0, 600).map(lambda s: START + timedelta(seconds=s)))
ACTORS = st.sampled_from(["ann", "bob"])

EVEN_IF_SLOW = (
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
)

Draw = Callable[[st.SearchStrategy[Any]], Any]


def draw_change(draw: Draw, now: list[Row], seen: list[Row]) -> Change[Any]:
    """Draw a change: mostly one that fits a record as it is, else any, of a target seen now or at some time."""
    if now and draw(st.integers(0, 9)) < LIKELY:
        row = draw(st.sampled_from(now))
        fits = [name for name, states in LEAVES.items() if row.state in states and name.startswith(row.kind)]
        names = [*fits, *(name for name in fits for _ in range(3) if name in ONWARD)]
        if names:
            return _make(draw, draw(st.sampled_from([*names, *(["beat"] if row.holder else [])])), row)
    name = draw(st.sampled_from(NAMES))
    rows = [row for row in seen if row.kind == MAKERS[name][0].__name__]
    return _make(draw, name, draw(st.sampled_from(rows)) if rows else None)


def _make(draw: Draw, name: str, row: Row | None) -> Change[Any]:
    kind, make = MAKERS[name]
    if row is None:
        id = draw(ROOMS if kind is Room else SEATS)
        return make(draw, Claim(kind, id, 1) if name in HELD else id)
    how = draw(st.sampled_from(["id", "record", "claim"] if row.holder else ["id", "record"]))
    if name in HELD or how == "claim":
        return make(draw, Claim(kind, row.id, row.fence))
    return make(draw, kind._read(row) if how == "record" else row.id)


def draw_transaction(draw: Draw, now: list[Row], seen: list[Row], ops: str, sent: list[Transaction]) -> Transaction:
    """Draw up to three changes by somebody, perhaps under an op id; or the same again, as a retry sends it."""
    if sent and draw(st.integers(0, 9)) == 0:
        return sent[draw(st.integers(0, len(sent) - 1))]
    changes = tuple(draw_change(draw, now, seen) for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))))
    digest = digest_of(changes)
    op = draw(st.sampled_from(["", "", "", f"{ops}/{digest.hex()}", f"{ops}/{digest.hex()}", f"{ops}/shared"]))
    return Transaction(changes, draw(ACTORS), op, "", digest if op else b"")


def _beat(draw: Draw, claim: Claim[Seat]) -> Change[Seat]:
    return Seat.beat(claim, seen=draw(st.integers(0, 12)))


MAKERS: dict[str, tuple[type[Lifecycle], Callable[[Draw, Any], Change[Any]]]] = {
    "Room.create": (Room, lambda d, _: Room.create(d(ROOMS), cap=d(CAPS), closes_at=d(INSTANTS))),
    "Room.close": (Room, lambda _, t: Room.close(t)),
    "Room.reopen": (Room, lambda _, t: Room.reopen(t)),
    "Room.finish": (Room, lambda _, t: Room.finish(t)),
    "Room.resize": (Room, lambda d, t: Room.resize(t, cap=d(CAPS))),
    "Room.until": (Room, lambda d, t: Room.until(t, closes_at=d(INSTANTS))),
    "Seat.create": (Seat, lambda d, _: Seat.create(d(SEATS), pool=d(POOLS), rating=d(RATINGS))),
    "Seat.next": (Seat, lambda d, _: Seat.create(NEXT, pool=d(POOLS))),
    "Seat.enter": (Seat, lambda d, t: Seat.enter(t, room=d(ROOMS))),
    "Seat.leave": (Seat, lambda _, t: Seat.leave(t)),
    "Seat.play": (Seat, lambda _, t: Seat.play(t)),
    "Seat.retake": (Seat, lambda _, t: Seat.retake(t)),
    "Seat.nudge": (Seat, lambda _, t: Seat.nudge(t)),
    "Seat.finish": (Seat, lambda _, t: Seat.finish(t)),
    "Seat.give_up": (Seat, lambda _, t: Seat.give_up(t)),
    "Seat.score": (Seat, lambda d, t: Seat.score(t, rating=d(RATINGS), note="well played")),
    "Seat.move": (Seat, lambda d, t: Seat.move(t, pool=d(POOLS))),
    "beat": (Seat, _beat),
}
HELD = {"Seat.finish", "Seat.score", "beat"}
NAMES = sorted(MAKERS)
LIKELY = 7
ONWARD = {"Seat.enter", "Seat.play"}
LEAVES = {
    f"{kind.__name__}.{edge.name}": edge.sources
    for kind in KINDS
    for edge in kind._table.edges.values()
    if f"{kind.__name__}.{edge.name}" in MAKERS
}
BEGIN = to_microseconds(START)
