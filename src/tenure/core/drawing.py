"""A table as a Mermaid diagram and as text, for docs and the command line."""

from __future__ import annotations

from collections.abc import Iterator

from tenure.core.durations import to_length
from tenure.core.table import EdgeRow, Table, Timer


def mermaid(table: Table) -> str:
    """Draw the states and transitions, one arrow for all between two states; stays are left out."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for source in table.states:
        for edge in table.edges.values():
            if edge.target and source in edge.sources:
                arrows.setdefault((source, edge.target), []).append(_shown(table, edge.name))
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {_shown(table, state.name)}" for state in table.states.values() if state.initial]
    lines += [f"    {_shown(table, a)} --> {_shown(table, b)}: {', '.join(names)}" for (a, b), names in arrows.items()]
    lines += [f"    {_shown(table, state.name)} --> [*]" for state in table.states.values() if state.final]
    return "\n".join(lines)


def transitions(table: Table) -> Iterator[tuple[str, str, str, str, str]]:
    """Give each transition as text: name, from, to, by whom, and when it happens by itself."""
    for edge in table.edges.values():
        sources = ", ".join(_shown(table, source) for source in table.states if source in edge.sources)
        target = _shown(table, edge.target) if edge.target else "(stays)"
        yield _shown(table, edge.name), sources, target, edge.by, _when(table, edge)


def _when(table: Table, edge: EdgeRow) -> str:
    timers = {t for state in table.states.values() for t in state.timers if t.transition == edge.name}
    return "; ".join(_told(table, timer) for timer in sorted(timers, key=lambda t: (t.since, t.length, t.field)))


def _told(table: Table, timer: Timer) -> str:
    match timer.since:
        case "entered":
            return f"after {to_length(timer.length)}"
        case "lease":
            return f"{to_length(timer.length)} after the last beat"
        case "field":
            return f"at `{_shown(table, timer.field)}`"
        case "length":
            return f"after `{_shown(table, timer.field)}`"
        case "end":
            return f"when its {timer.parent} ends"


def _shown(table: Table, name: str) -> str:
    return table.shown.get(name, name)
