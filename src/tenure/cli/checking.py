"""The command `check`: lint a lifecycle, show its table, compare it with a store's."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

import tenure
from tenure.cli.looking import InSession
from tenure.cli.output import Output
from tenure.cli.session import Failed, check_exists, kinds_of
from tenure.core.comparing import Change, compare
from tenure.core.durations import to_length
from tenure.core.lifecycle import Lifecycle, table_of
from tenure.core.table import EdgeRow, StateRow, Table
from tenure.explaining import in_words, shown, when


class Checked(msgspec.Struct, frozen=True):
    """What `check` found of one kind; `stored` says whether the store has the kind at all."""

    kind: str
    table: Table
    stored: bool | None = None
    compatible: bool | None = None
    changes: Sequence[Change] = ()


async def check(place: str, /, *, against: str | None = None, session: InSession) -> None:
    """Lint a lifecycle and show its table. With --against, compare it with what a store has.

    Exit code 1 says that the declaration is wrong, or does not fit the store's.

    Parameters
    ----------
    place
        MODULE:CLASS, or MODULE for all of its kinds.
    against
        URL of the store whose declarations are compared; `tenure up`'s own, if it is given as `.`.
    """
    kinds = kinds_of(place)  # which lints: an error is raised by the import
    checked = [Checked(kind.__name__, table_of(kind)) for kind in kinds]
    if against is not None:
        checked = await _compared(session.url if against == "." else against, kinds)
    if session.output.as_json:
        session.output.json_lines(checked)
    else:
        for one in checked:
            _print(session.output, one)
    if any(one.compatible is False for one in checked):
        raise Failed("the declarations do not fit what the store has; each line above says what to do")


async def _compared(url: str, kinds: Sequence[type[Lifecycle]]) -> list[Checked]:
    check_exists(url)
    async with tenure.open(url, actor=f"check:{os.getpid()}") as store:  # without the kinds: nothing is declared
        declared = await store.engine.declarations()
    return [_compare(table_of(kind), declared.get(kind.__name__)) for kind in kinds]


def _compare(table: Table, declared: bytes | None) -> Checked:
    if declared is None:
        return Checked(table.kind, table, stored=False, compatible=True)
    changes = compare(msgspec.json.decode(declared, type=Table), table)
    return Checked(table.kind, table, stored=True, compatible=all(c.compatible for c in changes), changes=changes)


# --------------------------------------------------------------------------------------- printing


def _print(output: Output, checked: Checked) -> None:
    table = checked.table
    output.say(
        f"{table.kind}: {len(table.states)} states, {len(table.edges)} transitions, no fault found", "bold green"
    )
    output.table(("state", "what", "by itself", "needs"), [_state(table, s) for s in table.states.values()])
    output.say("")
    output.table(("transition", "from", "to", "by", "takes"), [_edge(table, e) for e in table.edges.values()])
    output.say("")
    output.table(
        ("field", "type", "engines see it", "belongs to"),
        [(shown(table, f.name), f.type, "yes" if f.visible else "no", f.parent) for f in table.fields.values()],
    )
    if table.limits:
        output.say("")
        output.table(
            ("limit", "at most", "per", "over"),
            [(m.name, m.cap_field or m.at_most, ", ".join(m.per), ", ".join(sorted(m.over))) for m in table.limits],
        )
    if checked.stored is not None:
        _print_changes(output, checked)
    output.say("")


def _print_changes(output: Output, checked: Checked) -> None:
    output.say("")
    if not checked.stored:
        output.say("The store has no such kind yet.", "green")
    elif not checked.changes:
        output.say("The store has the same declaration.", "green")
    else:
        rows = [("compatible" if c.compatible else "INCOMPATIBLE", c.what, c.message) for c in checked.changes]
        output.table(("against the store", "what", "how"), rows)


def _state(table: Table, state: StateRow) -> tuple[object, ...]:
    kept = "for ever" if state.keep is None else in_words(to_length(state.keep))
    what = f"end, kept {kept}" if state.final else "initial" if state.initial else ""
    rank = f"ordered by {state.rank}" if state.rank else ""
    timers = "; ".join(f"{shown(table, t.transition)} {when(table, t)}" for t in state.timers)
    under = [f"{state.under.parent} in {' or '.join(sorted(state.under.states))}"] if state.under else []
    return (
        shown(table, state.name),
        ", ".join(filter(None, (what, rank))),
        timers,
        ", ".join([*(shown(table, n) for n in state.has), *under]),
    )


def _edge(table: Table, edge: EdgeRow) -> tuple[object, ...]:
    sources = " | ".join(shown(table, s) for s in table.states if s in edge.sources)
    target = shown(table, edge.target) if edge.target else "(stays)"
    by = edge.by + (", tells the holder" if edge.tells else "")
    return shown(table, edge.name), sources, target, by, ", ".join(shown(table, n) for n in edge.takes)
