"""Typed views, one per kind, for any SQL tool."""

from __future__ import annotations

from tenure.core.table import FieldRow, Table
from tenure.engines.postgres.statements import Statements

META = ("id", "state", "version", "fence", "holder", "created_at", "entered_at", "changed_at", "beaten_at")
TIMES = frozenset(("created_at", "entered_at", "changed_at", "beaten_at"))
MARK = "views on {}, made by Tenure"
"""How the comment begins of a schema with views that a program offers, of which store."""

TYPES = {"bool": "boolean", "int": "numeric", "float": "double precision"}


def view_of(sql: Statements, table: Table) -> str:
    """Give what makes the view of a kind, named after it: the record's own columns, then its fields.

    A view that is there is replaced, which keeps who may read it, or made anew where its columns are others. Views that
    a program offers go with it: that program makes them anew when it starts.
    """
    columns = ["s.name AS space", *(_meta(name) for name in META)]
    columns += [f"{_field(f)} AS {quoted(table.shown.get(f.name, f.name))}" for f in table.fields.values()]
    view = f"{quoted(sql.schema)}.{quoted(table.kind)}"
    body = sql.qualified(
        f"FROM tenure_records AS r JOIN tenure_spaces AS s ON s.space = r.space "
        f"CROSS JOIN LATERAL (SELECT {_object('r.fields')} AS fields, {_object('r.rest')} AS rest OFFSET 0) AS o "
        f"WHERE r.kind = {_text(table.kind)} AND NOT r.removed"
    )
    mark = MARK.format(sql.schema)
    made = f"VIEW {view} AS SELECT {', '.join(columns)} {body}"
    return f"""DO $view$ DECLARE offered text; BEGIN
        CREATE OR REPLACE {made};
    EXCEPTION WHEN invalid_table_definition THEN
        SELECT string_agg(c.oid::regclass::text, ', ') INTO offered FROM pg_class AS c
        WHERE c.relkind = 'v' AND starts_with(obj_description(c.relnamespace, 'pg_namespace'), '{mark}');
        IF offered IS NOT NULL THEN EXECUTE 'DROP VIEW ' || offered; END IF;
        DROP VIEW {view};
        CREATE {made};
    END $view$;
    """


def _object(column: str) -> str:
    """A column's JSON. PostgreSQL's texts hold no NUL, so one is shown as U+FFFD, as elsewhere."""
    plain = rf"regexp_replace({column}, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\ufffd', 'g')"
    return rf"CASE WHEN strpos({column}, '\u0000') = 0 THEN {column} ELSE {plain} END::json"


def _meta(name: str) -> str:
    return f"{_instant('r.' + name)} AS {name}" if name in TIMES else f"r.{name}"


def _field(f: FieldRow) -> str:
    of, name = f"o.{'fields' if f.visible else 'rest'}", _text(f.name)
    names = {part.strip() for part in f.type.split("|")} - {"None"}
    if f.visible and "datetime" in f.type:
        return _instant(f"({of} ->> {name})::bigint")
    if f.visible and "timedelta" in f.type:
        return f"(({of} ->> {name})::bigint * interval '1 microsecond')"
    if len(names) == 1 and (known := TYPES.get(next(iter(names)))):
        return f"({of} ->> {name})::{known}"
    return f"({of} ->> {name})"


def _instant(value: str) -> str:
    return f"(timestamptz 'epoch' + {value} * interval '1 microsecond')"


def quoted(name: str) -> str:
    """Write a name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
