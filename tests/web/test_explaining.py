"""Explanations as plain data, from the table alone; and the drawing of a table."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenure import SWEEPER, End, Lifecycle, State, end_of, field, hours, lease, minutes, parent, seconds
from tenure.core.clock import Time
from tenure.core.durations import to_microseconds
from tenure.core.kinds import Kinds
from tenure.core.lifecycle import table_of
from tenure.core.row import Row
from tenure.explaining import explain, in_words, plain_record, possible, stored
from tenure.web.diagram import LANE, draw, lanes, order

NOW = to_microseconds(datetime(2026, 1, 1, 12, tzinfo=UTC))


class House(Lifecycle):
    built = State(initial=True)
    razed = End()
    raze = built.to(razed)


class Lamp(Lifecycle):
    house: str = parent(House)
    until: datetime | None = field(default=None)
    warmth: timedelta = field(default=minutes(3))
    note: str = "none"

    off = State(initial=True)
    on = State(was="lit")
    broken = End(keep=hours(2))

    kindle = off.to(on)
    douse = on.to(off, after=warmth)
    flicker = on.to(off, by=SWEEPER, after=lease(seconds=30))
    stop = on.to(off, after=until)
    fall = (off | on).to(broken, by=SWEEPER, after=end_of(house))
    drop = (off | on).to(broken)
    shake = on.to(on, after=seconds(90))


KINDS = Kinds([table_of(House), table_of(Lamp)])
ALIVE = Time(NOW, swept_at=NOW, alive_until=NOW + 10_000_000)


def a_lamp(**changes: Any) -> Row:
    given = {
        "kind": "Lamp", "id": "l", "state": "lit", "version": 2, "fence": 0, "holder": None, "created_at": NOW,
        "entered_at": NOW, "changed_at": NOW, "beaten_at": NOW, "told": 0, "seen": 0,
        "fields": {"house": "h", "warmth": 180_000_000, "until": NOW + 1_000_000}, "rest": b"{}",
    }  # fmt: skip
    return Row(**{**given, **changes})


def a_house(state: str) -> Row:
    return a_lamp(kind="House", id="h", state=state, fields={}, entered_at=NOW + 500_000)


def test_each_kind_of_deadline_has_its_instant_and_its_words() -> None:
    found = {p.transition: (p.when, p.at) for p in possible(KINDS, a_lamp(), ALIVE, [a_house("razed")])}
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert found == {
        "fall": ("when its House ends", at + timedelta(seconds=0.5)),
        "stop": ("at until", at + timedelta(seconds=1)),
        "flicker": ("30 s after the holder's last beat", at + timedelta(seconds=30)),
        "shake": ("1 min 30 s after entering", at + timedelta(seconds=90)),
        "douse": ("warmth after entering", at + timedelta(minutes=3)),
        "drop": ("", None),
    }


def test_a_deadline_that_nothing_sets_has_no_instant() -> None:
    lamp = a_lamp(fields={"house": "h", "warmth": 1_000_000, "until": None})
    found = {p.transition: p.at for p in possible(KINDS, lamp, ALIVE, [a_house("built")])}
    assert found["fall"] is None
    assert found["stop"] is None


def test_names_are_those_of_the_code() -> None:
    explanation = explain(KINDS, a_lamp(), None, ALIVE, [a_house("built")])
    assert explanation.record.state == "on"
    assert "Lamp l is `on` since 2026-01-01 12:00:00 UTC" in explanation.summary
    assert stored(table_of(Lamp), "on") == "lit"


def test_what_is_overdue_is_told() -> None:
    later = Time(NOW + 2_000_000, swept_at=NOW, alive_until=NOW + 10_000_000)
    explanation = explain(KINDS, a_lamp(), None, later, [a_house("built")])
    assert explanation.overdue == "stop"
    assert "nothing else is allowed" in explanation.outlook


def test_an_end_says_how_long_it_is_kept() -> None:
    assert "kept for 2 h" in explain(KINDS, a_lamp(state="broken"), None, ALIVE).outlook


def test_a_state_of_a_newer_build_is_shown_and_not_guessed() -> None:
    explanation = explain(KINDS, a_lamp(state="dimmed"), None, ALIVE)
    assert explanation.record.state == "dimmed"
    assert explanation.next == ()
    assert "upgrade this process" in explanation.outlook


def test_fields_are_in_their_own_types_and_defaults_are_there() -> None:
    record = plain_record(table_of(Lamp), a_lamp(rest=b'{"unknown": 1}'), {"note": "none"})
    assert record.fields == {
        "house": "h",
        "until": datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC),
        "warmth": timedelta(minutes=3),
        "note": "none",
        "unknown": 1,
    }


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "0 s"), (0.25, "0.25 s"), (59, "59 s"), (60, "1 min"), (150, "2 min 30 s"), (3600, "1 h"), (90061, "1 d 1 h")],
)
def test_lengths_are_said_with_two_units(length: float, words: str) -> None:
    assert in_words(timedelta(seconds=length)) == words


def test_the_diagram_has_a_row_for_each_state_and_a_lane_for_each_move() -> None:
    table = table_of(Lamp)
    assert [state.name for state in order(table)] == ["off", "lit", "broken"]
    drawing = ET.fromstring(draw(table, {"on": 7}))  # noqa: S314  our own text
    counts = {e.get("data-count"): e.text for e in drawing.iter("text") if e.get("data-count")}
    assert counts == {"Lamp/off": "0", "Lamp/on": "7", "Lamp/broken": "0"}
    names = [g.get("data-transition") for g in drawing.iter("g")]
    assert sorted(filter(None, names)) == [f"Lamp/{name}" for name in sorted(table.edges)]


def test_no_two_lanes_share_a_place() -> None:
    table = table_of(Lamp)
    drawing = ET.fromstring(draw(table, {}))  # noqa: S314  our own text
    places = [float(c.get("cx", "")) for g in drawing.iter("g") for c in list(g.iter("circle"))[:1]]
    assert len(set(places)) == len(lanes(table, order(table)))
    assert min(b - a for a, b in zip(sorted(places), sorted(places)[1:], strict=False)) == LANE
