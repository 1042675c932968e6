"""Turns what an author declared into a table."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, get_args

import msgspec

from tenure.core.durations import EndOf, Lease, to_microseconds
from tenure.core.errors import DeclarationError
from tenure.core.fields import Field, allows, opaque, plain
from tenure.core.lint import lint
from tenure.core.states import Effect, Ends, Limit, Sources, StateOf, Target
from tenure.core.table import EdgeRow, FieldRow, LimitRow, StateRow, Table, Timer, Under
from tenure.core.transitions import CLAIMANT, HOLDER, Edge

LEAST_HISTORY = timedelta(hours=1)


class Declared:
    """What a class declares, by name."""

    def __init__(self, owner: type[Any]) -> None:
        self.owner = owner
        self.fields: dict[str, Field] = {}
        self.states: dict[str, Target] = {}
        self.edges: dict[str, Edge[...]] = {}
        self.limits: dict[str, Limit] = {}
        self.effects: dict[str, Effect] = {}

    @property
    def kind(self) -> str:
        """The kind's name."""
        return self.owner.__name__

    def wrong(self, name: str, message: str) -> DeclarationError:
        """Give the error for one name of the class."""
        return DeclarationError(f"{self.kind}.{name}: {message}")


def compile_table(declared: Declared, history: timedelta) -> Table:
    """Compile and lint one kind's table."""
    if history < LEAST_HISTORY:
        raise DeclarationError(
            f"{declared.kind}: history={history} is too short: keep events for an hour at least, since an op id is "
            f"known for ten minutes by its event"
        )
    for named in (declared.fields, declared.states, declared.edges):
        _told_apart(declared, named.values())
    edges = {edge.stored: _edge(declared, edge) for edge in declared.edges.values()}
    states = {state.stored: _state(declared, state) for state in declared.states.values()}
    initial = [state for state in declared.states.values() if state.initial]
    if not initial:
        raise DeclarationError(f"{declared.kind} has no initial state: mark the one where records begin initial=True")
    fields = declared.fields.values()
    table = Table(
        kind=declared.kind,
        fields={f.stored: _field(f) for f in fields},
        states=states,
        edges=edges,
        limits=tuple(_limit(declared, limit) for limit in declared.limits.values()),
        effects=tuple(declared.effects),
        history=to_microseconds(history),
        initial=initial[0].stored,
        defaults={f.stored: f.plain_default for f in fields if f.visible and not f.serial},
        ranked=any(state.rank is not None for state in declared.states.values()),
        serials=tuple(f.stored for f in fields if f.serial),
        parents=tuple((f.stored, f.parent.__name__) for f in fields if f.parent is not None),
        shown={
            n.was: n.name
            for names in (fields, declared.states.values(), declared.edges.values())
            for n in names
            if n.was
        },
    )
    lint(table)
    return table


def _told_apart(declared: Declared, named: Iterable[Field | Target | Edge[...]]) -> None:
    taken: dict[str, str] = {}
    for n in named:
        if n.stored in taken:
            raise declared.wrong(n.name, f"it and `{taken[n.stored]}` are both stored as {n.stored!r}: rename one")
        taken[n.stored] = n.name


def _field(f: Field) -> FieldRow:
    type_ = get_args(f.type)[0] if f.secret else f.type
    name = type_.__name__ if isinstance(type_, type) and not hasattr(type_, "__args__") else str(type_)
    default = None if f.serial or not f.visible else f.plain_default
    parent = f.parent.__name__ if f.parent is not None else ""
    return FieldRow(f.stored, name, f.visible, default, parent, f.serial, f.secret)


def _state(declared: Declared, state: Target) -> StateRow:
    edges = [edge for edge in declared.edges.values() if state in edge.sources]
    has = tuple(_named(declared, state.name, "has", f) for f in state.has)
    every = {
        _named(declared, other.name, "has", f): f.plain_default for other in declared.states.values() for f in other.has
    }
    return StateRow(
        name=state.stored,
        final=state.final,
        initial=state.initial,
        claims=state.by is CLAIMANT,
        leased=any(edge.by is HOLDER or isinstance(edge.after, Lease) for edge in edges),
        keep=None if state.keep is None else to_microseconds(state.keep),
        rank="" if state.rank is None else _ordered(declared, state),
        per=tuple(_named(declared, state.name, "per", f) for f in state.per),
        has=has,
        clears={name: default for name, default in every.items() if name not in has},
        under=_under(declared, state),
        timers=tuple(_timer(declared, edge) for edge in edges if edge.after is not None),
        created=_effects(declared, None, state) if state.initial else (),
    )


