"""A process that works on a store and is killed at one point of the engine: `victim.py URL POINT TIMES`.

The points are the engine's own SQL statements by the names of their files, `schema`, `BEGIN`, `COMMIT`, `committed`
(the disk has it, nobody was told) and `told`. It prints each answer as `Kind id version`, and at its end, should it
come so far, the points that it passed.
"""

# ruff: noqa: T201  it speaks to the test that started it
from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections import Counter
from typing import Any

import apsw
from tests.engine_contract.kinds import KINDS, Bot, Instance, Job, Kettle, Match, Owner, Ticket

import tenure
from tenure import hours, seconds, testing
from tenure.engines.sqlite.file import File
from tenure.engines.sqlite.statements import SHEET, SQL, step
from tenure.engines.sqlite.worker import Worker

NAMES = (  # as SQLite's trace writes them: without the first dashes, and the steps of a trigger on one line
    {text.removeprefix("-- "): name for name, text in SQL.items()}
    | {re.sub(r"\s", " ", step(name)): name for name in SHEET}
    | {"BEGIN IMMEDIATE": "BEGIN", "COMMIT": "COMMIT"}
)
READS = {"read_events", "read_feed"}  # asked for by no writing step
COPIES = {name for name in SQL if name.startswith(("copy_", "load_"))}  # of a store that is moved, not of one at work
POINTS = sorted((set(SQL) | {"schema", "BEGIN", "COMMIT", "committed", "told"}) - READS - COPIES)


class Points:
    """Counts the points that are passed, and ends the process at one: at a later one not before something was told."""

    def __init__(self, point: str, times: int) -> None:
        self._point, self._left, self.passed = point, times, Counter[str]()
        self.may_end = times == 1

    def reach(self, point: str) -> None:
        """Pass a point, or die there."""
        self.passed[point] += 1
        if point == self._point:
            self._left -= 1
            if self._left <= 0 and self.may_end:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, connection: apsw.Connection) -> None:
        """Stand at every point of a connection."""

        def statement(event: dict[str, Any]) -> None:
            if event["sql"] in NAMES or event["sql"].lstrip().startswith("CREATE TABLE"):
                self.reach(NAMES.get(event["sql"], "schema"))

        connection.trace_v2(apsw.SQLITE_TRACE_STMT, statement)

    def watch_outside(self) -> None:
        """Stand where a transaction is over: before what follows a commit, and before callers are told."""
        checkpoint, tell = File.checkpoint, Worker.tell

        def reach_and_checkpoint(file: File) -> None:
            self.reach("committed")
            checkpoint(file)

        def reach_and_tell(worker: Worker) -> None:
            self.reach("told")
            tell(worker)

        setattr(File, "checkpoint", reach_and_checkpoint)  # noqa: B010  mypy takes no method for a method
        setattr(Worker, "tell", reach_and_tell)  # noqa: B010  the same


async def work(store: tenure.Store, points: Points | None = None) -> None:
    """Make changes that need every statement of the engine."""

    async def apply(*changes: tenure.Change[Any]) -> Any:
        answer: Any = await store.apply(*changes, op=f"op-{next(numbers)}")
        for record in answer if isinstance(answer, tuple) else (answer,):
            print(type(record).__name__, record.id, record.version, flush=True)
        if points is not None:
            points.may_end = True
        return answer

    numbers = iter(range(1000))
    for turn in ("a", "b"):
        await apply(Owner.create(turn, email="e"), Ticket.create(f"t{turn}", title="one"))
        await apply(Match.create(f"m{turn}", first="x", second="y"))
        await apply(Bot.create(f"x{turn}", pool="p"))
        await apply(Bot.enqueue(f"x{turn}"))
        await apply(Bot.reserve(f"x{turn}", match=f"m{turn}"))
        await apply(Job.create(f"j{turn}", owner=turn, place="here"))
        claim = (await apply(Job.take(f"j{turn}"))).claim
        await apply(Job.steer(f"j{turn}", course="north"))
        await store.beat(claim, seen=3)
        await apply(Job.crash(claim, reason="broken"))
        await apply(Job.redact(f"j{turn}", note=None, reason="redacted"))
        await store.deliver_once(Job.begun, lambda _: asyncio.sleep(0))
        await apply(Instance.create(f"i{turn}"), Kettle.create(f"k{turn}", length=seconds(9)))
        await apply(Ticket.close(f"t{turn}"))
        await store.advance(hours(60))


async def main(url: str, point: str, times: int) -> None:
    """Work, and say which points were passed."""
    points = Points(point, times)
    apsw.connection_hooks.append(points.watch)
    points.watch_outside()
    async with testing.store(*KINDS, url=url) as store:
        await work(store, points)
    print("passed", *sorted(points.passed), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
