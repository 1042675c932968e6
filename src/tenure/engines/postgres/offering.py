"""Views that a program offers, in a schema of their own: a `search_path` that names it finds them first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from tenure.core.views import Views
from tenure.engines.postgres.connection import Transaction
from tenure.engines.postgres.statements import Statements
from tenure.engines.postgres.views import MARK, quoted

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tenure ' || $1, 0))"


async def offer(transaction: Transaction, sql: Statements, views: Views, space: str) -> None:
    """Make the views of a space, unless they are there as they should be. What else lies in the schema stays."""
    selects, schema = views.of("postgres", space), f"{sql.schema}_{views.name}"
    mark = f"{MARK.format(sql.schema)}: {_digest(selects)}"
    await transaction.rows(LOCK, sql.schema)  # as who opens the store does: kinds' views stay as they are meanwhile
    if await _stands(transaction, schema, mark, list(selects)):
        return
    # A user who may not create schemas may own this one: then nothing is asked of the database.
    if not await transaction.rows("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema):
        await transaction.run(f"CREATE SCHEMA {quoted(schema)}")
    await transaction.run(f"SET LOCAL search_path = {quoted(schema)}, {quoted(sql.schema)}")
    await transaction.script(_making(selects))
    await transaction.run(f"COMMENT ON SCHEMA {quoted(schema)} IS '{mark}'")


async def _stands(transaction: Transaction, schema: str, mark: str, names: list[str]) -> bool:
    found = await transaction.rows(
        "SELECT obj_description(n.oid, 'pg_namespace') = $2 AND count(c.oid) = cardinality($3::text[]) "
        "FROM pg_namespace AS n "
        "LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'v' AND c.relname = ANY ($3) "
        "WHERE n.nspname = $1 GROUP BY n.oid",
        schema, mark, names,
    )  # fmt: skip
    return bool(found and found[0][0])


def _making(selects: Mapping[str, str]) -> str:
    """Replace the views, which keeps who may read them, or make them anew where their columns are others."""
    replaced = "".join(f"CREATE OR REPLACE VIEW {quoted(name)} AS {text};\n" for name, text in selects.items())
    return f"""DO $views$ BEGIN
        {replaced}
    EXCEPTION WHEN invalid_table_definition THEN
        DROP VIEW IF EXISTS {", ".join(map(quoted, selects))};
        {replaced}
    END $views$;
    """


def _digest(selects: Mapping[str, str]) -> str:
    return hashlib.blake2b(repr(list(selects.items())).encode(), digest_size=16).hexdigest()
