"""Builds of a program beside one another: what each declares, and who still runs."""

from __future__ import annotations

import apsw
import msgspec

from tenure.core.clock import wall_time
from tenure.core.kinds import Kinds
from tenure.core.sheet import to_json
from tenure.core.table import Table
from tenure.engines.sqlite.audit import audit
from tenure.engines.sqlite.reading import read_time
from tenure.engines.sqlite.statements import SQL
from tenure.engines.sqlite.views import write_view

GONE_AFTER = 60 * 60 * 1_000_000
"""A build that has shown no sign of life for so long counts as gone."""


def declare(connection: apsw.Connection, kinds: Kinds) -> None:
    """Note the tables, make the views, and index what a table newly says of the records that are there."""
    known = {kind: cells for kind, *cells in connection.execute(SQL["read_kinds"])}
    fresh: set[str] = set()
    for table in kinds.tables.values():
        declaration, indexed = known.get(table.kind, ("", "[]"))
        if table.indexed.difference(msgspec.json.decode(indexed)):
            fresh.add(table.kind)
        if table.plain.decode() != declaration:
            write_view(connection, table)
            connection.execute(SQL["write_kind"], (table.kind, table.plain.decode(), _indexed(table), wall_time()))
    if fresh:
        for (space,) in list(connection.execute("SELECT space FROM tenure_spaces")):
            audit(connection, space, kinds, read_time(connection, space, wall_time()), only=fresh, repair=True)


def announce(connection: apsw.Connection, kinds: Kinds) -> None:
    """Say that this build runs, and find the kinds of which another that runs declares more."""
    now = wall_time()
    for table in kinds.tables.values():
        connection.execute(SQL["write_build"], (table.kind, _indexed(table), now))
        connection.execute("DELETE FROM tenure_builds WHERE kind = ? AND seen_at < ?", (table.kind, now - GONE_AFTER))
    kinds.outgrown = frozenset(table.kind for table in kinds.tables.values() if _is_outgrown(connection, table))


def _is_outgrown(connection: apsw.Connection, table: Table) -> bool:
    builds = connection.execute("SELECT indexed FROM tenure_builds WHERE kind = ?", (table.kind,))
    return not all(table.indexed.issuperset(msgspec.json.decode(indexed)) for (indexed,) in builds)


def _indexed(table: Table) -> str:
    return to_json(sorted(table.indexed))
