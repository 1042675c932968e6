"""How values are checked and travel: lengths, instants, opaque values, ids."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine_contract.kinds import Bot, Job, Kettle, Match, Quiz, Ticket

from tenure import NEXT, Change, InvalidChange, Lifecycle, State, days, field, hours, lease, minutes, seconds
from tenure.core.durations import to_instant, to_length, to_microseconds
from tenure.core.row import Row


class Thing(Lifecycle):
    """Has a field of each kind."""

    name: str = field()
    size: float = field(default=1.0)
    at: datetime | None = field(default=None)
    length: timedelta = field(default=seconds(1))
    tags: tuple[str, ...] = ()
    parts: dict[str, list[int]] = {}  # noqa: RUF012  a lifecycle's defaults are never shared
    seen_at: datetime | None = None

    here = State(initial=True)
    there = State()
    go = here.to(there)
    back = there.to(here)

    @here.stay()
    def change(self, tags: tuple[str, ...], parts: dict[str, list[int]], at: datetime | None) -> None: ...


def test_lengths_of_time_read_as_they_are_said() -> None:
    assert (seconds(90), minutes(1.5)) == (timedelta(seconds=90), timedelta(seconds=90))
    assert (hours(36), days(1.5)) == (timedelta(hours=36), timedelta(hours=36))
    assert lease(minutes=1, seconds=30).length == seconds(90)


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_comes_back_as_it_was(value: datetime) -> None:
    assert to_instant(to_microseconds(value)) == value


@given(st.timedeltas())
def test_a_length_comes_back_as_it_was(value: timedelta) -> None:
    assert to_length(to_microseconds(value)) == value


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    there = datetime(2026, 1, 1, 2, tzinfo=timezone(hours(2)))
    assert (
        Quiz.create("q", closes_at=there).fields == Quiz.create("q", closes_at=datetime(2026, 1, 1, tzinfo=UTC)).fields
    )


@given(
    st.builds(dict, name=st.text(), size=st.floats(-9e18, 9e18)),
    st.lists(st.text()).map(tuple),
    st.dictionaries(st.text(), st.lists(st.integers(-(2**60), 2**60))),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)
def test_every_value_comes_back_in_its_type(
    given_: dict[str, object], tags: tuple[str, ...], parts: dict[str, list[int]], at: datetime | None
) -> None:
    thing = read(Thing.create("t", tags=tags, parts=parts, at=at, seen_at=at, **given_))  # type: ignore[arg-type]
    assert (thing.tags, thing.parts, thing.at, thing.seen_at) == (tags, parts, at, at)
    assert (thing.name, thing.size) == (given_["name"], given_["size"])


def test_what_was_not_given_has_its_default() -> None:
    thing = read(Thing.create("t", name="n"))
    assert (thing.size, thing.length, thing.tags, thing.parts, thing.at) == (1.0, seconds(1), (), {}, None)


def test_what_is_done_to_a_value_that_was_read_is_not_done_to_the_record() -> None:
    thing = read(Thing.create("t", name="n", parts={"a": [1]}))
    thing.parts["a"].append(2)
    thing.parts["b"] = []
    assert thing.parts == {"a": [1]}


def test_a_value_that_another_build_wrote_fails_only_whoever_reads_it() -> None:
    change = Thing.create("t", name="n", tags=("a",), parts={"a": [1]})
    thing = read(change, seen_at=msgspec.Raw(b"12"))
    assert (thing.name, thing.tags, thing.parts) == ("n", ("a",), {"a": [1]})
    with pytest.raises(msgspec.ValidationError, match="datetime"):
        _ = thing.seen_at


def test_records_are_read_only_and_come_from_a_store() -> None:
    thing = read(Thing.create("t", name="n"))
    with pytest.raises(AttributeError, match="change `name` by a transition"):
        thing.name = "m"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="read-only"):
        thing.other = 1
    with pytest.raises(TypeError, match=r"use Thing\.create"):
        Thing(name="n")


def test_records_are_equal_by_what_they_hold() -> None:
    change = Thing.create("t", name="n")
    assert read(change) == read(change)
    assert read(change) != read(Thing.create("t", name="m"))
    assert len({read(change), read(change)}) == 1


WRONG: list[tuple[Callable[[], Change[object]], str]] = [
    (lambda: Bot.create("ada", pool=3), "Bot.create: pool=3 does not fit"),  # type: ignore[arg-type]
    (lambda: Bot.create("ada", pool="eu", rating=True), "rating=True does not fit"),
    (lambda: Bot.create("ada", pool="eu", rating=2.5), "rating=2.5 does not fit"),  # type: ignore[arg-type]
    (lambda: Bot.create("ada"), "Bot.create needs 'pool'"),  # type: ignore[call-arg]
    (lambda: Bot.create("ada", pool="eu", raiting=3), "Bot has no 'raiting' to be given; it takes pool"),  # type: ignore[call-arg]
    (lambda: Bot.create("ada", pool="\ud800"), "Bot.create: .*not valid Unicode"),
    (lambda: Bot.reserve("ada", match="\ud800"), "Bot.reserve: .*not valid Unicode"),
    (lambda: Thing.create("t", name="n", tags=("\ud800",)), "does not fit"),
    (lambda: Bot.enqueue("\ud800"), "can't be an id"),
    (lambda: Bot.create("", pool="eu"), "1 to 200 printable characters"),
    (lambda: Bot.create("a" * 201, pool="eu"), "1 to 200 printable characters"),
    (lambda: Bot.create("a\nb", pool="eu"), "1 to 200 printable characters"),
    (lambda: Bot.create("\ud800", pool="eu"), "can't be an id"),
    (lambda: Bot.create(NEXT, pool="eu"), r"has no serial\(\) field"),
    (lambda: Ticket.create("t", title="a", number=3), "has no 'number' to be given"),  # type: ignore[call-arg]
    (lambda: Quiz.create("q", closes_at=datetime(2026, 1, 1)), "has no time zone"),  # noqa: DTZ001
    (lambda: Kettle.create("k", length=60), "length=60 does not fit"),  # type: ignore[arg-type]
    (lambda: Bot.reserve("ada", match=None), "Bot.reserve: match=None does not fit"),  # type: ignore[arg-type]
    (lambda: Job.finish("j"), "is the holder's: pass its claim"),  # type: ignore[arg-type]
    (lambda: Thing.change("t", tags=(1,), parts={}, at=None), "tags=.* does not fit"),  # type: ignore[arg-type]
    (lambda: Bot.enqueue(read(Match.create("m", first="a", second="b"))), "it is of another kind"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "says"), WRONG, ids=[says[:30] for _, says in WRONG])
def test_a_wrong_value_is_told_before_anything_is_sent(make: Callable[[], Change[object]], says: str) -> None:
    with pytest.raises(InvalidChange, match=says):
        make()


def test_a_missing_or_unknown_parameter_is_told() -> None:
    with pytest.raises(TypeError, match="match"):
        Bot.reserve("ada")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="mach"):
        Bot.reserve("ada", match="m", mach="m")  # type: ignore[call-arg]


def test_what_only_the_sweeper_makes_cannot_be_called() -> None:
    with pytest.raises(TypeError):
        Bot.abandon("ada")  # type: ignore[operator]


def read(change: Change[object], **written: msgspec.Raw) -> Thing:
    rest = msgspec.json.encode({**change.rest, **written})
    row = Row(change.kind, str(change.id), "here", 1, 0, None, 0, 0, 0, 0, 0, 0, change.fields, rest)
    model: type[Thing] = change.model
    return model._read(row)


class Parcel(Lifecycle):
    """Carries JSON that nobody opens on the way."""

    content: msgspec.Raw = msgspec.Raw(b"null")

    sent = State(initial=True)
    kept = State()
    keep = sent.to(kept)
    resend = kept.to(sent)

    @sent.stay()
    def repack(self, content: msgspec.Raw) -> None: ...


def test_json_text_travels_as_it_is() -> None:
    text = b'{"b": [1,  2.50], "a": null}'
    change = Parcel.repack("p", content=msgspec.Raw(text))
    assert bytes(change.rest["content"]) == text
    assert Parcel.create("p").fields == {}


@pytest.mark.parametrize("content", [msgspec.Raw(b"{"), msgspec.Raw(b""), msgspec.Raw(b"[" * 100_000), "{}", {}, None])
def test_what_is_no_json_text_is_refused(content: object) -> None:
    with pytest.raises(InvalidChange, match="content"):
        Parcel.repack("p", content=content)  # type: ignore[arg-type]
