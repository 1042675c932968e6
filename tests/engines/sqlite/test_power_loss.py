"""What a power loss leaves of the file and its log.

No engine-neutral form exists: other engines run in servers whose disks we do not stand in for, and `kill -9` shows
nothing here, because what was written outlives the process in the machine's memory.
"""

# ruff: noqa: T201  figures are printed beside the bound that they must keep
from __future__ import annotations

import asyncio
import os
import random
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import pytest
from tests.engine_contract.kinds import KINDS, Bot, Job, Owner
from tests.engine_contract.looking import ALL, assert_one_event_per_version, entries_of
from tests.engines.sqlite.disk import SURVIVES, Disk, Step, a_disk, after_power_loss

import tenure
from tenure import Store
from tenure.engines.sqlite import file
from tenure.store.polling import Poller

LONG = bool(os.environ.get("TENURE_LONG"))
IMAGES = 5000 if LONG else 240
CALLERS = 6
Answer = tuple[str, str, int]


class Run(NamedTuple):
    """What a run began with, and what was done to the disk since."""

    before: dict[str, bytes]
    log: list[Step]


@pytest.mark.timeout(240 if not LONG else 900)
async def test_with_full_every_answer_is_kept_and_nothing_is_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await run_for_a_while(tmp_path, "full", monkeypatch)
    assert await images_that_lost_answers(run, tmp_path) == 0


@pytest.mark.timeout(240 if not LONG else 900)
async def test_with_normal_the_last_answers_may_be_lost_and_nothing_is_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = await run_for_a_while(tmp_path, "normal", monkeypatch)
    lost = await images_that_lost_answers(run, tmp_path)
    assert lost > IMAGES // 10, "else these images could not tell `full` from a setting that loses answers"


def test_the_images_tear_writes_and_keep_what_was_synced() -> None:
    log = [
        Step("f", "write", 0, b"a" * 1000),
        Step("f", "sync"),
        Step("f", "write", 500, b"b" * 1000),
        Step("g", "write", 0, b"c" * 10),
        Step("g", "delete"),
    ]
    chances = [random.Random(seed) for seed in range(20)]  # noqa: S311  no secret
    images = [after_power_loss({}, log, survives, chance) for survives in SURVIVES for chance in chances]
    assert all((image["f"] or b"")[:500] == b"a" * 500 for image in images)
    middles = {bytes(image["f"] or b"")[500:].replace(b"\0", b".").decode() for image in images}
    whole, torn = "b" * 1000, "b" * 12 + "a" * 488
    assert {"a" * 500, torn, whole} <= middles
    assert {bytes(g) if (g := image.get("g")) is not None else None for image in images} == {None, b"c" * 10}


async def run_for_a_while(folder: Path, synchronous: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Let several callers work, with checkpoints, and note each answer where it was given."""
    monkeypatch.setattr(file, "LOG_PAGES_BEFORE_CHECKPOINT", 60)
    live = folder / "live"
    live.mkdir()
    url = f"sqlite://{live}/store.db?synchronous={synchronous}"
    with a_disk() as disk:
        async with tenure.open(url, *KINDS) as store:
            before = {path.name: path.read_bytes() for path in live.iterdir() if not path.name.endswith("-shm")}
            disk.log.clear()
            await asyncio.gather(*(work(store, disk, f"c{number}") for number in range(CALLERS)))
            await store.sweep()
            await work(store, disk, "alone")
    assert {("store.db", "sync"), ("store.db-wal", "write")} <= {(s.file, s.what) for s in disk.log}, "no checkpoint"
    return Run(before, disk.log)


async def work(store: Store, disk: Disk, me: str) -> None:
    """Make changes that touch every table, and say which version each answer gave."""

    async def apply(*changes: tenure.Change[Any]) -> None:
        answer: Any = await store.apply(*changes, op=f"{me}/{len(disk.log)}")
        for record in answer if isinstance(answer, tuple) else (answer,):
            disk.answered((type(record).__name__, record.id, record.version))

    await apply(Owner.create(me, email=f"{me}@example.org"))
    for number in range(3):
        job, bot = f"{me}-job-{number}", f"{me}-bot-{number}"
        await apply(Job.create(job, owner=me, place=f"p{number}"), Bot.create(bot, pool="a", rating=number))
        claim = (await store.apply(Job.take(job))).claim
        disk.answered(("Job", job, 2))
        await apply(Job.report(claim, note="n" * 600 * number), Bot.relocate(bot, pool=me))
        await apply(Bot.enqueue(bot))
        await apply(Job.steer(job, course="north"))
        await apply(Bot.withdraw(bot), Job.finish(claim))


async def images_that_lost_answers(run: Run, folder: Path) -> int:
    """Open what power losses at many points leave: it must be whole. Count the images that lack an answer."""
    chance = random.Random(20260101)  # noqa: S311  no secret
    ends = [1 + at for at, step in enumerate(run.log) if step.what == "answer"]
    lost = 0
    for number in range(IMAGES):
        end = chance.choice(ends) if number % 2 else chance.randint(0, len(run.log))
        survives = SURVIVES[number // 2 % len(SURVIVES)]
        place = folder / "image"
        place.mkdir()
        for name, content in after_power_loss(run.before, run.log[:end], survives, chance).items():
            if content is not None:
                (place / name).write_bytes(content)
        answers = [step.answer for step in run.log[:end] if step.what == "answer"]
        try:
            lost += not await is_whole(place / "store.db", answers)
        except Exception as error:
            error.add_note(f"image {number}: power lost after step {end}, of the unsynced {survives} survives")
            raise
        shutil.rmtree(place)
    print(f"\n{IMAGES} images of {len(run.log)} steps with {len(ends)} answers: {lost} lost an answer")
    return lost


async def is_whole(path: Path, answers: list[Answer]) -> bool:
    """Check everything that must hold after a power loss, and tell whether all answers are kept."""
    async with tenure.open(f"sqlite://{path}?synchronous=normal", *KINDS) as store:
        assert await store.engine.audit("main", repair=False) == []
        await assert_one_event_per_version(store)
        entries = await entries_of(store)
        effects = sum(len(KINDS_BY_NAME[e.kind]._table.edges[e.name].effects) for e in entries if e.name != "create")
        assert len(await store.engine.messages("main", None, None, ALL)) == effects
        rows = await store.engine.rows("main", [(kind, id) for kind, id, _ in answers])
        kept = all(row is not None and row.version >= answer[2] for row, answer in zip(rows, answers, strict=True))
    connection = apsw.Connection(str(path))
    assert connection.pragma("integrity_check") == "ok"
    connection.close()
    return kept


KINDS_BY_NAME = {kind.__name__: kind for kind in (*KINDS, Poller)}
