"""The thread that owns a connection. No engine-neutral form exists: no other engine has one."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from tests.resting import PATIENCE_SECONDS

from tenure.engines.sqlite.worker import Prepared, Worker


class Much:
    """What a job brings with it."""

    def write(self) -> int:
        return 1

    def at_once(self, what: Sequence[Much]) -> Sequence[int]:
        return [one.write() for one in what]


@asynccontextmanager
async def a_worker(name: str) -> AsyncIterator[Worker]:
    worker = Worker(name)
    try:
        yield worker
    finally:
        await worker.stop()


@pytest.mark.parametrize("size", [0, 1])
async def test_a_thread_that_waits_keeps_nothing_of_what_it_did(size: int) -> None:
    """Else what a batch brought is taken apart while the next one waits to be written."""
    async with a_worker("works") as worker:
        much = Much()
        known = weakref.ref(much)
        await worker.write(much.write, size)
        del much
        await _is_gone(known)


async def test_a_thread_that_waits_keeps_nothing_of_what_was_prepared_for_it() -> None:
    async with a_worker("writes") as writer, a_worker("prepares") as preparer:
        much = Much()
        known = weakref.ref(much)
        job = _Preparing(much)
        del much
        await preparer.prepare(job, writer, 1)
        job.what.clear()
        await _is_gone(known)


class _Preparing:
    def __init__(self, what: Much) -> None:
        self.what = [what]

    def __call__(self) -> Prepared[int]:
        (what,) = self.what
        return Prepared(what, what.write, what.at_once)


async def _is_gone(known: weakref.ref[Much]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while known() is not None:
            await asyncio.sleep(0)
            gc.collect()
