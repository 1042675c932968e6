"""What is wrong with a table, found when its module is imported."""

from __future__ import annotations

from collections.abc import Iterator

from tenure.core.errors import DeclarationError
from tenure.core.table import EdgeRow, StateRow, Table


def lint(table: Table) -> None:
    """Raise `DeclarationError` for the first thing that is wrong, with how to mend it."""
    for name, message in _faults(table):
        raise DeclarationError(f"{table.kind}.{name}: {message}")


def _faults(table: Table) -> Iterator[tuple[str, str]]:
    reached = _reachable(table)
    for state in table.states.values():
        yield from _state_faults(table, state, reached)
    for edge in table.edges.values():
        yield from _edge_faults(table, edge)
    for limit in table.limits:
        if not limit.per:
            yield limit.name, "per= is empty: name at least one field to count by"
        for held in limit.over:
            if table.states[held].final:
                yield (
                    limit.name,
                    f"it is held in the end `{held}`, so its slots are never freed: leave that out of over=",
                )


def _state_faults(table: Table, state: StateRow, reached: set[str]) -> Iterator[tuple[str, str]]:
    out = [edge for edge in table.edges.values() if state.name in edge.sources and edge.target]
    if state.name not in reached:
        yield state.name, "it can never be reached: lead a transition to it, or remove it"
    if not state.final and not out:
        yield state.name, "it can never be left: make it an End, or declare a transition from it"
    if out and all(edge.by == "holder" for edge in out):
        yield (
            state.name,
            (
                "only its holder can leave it, so a record is stuck when the holder dies: "
                "add a transition by=SWEEPER, after=lease(…)"
            ),
        )
    if state.per and not state.rank:
        yield state.name, "per= without rank= orders nothing: name the field to rank by"


def _edge_faults(table: Table, edge: EdgeRow) -> Iterator[tuple[str, str]]:
    if edge.by == "holder" and not _claimable(table):
        yield edge.name, "nobody can become the holder: let a transition or the initial state be by=CLAIMANT"
    timed = any(t.transition == edge.name for s in table.states.values() for t in s.timers)
    if edge.by == "sweeper" and not timed:
        yield edge.name, "the sweeper needs to know when: add after="
    given = table.edges[edge.name].note
    if timed:
        for name in edge.takes:
            if name not in edge.rest and f'"{name}":'.encode() not in given:
                yield edge.name, f"it happens by itself, so its parameters need defaults: give {name!r} one"
    if edge.target:
        yield from _has_faults(table, edge)


def _has_faults(table: Table, edge: EdgeRow) -> Iterator[tuple[str, str]]:
    for name in table.states[edge.target].has:
        for source in edge.sources:
            if name not in edge.takes and name not in table.states[source].has:
                yield edge.name, f"`{edge.target}` has `{name}`, which `{source}` does not: take it as a parameter"
        if name in edge.fields and edge.fields[name] is None:
            yield edge.name, f"`{edge.target}` has `{name}`, so its default can't be None"


def _claimable(table: Table) -> bool:
    return any(edge.by == "claimant" for edge in table.edges.values()) or any(s.claims for s in table.states.values())


def _reachable(table: Table) -> set[str]:
    reached = {state.name for state in table.states.values() if state.initial}
    fresh = set(reached)
    while fresh:
        fresh = {e.target for e in table.edges.values() if e.target and e.sources & reached} - reached
        reached |= fresh
    return reached
