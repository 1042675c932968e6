"""Builds of a program beside one another: what each declares, and who still runs."""

from __future__ import annotations

import hashlib

import msgspec

from tenure.core.clock import wall_time
from tenure.core.kinds import Kinds
from tenure.core.sheet import to_json
from tenure.core.table import Table
from tenure.engines.postgres.audit import audit
from tenure.engines.postgres.connection import Transaction
from tenure.engines.postgres.reading import Files, columns
from tenure.engines.postgres.statements import Statements
from tenure.engines.postgres.views import view_of

GONE_AFTER = 60 * 60 * 1_000_000
"""A build that has shown no sign of life for so long counts as gone."""


async def declare(transaction: Transaction, sql: Statements, kinds: Kinds) -> None:
    """Note the tables, make the views, and index what a table newly says of the records that are there."""
    known = {kind: cells for kind, *cells in await transaction.rows(sql["read_kinds"])}
    fresh: set[str] = set()
    changed: list[Table] = []
    for table in kinds.tables.values():
        declaration, indexed = known.get(table.kind, ("", "[]"))
        if table.indexed.difference(msgspec.json.decode(indexed)):
            fresh.add(table.kind)
        if table.plain.decode() != declaration:
            changed.append(table)
    if changed:
        await transaction.script("".join(view_of(sql, table) for table in changed))
        lines = [(table.kind, table.plain.decode(), _indexed(table)) for table in changed]
        await transaction.run(sql["write_kinds"], *columns(lines, 3), wall_time())
    if fresh:
        for (space,) in await transaction.rows(sql.qualified("SELECT space FROM tenure_spaces ORDER BY space")):
            await audit(Files(transaction, sql, space), kinds, None, only=fresh, repair=True)


async def announce(transaction: Transaction, sql: Statements, kinds: Kinds) -> None:
    """Say that this build runs, and forget those that are gone."""
    now = wall_time()
    lines = [(table.kind, _name(table), _indexed(table)) for table in kinds.tables.values()]
    await transaction.run(sql["write_builds"], *columns(lines, 3), now)
    gone = sql.qualified("DELETE FROM tenure_builds WHERE kind = ANY ($1::text[]) AND seen_at < $2")
    await transaction.run(gone, list(kinds.tables), now - GONE_AFTER)


async def look_around(transaction: Transaction, sql: Statements, kinds: Kinds) -> None:
    """Find the kinds of which another build that runs declares more."""
    builds = await transaction.rows(sql["read_builds"])
    kinds.outgrown = frozenset(
        kind
        for kind, indexed in builds
        if kind in kinds and not kinds[kind].indexed.issuperset(msgspec.json.decode(indexed))
    )


def _indexed(table: Table) -> str:
    return to_json(sorted(table.indexed))


def _name(table: Table) -> str:
    """A short name of what a build makes stand beside a kind's records: an index takes no long texts."""
    return hashlib.blake2b(_indexed(table).encode(), digest_size=16).hexdigest()
