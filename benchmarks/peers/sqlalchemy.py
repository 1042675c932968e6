"""SQLAlchemy's async session: a row with a `version_id_col`, and a row for the event, in one transaction."""

from __future__ import annotations

import itertools

from benchmarks.peers.told import arguments, main, repeat
from sqlalchemy import ForeignKey, event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

RECORDS = 2000
POOL = 16
"""Connections to PostgreSQL at once. More were slower here."""


class Base(DeclarativeBase):
    """The declared tables."""


class Mover(Base):
    """One live thing."""

    __tablename__ = "mover"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  as the documentation has it


class Moved(Base):
    """One event."""

    __tablename__ = "moved"

    id: Mapped[int] = mapped_column(primary_key=True)
    mover: Mapped[int] = mapped_column(ForeignKey("mover.id"), index=True)
    source: Mapped[str]
    target: Mapped[str]


def engine_for(url: str) -> AsyncEngine:
    """Open a store: in SQLite one connection at a time writes, and each commit waits for the disk as ours does."""
    if url.startswith("sqlite"):
        engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite:///", 1), pool_size=1, max_overflow=0)

        @event.listens_for(engine.sync_engine, "connect")
        def _set(connection: object, _record: object) -> None:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = FULL")
            cursor.close()

        return engine
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1), pool_size=POOL, max_overflow=0, pool_timeout=600
    )


async def measure(url: str, seconds: float) -> tuple[int, float]:
    """Move rows, each caller its own ones in turn."""
    engine = engine_for(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with sessions.begin() as session:
        session.add_all(Mover(id=number, state="left") for number in range(RECORDS))
    numbers = itertools.count()

    async def step() -> None:
        async with sessions.begin() as session:
            mover = await session.get_one(Mover, next(numbers) % RECORDS)
            source, mover.state = mover.state, "right" if mover.state == "left" else "left"
            session.add(Moved(mover=mover.id, source=source, target=mover.state))

    ran = await repeat(step, seconds)
    await engine.dispose()
    return ran


if __name__ == "__main__":
    main(measure(*arguments()))
