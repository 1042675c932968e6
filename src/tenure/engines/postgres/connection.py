"""Connections: opened when needed, one transaction at a time, and never given on unless they are clean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeAlias

from tenure.core.errors import OutcomeUnknown, StoreReplaced, TenureError, Unavailable
from tenure.engines.postgres.location import Location

try:
    import asyncpg
except ModuleNotFoundError:
    raise Unavailable("PostgreSQL needs its driver: pip install '/path/to/tenure[postgres]'") from None

Connection: TypeAlias = asyncpg.Connection
Cells = Sequence[Any]

CONNECT_SECONDS = 10
ANSWER_SECONDS = 5
"""How much longer than the server's own limit we wait for its answer: then the network is at fault."""

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # so the driver calls an answer that breaks off
    asyncpg.PostgresConnectionError,
)
ENDED = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""With these the server says that it ends the connection: at a commit, nobody knows what became of it."""

PATIENCE = "; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"

SEALED, GONE = "TN001", "TN002"
"""What our own functions raise."""

RACED = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, asyncpg.UniqueViolationError)
"""With these another transaction was faster: the same is tried again on what it left."""

BESIDE = ("due", "ranks", "holders", "children", "states")
"""Tables of what stands beside a record: only who has locked the record writes there, so none can be faster."""


class Raced(Exception):  # noqa: N818  it never leaves this engine
    """Another transaction was faster; nothing was changed."""


class Drifted(Raced):
    """A row stands beside a record that should not be there."""


class Transaction:
    """One transaction on one connection."""

    def __init__(self, connection: Connection, allow: Callable[[], None]) -> None:
        self.connection, self._allow = connection, allow
        self.keep = True
        """Whether it is committed at its end."""

    async def rows(self, statement: str, *values: Any) -> list[Cells]:
        """Run a statement and give its rows."""
        self._allow()
        found: Any = await self.connection.fetch(statement, *values)
        rows: list[Cells] = found  # the driver's own class is a sequence in all but its declaration
        return rows

    async def run(self, statement: str, *values: Any) -> int:
        """Run a statement, and give how many rows it changed."""
        self._allow()
        answer = str(await self.connection.execute(statement, *values))
        return int(answer.rpartition(" ")[2]) if answer[-1:].isdecimal() else 0

    async def script(self, text: str) -> None:
        """Run several statements that take no values."""
        self._allow()
        await self.connection.execute(text)


class Pool:
    """The connections of one engine. Work waits for a free one where all are busy."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._idle: list[Connection] = []
        self._closed = False
        self._free = asyncio.Semaphore(location.connections)
        local = "".join(f"; SET LOCAL {name} = '{value}'" for name, value in location.settings.items())
        self._settings = local if location.pooler else ""

    @asynccontextmanager
    async def transaction(self, mode: str = "", *, patient: bool = False) -> AsyncGenerator[Transaction]:
        """Run the body in a transaction; a patient one may take as long as it needs, for what goes through everything.

        Raises `Raced`, `Unavailable` or, if the answer to the commit is lost, `OutcomeUnknown`.

        Whatever else goes wrong, also a cancellation, a connection that is not surely clean is thrown away.
        """
        async with self._free:
            connection = await self._take()
            committing = clean = False
            try:
                async with asyncio.timeout(None) as limit:
                    allow = partial(self._allow, None if patient else limit)
                    allow()
                    await connection.execute(f"BEGIN {mode}{self._settings}{PATIENCE if patient else ''}")
                    transaction = Transaction(connection, allow)
                    try:
                        yield transaction
                    except (asyncpg.PostgresError, TenureError, Raced, NotYet):
                        if not connection.is_closed():
                            allow()
                            await connection.execute("ROLLBACK")
                            clean = True
                        raise
                    allow()
                    committing = transaction.keep
                    await connection.execute("COMMIT" if transaction.keep else "ROLLBACK")
                    clean = True
            except (asyncpg.PostgresError, *LOST) as error:
                if isinstance(error, asyncpg.PostgresError) and not isinstance(error, (*LOST, *ENDED)) and committing:
                    clean = not connection.is_in_transaction()
                raise translated(error, self._location, committing=committing) from error
            finally:
                self._give_back(connection, clean=clean)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Transaction]:
        """Run the body where each statement reads what is committed by then; nothing is written."""
        if self._settings:
            async with self.transaction("READ ONLY") as transaction:
                yield transaction
            return
        async with self._free:
            connection = await self._take()
            clean = False
            try:
                async with asyncio.timeout(None) as limit:
                    yield Transaction(connection, partial(self._allow, limit))
                    clean = True
            except (asyncpg.PostgresError, *LOST) as error:
                clean = not isinstance(error, (*LOST, *ENDED))
                raise translated(error, self._location, committing=False) from error
            finally:
                self._give_back(connection, clean=clean)

    def _give_back(self, connection: Connection, *, clean: bool) -> None:
        if clean and not connection.is_closed() and not self._closed:
            self._idle.append(connection)
        else:
            connection.terminate()

    def _allow(self, limit: asyncio.Timeout | None) -> None:
        """Let what comes next take as long as a statement may, and its answer a while."""
        if limit is not None:
            limit.reschedule(asyncio.get_running_loop().time() + self._location.statement_seconds + ANSWER_SECONDS)

    async def _take(self) -> Connection:
        if self._closed:
            raise Unavailable("the store is closed; nothing was changed")
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return await connect(self._location)

    async def close(self) -> None:
        """Close all connections, and open none any more. To be called when no work is under way."""
        self._closed = True
        idle, self._idle = self._idle, []
        for connection in idle:
            await end(connection)


