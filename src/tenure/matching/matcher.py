"""Matching one queue of a store: it follows the ranks, and makes each match all or nothing under its fence.

What may go wrong, and why nobody is lost and nobody sits in two matches:

    somebody left, or changed    each seat is reserved as the record that was read: the whole match is refused, and
                                 who still waits is put back as they are now, with the time at which they began
    another matcher took over    each match is made beside a beat of our claim: a late one is refused whole
    the answer is lost           all that is known is forgotten, and the queue is read again
    an event comes late          the position is read before the queue is, so events may tell what was read already,
                                 and never leave anything out

The tempting wrong version reads the queue at each look. That costs what waits instead of what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec

from tenure.core.errors import CursorAhead, Exists, NotFound, OutcomeUnknown, Overdue, Refused, TenureError, Unavailable
from tenure.core.lifecycle import Lifecycle
from tenure.core.transitions import Change, Claim
from tenure.matching.choosing import matching_for
from tenure.matching.entrants import Proposal, Rules
from tenure.matching.lifecycle import LEASE_SECONDS, Matchmaker
from tenure.matching.waiting import Make, Source, Waiting
from tenure.store.reading import PAGE
from tenure.store.store import Store

__all__ = ["Matcher", "Offer", "Round", "Source"]

MOST_IN_A_COMMIT = 100
BEAT_SECONDS = LEASE_SECONDS / 3
AGAIN_SECONDS = 0.5
"""How long is waited after a refusal or an outage, so that what stays as it is is not tried without a pause."""

LEAST_SECONDS = 0.01

Offer = Callable[[Proposal, Mapping[str, Any], datetime], Sequence[Change[Any]]]
"""Gives the one transaction that makes a match, from the proposal, its records by their keys, and the time."""


class Round(msgspec.Struct, kw_only=True):
    """What one look at a queue did: for figures. `oldest` is since when the one waits who has waited longest."""

    leads: bool = False
    """Whether we match this queue, and not somebody else."""
    matches: list[Proposal] = msgspec.field(default_factory=list)
    conflicts: int = 0
    """Matches that were refused because somebody in them had changed."""
    commits: list[float] = msgspec.field(default_factory=list)
    """How many seconds each commit took."""
    at: float = 0.0
    """When it looked who is due, in seconds since 1970."""
    waiting: int = 0
    oldest: float | None = None


class Matcher:
    """Matches one queue, while nobody else does; any number of processes may run one for the same queue.

        def entrant(seeker: Seeker) -> Entrant:
            since = seeker.queued_at.timestamp()
            return Entrant(key=f"Seeker/{seeker.id}", rating=seeker.rating, since=since, players=(seeker.id,))

        def offer(proposal: Proposal, records: Mapping[str, Seeker], now: datetime) -> list[Change[Any]]:
            match = new_id()
            return [Match.create(match), *(Seeker.reserve(seeker, match=match) for seeker in records.values())]

        source = Source(Seeker.queued, entrant)
        matcher = Matcher(store, "ranked", per="ranked", rules=Rules(), sources=[source], offer=offer)
        await matcher.run()

    `per` is the key of the rank, as for `find`. The store must know the kind `Matchmaker`.
    """

    def __init__(
        self,
        store: Store,
        queue: str,
        *,
        rules: Rules,
        sources: Iterable[Source[Any]],
        offer: Offer,
        per: object = None,
        make: Make = matching_for,
        told: Callable[[Round], None] = lambda _: None,
    ) -> None:
        self._store, self.queue, self._per = store, queue, per
        self._sources, self._offer, self._told = tuple(sources), offer, told
        self._waiting = Waiting(self._sources, per, rules, make)
        self._claim: Claim[Matchmaker] | None = None
        self._position: int | None = None
        self._beat_at = 0.0

    @property
    def leads(self) -> bool:
        """Whether this one matches the queue, as far as it knows."""
        return self._claim is not None

    @property
    def rules(self) -> Rules:
        """The rules by which it matches now."""
        return self._waiting.rules

    def use(self, rules: Rules) -> None:
        """Match by other rules from now on. Who waits goes on waiting, with the time at which they began."""
        if rules != self.rules:
            self._waiting.use(rules)

    # ---------------------------------------------------------------------------------------- the loop

    async def run(self) -> None:
        """Match for ever, whenever the queue is ours; it is given back at the end."""
        store = self._store
        with store.bell(Matchmaker, self.queue) as handed_over, store.bell(*self._waiting.kinds) as news:
            try:
                while True:
                    pause = await self._look()
                    await store.clock.wait(news if self.leads else handed_over, pause)
            finally:
                await self.give_back()

    async def _look(self) -> float:
        """Look once, and give after how many seconds to look again at the latest."""
        try:
            ran = await self.once()
            now = (await self._store.now()).timestamp()
        except (Unavailable, OutcomeUnknown) as error:
            self._store.log.warning("matching_failed", queue=self.queue, error=str(error))
            return AGAIN_SECONDS
        next_at = self._waiting.next_at()
        pause = BEAT_SECONDS if next_at is None else min(next_at - now, BEAT_SECONDS)
        return max(pause, AGAIN_SECONDS if ran.conflicts and not ran.matches else LEAST_SECONDS)

    async def once(self) -> Round:
        """Take the queue if nobody has it, catch up with what changed, and make the matches that are due now.

        After an error, also `Unavailable` and `OutcomeUnknown`, all is read again with the next call.
        """
        ran = Round()
        try:
            await self._match(ran)
        except CursorAhead:
            self._forget()  # the store was set back
        except BaseException:
            self._forget()
            raise
        ran.leads, ran.waiting, ran.oldest = self.leads, len(self._waiting), self._waiting.oldest()
        self._told(ran)
        return ran

    async def give_back(self) -> None:
        """Let another one match the queue, at once."""
        claim, self._claim = self._claim, None
        self._forget()
        if claim is not None:
            with suppress(TenureError):  # else the lease runs out
                await self._store.apply(Matchmaker.finish(claim))

    # ----------------------------------------------------------------------------------------- inside

    async def _match(self, ran: Round) -> None:
        if not await self._keep():
            self._claim = await self._take()
            if self._claim is None:
                return
        await (self._read() if self._position is None else self._follow())
        now = await self._store.now()
        ran.at = now.timestamp()
        due = self._waiting.take(ran.at)
        for start in range(0, len(due), MOST_IN_A_COMMIT):
            if self._claim is not None:
                await self._commit(self._claim, due[start : start + MOST_IN_A_COMMIT], now, ran)

    async def _keep(self) -> bool:
        """Beat if that is due, and tell whether the claim is ours."""
        if self._claim is None:
            return False
        at = (await self._store.now()).timestamp()
        if at - self._beat_at >= BEAT_SECONDS:
            try:
                await self._store.beat(self._claim)
                self._beat_at = at
            except Refused:
                self._lose()
        return self._claim is not None

    async def _take(self) -> Claim[Matchmaker] | None:
        """Take the claim, if nobody has it."""
        try:
            found = await self._store.get(Matchmaker, self.queue)
        except NotFound:
            with suppress(Exists):  # another one was faster
                await self._store.apply(Matchmaker.create(self.queue))
            found = await self._store.get(Matchmaker, self.queue)
        if found.state != Matchmaker.waiting:
            return None
        with suppress(Refused):  # another one was faster
            begun = await self._store.apply(Matchmaker.begin(found))
            self._beat_at = begun.beaten_at.timestamp()
            return begun.claim
        return None

    def _lose(self) -> None:
        self._claim = None
        self._forget()

    def _forget(self) -> None:
        self._position = None
        self._waiting.clear()

    # -------------------------------------------------------------------------------------- who waits

    async def _read(self) -> None:
        """Read the queue once. What changes meanwhile comes with the events after the position, read before."""
        position = await self._store.position()
        for source in self._sources:
            last = None
            while page := await self._store.find(source.state, per=self._per, after=last):
                for record in page:
                    self._waiting.put(record)
                last = page[-1]
                if not await self._keep():
                    return
        self._position = position

    async def _follow(self) -> None:
        """Take over what has happened since. Who comes to wait is read, as an event does not say all of a record."""
        until = await self._store.position()
        changed: dict[type[Lifecycle], dict[str, bool]] = {kind: {} for kind in self._waiting.kinds}
        if until == self._position:
            return
        async for event in self._store.feed(*self._waiting.kinds, after=self._position, until=until):
            source = self._waiting.source(event.kind, event.target)
            changed[event.kind][event.id] = source is not None and not self._waiting.elsewhere(source, event.fields)
        for kind, ids in changed.items():
            for id, waits in ids.items():
                if not waits:
                    self._waiting.drop(f"{kind.__name__}/{id}")
            await self._put(kind, [id for id, waits in ids.items() if waits])
        self._position = until

    async def _put(self, kind: type[Lifecycle], ids: Sequence[str]) -> None:
        """Read records, and let those wait that are in the queue now."""
        for start in range(0, len(ids), PAGE):
            asked = ids[start : start + PAGE]
            found = await self._store.get_many(kind, asked)
            for id in asked:
                if id in found:
                    self._waiting.put(found[id])
                else:
                    self._waiting.drop(f"{kind.__name__}/{id}")

    # --------------------------------------------------------------------------------------- matches

    async def _commit(
        self,
        claim: Claim[Matchmaker],
        due: Sequence[tuple[Proposal, Mapping[str, Lifecycle]]],
        now: datetime,
        ran: Round,
    ) -> None:
        """Make matches, each all or nothing beside a beat of the claim; put those back who still wait."""
        guard = Matchmaker.beat(claim)
        asked = [[guard, *self._offer(proposal, records, now)] for proposal, records in due]
        clock = asyncio.get_running_loop().time
        began = clock()
        verdicts = await self._store.submit(asked)
        ran.commits.append(clock() - began)
        back: dict[type[Lifecycle], list[str]] = {}
        for (proposal, records), verdict in zip(due, verdicts, strict=True):
            if not isinstance(verdict, Refused):
                ran.matches.append(proposal)
                self._beat_at = now.timestamp()
            elif verdict.kind is Matchmaker:
                self._lose()
                return
            else:
                ran.conflicts += 1
                for record in _still_waiting(records.values(), verdict):
                    back.setdefault(type(record), []).append(record.id)
        for kind, ids in back.items():
            await self._put(kind, ids)


def _still_waiting(records: Iterable[Lifecycle], refusal: Refused) -> list[Lifecycle]:
    """Leave out who is overdue: nothing is left to it but to go, and its event says so."""
    overdue = (refusal.kind, refusal.id) if isinstance(refusal, Overdue) else None
    return [record for record in records if (type(record), record.id) != overdue]
