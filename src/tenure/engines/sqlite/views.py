"""Typed views, one per kind, for any SQL tool that opens the file read-only."""

from __future__ import annotations

from collections.abc import Mapping

import apsw

from tenure.core.table import FieldRow, Table

META = ("id", "state", "version", "fence", "holder", "created_at", "entered_at", "changed_at", "beaten_at")
TIMES = frozenset(("created_at", "entered_at", "changed_at", "beaten_at"))


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


def offer(connection: apsw.Connection, selects: Mapping[str, str]) -> None:
    """Make views that a program offers, unless they are there as they should be."""
    known = dict(connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'"))
    for name, select in selects.items():
        made = f"CREATE VIEW {_quoted(name)} AS {select}"
        if known.get(name) != made:
            connection.execute(f"DROP VIEW IF EXISTS {_quoted(name)}")
            connection.execute(made)


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
