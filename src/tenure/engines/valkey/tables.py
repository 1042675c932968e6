"""The tables of a build as the function library reads them: plain maps, with every value as its JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from tenure.core.fields import Plain
from tenure.core.kinds import Kinds
from tenure.core.table import EdgeRow, LimitRow, StateRow, Table


class Build(NamedTuple):
    """The tables as bytes, and the hash by which a server knows them."""

    hash: bytes
    packed: bytes


def build_of(kinds: Kinds) -> Build:
    """Give the tables of a store; the same bytes for the same tables."""
    followers = {
        kind: [{"kind": f.kind, "field": f.field, "states": _among(f.states)} for f in of]
        for kind, of in kinds.followers.items()
    }
    plain = {"kinds": {kind: _table(table) for kind, table in kinds.tables.items()}, "followers": followers}
    packed = msgspec.msgpack.encode(plain, order="deterministic")
    return Build(hashlib.sha256(packed).hexdigest()[:16].encode(), packed)


def lines(values: Mapping[str, Plain]) -> str:
    r"""Give values as the library keeps them: each a line, `\n"name":JSON`."""
    return "".join([f'\n"{name}":{to_json(value)}' for name, value in values.items()])


def to_json(value: Plain) -> str:
    """Give a value's JSON, without line breaks."""
    text = msgspec.json.encode(value).decode()
    return text.replace("\n", " ") if "\n" in text else text


def _among(names: Iterable[str]) -> dict[str, bool]:
    return dict.fromkeys(sorted(names), True)


def _table(table: Table) -> dict[str, Any]:
    return {
        "kind": table.kind,
        "history": table.history,
        "ranked": table.ranked,
        "defaults": {name: to_json(value) for name, value in table.defaults.items()},
        "serials": table.serials,
        "parents": table.parents,
        "states": {name: _state(state) for name, state in table.states.items()},
        "edges": {name: _edge(edge) for name, edge in table.edges.items()},
        "limits": [_limit(limit) for limit in table.limits],
    }


def _state(state: StateRow) -> dict[str, Any]:
    under = state.under
    return {
        "name": state.name,
        "final": state.final,
        "claims": state.claims,
        "leased": state.leased,
        "keep": state.keep,
        "rank": state.rank,
        "per": state.per,
        "has": state.has,
        "clears": lines(state.clears),
        "under": under and {"field": under.field, "parent": under.parent, "states": _among(under.states)},
        "timers": [msgspec.to_builtins(timer) for timer in state.timers],
        "effects": state.created,
    }


def _edge(edge: EdgeRow) -> dict[str, Any]:
    return {
        "name": edge.name,
        "sources": _among(edge.sources),
        "target": edge.target,
        "by": edge.by,
        "tells": edge.tells,
        "erases": edge.erases,
        "fields": lines(edge.fields),
        "rest": lines(edge.rest),
        "note": edge.note.decode(),
        "effects": edge.effects,
    }


def _limit(limit: LimitRow) -> dict[str, Any]:
    return {
        "name": limit.name,
        "per": limit.per,
        "over": _among(limit.over),
        "at_most": limit.at_most,
        "cap_field": limit.cap_field,
        "cap_default": to_json(limit.cap_default),
        "parent": limit.parent,
    }
