"""A copy of the file that is put back: what it holds is whole, and fences go on rising above those given since.

No engine-neutral form exists: the copy is a file, taken by SQLite's own means; other engines are restored by theirs.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from tests.engine_contract.kinds import KINDS, Job, Owner
from tests.engine_contract.looking import assert_one_event_per_version, first

import tenure
from tenure import CursorAhead, NotHolder, Store


async def test_a_restored_copy_gives_fences_above_all_given_before(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        await store.apply(Owner.create("o", email="e"), Job.create("j", owner="o", place="here"))
    shutil.copy(path, tmp_path / "backup.db")
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        lost = await store.apply(Job.take("j"))
        for _ in range(20):
            lost = await store.apply(Job.retake("j"))
    path.unlink()
    shutil.copy(tmp_path / "backup.db", path)
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        taken = await store.apply(Job.take("j"))
        assert taken.fence > lost.fence
        with pytest.raises(NotHolder):
            await store.apply(Job.report(lost.claim, note="a holder of the time that was undone"))
        with pytest.raises(CursorAhead, match="the store was set back"):
            await first(store.watch(Job, "j", after=lost.version), 1)


@pytest.mark.parametrize("how", ["VACUUM INTO", "backup"])
async def test_a_copy_taken_while_writing_goes_on_is_whole(how: str, tmp_path: Path) -> None:
    path, copy = tmp_path / "store.db", tmp_path / "copy.db"
    async with tenure.open(f"sqlite://{path}", *KINDS) as store:
        await make(store, 0)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", COPY[how], str(path), str(copy))
        number = 0
        while process.returncode is None:
            number += 1
            await make(store, number)
    assert process.returncode == 0
    async with tenure.open(f"sqlite://{copy}", *KINDS) as store:
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)
        assert (await store.get(Job, "j0")).state == Job.running
    reader = sqlite3.connect(f"file:{copy}?mode=ro", uri=True)
    assert reader.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    reader.close()


async def make(store: Store, number: int) -> None:
    owner, job = f"o{number}", f"j{number}"
    await store.apply(Owner.create(owner, email="e"), Job.create(job, owner=owner, place="here"))
    await store.apply(Job.take(job))


COPY = {
    "VACUUM INTO": """
import sqlite3, sys
sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).execute("VACUUM INTO ?", (sys.argv[2],))
""",
    "backup": """
import sqlite3, sys
sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True).backup(sqlite3.connect(sys.argv[2]))
""",
}
