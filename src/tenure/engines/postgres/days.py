"""The days of the history: made before they are needed, and dropped when all in them was kept long enough."""

from __future__ import annotations

from tenure.core.batch import Batch
from tenure.engines.postgres.connection import NotYet, Pool, Transaction
from tenure.engines.postgres.statements import Statements

DAY = 86_400_000_000
KEPT_AT_ONCE = 10_000
MAKING, PRUNING = 1, 2
"""The numbers of the locks by which one process at a time makes days, and prunes."""


class NoDay(NotYet):
    """The day of a position is not there yet."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class Days:
    """Which days there are, as far as this process knows."""

    def __init__(self, sql: Statements, pool: Pool) -> None:
        self._sql, self._pool = sql, pool
        self.known: set[int] = set()

    def check(self, batch: Batch) -> None:
        """Raise `NoDay` if a batch can't be written yet."""
        if batch.entries and batch.sequence // DAY not in self.known:
            raise NoDay(batch.sequence)

    async def make(self, *positions: int) -> None:
        """Make the days of some positions. Any number of processes may do so at once."""
        wanted = {position // DAY for position in positions}
        async with self._pool.transaction() as transaction:
            await self.only_one(transaction, MAKING)
            there = await self.read(transaction)
            if wanted - there:
                await transaction.script("".join(self._making(day) for day in sorted(wanted - there)))
        self.known = there | wanted

    async def make_ahead(self, now: int) -> None:
        """Make this day and the next one, if they are not there as far as is known."""
        if not {now // DAY, now // DAY + 1} <= self.known:
            await self.make(now, now + DAY)

    async def read(self, transaction: Transaction) -> set[int]:
        """Read which days there are; day 0, of what must stay, is none."""
        found = await transaction.rows(
            "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
            "WHERE i.inhparent = to_regclass($1)",
            self._sql.qualified("tenure_events"),
        )
        return {int(name.rpartition("_")[2]) for (name,) in found} - {0}

    async def drop(self, day: int) -> None:
        """Drop a day, once what must stay longer has moved to day 0, a bounded number at a time."""
        moved = KEPT_AT_ONCE
        while moved == KEPT_AT_ONCE:
            async with self._pool.transaction(patient=True) as transaction:
                if not await self.only_one(transaction, PRUNING, wait=False):
                    return
                moved = await transaction.run(self._sql["keep_events"], day, KEPT_AT_ONCE)
                if moved < KEPT_AT_ONCE:
                    # Writers wait for this, so it waits for nobody: the next time will do.
                    await transaction.connection.execute("SET LOCAL lock_timeout = '100ms'")
                    await transaction.connection.execute(
                        self._sql.qualified(f"DROP TABLE IF EXISTS tenure_events_{day}")
                    )
        self.known.discard(day)

    def _making(self, day: int) -> str:
        """Give what makes a day: as a table of its own first, since that locks out nobody, then as a part."""
        return self._sql.qualified(f"""
            CREATE TABLE tenure_events_{day} (LIKE tenure_events INCLUDING ALL, CHECK (day = {day}))
                WITH (autovacuum_vacuum_insert_scale_factor = 0.2);
            ALTER TABLE tenure_events ATTACH PARTITION tenure_events_{day} FOR VALUES IN ({day});
        """)

    async def only_one(self, transaction: Transaction, number: int, *, wait: bool = True) -> bool:
        """Take the lock for something that one process at a time does, until the transaction ends."""
        gate = self._sql.qualified("tenure_clock")
        function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
        sql = f"SELECT {function}(((to_regclass($1)::oid::bigint << 32) >> 32)::integer, $2)"
        return (await transaction.rows(sql, gate, number))[0][0] is not False
