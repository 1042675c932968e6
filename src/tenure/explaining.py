"""Why a record is where it is, what may happen next, and why not: pure functions over plain data.

They need only the table of a kind, so they also explain kinds that this program knows from the store alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenure.core.clock import Time
from tenure.core.deadlines import due
from tenure.core.durations import to_instant, to_length
from tenure.core.kinds import Kinds
from tenure.core.row import Entry, Row
from tenure.core.table import EdgeRow, FieldRow, Table, Timer


class PlainRecord(msgspec.Struct, frozen=True):
    """A record as every face shows it: names as the code has them, instants with their time zone."""

    kind: str
    id: str
    state: str
    end: bool
    version: int
    fence: int
    holder: str | None
    created_at: datetime
    entered_at: datetime
    changed_at: datetime
    beaten_at: datetime | None
    fields: dict[str, Any]


class PlainEvent(msgspec.Struct, frozen=True):
    """An event as every face shows it; `source` is empty for a create."""

    position: int
    kind: str
    id: str
    version: int
    at: datetime
    by: str
    transition: str
    source: str
    target: str
    fence: int
    why: str
    op: str
    fields: dict[str, Any]


class Possible(msgspec.Struct, frozen=True):
    """A transition that leaves the state: `at` is when it happens by itself, `when` says it in words."""

    transition: str
    target: str
    by: str
    takes: tuple[str, ...]
    stays: bool
    tells: bool
    at: datetime | None
    when: str


class Explanation(msgspec.Struct, frozen=True):
    """Why a record is in its state, and what may happen next. `overdue` names what the sweeper is to make now."""

    record: PlainRecord
    cause: PlainEvent | None
    summary: str
    outlook: str
    next: tuple[Possible, ...]
    due_at: datetime | None
    overdue: str
    slots: tuple[str, ...]


class WhyNot(msgspec.Struct, frozen=True):
    """Whether a transition would be made now, and if not, for which reason; `message` says what to do."""

    kind: str
    id: str
    transition: str
    allowed: bool
    reason: str
    message: str


# ------------------------------------------------------------------------------------ plain data

HIDDEN = "(secret)"


def plain_record(table: Table, row: Row, absent: Mapping[str, Any] | None = None) -> PlainRecord:
    """Give a record as plain data; `absent` are the values of opaque fields that nobody has set."""
    rest = {**(absent or {}), **msgspec.json.decode(row.rest)}
    rest |= {name: HIDDEN for name, field in table.fields.items() if field.secret and rest.get(name) is not None}
    given = {**table.defaults, **row.fields, **rest}
    names = [*(n for n in table.fields if n in given), *(n for n in given if n not in table.fields)]
    state = table.states.get(row.state)
    return PlainRecord(
        row.kind, row.id, shown(table, row.state), state is not None and state.final, row.version, row.fence,
        row.holder, to_instant(row.created_at), to_instant(row.entered_at), to_instant(row.changed_at),
        to_instant(row.beaten_at) if row.holder is not None else None,
        {shown(table, name): plain_value(table.fields.get(name), given[name]) for name in names},
    )  # fmt: skip


def plain_event(table: Table, entry: Entry) -> PlainEvent:
    """Give an event as plain data."""
    note: dict[str, Any] = msgspec.json.decode(entry.note)
    return PlainEvent(
        entry.position, entry.kind, entry.id, entry.version, to_instant(entry.at), entry.by,
        shown(table, entry.name), shown(table, entry.source), shown(table, entry.target), entry.fence,
        entry.why, entry.op,
        {shown(table, name): plain_value(table.fields.get(name), value) for name, value in note.items()},
    )  # fmt: skip


def plain_value(declared: FieldRow | None, value: Any) -> Any:
    """Turn an instant or length back into its own type: visible ones travel as microseconds, opaque ones as text."""
    if declared is not None and not declared.visible and isinstance(value, str) and "datetime" in declared.type:
        return _instant_of(value)
    if declared is None or not declared.visible or type(value) is not int:
        return value
    if "timedelta" in declared.type:
        return to_length(value)
    return to_instant(value) if "datetime" in declared.type else value


def _instant_of(text: str) -> datetime | str:
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return text


def shown(table: Table, name: str) -> str:
    """Give what the code calls a state, field or transition now."""
    return table.shown.get(name, name)


def stored(table: Table, name: str) -> str:
    """Give the name under which a state, field or transition is stored."""
    return next((old for old, new in table.shown.items() if new == name), name)


# ------------------------------------------------------------------------------------ explain


def explain(
    kinds: Kinds, row: Row, entry: Entry | None, time: Time, parents: Sequence[Row | None] = (), *, absent: Any = None
) -> Explanation:
    """Explain a record by its last move (`entry`), its table, the time, and its parents' rows."""
    table, record = kinds[row.kind], plain_record(kinds[row.kind], row, absent)
    cause = None if entry is None else plain_event(table, entry)
    next_due = due(Seen(kinds, time, parents), row)
    overdue = shown(table, next_due[1]) if next_due is not None and next_due[0] <= time.now else ""
    return Explanation(
        record=record,
        cause=cause,
        summary=_summary(record, cause),
        outlook=_outlook(table, row, time, next_due),
        next=possible(kinds, row, time, parents),
        due_at=None if next_due is None else to_instant(next_due[0]),
        overdue=overdue,
        slots=tuple(m.name for m in table.limits if row.state in m.over),
    )