def _effects(declared: Declared, edge: Edge[...] | None, target: Target | None) -> tuple[str, ...]:
    """Name the effects of an edge (None for a create) that enters a state (None for a stay)."""
    return tuple(
        name
        for name, effect in declared.effects.items()
        if not effect.on or edge in effect.on or (target is not None and _concerns(effect, target))
    )


def _concerns(effect: Effect, state: Target) -> bool:
    return any(on is state or (isinstance(on, Sources | Ends) and state in on.members) for on in effect.on)


def _ordered(declared: Declared, state: Target) -> str:
    _named(declared, state.name, "rank", state.rank)
    f: Field = state.rank
    if not allows(f.type, int, float, datetime, timedelta):
        raise declared.wrong(state.name, f"rank={f.name}: it must be a number, an instant or a length of time")
    return f.stored


def _under(declared: Declared, state: Target) -> Under | None:
    wanted = state.under
    if wanted is None:
        return None
    if not isinstance(wanted, StateOf):
        raise declared.wrong(state.name, f"under= takes a state of the parent, such as Parent.open, not {wanted!r}")
    up = [f for f in declared.fields.values() if f.parent is wanted.kind]
    if len(up) != 1:
        raise declared.wrong(
            state.name, f"under={wanted.kind.__name__}.{wanted}: declare one field with parent({wanted.kind.__name__})"
        )
    return Under(up[0].stored, wanted.kind.__name__, frozenset(wanted.stored))


def _edge(declared: Declared, edge: Edge[...]) -> EdgeRow:
    defaults = edge.parameters.defaults
    stored = edge.parameters.stored
    of_fields = {declared.fields[n]: v for n, v in defaults.items() if n in declared.fields}
    visible = {f.stored: plain(v) for f, v in of_fields.items() if f.visible}
    rest = {f.stored: opaque(v) for f, v in of_fields.items() if not f.visible}
    noted = {stored[n]: opaque(v) for n, v in defaults.items() if n not in edge.parameters.secret}
    return EdgeRow(
        name=edge.stored,
        sources=frozenset(state.stored for state in edge.sources),
        target="" if edge.target is None else edge.target.stored,
        by=edge.by.value,
        tells=edge.tell is HOLDER,
        erases=edge.erase,
        takes=tuple(stored[n] for n in edge.parameters.names),
        fields=visible,
        rest=rest,
        note=msgspec.json.encode({**noted, **visible}),
        effects=_effects(declared, edge, edge.target),
    )


def _timer(declared: Declared, edge: Edge[...]) -> Timer:
    after = edge.after
    if isinstance(after, timedelta):
        return Timer(edge.stored, "entered", to_microseconds(after))
    if isinstance(after, Lease):
        return Timer(edge.stored, "lease", to_microseconds(after.length))
    if isinstance(after, EndOf):
        if not isinstance(after.parent, Field) or after.parent.parent is None:
            raise declared.wrong(edge.name, "end_of() takes a field declared by parent()")
        return Timer(edge.stored, "end", field=after.parent.stored, parent=after.parent.parent.__name__)
    name = _named(declared, edge.name, "after", after)
    if allows(after.type, datetime):
        return Timer(edge.stored, "field", field=name)
    if allows(after.type, timedelta):
        return Timer(edge.stored, "length", field=name)
    raise declared.wrong(edge.name, f"after={name}: it must hold an instant (datetime) or a length (timedelta)")


def _limit(declared: Declared, limit: Limit) -> LimitRow:
    per = tuple(_named(declared, limit.name, "per", f) for f in limit.per)
    live = frozenset(state.stored for state in declared.states.values() if not state.final)
    over = live if limit.over is None else frozenset(state.stored for state in limit.over.members)
    cap: Any = limit.at_most
    if isinstance(cap, int):
        return LimitRow(limit.name, per, over, at_most=cap)
    first = limit.per[0] if per else None
    if not isinstance(cap, Field) or first is None or first.parent is not cap.owner:
        raise declared.wrong(
            limit.name, "at_most= takes a number, or a field of the parent whose field stands first in per="
        )
    return LimitRow(
        limit.name, per, over, cap_field=cap.stored, cap_default=cap.plain_default, parent=first.parent.__name__
    )


def _named(declared: Declared, where: str, what: str, value: object) -> str:
    if not isinstance(value, Field) or declared.fields.get(value.name) is not value:
        raise declared.wrong(
            where, f"{what}= takes a field of {declared.kind}, declared by field() or parent(), not {value!r}"
        )
    if not value.visible:
        raise declared.wrong(
            where, f"{what}={value.name}: declare it as `{value.name}: … = field()`, so that engines see it"
        )
    return value.stored
