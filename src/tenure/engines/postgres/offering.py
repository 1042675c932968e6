"""Views that a program offers, in a schema of their own: a `search_path` that names it finds them first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from urllib.parse import quote, unquote

from tenure.core.views import Views
from tenure.engines.postgres.connection import Transaction
from tenure.engines.postgres.statements import Statements
from tenure.engines.postgres.views import MARK, quoted

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tenure ' || $1, 0))"


async def offer(transaction: Transaction, sql: Statements, views: Views, space: str) -> str | None:
    """Make the views of a space, unless they are there as they should be. What else lies in the schema stays.

    Those of another space stay too: its name is given.
    """
    selects, schema = views.of("postgres", space), f"{sql.schema}_{views.name}"
    mark = f"{MARK.format(sql.schema)}: {_digest(selects)} of {quote(space)}"
    await transaction.rows(LOCK, sql.schema)  # as who opens the store does: kinds' views stay as they are meanwhile
    said, number = await _found(transaction, schema, list(selects))
    if said == mark and number == len(selects):
        return None
    of = said.partition(" of ")[2] if said.startswith(MARK.format(sql.schema)) else ""
    if of not in ("", quote(space)):
        return unquote(of)
    # A user who may not create schemas may own this one: then nothing is asked of the database.
    if not await transaction.rows("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema):
        await transaction.run(f"CREATE SCHEMA {quoted(schema)}")
    await transaction.run(f"SET LOCAL search_path = {quoted(schema)}, {quoted(sql.schema)}")
    await transaction.script(_making(selects))
    await transaction.run(f"COMMENT ON SCHEMA {quoted(schema)} IS '{mark}'")
    return None


async def _found(transaction: Transaction, schema: str, names: list[str]) -> tuple[str, int]:
    """Give what is said of a schema, and how many of the views are there."""
    found = await transaction.rows(
        "SELECT coalesce(obj_description(n.oid, 'pg_namespace'), ''), count(c.oid) "
        "FROM pg_namespace AS n "
        "LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'v' AND c.relname = ANY ($2) "
        "WHERE n.nspname = $1 GROUP BY n.oid",
        schema, names,
    )  # fmt: skip
    return (str(found[0][0]), int(found[0][1])) if found else ("", 0)


def _making(selects: Mapping[str, str]) -> str:
    """Replace the views, which keeps who may read them, or make them anew where their columns are others."""
    replaced = "".join(f"CREATE OR REPLACE VIEW {quoted(name)} AS {text};\n" for name, text in selects.items())
    # What is quoted by its own digest can't hold the end of the quote: a space has any name.
    fence = f"$v{_digest(selects)}$"
    return f"""DO {fence} BEGIN
        {replaced}
    EXCEPTION WHEN invalid_table_definition THEN
        DROP VIEW IF EXISTS {", ".join(map(quoted, selects))};
        {replaced}
    END {fence};
    """


def _digest(selects: Mapping[str, str]) -> str:
    return hashlib.blake2b(repr(list(selects.items())).encode(), digest_size=16).hexdigest()