class NotYet(Exception):  # noqa: N818  it never leaves this engine
    """Something must be done before this can be: the transaction is rolled back, and tried again after it."""


async def end(connection: Connection) -> None:
    """Close a connection that nobody uses; after it, the event loop may be closed too."""
    try:
        await connection.close(timeout=ANSWER_SECONDS)
    except (asyncpg.PostgresError, *LOST):
        connection.terminate()
    await asyncio.sleep(0)  # its socket is closed by what comes next in the loop


async def connect(location: Location, made: type[Connection] = Connection) -> Connection:
    """Open one connection. Raises `Unavailable`, which says what to do."""
    try:
        return await asyncpg.connect(
            location.url,
            connection_class=made,
            timeout=CONNECT_SECONDS,
            statement_cache_size=0 if location.pooler else 500,
            max_cacheable_statement_size=0,
            server_settings={"application_name": "tenure"} | ({} if location.pooler else location.settings),
        )
    except (asyncpg.PostgresError, *LOST, ValueError) as error:
        raise translated(error, location, committing=False) from None


def translated(error: Exception, location: Location, *, committing: bool) -> Exception:
    """Say what may be concluded from an error of the driver, and what to do."""
    if isinstance(error, RACED):
        table = getattr(error, "table_name", None) or ""
        return Drifted() if table.removeprefix("tenure_") in BESIDE else Raced()
    code = getattr(error, "sqlstate", None)
    if code == SEALED:
        return Unavailable(f"this space is sealed: {error}")
    if code == GONE or isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedFunctionError):
        return StoreReplaced(
            f"the schema {location.schema!r} at {location.place} was dropped or begun anew while it was open; "
            f"nothing was changed, open the store again"
        )
    if isinstance(error, asyncpg.DataError):
        defect: Exception = error
        return defect  # of ours: it is to be seen as what it is
    if committing and isinstance(error, (*LOST, *ENDED)):
        return OutcomeUnknown(
            f"the answer of {location.place} to a commit was lost ({_told(error)}): read before you retry, "
            f"or use an op id"
        )
    advice = next((advice for kinds, advice in ADVICE if isinstance(error, kinds)), "can't be used now")
    return Unavailable(f"PostgreSQL at {location.place} {advice}; nothing was changed ({_told(error)})")


def _told(error: BaseException) -> str:
    """Give what an error says in one line; the driver's own never show a password."""
    return " ".join(str(error).split()) or type(error).__name__


ADVICE: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError),
        "refuses this user or password: check them in the URL, and the server's pg_hba.conf",
    ),
    ((asyncpg.InvalidCatalogNameError,), "has no such database: create it, or name another in the URL"),
    (
        (asyncpg.TooManyConnectionsError,),
        "has no free connection: raise max_connections, lower ?connections=, or put a pooler before it",
    ),
    ((asyncpg.DiskFullError,), "has no space left on its disk: free some and try again"),
    ((asyncpg.OutOfMemoryError,), "has no memory left: give it more, or let it do less at once"),
    (
        (asyncpg.LockNotAvailableError,),
        "made this wait too long for another transaction (?lock_seconds=): try again, and see what holds its locks",
    ),
    (
        (asyncpg.QueryCanceledError,),
        "took longer for this than ?statement_seconds= allows: try again when it is less busy",
    ),
    (
        (asyncpg.ReadOnlySQLTransactionError,),
        (
            "only reads: it is a standby, or set to read-only; name the primary in the URL "
            "(several hosts and target_session_attrs=read-write follow it)"
        ),
    ),
    ((asyncpg.InsufficientPrivilegeError,), "does not give this user the rights that it needs (see docs/postgres.md)"),
    ((TimeoutError,), "does not answer: check the address, the network and the server"),
    ((asyncpg.CannotConnectNowError, *ENDED), "is starting or ending: try again in a moment"),
    ((ConnectionRefusedError,), "can't be reached: nothing listens there; start the server, or check the address"),
    (
        (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError),
        "can't be reached, or the connection was lost: try again",
    ),
)
