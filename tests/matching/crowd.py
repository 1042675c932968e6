"""A crowd of players for one pool, and the ledger that is kept of them from the events of the store."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime
from random import Random
from typing import Any

from tenure import Applied, Change, Event, Refused, Store, seconds
from tenure.services.bots.lifecycle import Match, Ticket
from tenure.services.bots.offers import Offers
from tenure.services.bots.refusals import NotThen

AT_ONCE = 64
AT_A_TIME = 50
AUDITED = 25
"""Each so manyth check looks at the indexes too, while all go on."""

LEAVE, ACCEPT, DECLINE = 0.05, 0.93, 0.04
ENDS = {"played", "left"}


class Ledger:
    """What the events say, one after the other: who is where, and who sits in which match."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.seats: dict[str, list[str]] = {}
        """By match that is not over, who sits in it."""
        self.sits_in: dict[str, str] = {}
        self.matches = 0
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []

    def note(self, event: Event[Any]) -> None:
        """Take over one event; what must not be is noted as wrong."""
        self.seen[f"{event.kind.__name__}.{event.name}"] += 1
        if event.kind is Ticket:
            self.states[event.id] = event.target.name
        elif event.kind is Match and event.name == "create":
            self._begin(event.id, [seat.id for team in event.fields["teams"] for seat in team])
        elif event.kind is Match and event.target.name in ("over", "void"):
            for ticket in self.seats.pop(event.id, ()):
                self.sits_in.pop(ticket, None)

    def _begin(self, match: str, tickets: list[str]) -> None:
        self.matches += 1
        self.seats[match] = tickets
        for ticket in tickets:
            if ticket in self.sits_in:
                self.wrong.append(f"{ticket} sits in {match} and in {self.sits_in[ticket]}")
            self.sits_in[ticket] = match


class Crowd:
    """Players that join, accept or not, play and leave, as their dice say."""

    def __init__(self, store: Store, pool: str, seed: int) -> None:
        self._store, self._pool, self._dice = store, pool, Random(seed)  # noqa: S311  a seed, so that it comes again
        self._offers = Offers(store)
        self._busy: set[asyncio.Task[None]] = set()
        self._free = asyncio.Semaphore(AT_ONCE)
        self.ledger = Ledger()
        self.joined = 0
        self.checks = 0

    async def join(self, players: int, *, over_seconds: float = 0.0) -> None:
        """Let so many join, some at a time, over about so long; all are counted each time."""
        pause = over_seconds * AT_A_TIME / (players - self.joined)
        while self.joined < players:
            now, number = await self._store.now(), min(AT_A_TIME, players - self.joined)
            names = [f"t{self.joined + n}" for n in range(number)]
            made = await self._store.submit([self._ticket(name, now)] for name in names)
            assert all(isinstance(verdict, Applied) for verdict in made)
            self.joined += number
            await self.check()
            await asyncio.sleep(pause)

    def _ticket(self, name: str, now: datetime) -> Change[Ticket]:
        rating = self._dice.gauss(1500, 300)
        return Ticket.create(
            name, pool=self._pool, rating=rating, queued_at=now, players=(name,), cool_for=seconds(0.5)
        )

    async def check(self) -> None:
        """Everybody who joined is somewhere, nobody sits twice, and now and then: no index says what is not so."""
        counts = await self._store.count(Ticket)
        assert sum(counts.values()) == self.joined, f"of {self.joined} there are {counts}"
        assert self.ledger.wrong == []
        if self.checks % AUDITED == 0:
            wrong = await self._store.engine.audit(self._store.space_name, repair=False)
            assert not wrong, wrong
        self.checks += 1

    async def follow(self, after: int) -> None:
        """Keep the ledger, and let players do something about what happens to them. Endless."""
        async for event in self._store.feed(Ticket, Match, after=after):
            self.ledger.note(event)
            if event.kind is Ticket and event.name == "create" and self._dice.random() < LEAVE:
                self._do(self._leave(event.id))
            elif event.kind is Ticket and event.name == "reserve":
                self._do(self._answer(event.id, event.fields["match"]))
            elif event.kind is Match and event.name == "start":
                self._do(self._play(event.id))

    def _do(self, what: Coroutine[Any, Any, None]) -> None:
        async def done() -> None:
            async with self._free:
                await what

        task = asyncio.create_task(done())
        self._busy.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._busy.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.ledger.wrong.append(f"a player failed: {task.exception()!r}")

    async def _leave(self, ticket: str) -> None:
        """Think better of it, perhaps just as somebody makes a match of it."""
        await self._store.submit([[Ticket.leave(ticket)]])

    async def _answer(self, ticket: str, match: str) -> None:
        """Most accept, some decline, and a few don't care."""
        chance = self._dice.random()
        try:
            if chance < ACCEPT:
                await self._offers.accept(ticket, match)
            elif chance < ACCEPT + DECLINE:
                await self._offers.decline(ticket, match)
        except NotThen:
            pass  # the other declined before, or the offer ran out

    async def _play(self, id: str) -> None:
        """Play to the end: the match is over, and all who sat in it have played."""
        match = await self._store.get(Match, id)
        seats = [seat.id for team in match.teams for seat in team]
        try:
            await self._store.apply(*(Ticket.finish(seat) for seat in seats), Match.settle(match, places=(1, 2)))
        except Refused as refusal:
            self.ledger.wrong.append(f"a match that was played is not settled: {refusal}")

    def waits_or_plays(self) -> list[str]:
        """Name those who are not done."""
        return [ticket for ticket, state in self.ledger.states.items() if state not in ENDS]

    async def until(self, true: Callable[[], bool]) -> None:
        """Let all go on until something is true; all are counted meanwhile."""
        while not true():
            await asyncio.sleep(0.1)
            await self.check()

    async def close(self) -> None:
        """Let nobody do anything any more."""
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
