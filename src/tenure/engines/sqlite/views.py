"""Typed views, one per kind, for any SQL tool that opens the file read-only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

import apsw

from tenure.core.table import FieldRow, Table

META = ("id", "state", "version", "fence", "holder", "created_at", "entered_at", "changed_at", "beaten_at")
TIMES = frozenset(("created_at", "entered_at", "changed_at", "beaten_at"))
OF_A_SPACE = re.compile(r"AS /\* of the space (\S+) \*/")


def write_view(connection: apsw.Connection, table: Table) -> None:
    """Make the view of a kind, named after it: the record's own columns, then its fields."""
    columns = ["s.name AS space", *(_meta(name) for name in META)]
    columns += [f"{_field(f)} AS {_quoted(table.shown.get(f.name, f.name))}" for f in table.fields.values()]
    connection.execute(f"DROP VIEW IF EXISTS {_quoted(table.kind)}")
    connection.execute(
        f"CREATE VIEW {_quoted(table.kind)} AS SELECT {', '.join(columns)} "
        f"FROM tenure_records AS r JOIN tenure_spaces AS s ON s.space = r.space "
        f"WHERE r.kind = '{table.kind}' AND r.removed = 0"
    )


def offer(connection: apsw.Connection, selects: Mapping[str, str], space: str) -> str | None:
    """Make views that a program offers of a space, unless they are there as they should be.

    Those of another space stay: its name is given.
    """
    known: dict[str, str] = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    marks = (OF_A_SPACE.search(known.get(name, "")) for name in selects)
    if other := next((mark[1] for mark in marks if mark is not None and mark[1] != quote(space)), None):
        return unquote(other)
    for name, select in selects.items():
        made = f"CREATE VIEW {_quoted(name)} AS /* of the space {quote(space)} */ {select}"
        if known.get(name) != made:
            connection.execute(f"DROP VIEW IF EXISTS {_quoted(name)}")
            connection.execute(made)
    return None


def _meta(name: str) -> str:
    return f"{_instant('r.' + name)} AS {name}" if name in TIMES else f"r.{name}"


def _field(f: FieldRow) -> str:
    value = f"json_extract(r.{'fields' if f.visible else 'rest'}, '$.{_quoted(f.name)}')"
    if f.visible and "datetime" in f.type:
        return _instant(value)
    if f.visible and "timedelta" in f.type:
        return f"{value} / 1000000.0"
    return value


def _instant(value: str) -> str:
    """An instant as text that SQLite's own functions take, in UTC."""
    return f"strftime('%Y-%m-%d %H:%M:%f', {value} / 1000000.0, 'unixepoch')"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
