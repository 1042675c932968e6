"""Copying into a file that other spaces live in.

Only for SQLite, because no other engine has one sequence of positions that each event must have for itself.
"""

from pathlib import Path

import pytest
from tests.engine_contract.kinds import KINDS, Bot

from tenure import Unavailable
from tenure.copying import copy_space
from tenure.opening import open_engine
from tenure.store.timing import ManualClock
from tenure.testing import store


async def test_events_at_the_positions_of_another_space_are_told_and_nothing_is_left(tmp_path: Path) -> None:
    target = await open_engine(f"sqlite://{tmp_path}/store.db", KINDS)
    for space in ("first", "second"):
        async with store(*KINDS, space=space) as source:
            await source.apply(Bot.create("b", pool="eu"))
            assert isinstance(source.clock, ManualClock)
            source.clock.move_to(source.clock.now + 60_000_000)
            copying = copy_space(source.engine, target, space, names=("here", "there"), clock=source.clock)
            if space == "first":
                await copying
            else:
                with pytest.raises(
                    Unavailable, match=r"the same positions, .*: copy this space into a file of its own"
                ):
                    await copying
                assert (await source.apply(Bot.enqueue("b"))).version == 2, "the source is not sealed"
    assert await target.sealed("second") == ""
    assert [row for row in await target.rows("second", [("Bot", "b")]) if row is not None] == []
    assert await target.audit("first", repair=False, now=4_000_000_000_000_000) == []
    await target.close()
