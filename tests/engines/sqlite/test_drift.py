"""Planted drift is found, told and mended.

Only for SQLite, because no neutral form exists: an index can be falsified only behind the engine's back.
"""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from tests.engine_contract.conftest import START
from tests.engine_contract.kinds import KINDS, Bot, Instance, Job, Kettle, Match, Owner
from tests.engine_contract.test_evolution import Old

from tenure import End, Lifecycle, Limit, LimitReached, State, Store, field, seconds
from tenure.testing import a, store

DRIFT = {
    "a rank is missing": (
        "DELETE FROM tenure_ranks WHERE record = (SELECT min(record) FROM tenure_ranks)",
        "tenure_ranks",
    ),
    "a rank is a ghost's": (
        "INSERT INTO tenure_ranks SELECT space, kind, state, per, 1.5, 999 FROM tenure_ranks LIMIT 1",
        "tenure_ranks",
    ),
    "a rank is wrong": ("UPDATE tenure_ranks SET value = value + 1", "tenure_ranks"),
    "a slot is leaked": ("UPDATE tenure_slots SET held = held + 1 WHERE name = 'slots'", "tenure_slots"),
    "a slot is free twice": ("UPDATE tenure_slots SET held = held - 1 WHERE name = 'slots'", "tenure_slots"),
    "a holder is missing": ("DELETE FROM tenure_holders WHERE name = 'slots'", "tenure_holders"),
    "a child is lost": ("DELETE FROM tenure_children WHERE kind = 'Owner'", "tenure_children"),
    "a child is a ghost's": (
        "INSERT INTO tenure_children SELECT space, kind, id, 999 FROM tenure_children LIMIT 1",
        "tenure_children",
    ),
    "a count is wrong": ("UPDATE tenure_counts SET number = number + 3 WHERE state = 'queued'", "tenure_counts"),
    "a deadline is lost": ("DELETE FROM tenure_due", "tenure_due"),
    "a deadline is late": ("UPDATE tenure_due SET at = at + 3600000000", "tenure_due"),
    "a look is late": ("UPDATE tenure_records SET look_at = look_at + 3600000000", "tenure_due"),
}


async def populate(opened: Store) -> None:
    await a(opened, Match.offered, "m", first="ada", second="bob")
    for number in range(3):
        await a(opened, Bot.queued, f"b{number}", pool="eu", rating=number)
    await a(opened, Owner.enabled, "o", email="e", most=2)
    await a(opened, Job.running, "j", owner="o", place="here")
    await a(opened, Instance.up, "i")
    await a(opened, Kettle.heating, "k", length=seconds(99))


@pytest.mark.parametrize("drift", DRIFT)
async def test_drift_is_found_first_then_mended(tmp_path: Path, drift: str) -> None:
    path = tmp_path / "store.db"
    statement, table = DRIFT[drift]
    async with store(*KINDS, url=f"sqlite:///{path}", at=START) as opened:
        await populate(opened)
        assert await opened.engine.audit("tests", repair=False) == []
    falsify(path, statement)
    async with store(*KINDS, url=f"sqlite:///{path}", at=START) as opened:
        found = await opened.engine.audit("tests", repair=False)
        assert {difference.what for difference in found} == {table}
        assert await opened.engine.audit("tests", repair=False) == found, "looking mends nothing"
        assert await opened.engine.audit("tests", repair=True) == found
        assert await opened.engine.audit("tests", repair=False) == []
        await everything_works(opened)


async def everything_works(opened: Store) -> None:
    assert [b.id for b in await opened.find(Bot.queued, per="eu")] == ["b0", "b1", "b2"]
    await opened.apply(Job.create("k", owner="o", place="there"))
    with pytest.raises(LimitReached):
        await opened.apply(Job.create("l", owner="o", place="elsewhere"))
    assert (await opened.count(Bot))["queued"] == 3
    assert await opened.advance(seconds(100)) == 4


async def test_a_version_without_its_event_is_told(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with store(*KINDS, url=f"sqlite:///{path}", at=START) as opened:
        await populate(opened)
    falsify(path, "UPDATE tenure_records SET version = version + 1 WHERE kind = 'Kettle'")
    async with store(*KINDS, url=f"sqlite:///{path}", at=START) as opened:
        found = await opened.engine.audit("tests", repair=True)
        assert [(d.what, d.kind, d.id) for d in found] == [("tenure_events", "Kettle", "k")]
        assert await opened.engine.audit("tests", repair=True) == found, "nothing can mend that: it is told again"


class Newer:
    """A build whose lamps have a limit, and a rank in a state, that the old build knows nothing of."""

    class Lamp(Lifecycle):
        room: str = field()
        watts: int = field(default=40)
        colour: str = field(default="white")

        off = State(initial=True)
        lit = State(rank=watts, per=room)
        dimmed = State(rank=watts, per=colour)
        broken = End()

        ignite = off.to(lit)
        dim = lit.to(dimmed)
        smash = dimmed.to(broken)

        same_colour = Limit(at_most=5, per=colour, over=lit | dimmed)


async def test_an_old_builds_repair_leaves_what_only_a_new_build_knows(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with store(Newer.Lamp, url=f"sqlite:///{path}", at=START) as new:
        await a(new, Newer.Lamp.lit, "l", room="hall", colour="red")
        await a(new, Newer.Lamp.dimmed, "d", room="hall", colour="red")
    async with store(Old.Lamp, url=f"sqlite:///{path}", at=START) as old:
        await old.engine.audit("tests", repair=True)
    async with store(Newer.Lamp, url=f"sqlite:///{path}", at=START) as new:
        assert await new.engine.audit("tests", repair=False) == []


def falsify(path: Path, statement: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(statement)
    assert connection.changes() > 0
    connection.close()
