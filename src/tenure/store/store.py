"""The store: what services call. Async only; one per program, opened by `tenure.open`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, overload

import msgspec

from tenure.core.decide import Refusal, Transaction
from tenure.core.durations import seconds, to_microseconds
from tenure.core.engine import Applied as AppliedRows
from tenure.core.engine import Outcome
from tenure.core.errors import InvalidChange, Refused
from tenure.core.lifecycle import Lifecycle, record_of, row_of, table_of
from tenure.core.states import EffectOf
from tenure.core.transitions import Change, Claim, Transition
from tenure.core.views import Views
from tenure.store import holding, messages, polling
from tenure.store.batching import Lanes
from tenure.store.bounds import check_names, check_space
from tenure.store.claiming import claims
from tenure.store.events import Delivery, Event, Turn
from tenure.store.reading import PAGE, Reading
from tenure.store.refusals import refused
from tenure.store.shared import Shared
from tenure.store.signals import Heard
from tenure.store.sweeping import ALIVE_FOR, run_sweeper, sweep_all
from tenure.store.timing import ManualClock
from tenure.store.verdicts import Applied, Verdict

K = TypeVar("K", bound=Lifecycle)
P = ParamSpec("P")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


class Store(Reading):
    """A handle on one space of a store, acting as somebody. Handles are cheap: make one where you need it."""

    def __init__(self, shared: Shared, space: str, actor: str) -> None:
        super().__init__(shared, space)
        self.actor, self.log, self.holds = actor, shared.log, shared.holds
        if space not in shared.lanes:
            check_space(space)
            shared.lanes[space] = Lanes(shared.engine, space, shared.clock)
        self._lanes = shared.lanes[space]

    # ------------------------------------------------------------------------------------- handles

    def acting(self, actor: str) -> Store:
        """Give a handle whose changes are made by this actor, such as `user:7`."""
        return Store(self._shared, self.space_name, actor)

    def space(self, name: str) -> Store:
        """Give a handle on another space: a partition of its own, where limits and transactions stop."""
        return Store(self._shared, name, self.actor)

    # ------------------------------------------------------------------------------------- writing

    # fmt: off
    @overload
    async def apply(self, a: Change[A], /, *, op: str = ..., why: str = ...) -> A: ...
    @overload
    async def apply(self, a: Change[A], b: Change[B], /, *, op: str = ..., why: str = ...) -> tuple[A, B]: ...
    @overload
    async def apply(self, a: Change[A], b: Change[B], c: Change[C], /, *, op: str = ...,
                    why: str = ...) -> tuple[A, B, C]: ...
    @overload
    async def apply(self, a: Change[Any], /, *rest: Change[Any], op: str = ..., why: str = ...) -> tuple[Any, ...]: ...
    # fmt: on
    async def apply(self, *changes: Change[Any], op: str = "", why: str = "") -> Any:
        """Apply changes in order, all or none, and give the record that each leaves.

        `op` makes a repeat within ten minutes give the first answer instead of a second application; `why` goes
        into the events. Raises a `Refused`; `Unavailable`, when nothing changed; `OutcomeUnknown`.
        """
        outcome = await self._lanes.put(self._transaction(changes, op, why))
        records = self._records(outcome)
        return records[0] if len(changes) == 1 else records

    async def submit(self, transactions: Iterable[Sequence[Change[Any]]], *, why: str = "") -> list[Verdict]:
        """Apply several transactions, each all or not at all, and give one verdict each, in order.

        Raises `Unavailable`, when nothing at all changed; `OutcomeUnknown`, also when some of them may be made.
        """
        outcomes = await self._lanes.put_all([self._transaction(changes, "", why) for changes in transactions])
        return [self._verdict(outcome) for outcome in outcomes]

    async def check(self, *changes: Change[Any]) -> Verdict:
        """Give the verdict that these changes would get now; nothing is written."""
        transaction = self._transaction(changes, "", "")
        return self._verdict(await self.engine.check(self.space_name, transaction, self.clock()))

    async def beat(self, claim: Claim[K], *, seen: int = 0) -> list[Event[K]]:
        """Renew a claim's lease, acknowledge its commands up to version `seen`, and give those that wait."""
        _, commands = await self.beaten(claim, seen=seen)
        return commands

    async def beaten(self, claim: Claim[K], *, seen: int = 0) -> tuple[K, list[Event[K]]]:
        """Beat, and give the record as it is now too."""
        change: Change[K] = Change(claim.kind, claim.id, "beat", fence=claim.fence, seen=seen)
        (record,) = self._records(await self._lanes.put(self._transaction((change,), "", "")))
        row = row_of(record)
        if row.told <= row.seen:
            return record, []
        edges, after = table_of(claim.kind).edges, row.seen
        while True:
            entries = await self.engine.history(self.space_name, row.kind, row.id, after, PAGE)
            commands = [Event(claim.kind, e) for e in entries if e.name in edges and edges[e.name].tells]
            if commands or len(entries) < PAGE:
                return record, commands
            after = entries[-1].version  # much else happened before the first command

    def hold(self, claim: Claim[K]) -> AbstractAsyncContextManager[holding.Held[K]]:
        """Beat for a claim while the body runs; if the lease is lost, the body is ended with `LeaseLost`."""
        return holding.hold(self, claim)

    # --------------------------------------------------------------------------------------- loops

    async def deliver(
        self,
        effect: EffectOf[K],
        handler: Callable[[Delivery[K]], Awaitable[object]],
        *,
        retry: messages.Retry = messages.Retry(),
        within: timedelta = seconds(60),
        at_once: int = 16,
    ) -> None:
        """Give each effect to the handler until it returns, at least once, in order per record. Endless.

        A try that takes longer than `within` is cancelled and comes again. The effect is done when the handler
        returns, or when its change of the record is refused because an earlier try had made it.
        """
        await messages.Deliverer(self, effect, handler, retry, within, at_once).run()

    async def deliver_once(
        self,
        effect: EffectOf[K],
        handler: Callable[[Delivery[K]], Awaitable[object]],
        *,
        retry: messages.Retry = messages.Retry(),
    ) -> int:
        """Give the handler what is due now, and give how many effects that was."""
        return await messages.Deliverer(self, effect, handler, retry, seconds(60), PAGE).once()

    async def resend(self, effect: EffectOf[K], id: str) -> int:
        """Let a record's messages that were given up be tried again, and give how many there were."""
        number = await self.engine.resend(self.space_name, effect.kind.__name__, id, effect.name, self.clock())
        self._shared.bells.ring((self.space_name, effect.kind.__name__))
        return number

    def every(self, period: timedelta, name: str, *, phase: float | None = None) -> AsyncIterator[Turn]:
        """Give a turn each period, to one process at a time; taken over when its lease runs out. Endless.

        With a `phase` from 0 to 1 turns are so far into each period, counted from 1970: so pollers are spread over it.
        """
        return polling.every(self, period, name, phase)

    async def hasten(self, name: str, at: datetime) -> None:
        """Let the next turn of the poller of this name come no later than at this instant."""
        await polling.hasten(self, name, at)

    def claims(self, transition: Transition[P, K], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[K]:
        """Claim one record after another that this transition may leave, and wait for more. Endless."""
        return claims(self, transition, *args, **kwargs)

    def sweeping(self, alive_for: timedelta = ALIVE_FOR) -> AbstractAsyncContextManager[None]:
        """Run a sweeper in the background while the body runs."""
        return run_sweeper(self, alive_for)

    async def sweep(self, alive_for: timedelta = ALIVE_FOR) -> int:
        """Make all that is due now, and give how many transitions that was."""
        return (await sweep_all(self, alive_for)).made

    async def offer(self, views: Views) -> str | None:
        """Make views of this space for other programs that read SQL; where the engine has none, nothing is made.

        Views of these names that are of another space stay: then that one's name is given.
        """
        return await self.engine.offer(views, self.space_name)

    async def signal(self, topic: str, payload: bytes) -> None:
        """Tell whoever listens to a topic now, at most once and kept nowhere: at most 4,096 bytes, to the sender too.

        Nobody's answer is waited for. Raises `InvalidChange`; `Unavailable`, where the server is out of reach.
        """
        await self._shared.signals.send(self.space_name, topic, payload)

    def signal_at_once(self, topic: str, payload: bytes) -> bool:
        """Do as `signal` does, but without waiting; False where something has to be waited for, and nothing was sent.

        Raises `InvalidChange`; `Unavailable`, once the store is closed.
        """
        return self._shared.signals.send_at_once(self.space_name, topic, payload)

    def signals(self, topic: str) -> AbstractAsyncContextManager[Heard]:
        """Hear a topic while the body runs, from its beginning on: iterate over what this gives, which is endless.

        Whoever takes less than comes loses the oldest, and `missed` counts them. Raises `InvalidChange`; `Unavailable`.
        """
        return self._shared.signals.listen(self.space_name, topic)

    def renew_signals(self) -> None:
        """Hear by other connections: for who finds out that nothing comes any more, though all looks well.

        Topics are heard again as soon as there is one; what was missed stays missed. Nothing is waited for.
        """
        self._shared.signals.renew()

    # ---------------------------------------------------------------------------------------- time

    async def advance(self, by: timedelta) -> int:
        """For tests: let time pass with a sweeper at work, and give how many timed transitions were made."""
        clock = self.clock
        if not isinstance(clock, ManualClock):
            raise InvalidChange("only a store with explicit time can be advanced: open it with tenure.testing.store()")
        made, end = 0, clock.now + to_microseconds(by)
        while True:
            swept = await sweep_all(self, to_microseconds_left(clock.now, end))
            made += swept.made
            wakes = [t for t in (swept.next_due, clock.next_wake()) if t is not None and t <= end]
            if clock.now >= end and not [t for t in wakes if t > clock.now]:
                break
            clock.move_to(min([*(max(t, clock.now + 1) for t in wakes), end]))
            self._shared.bells.ring_all(self.space_name)
            await settle()
        return made

    async def close(self) -> None:
        """Finish what is under way and let go of the engine; all handles are closed by it. A repeat changes nothing."""
        await self._shared.close()

    # ------------------------------------------------------------------------------------- inside

    def _transaction(self, changes: Sequence[Change[Any]], op: str, why: str) -> Transaction:
        if not changes:
            raise InvalidChange("a transaction needs at least one change")
        for change in changes:
            if self._shared.models.get(change.kind) is not change.model:
                raise InvalidChange(
                    f"this store was not opened with {change.kind}: add it to tenure.open(url, …, {change.kind})"
                )
            change.applied = True
            if change.fields:
                self._shared.bounds[change.kind].check(change)
        check_names(op, why, self.actor)
        return Transaction(changes, self.actor, op, why, digest_of(changes) if op else b"")

    def _records(self, outcome: Outcome) -> tuple[Any, ...]:
        if isinstance(outcome, Refusal):
            raise refused(outcome, self._shared.models)
        for held in self.holds:
            for row in outcome.rows:
                if (row.kind, row.id) == (held.claim.kind.__name__, held.claim.id) and row.holder is None:
                    held.release()
        models = self._shared.models
        return tuple([record_of(models[row.kind], row) for row in outcome.rows])

    def _verdict(self, outcome: Outcome) -> Verdict:
        try:
            return Applied(self._records(outcome), isinstance(outcome, AppliedRows) and outcome.replayed)
        except Refused as refusal:
            return refusal


def to_microseconds_left(now: int, end: int) -> timedelta:
    """Give how long a test's sweeper counts as alive: to the end of the advance, and its usual time after."""
    return timedelta(microseconds=end - now) + ALIVE_FOR


async def settle() -> None:
    """Let tasks that became ready run before time goes on."""
    for _ in range(10):
        await asyncio.sleep(0)


def digest_of(changes: Sequence[Change[Any]]) -> bytes:
    """Tell two bodies of one op id apart: by kind, id, name and values; not by the version read, nor by secrets."""
    body = [(c.kind, str(c.id), c.name, c.state, c.fields, c.note) for c in changes]
    return hashlib.blake2b(msgspec.msgpack.encode(body), digest_size=16).digest()
