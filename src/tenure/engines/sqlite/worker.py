"""A thread that owns a connection: work is handed to it, and answers come back to the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

Job = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Worker:
    """Runs one job after the other. A caller that is cancelled leaves its job to finish.

    An answer is held back while more jobs wait, until the next job enters a long stretch of C (`tell`): waking its
    callers at once would make them fight that job for the interpreter. Measured: a fifth more transitions.
    """

    def __init__(self, name: str) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._answers: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, job: Callable[[], T]) -> T:
        """Run a job on the thread and give what it gives."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put((job, future, loop))
        return await future

    async def stop(self) -> None:
        """Finish all jobs that were handed over, then end the thread."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def tell(self) -> None:
        """Tell the answers that were held back. To be called on the thread."""
        answers, self._answers = self._answers, []
        for answer in answers:
            answer()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, future, loop = job
            try:
                answer = _answer(loop, future, work(), None)
            except BaseException as error:  # noqa: BLE001  it belongs to the caller, whatever it is
                answer = _answer(loop, future, None, error)
            self.tell()
            self._answers.append(answer)
            if self._jobs.empty():
                self.tell()
        self.tell()


def _answer(
    loop: asyncio.AbstractEventLoop, future: asyncio.Future[Any], result: Any, error: BaseException | None
) -> Callable[[], None]:
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
