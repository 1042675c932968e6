"""The tables of one store, and what each holds in the indexes that stand beside a record.

`holdings` is the one place that says which ranks, slots and parents a row has; each engine writes the difference
between a row's holdings before and after a batch, and `doctor` compares them with what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from tenure.core.errors import DeclarationError
from tenure.core.fields import Plain
from tenure.core.row import Row
from tenure.core.table import Table


class Slot(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """The key under which a limit counts."""

    kind: str
    limit: str
    key: str


class Rank(msgspec.Struct, frozen=True, gc=False):
    """A record's place in the order of a state's records; `per` is the JSON of the fields it is ordered per."""

    state: str
    per: str
    value: float


class Holdings(msgspec.Struct, frozen=True, gc=False):
    """What stands beside one record: its rank, the slots that it holds, and its parents by field."""

    rank: Rank | None = None
    slots: tuple[Slot, ...] = ()
    parents: tuple[tuple[str, str], ...] = ()


class Follower(msgspec.Struct, frozen=True, gc=False):
    """A kind whose records, in these states, end with a parent."""

    kind: str
    field: str
    states: frozenset[str]


class Kinds:
    """The tables of a store by kind."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.tables: dict[str, Table] = {}
        for table in tables:
            if table.kind in self.tables:
                raise DeclarationError(f"two kinds are called {table.kind!r}: rename one, or open them apart")
            self.tables[table.kind] = table
        self.followers: dict[str, tuple[Follower, ...]] = {}
        self.outgrown: frozenset[str] = frozenset()
        """Those of which another build of the program declares more; the engine keeps this up to date."""
        for table in self.tables.values():
            for of in _needs(table):
                if of not in self.tables:
                    raise DeclarationError(f"{table.kind} needs {of}: add it to tenure.open(url, …, {of})")
            for follower, of in _follows(table):
                self.followers[of] = (*self.followers.get(of, ()), follower)

    def __getitem__(self, kind: str) -> Table:
        return self.tables[kind]

    def __contains__(self, kind: str) -> bool:
        return kind in self.tables


def _needs(table: Table) -> set[str]:
    """Name the kinds that this one's decisions read: the parents it is under, ends with, or has its caps from."""
    timers = {timer.parent for state in table.states.values() for timer in state.timers}
    under = {state.under.parent for state in table.states.values() if state.under is not None}
    return (timers | under | {limit.parent for limit in table.limits}) - {""}


def _follows(table: Table) -> Iterable[tuple[Follower, str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for state in table.states.values():
        for timer in state.timers:
            if timer.since == "end":
                found.setdefault((timer.field, timer.parent), set()).add(state.name)
    for (name, of), states in found.items():
        yield Follower(table.kind, name, frozenset(states)), of


def holdings(table: Table, row: Row | None) -> Holdings:
    """Say what stands beside this row."""
    return Holdings(rank_of(table, row), slots_of(table, row), parents_of(table, row))


def parents_of(table: Table, row: Row | None) -> tuple[tuple[str, str], ...]:
    """Give the kind and the id of each record to which this row belongs."""
    if row is None or not table.parents:
        return ()
    named = [(kind, value_of(table, row, name)) for name, kind in table.parents]
    return tuple([(kind, id) for kind, id in named if id is not None])


def slots_of(table: Table, row: Row | None) -> tuple[Slot, ...]:
    """Say which slots of limits this row holds."""
    if row is None or not table.limits:
        return ()
    return tuple([Slot(row.kind, m.name, _key(table, row, m.per)) for m in table.limits if row.state in m.over])


def keeps_slots(table: Table, before: Row, after: Row) -> bool:
    """Tell whether a row holds the same slots as before, without naming them: most changes move none."""
    for limit in table.limits:
        counted = after.state in limit.over
        if counted is not (before.state in limit.over):
            return False
        if counted and before.fields is not after.fields:
            for name in limit.per:
                had, has = value_of(table, before, name), value_of(table, after, name)
                if had != has or (type(has) is not str and key_of([had]) != key_of([has])):  # 1 is not 1.0
                    return False
    return True


def rank_of(table: Table, row: Row | None) -> Rank | None:
    """Give the rank that a row has."""
    return None if row is None else rank_in(table, row.state, row)


def rank_in(table: Table, state: str, row: Row) -> Rank | None:
    """Give the rank that a row has, or had, in a state."""
    known = table.states.get(state)
    value = value_of(table, row, known.rank) if known is not None and known.rank else None
    return None if known is None or value is None else Rank(state, _key(table, row, known.per), value)


def value_of(table: Table, row: Row, name: str) -> Plain:
    """Give a visible field's value; a field that is younger than the record has its default."""
    fields = row.fields
    return fields[name] if name in fields else table.defaults.get(name)


def _key(table: Table, row: Row, names: tuple[str, ...]) -> str:
    if len(names) == 1:
        value = value_of(table, row, names[0])
        return _key_of_text(value) if type(value) is str else key_of([value])
    return key_of([value_of(table, row, name) for name in names])


@lru_cache(4096)
def _key_of_text(value: str) -> str:
    """Give the key of one text, which is the usual one: a pool, an account, a parent."""
    return key_of([value])


def key_of(values: list[Plain]) -> str:
    """Give the text under which values are counted or ordered."""
    return msgspec.json.encode(values).decode()
