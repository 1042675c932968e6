"""Opening: is this a server that can be written to, and is our schema there and up to date."""

from __future__ import annotations

from tenure.core.errors import Unavailable
from tenure.core.kinds import Kinds
from tenure.engines.postgres import builds
from tenure.engines.postgres.connection import Pool, Transaction
from tenure.engines.postgres.location import Location
from tenure.engines.postgres.statements import Statements

OLDEST = 150_000
"""PostgreSQL 15."""


async def open_schema(pool: Pool, location: Location, sql: Statements, kinds: Kinds) -> None:
    """Bring the schema up to date and note this build's tables, in one transaction: all of it, or nothing."""
    async with pool.transaction(patient=True) as transaction:
        await _check_server(transaction, location)
        # Those who open at the same time wait for one another; the number is that of the schema's name.
        await transaction.rows("SELECT pg_advisory_xact_lock(hashtextextended('tenure ' || $1, 0))", location.schema)
        await _step(transaction, location, sql)
        await builds.declare(transaction, sql, kinds)
        await builds.announce(transaction, sql, kinds)
        await builds.look_around(transaction, sql, kinds)


async def _check_server(transaction: Transaction, location: Location) -> None:
    found = await transaction.rows(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version'), "
        "current_setting('server_encoding'), pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', "
        "has_database_privilege(current_database(), 'CREATE'), current_user::text"
    )
    number, version, encoding, reads_only, may_create, user = found[0]
    if number < OLDEST:
        raise Unavailable(f"PostgreSQL at {location.place} is {version}: Tenure needs 15 or newer; nothing was changed")
    if encoding != "UTF8":
        raise Unavailable(
            f"the database at {location.place} is encoded in {encoding}: make one with ENCODING 'UTF8'; "
            f"nothing was changed"
        )
    if reads_only:
        raise Unavailable(
            f"PostgreSQL at {location.place} only reads: it is a standby, or set to read-only; name the primary in the "
            f"URL (several hosts and target_session_attrs=read-write follow it); nothing was changed"
        )
    if not may_create and not await _is_there(transaction, location):
        raise Unavailable(
            f"user {user!r} may not create the schema {location.schema!r} at {location.place}: let an administrator "
            f"run `GRANT CREATE ON DATABASE …`, or `CREATE SCHEMA {location.schema} AUTHORIZATION {user}`; "
            f"nothing was changed"
        )


async def _is_there(transaction: Transaction, location: Location) -> bool:
    return bool(await transaction.rows("SELECT 1 FROM pg_namespace WHERE nspname = $1", location.schema))


async def _step(transaction: Transaction, location: Location, sql: Statements) -> None:
    """Take the steps that the schema has not taken."""
    if not await _is_there(transaction, location):
        await transaction.run(f'CREATE SCHEMA "{location.schema}"')
    steps = sql.qualified("tenure_steps")
    await transaction.run(f"CREATE TABLE IF NOT EXISTS {steps} (step integer NOT NULL)")
    taken = (await transaction.rows(f"SELECT coalesce(max(step), 0) FROM {steps}"))[0][0]
    if taken > len(sql.steps):
        raise Unavailable(
            f"the schema {location.schema!r} at {location.place} has taken step {taken}, and this build knows "
            f"{len(sql.steps)}: upgrade this program; nothing was changed"
        )
    for number, text in enumerate(sql.steps[taken:], taken + 1):
        await transaction.script(text)
        await transaction.run(f"INSERT INTO {steps} VALUES ($1)", number)
