"""Refusals as errors, each saying what happened, what was allowed, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenure.core import errors
from tenure.core.decide import Refusal
from tenure.core.durations import to_instant
from tenure.core.lifecycle import Lifecycle, declared_by, record_of, table_of
from tenure.core.row import Row
from tenure.core.transitions import NEXT

Models = Mapping[str, type[Lifecycle]]


def refused(refusal: Refusal, models: Models) -> errors.Refused:
    """Turn a refusal into the error that tells of it."""
    return _MAKERS[refusal.reason](_Told(refusal, models))


class _Told:
    """A refusal with the names that its kind goes by in the code."""

    def __init__(self, refusal: Refusal, models: Models) -> None:
        self.refusal, self.models = refusal, models
        self.model = models[refusal.kind]
        self.table = table_of(self.model)

    def record(self, row: Row | None, kind: str | None = None) -> Any:
        model = self.models.get(kind or self.refusal.kind)
        return None if row is None or model is None else record_of(model, row)

    def show(self, name: str) -> str:
        return self.table.shown.get(name, name)

    @property
    def id(self) -> str:
        """The record's id; empty for one that would have been numbered."""
        return "" if self.refusal.id == str(NEXT) else self.refusal.id

    @property
    def of(self) -> dict[str, Any]:
        r = self.refusal
        return {
            "kind": self.model,
            "id": self.id,
            "change": self.show(r.name),
            "record": self.record(r.row),
        }

    @property
    def cant(self) -> str:
        r = self.refusal
        return f"can't `{self.show(r.name)}` {f'{r.kind} {self.id!r}' if self.id else f'a {r.kind}'}"

    @property
    def state(self) -> str:
        return self.show(self.refusal.row.state) if self.refusal.row else "?"


def _not_found(t: _Told) -> errors.Refused:
    return errors.NotFound(f"{t.cant}: there is none; create it first", **t.of)


def _exists(t: _Told) -> errors.Refused:
    return errors.Exists(f"{t.cant}: there is one already, in `{t.state}`; take another id, or use that one", **t.of)


def _unknown_state(t: _Told) -> errors.Refused:
    return errors.UnknownState(
        f"{t.cant}: it is in `{t.state}`, which this build does not know; upgrade this process", **t.of
    )


def _wrong_state(t: _Told) -> errors.Refused:
    edge = t.table.edges[t.refusal.name]
    leaves = ", ".join(f"`{t.show(s)}`" for s in t.table.states if s in edge.sources)
    found = t.refusal.row.state if t.refusal.row else ""
    steps = [
        t.show(e.name)
        for e in t.table.edges.values()
        if found in e.sources and e.target in edge.sources and e.by != "sweeper"
    ]
    state = t.table.states[found]
    advice = "; that is an end, which is never left" if state.final else f"; `{steps[0]}` it first" if steps else ""
    return errors.WrongState(f"{t.cant}: it is `{t.state}` ({t.show(edge.name)} leaves {leaves}){advice}", **t.of)


def _overdue(t: _Told) -> errors.Refused:
    at = to_instant(t.refusal.deadline or 0)
    return errors.Overdue(
        f"{t.cant}: it is past {at:%Y-%m-%d %H:%M:%S} UTC, when it does `{t.show(t.refusal.field)}` by itself; "
        f"read it again in a moment",
        **t.of,
    )


def _stale(t: _Told) -> errors.Refused:
    version = t.refusal.row.version if t.refusal.row else 0
    return errors.Stale(f"{t.cant}: it was changed meanwhile, to version {version}; read it again, then decide", **t.of)


def _not_holder(t: _Told) -> errors.Refused:
    row = t.refusal.row
    who = f"{row.holder!r} holds it under fence {row.fence}" if row and row.holder else "nobody holds it"
    return errors.NotHolder(f"{t.cant}: this claim is over; {who}. Stop the work that was done under it", **t.of)


def _missing_field(t: _Told) -> errors.Refused:
    name = t.show(t.refusal.field)
    state = t.show(t.refusal.state)
    return errors.MissingField(f"{t.cant}: `{state}` needs `{name}`, and nothing has set it", **t.of)


def _not_under(t: _Told) -> errors.Refused:
    r = t.refusal
    under = t.table.states[r.state].under
    above = t.models.get(r.parent_kind)
    shown = above._table.shown if above is not None else {}  # noqa: SLF001
    wanted = " or ".join(f"`{shown.get(s, s)}`" for s in sorted(under.states)) if under else "?"
    state = shown.get(r.parent.state, r.parent.state) if r.parent else ""
    if r.parent is None:
        found = f"there is no {r.parent_kind} {r.parent_id!r}"
    elif r.overdue:
        found = f"the time of {r.parent_kind} {r.parent_id!r} in `{state}` is over"
    else:
        found = f"{r.parent_kind} {r.parent_id!r} is `{state}`"
    parent = t.record(r.parent, r.parent_kind)
    return errors.NotUnder(f"{t.cant}: {found}, and it must be {wanted}", parent=parent, overdue=r.overdue, **t.of)


def _limit_reached(t: _Told) -> errors.Refused:
    r = t.refusal
    held = ", ".join(r.holders) or "nobody"
    return errors.LimitReached(
        f"{t.cant}: `{r.limit}` is at most {r.at_most} for {r.key}, held by {held}; end one of them first",
        limit=declared_by(t.model).limits[r.limit],
        at_most=r.at_most,
        holders=r.holders,
        **t.of,
    )


def _op_conflict(t: _Told) -> errors.Refused:
    return errors.OpConflict(
        f"{t.cant}: its op id was used for another transaction; an op id belongs to one body, take a new one", **t.of
    )


_MAKERS: dict[str, Callable[[_Told], errors.Refused]] = {
    "not_found": _not_found,
    "exists": _exists,
    "unknown_state": _unknown_state,
    "wrong_state": _wrong_state,
    "overdue": _overdue,
    "not_due": _wrong_state,
    "stale": _stale,
    "not_holder": _not_holder,
    "missing_field": _missing_field,
    "not_under": _not_under,
    "limit_reached": _limit_reached,
    "op_conflict": _op_conflict,
}
