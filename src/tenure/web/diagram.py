"""The diagram of a lifecycle, drawn from its table: a row for each state, a lane for each transition.

Each lane has a dot at the states that it leaves and an arrow at the one that it enters. So nothing ever crosses or
overlaps, however many transitions there are, and it fits a phone.
"""

from __future__ import annotations

from html import escape

import msgspec

from tenure.core.durations import to_length
from tenure.core.table import EdgeRow, StateRow, Table
from tenure.explaining import in_words, shown, when

ROW, LANE, NODE_HEIGHT, GAP = 52, 22, 34, 26
NAME_WIDTH, COUNT_WIDTH, LEAST_NODE = 7.4, 58, 132
LABEL_WIDTH = 6.3


class Lane(msgspec.Struct, frozen=True):
    """One transition: between which rows it runs, which of these it leaves, and which it enters."""

    edge: EdgeRow
    sources: tuple[int, ...]
    target: int
    timed: bool


def order(table: Table) -> list[StateRow]:
    """Give the states from the initial ones onwards, the ends last."""
    found = fresh = [state.name for state in table.states.values() if state.initial]
    while fresh:
        targets = [e.target for name in fresh for e in table.edges.values() if e.target and name in e.sources]
        fresh = [name for name in dict.fromkeys(targets) if name not in found]
        found = [*found, *fresh]
    states = [table.states[name] for name in [*found, *(n for n in table.states if n not in found)]]
    return sorted(states, key=lambda state: state.final)


def lanes(table: Table, states: list[StateRow]) -> list[Lane]:
    """Give a lane for each transition that moves, those of the first states first."""
    row = {state.name: number for number, state in enumerate(states)}
    timed = {timer.transition for state in states for timer in state.timers}
    found = [
        Lane(edge, tuple(sorted(row[s] for s in edge.sources)), row[edge.target], edge.name in timed)
        for edge in table.edges.values()
        if edge.target
    ]
    return sorted(found, key=lambda lane: (lane.sources[0], lane.target, -len(lane.sources)))


def draw(table: Table, counts: dict[str, int], query: str = "") -> str:
    """Draw the table as SVG: texts are escaped, looks come from the style sheet, `query` goes to each link."""
    states = order(table)
    drawn = lanes(table, states)
    node = max(LEAST_NODE, max(len(shown(table, s.name)) for s in states) * NAME_WIDTH + COUNT_WIDTH)
    top = max((len(shown(table, lane.edge.name)) for lane in drawn), default=0) * LABEL_WIDTH + 22
    left = node + GAP
    width, height = left + len(drawn) * LANE + 6, top + len(states) * ROW
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [f'<svg class="diagram" {size} aria-label="{escape(table.kind)}: its states and transitions">']
    for number, state in enumerate(states):
        y = top + number * ROW + ROW / 2 - 6
        parts.append(f'<line class="rail" x1="{node:.0f}" x2="{width - 6:.0f}" y1="{y:.0f}" y2="{y:.0f}"/>')
        parts.append(_node(table, state, counts.get(shown(table, state.name), 0), y, node, query))
    for number, lane in enumerate(drawn):
        parts.append(_lane(table, lane, left + number * LANE + LANE / 2, top))
    return "".join([*parts, "</svg>"])


def _node(table: Table, state: StateRow, count: int, y: float, width: float, query: str) -> str:
    name = shown(table, state.name)
    classes = "node end" if state.final else "node initial" if state.initial else "node"
    key = escape(f"{table.kind}/{name}")
    target = escape(f"/dashboard/kinds/{table.kind}?state={name}{query}")
    return (
        f'<a class="{classes}" href="{target}">'
        f"<title>{escape(_about(table, state))}</title>"
        f'<rect x="1" y="{y - NODE_HEIGHT / 2:.0f}" width="{width - 2:.0f}" height="{NODE_HEIGHT}" rx="10"/>'
        f'<text class="name" x="13" y="{y + 4.5:.1f}">{escape(name)}</text>'
        f'<text class="count" x="{width - 13:.0f}" y="{y + 4.5:.1f}" data-count="{key}">{count}</text></a>'
    )


def _about(table: Table, state: StateRow) -> str:
    parts = [f"{shown(table, t.transition)}: {when(table, t)}" for t in state.timers]
    if state.final:
        parts.append("an end, kept " + ("for ever" if state.keep is None else in_words(to_length(state.keep))))
    return "; ".join(parts) or shown(table, state.name)


def _lane(table: Table, lane: Lane, x: float, top: float) -> str:
    def at(row: int) -> float:
        return top + row * ROW + ROW / 2 - 6

    rows = (*lane.sources, lane.target)
    name, key = escape(shown(table, lane.edge.name)), escape(f"{table.kind}/{shown(table, lane.edge.name)}")
    tip = f"{name}: {lane.edge.by}" + (", by itself" if lane.timed else "")
    classes = f"lane by-{lane.edge.by}" + (" timed" if lane.timed else "")
    dots = "".join(f'<circle cx="{x:.0f}" cy="{at(row):.0f}" r="3.5"/>' for row in lane.sources)
    end, down = at(lane.target), lane.target > min(lane.sources)
    tail = -9 if down else 9
    arrow = f'<path class="arrow" d="M{x - 5:.1f},{end + tail:.1f} l5,{-tail} l5,{tail} Z"/>'
    loop = lane.target in lane.sources and len(rows) == 2  # noqa: PLR2004  it leads back to where it began
    line = "" if loop else f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{at(min(rows)):.0f}" y2="{at(max(rows)):.0f}"/>'
    label = f'<text x="{x + 4:.1f}" y="{top - 8:.0f}" transform="rotate(-90 {x + 4:.1f} {top - 8:.0f})">{name}</text>'
    return f'<g class="{classes}" data-transition="{key}"><title>{tip}</title>{label}{line}{dots}{arrow}</g>'
