"""Each statement is compiled once for a connection, whatever values it is given later."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from tenure import End, Lifecycle, Limit, State, Store, field, minutes, open
from tenure.engines.sqlite.engine import SqliteEngine


class Pump(Lifecycle):
    site: str = field()
    load: int = field(default=0)

    off = State(initial=True)
    on = State(rank=load, per=site)
    scrapped = End()

    start = off.to(on)
    rest = on.to(off, after=minutes(5))
    scrap = off.to(scrapped)

    running = Limit(at_most=100, per=site, over=on)


def connections(engine: SqliteEngine) -> list[apsw.Connection]:
    """Give those that an engine has: one in memory has only one."""
    return [engine._file.connection, *(c for name, c in vars(engine).items() if isinstance(c, apsw.Connection))]


async def once(store: Store, number: int) -> None:
    """Do a bit of everything, each time with other values."""
    await store.apply(Pump.create(f"p{number}", site=f"site-{number}", load=number), op=f"create-{number}")
    await store.apply(Pump.start(f"p{number}"), op=f"start-{number}")
    await store.submit([[Pump.rest(f"p{number}")]])
    await store.get(Pump, f"p{number}")
    await store.find(Pump.off)
    await store.check(Pump.start(f"p{number}"))
    await store.history(Pump, f"p{number}")


@pytest.mark.parametrize("where", ["a file", "memory"])
async def test_other_values_compile_nothing_anew(where: str, tmp_path: Path) -> None:
    compiled: list[Any] = []

    def note(*action: Any) -> int:
        compiled.append(action)
        return apsw.SQLITE_OK

    async with open("sqlite:" if where == "memory" else f"sqlite://{tmp_path}/a.db", Pump) as store:
        engine = store.engine
        assert isinstance(engine, SqliteEngine)
        for connection in connections(engine):
            connection.authorizer = note  # asked while a statement is compiled
        for number in range(3):
            await once(store, number)
        assert compiled
        compiled.clear()
        for number in range(3, 6):
            await once(store, number)
        assert compiled == []