def possible(kinds: Kinds, row: Row, time: Time, parents: Sequence[Row | None] = ()) -> tuple[Possible, ...]:
    """List the transitions that leave the record's state, those that happen by themselves first."""
    table = kinds[row.kind]
    state = table.states.get(row.state)
    timers = {timer.transition: timer for timer in state.timers} if state is not None else {}
    found = [
        _possible(table, edge, timers.get(edge.name), _instant(kinds, row, time, parents, timers.get(edge.name)))
        for edge in table.edges.values()
        if row.state in edge.sources
    ]
    return tuple(sorted(found, key=lambda p: (p.at is None, p.at.timestamp() if p.at else 0.0, not p.when)))


def _possible(table: Table, edge: EdgeRow, timer: Timer | None, at: datetime | None) -> Possible:
    return Possible(
        shown(table, edge.name),
        shown(table, edge.target),
        edge.by,
        tuple(shown(table, name) for name in edge.takes),
        stays=not edge.target,
        tells=edge.tells,
        at=at,
        when=when(table, timer) if timer is not None else "",
    )


def when(table: Table, timer: Timer) -> str:
    """Say in words when a timed transition happens."""
    length = in_words(to_length(timer.length))
    field = shown(table, timer.field)
    return {
        "entered": f"{length} after entering",
        "lease": f"{length} after the holder's last beat",
        "field": f"at {field}",
        "length": f"{field} after entering",
        "end": f"when its {timer.parent} ends",
    }[timer.since]


def in_words(length: timedelta) -> str:
    """Say a length of time with its two largest units, such as `2 min 30 s`."""
    left, parts = length.total_seconds(), []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number:.0f} {unit}")
    if left and len(parts) < 2:  # noqa: PLR2004
        parts.append(f"{left:.3g} s")
    return " ".join(parts[:2]) or "0 s"


def _instant(kinds: Kinds, row: Row, time: Time, parents: Sequence[Row | None], timer: Timer | None) -> datetime | None:
    """Ask the decision itself, as if the state had this one timer, so that nothing is reckoned twice."""
    if timer is None:
        return None
    table = kinds[row.kind]
    state = msgspec.structs.replace(table.states[row.state], timers=(timer,))
    alone = msgspec.structs.replace(table, states={**table.states, row.state: state})
    others = [t for t in kinds.tables.values() if t.kind != row.kind]
    next_due = due(Seen(Kinds([alone, *others]), time, parents), row)
    return None if next_due is None else to_instant(next_due[0])


