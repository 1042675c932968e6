"""Group commit: while one batch is under way, the next one fills. Nobody waits for company."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from tenure.core.decide import Transaction
from tenure.core.engine import Engine, Outcome
from tenure.core.errors import OutcomeUnknown, TenureError, Unavailable
from tenure.store.timing import Clock

MOST_IN_A_BATCH = 256

Waiting = tuple[Transaction, "asyncio.Future[Outcome]"]


class Lanes:
    """The one write path of one space: it coalesces transactions into batches."""

    def __init__(self, engine: Engine, space: str, clock: Clock) -> None:
        self._engine, self._space, self._clock = engine, space, clock
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Waiting] = deque()
        self._under_way: set[asyncio.Task[None]] = set()
        self._called = False
        self._closed = False

    def put(self, transaction: Transaction) -> asyncio.Future[Outcome]:
        """Write one transaction. A caller that is cancelled while it waits does not know the outcome."""
        future: asyncio.Future[Outcome] = self._loop.create_future()
        if self._closed:
            _fail(future, Unavailable("the store is closed"))
            return future
        self._waiting.append((transaction, future))
        if not self._called and len(self._under_way) < self._engine.lanes:
            self._called = True
            self._loop.call_soon(self._start)  # after all that is ready to run now has put its own
        return future

    async def put_all(self, transactions: Sequence[Transaction]) -> list[Outcome]:
        """Write several transactions, each for itself, in order.

        They may be of several batches. So a batch that failed without a trace says nothing of the others, and the
        tempting wrong version raises its error: who hears that nothing was changed sends all of them again.
        """
        found = await asyncio.gather(*(self.put(transaction) for transaction in transactions), return_exceptions=True)
        errors = [one for one in found if isinstance(one, BaseException)]
        if not errors:
            return [one for one in found if not isinstance(one, BaseException)]
        sure = [error for error in errors if isinstance(error, Unavailable)]
        if len(sure) == len(found) or len(sure) < len(errors):
            raise next((error for error in errors if not isinstance(error, Unavailable)), errors[0])
        raise OutcomeUnknown(f"of {len(found)} transactions {len(sure)} were not made, others may be: {sure[0]}")

    async def close(self) -> None:
        """Let what is under way finish, and take nothing more."""
        self._closed = True
        while self._under_way:
            await asyncio.wait(self._under_way)
        while self._waiting:
            _, future = self._waiting.popleft()
            _fail(future, Unavailable("the store was closed before this was sent"))

    def _start(self) -> None:
        self._called = False
        while self._waiting and (free := self._engine.lanes - len(self._under_way)) > 0:
            batch = self._next(alone=free == 1)
            if not batch:  # all who waited were cancelled
                break
            task = self._loop.create_task(self._send(batch))
            self._under_way.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if self._waiting and not self._called:
            self._called = True
            self._loop.call_soon(self._start)

    def _next(self, *, alone: bool) -> list[Waiting]:
        """Give what goes with the next batch; where another lane is free, what is more than enough is left to it."""
        batch: list[Waiting] = []
        enough, changes = None if alone else self._engine.enough, 0
        while self._waiting and len(batch) < MOST_IN_A_BATCH and (enough is None or changes < enough):
            waiting = self._waiting.popleft()
            if not waiting[1].done():  # its caller was cancelled before it was sent
                batch.append(waiting)
                changes += len(waiting[0].changes)
        return batch

    async def _send(self, batch: list[Waiting]) -> None:
        try:
            outcomes = await self._engine.write(self._space, [t for t, _ in batch], self._clock())
        except TenureError as error:
            for _, future in batch:
                _fail(future, type(error)(*error.args))
        except Exception as error:  # noqa: BLE001  a defect: each caller gets to see it
            for _, future in batch:
                _fail(future, error)
        except asyncio.CancelledError:
            for _, future in batch:
                _fail(future, OutcomeUnknown("the program ended while this was under way"))
            raise
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)


def _fail(future: asyncio.Future[Outcome], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
