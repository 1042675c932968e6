"""How two declarations of one kind differ, and whether builds with either may run side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tenure.core.table import EdgeRow, FieldRow, StateRow, Table


class Change(msgspec.Struct, frozen=True):
    """One way in which the program's declaration differs from the store's."""

    what: str
    compatible: bool
    message: str


def is_compatible(declared: bytes, table: Table) -> bool:
    """Tell whether a table fits what the store has."""
    try:
        return all(change.compatible for change in compare(msgspec.json.decode(declared, type=Table), table))
    except msgspec.ValidationError:
        return False


def is_another(declared: bytes, table: Table) -> bool:
    """Tell whether the store's kind only has this name: its fields clash with the table's, or they share no state.

    What one build of a program has more than another is no such thing: these may run side by side.
    """
    try:
        old = msgspec.json.decode(declared, type=Table)
    except msgspec.ValidationError:
        return False  # written by a later build
    common = old.fields.keys() & table.fields.keys()
    clash = any(_form(old.fields[name]) != _form(table.fields[name]) for name in common)
    return clash or not old.states.keys() & table.states.keys()


def _form(field: FieldRow) -> tuple[str, bool, str]:
    return field.type, field.visible, field.parent


def compare(old: Table, new: Table) -> list[Change]:
    """List how `new` (the program's) differs from `old` (the store's), what is incompatible first."""
    changes = [
        *_fields(old, new),
        *_states(old, new),
        *_transitions(old, new),
        *_limits(old, new),
    ]
    if old.history != new.history:
        changes.append(Change("history", compatible=True, message="events are kept for another time"))
    return sorted(changes, key=lambda change: change.compatible)


def _fields(old: Table, new: Table) -> Iterator[Change]:
    for name in _only(new.fields, old.fields):
        has_default = not new.fields[name].visible or new.defaults.get(name) is not None
        optional = has_default or "None" in new.fields[name].type or new.fields[name].serial
        advice = "" if optional else ": give it a default, older records have none"
        yield Change(f"field {_shown(new, name)}", optional, f"is new{advice}")
    for name in _only(old.fields, new.fields):
        yield Change(
            f"field {_shown(old, name)}",
            compatible=True,
            message="is no longer declared: what records hold is kept; if it was renamed, say was=",
        )
    for name in old.fields.keys() & new.fields.keys():
        before, now = old.fields[name], new.fields[name]
        what = f"field {_shown(new, name)}"
        if before.type != now.type:
            yield Change(what, compatible=False, message=f"was {before.type} and is {now.type}: take a new name")
        if before.visible != now.visible:
            yield Change(what, compatible=False, message="engines see it in one build only: take a new name")
        if before.parent != now.parent:
            yield Change(what, compatible=False, message=f"belonged to {before.parent or 'nothing'}: take a new name")


def _states(old: Table, new: Table) -> Iterator[Change]:
    for name in _only(new.states, old.states):
        yield Change(f"state {_shown(new, name)}", compatible=True, message="is new")
    for name in _only(old.states, new.states):
        yield Change(
            f"state {_shown(old, name)}",
            compatible=False,
            message="is gone, and records may be in it: keep it, or say was= if it was renamed",
        )
    for name in old.states.keys() & new.states.keys():
        yield from _state(f"state {_shown(new, name)}", old.states[name], new.states[name])


def _state(what: str, old: StateRow, new: StateRow) -> Iterator[Change]:
    if old.final != new.final:
        said = "an end" if new.final else "no longer an end"
        yield Change(what, compatible=False, message=f"is {said}: take a new name")
    if set(new.has) - set(old.has):
        needed = ", ".join(sorted(set(new.has) - set(old.has)))
        yield Change(what, compatible=False, message=f"needs {needed}, which records in it may lack")
    if (old.rank, old.per) != (new.rank, new.per):
        yield Change(what, compatible=False, message="is ordered differently: run `tenure doctor --repair` once")
    for name in ("timers", "under", "keep"):
        if _differs(getattr(old, name), getattr(new, name)):
            yield Change(what, compatible=True, message=f"has other {_SAID[name]}")


def _transitions(old: Table, new: Table) -> Iterator[Change]:
    for name in _only(new.edges, old.edges):
        yield Change(f"transition {_shown(new, name)}", compatible=True, message="is new")
    for name in _only(old.edges, new.edges):
        yield Change(
            f"transition {_shown(old, name)}",
            compatible=True,
            message="is gone: builds that still have it go on making it",
        )
    for name in old.edges.keys() & new.edges.keys():
        found = _edge(old.edges[name], new.edges[name])
        if found:
            yield Change(f"transition {_shown(new, name)}", compatible=True, message=f"has other {found}")


def _edge(old: EdgeRow, new: EdgeRow) -> str:
    said = {
        "sources": "sources", "target": "target", "by": "makers", "takes": "parameters", "tells": "commands",
        "effects": "effects",
    }  # fmt: skip
    return ", ".join(said[name] for name in said if _differs(getattr(old, name), getattr(new, name)))


def _limits(old: Table, new: Table) -> Iterator[Change]:
    before, now = {limit.name: limit for limit in old.limits}, {limit.name: limit for limit in new.limits}
    for name in _only(now, before):
        yield Change(f"limit {name}", compatible=False, message="is new: `tenure doctor --repair` lets it count")
    for name in _only(before, now):
        yield Change(f"limit {name}", compatible=True, message="is gone")
    for name in before.keys() & now.keys():
        if (before[name].per, before[name].over) != (now[name].per, now[name].over):
            yield Change(f"limit {name}", compatible=False, message="counts others: run `tenure doctor --repair` once")
        elif before[name] != now[name]:
            yield Change(f"limit {name}", compatible=True, message="allows another number")


def _only(these: Mapping[str, Any], those: Mapping[str, Any]) -> list[str]:
    return [name for name in these if name not in those]


def _shown(table: Table, name: str) -> str:
    return table.shown.get(name, name)


def _differs(one: object, other: object) -> bool:
    return msgspec.json.encode(one, order="deterministic") != msgspec.json.encode(other, order="deterministic")


_SAID = {"timers": "deadlines", "under": "parents' states", "keep": "time to be kept"}