def _summary(record: PlainRecord, cause: PlainEvent | None) -> str:
    at = f"{record.entered_at:%Y-%m-%d %H:%M:%S} UTC"
    text = f"{record.kind} {record.id} is `{record.state}` since {at}"
    if cause is not None and cause.transition == "create":
        text += f": {cause.by} created it"
    elif cause is not None:
        text += f": {cause.by} made `{cause.transition}` from `{cause.source}`"
    if cause is not None and cause.why:
        text += f", because: {cause.why}"
    held = f"{record.holder} holds it under fence {record.fence}" if record.holder else "nobody holds it"
    return f"{text}. It is at version {record.version}, and {held}."


def _outlook(table: Table, row: Row, time: Time, next_due: tuple[int, str] | None) -> str:
    state = table.states.get(row.state)
    if state is None:
        return "This state is not declared: a newer build put the record there; upgrade this process."
    if state.final:
        kept = "for ever" if state.keep is None else f"for {in_words(to_length(state.keep))}"
        return f"That is an end, which is never left; the record is kept {kept}."
    if next_due is None:
        return "Nothing happens by itself."
    name, at = shown(table, next_due[1]), f"{to_instant(next_due[0]):%Y-%m-%d %H:%M:%S} UTC"
    if time.in_outage:
        return f"`{name}` is due next, but no sweeper is alive, and that time is credited: start `tenure up`."
    if next_due[0] <= time.now:
        return f"`{name}` was due at {at}: the sweeper makes it in a moment, and nothing else is allowed."
    return f"`{name}` happens by itself at {at}, unless something changes before."


class Seen:
    """What was read of a store: enough to say when something is due."""

    def __init__(self, kinds: Kinds, time: Time, rows: Sequence[Row | None]) -> None:
        self.kinds, self.time = kinds, time
        self._rows = {(row.kind, row.id): row for row in rows if row is not None}

    def row(self, kind: str, id: str) -> Row | None:
        """Give a record that was read."""
        return self._rows.get((kind, id))


# ------------------------------------------------------------------------------------ why not


def why_not_by_table(table: Table, row: Row, name: str) -> WhyNot | None:
    """Say what the table alone says against a transition; None if it allows it."""
    edge = table.edges.get(stored(table, name))
    if edge is None:
        known = ", ".join(sorted(shown(table, n) for n in table.edges))
        return _no(row, name, "unknown_transition", f"{row.kind} has no transition `{name}`: it has {known}")
    if row.state in edge.sources:
        return None
    leaves = ", ".join(f"`{shown(table, s)}`" for s in table.states if s in edge.sources)
    state = table.states.get(row.state)
    ways = [shown(table, e.name) for e in table.edges.values() if row.state in e.sources and e.target in edge.sources]
    advice = "; that is an end, which is never left" if state and state.final else ""
    advice = advice or (f"; `{ways[0]}` comes first" if ways else "")
    message = f"{row.kind} {row.id} is `{shown(table, row.state)}`, and `{name}` leaves {leaves}{advice}"
    return _no(row, name, "wrong_state", message)


def why_not_by_maker(table: Table, row: Row, name: str, at: datetime | None) -> WhyNot | None:
    """Say whether somebody other than anyone must make the transition; None if anyone may."""
    edge = table.edges[stored(table, name)]
    if edge.by == "sweeper":
        message = f"`{name}` is the sweeper's: it happens by itself" + (f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at else "")
        return _no(row, name, "not_due", message)
    if edge.by == "holder":
        who = f"{row.holder} holds it under fence {row.fence}" if row.holder else "nobody holds it"
        return _no(row, name, "not_holder", f"only the holder makes `{name}`, with its claim: {who}")
    return None


def allowed(row: Row, name: str, takes: Sequence[str]) -> WhyNot:
    """Say that a transition would be made now."""
    needs = f", with {', '.join(takes)}" if takes else ""
    return WhyNot(row.kind, row.id, name, allowed=True, reason="", message=f"`{name}` would be made now{needs}")


def _no(row: Row, name: str, reason: str, message: str) -> WhyNot:
    return WhyNot(row.kind, row.id, name, allowed=False, reason=reason, message=message)
