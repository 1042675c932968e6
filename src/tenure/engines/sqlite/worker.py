"""A thread that owns a connection: work is handed to it, and answers come back to the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from queue import SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from tenure.core.errors import Unavailable

T = TypeVar("T")

MOST_TOGETHER = 256
"""How much shares one transaction. Were it more, the callers of all full batches would be answered at once, and
then the thread would wait until they all have asked for more."""


class Prepared(NamedTuple, Generic[T]):
    """What one thread prepared for another to write: `write` does it inside a transaction.

    `at_once` writes the `what` of several that follow one another, and gives what each gives; None where that can't
    be, and then nothing is written.
    """

    what: Any
    write: Callable[[], T]
    at_once: Callable[[Sequence[Any]], Sequence[T] | None]


class Job(NamedTuple):
    """Work, and who waits for it; `size` is how much it brings to a shared transaction, 0 if it takes none.

    Where `onward` is another thread, the work gives what is `prepared` for that one.
    """

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    size: int
    prepared: Prepared[Any] | None = None
    onward: Worker | None = None


class Worker:
    """Runs one job after the other. A caller that is cancelled leaves its job to finish.

    Jobs that write and wait together are made in one transaction, so in one commit. An answer is held back while
    more jobs wait, until the next job enters a long stretch of C (`tell`): waking its callers at once would make
    them fight that job for the interpreter. Measured: a fifth more transitions.
    """

    def __init__(self, name: str, transaction: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._transaction = transaction
        self._waiting: deque[Job] = deque()
        self._answers: list[Callable[[], None]] = []
        self._ending = self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[], T]) -> T:
        """Run a job on the thread and give what it gives."""
        done: T = await self._put(work, 0)
        return done

    async def write(self, work: Callable[[], T], size: int = 1) -> T:
        """Run a job inside a transaction, perhaps with others, and give what it gives once that is committed."""
        done: T = await self._put(work, size)
        return done

    async def prepare(self, work: Callable[[], Prepared[T]], writer: Worker, size: int) -> T:
        """Run a job here that prepares what another thread is to write, in the same order, and give what that gives."""
        done: T = await self._put(work, size, writer)
        return done

    async def stop(self) -> None:
        """Finish all jobs that were handed over, then end the thread."""
        self._stopped = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def tell(self) -> None:
        """Tell the answers that were held back. To be called on the thread."""
        answers, self._answers = self._answers, []
        for answer in answers:
            answer()

    async def _put(self, work: Callable[[], Any], size: int, onward: Worker | None = None) -> Any:
        if self._stopped:  # nobody would ever answer
            raise Unavailable("the store is closed; nothing was changed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._jobs.put(Job(work, future, loop, size, onward=onward))
        return await future

    def _run(self) -> None:
        while group := self._next():
            if group[0].onward is not None:
                answers = self._prepare(group[0], group[0].onward)
            elif group[0].size or group[0].prepared:
                answers = self._at_once(group) or self._together(group)
            else:
                self.tell()
                answers = [self._alone(group[0])]
            del group  # before other threads run: who lets go of it last takes hundreds of rows apart
            self.tell()
            self._answers = answers
            if not self._waiting and self._jobs.empty():
                self.tell()
        self.tell()

    def _next(self) -> list[Job]:
        """Give the next job, with those behind it that may share its transaction; none when all is over."""
        if not self._waiting and not self._ending:
            self._take(self._jobs.get())
        while not self._jobs.empty():
            self._take(self._jobs.get())
        group = [self._waiting.popleft()] if self._waiting else []
        left = MOST_TOGETHER - group[0].size if group and group[0].size and not group[0].onward else 0
        while self._waiting and 0 < self._waiting[0].size <= left:
            left -= self._waiting[0].size
            group.append(self._waiting.popleft())
        return group

    def _take(self, job: Job | None) -> None:
        if job is None:
            self._ending = True
        else:
            self._waiting.append(job)

    def _at_once(self, group: list[Job]) -> list[Callable[[], None]]:
        """Write what was prepared, if that is all there is and it can be written at once; else nothing is done."""
        prepared = [job.prepared for job in group if job.prepared is not None]
        if len(prepared) < len(group):
            return []
        try:
            results = prepared[0].at_once([one.what for one in prepared])
        except BaseException as error:  # noqa: BLE001  it belongs to the callers, whatever it is
            return [_answer(job, None, error) for job in group]
        if results is None:
            return []
        return [_answer(job, result, None) for job, result in zip(group, results, strict=True)]

    def _together(self, group: list[Job]) -> list[Callable[[], None]]:
        """Do the work of a group in one transaction. If one of several fails, each is done for itself."""
        results: list[Any] = []
        begun = False
        try:
            with self._transaction():
                begun = True
                results.extend(job.work() for job in group)
        except BaseException as error:  # noqa: BLE001  it belongs to the callers, whatever it is
            # A transaction that could not begin, or not end, is not one job's fault: to try each would wait for each.
            if begun and len(group) > 1 and len(results) < len(group):
                return [answer for job in group for answer in self._together([job])]
            return [_answer(job, None, error) for job in group]
        return [_answer(job, result, None) for job, result in zip(group, results, strict=True)]

    def _prepare(self, job: Job, writer: Worker) -> list[Callable[[], None]]:
        try:
            prepared: Prepared[Any] = job.work()
        except BaseException as error:  # noqa: BLE001  as in `_alone`
            return [_answer(job, None, error)]
        writer._jobs.put(job._replace(work=prepared.write, prepared=prepared, onward=None))
        return []

    def _alone(self, job: Job) -> Callable[[], None]:
        try:
            return _answer(job, job.work(), None)
        except BaseException as error:  # noqa: BLE001  it belongs to the caller, whatever it is
            return _answer(job, None, error)


def _answer(job: Job, result: Any, error: BaseException | None) -> Callable[[], None]:
    future, loop = job.future, job.loop

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def answer() -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            loop.call_soon_threadsafe(settle)

    return answer
