"""What is wrong with a table is found when its module is imported, and the message says how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    DeclarationError,
    Effect,
    End,
    Lifecycle,
    Limit,
    Secret,
    State,
    end_of,
    field,
    lease,
    minutes,
    parent,
    seconds,
    serial,
)
from tenure.core.kinds import Kinds


class Up(Lifecycle):
    cap: int = field(default=1)
    label: str = field(default="")

    on = State(initial=True)
    off = End()
    stop = on.to(off)


def no_initial_state() -> None:
    class Wrong(Lifecycle):
        a = State()
        b = End()
        go = a.to(b)


def secret_that_engines_see() -> None:
    class Wrong(Lifecycle):
        code: Secret[str] = field()
        a = State(initial=True)
        b = End()
        go = a.to(b)


def unreachable() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        c = State()
        go = a.to(b)
        on = c.to(b)


def never_left() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = State()
        go = a.to(b)


def stuck_when_the_holder_dies() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True, by=CLAIMANT)
        b = End()
        go = a.to(b, by=HOLDER)


def nobody_can_hold() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        go = a.to(b, by=HOLDER)
        drop = a.to(b)


def a_sweeper_without_a_time() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        go = a.to(b, by=SWEEPER, after=None)


def a_timed_parameter_without_default() -> None:
    class Wrong(Lifecycle):
        m: str | None = field(default=None)
        a = State(initial=True)
        b = End()

        @a.to(b, after=seconds(1))
        def go(self, m: str) -> None: ...


def enters_without_the_field() -> None:
    class Wrong(Lifecycle):
        m: str | None = field(default=None)
        a = State(initial=True)
        b = End(has=m)
        go = a.to(b)


def a_needed_field_that_no_engine_sees() -> None:
    class Wrong(Lifecycle):
        m: str | None = None
        a = State(initial=True)
        b = End(has=m)

        @a.to(b)
        def go(self, m: str) -> None: ...


def a_needed_field_defaults_to_none() -> None:
    class Wrong(Lifecycle):
        m: str | None = field(default=None)
        a = State(initial=True)
        b = End(has=m)

        @a.to(b)
        def go(self, m: str | None = None) -> None: ...


def an_unknown_parameter() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()

        @a.to(b)
        def go(self, mm: str) -> None: ...


def a_serial_as_parameter() -> None:
    class Wrong(Lifecycle):
        number: int = serial()
        a = State(initial=True)
        b = End()

        @a.to(b)
        def go(self, number: int) -> None: ...


def a_limit_held_in_an_end() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True)
        b = End()
        go = a.to(b)
        once = Limit(at_most=1, per=m, over=a | b)  # type: ignore[operator]


def a_limit_by_nothing() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        go = a.to(b)
        once = Limit(at_most=1, per=())


def a_cap_of_no_parent() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True)
        b = End()
        go = a.to(b)
        once = Limit(at_most=Up.cap, per=m)


def a_rank_by_text() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True, rank=m)  # type: ignore[arg-type]
        b = End()
        go = a.to(b)


def a_key_without_a_rank() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True, per=m)
        b = End()
        go = a.to(b)


def a_hidden_field_in_the_table() -> None:
    class Wrong(Lifecycle):
        m: int = 0
        a = State(initial=True, rank=m)
        b = End()
        go = a.to(b)


def a_field_of_another_kind() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True, rank=Up.cap)
        b = End()
        go = a.to(b)


def a_time_that_is_none() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True)
        b = End()
        go = a.to(b, after=m)  # type: ignore[call-overload]


def the_end_of_no_parent() -> None:
    class Wrong(Lifecycle):
        m: str = field()
        a = State(initial=True)
        b = End()
        go = a.to(b, after=end_of(m))


def under_without_a_parent() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True, under=Up.on)
        b = End()
        go = a.to(b)


def under_what_is_no_state() -> None:
    class Wrong(Lifecycle):
        up: str = parent(Up)
        a = State(initial=True, under="on")
        b = End()
        go = a.to(b)


def a_reserved_field() -> None:
    class Wrong(Lifecycle):
        version: int = 0  # pyright: ignore[reportIncompatibleMethodOverride]
        a = State(initial=True)
        b = End()
        go = a.to(b)


def a_reserved_transition() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        create = a.to(b)


def a_transition_called_as_the_beat_is() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = End()
        beat = a.to(b)


def a_type_that_is_nowhere() -> None:
    class Wrong(Lifecycle):
        m: Nowhere = field()  # type: ignore[name-defined]  # noqa: F821
        a = State(initial=True)
        b = End()
        go = a.to(b)


def two_fields_stored_under_one_name() -> None:
    class Wrong(Lifecycle):
        new: int = field(default=0, was="old")
        old: int = field(default=0)
        a = State(initial=True)
        b = End()
        go = a.to(b)


def two_states_stored_under_one_name() -> None:
    class Wrong(Lifecycle):
        a = State(initial=True)
        b = State(was="c")
        c = End()
        go = a.to(b)
        on = b.to(c)


def a_history_that_is_too_short() -> None:
    class Wrong(Lifecycle, history=minutes(5)):
        a = State(initial=True)
        b = End()
        go = a.to(b)


def two_kinds_of_one_name() -> None:
    Kinds([Up._table, Up._table])


class Below(Lifecycle):
    up: str = parent(Up)

    a = State(initial=True, under=Up.on)
    b = End()
    go = a.to(b, after=end_of(up))
    gone = Effect(b)


def a_kind_without_its_parent() -> None:
    Kinds([Below._table])


WRONG: list[tuple[Callable[[], None], str]] = [
    (no_initial_state, "has no initial state: mark the one where records begin initial=True"),
    (secret_that_engines_see, r"code: engines and SQL see a field\(\), so it can't be a Secret"),
    (unreachable, "c: it can never be reached: lead a transition to it, or remove it"),
    (never_left, "b: it can never be left: make it an End, or declare a transition from it"),
    (stuck_when_the_holder_dies, r"a: only its holder can leave it.*add a transition by=SWEEPER, after=lease"),
    (nobody_can_hold, "nobody can become the holder: let a transition or the initial state be by=CLAIMANT"),
    (a_sweeper_without_a_time, "the sweeper needs to know when: add after="),
    (a_timed_parameter_without_default, "its parameters need defaults: give 'm' one"),
    (enters_without_the_field, "`b` has `m`, which `a` does not: take it as a parameter"),
    (a_needed_field_that_no_engine_sees, r"has= takes a field of Wrong, declared by field\(\) or parent\(\)"),
    (a_needed_field_defaults_to_none, "its default can't be None"),
    (an_unknown_parameter, r"takes 'mm', which is no field: declare it, or annotate it as Noted"),
    (a_serial_as_parameter, "a serial is given once, by the store"),
    (a_limit_by_nothing, "per= is empty: name at least one field to count by"),
    (a_cap_of_no_parent, "at_most= takes a number, or a field of the parent"),
    (a_rank_by_text, "it must be a number, an instant or a length of time"),
    (a_key_without_a_rank, "per= without rank= orders nothing: name the field to rank by"),
    (a_hidden_field_in_the_table, r"declared by field\(\) or parent\(\), not 0"),
    (a_field_of_another_kind, "takes a field of Wrong, declared by .*, not Up.cap"),
    (a_time_that_is_none, r"it must hold an instant \(datetime\) or a length \(timedelta\)"),
    (the_end_of_no_parent, r"end_of\(\) takes a field declared by parent\(\)"),
    (under_without_a_parent, r"declare one field with parent\(Up\)"),
    (under_what_is_no_state, "takes a state of the parent, such as Parent.open"),
    (a_reserved_field, "every record has a `version` already; take another name"),
    (a_reserved_transition, "`create` is taken; take another name"),
    (a_transition_called_as_the_beat_is, "`beat` is taken; take another name"),
    (a_type_that_is_nowhere, "import it for real, not under TYPE_CHECKING"),
    (two_fields_stored_under_one_name, "stored as 'old'.*rename one"),
    (two_states_stored_under_one_name, "stored as 'c'.*rename one"),
    (a_history_that_is_too_short, "is too short: keep events for an hour at least"),
    (two_kinds_of_one_name, "rename one, or open them apart"),
    (a_kind_without_its_parent, r"Below needs Up.*add it to tenure.open"),
]


@pytest.mark.parametrize(("declare", "advice"), WRONG, ids=[declare.__name__ for declare, _ in WRONG])
def test_a_wrong_table_is_refused_with_advice(declare: Callable[[], None], advice: str) -> None:
    with pytest.raises(DeclarationError, match=advice):
        declare()


def test_a_limit_over_an_end_cannot_even_be_written() -> None:
    with pytest.raises((TypeError, DeclarationError, AttributeError)):
        a_limit_held_in_an_end()


def test_a_sound_table_is_accepted() -> None:
    class Sound(Lifecycle):
        up: str = parent(Up)
        at: datetime | None = field(default=None)
        a = State(initial=True, by=CLAIMANT, under=Up.on)
        b = State()
        c = End()
        go = a.to(b, by=HOLDER)
        lose = (a | b).to(c, by=SWEEPER, after=lease(seconds=5))
        close = b.to(c, after=at)
        slots = Limit(at_most=Up.cap, per=up)

    table: Any = Sound._table
    assert table.initial == "a"
    assert {timer.since for timer in table.states["b"].timers} == {"lease", "field"}
    assert table.plain == Sound._table.plain
