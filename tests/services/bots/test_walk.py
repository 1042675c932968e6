"""Random walks through the whole service: people, bots, matches, dead runners and drains, checked at every step."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
import pytest
from tests.places import KEPT, Place
from tests.services.bots.checking import Seen, check
from tests.services.bots.making import World, a_world

from tenure import StateOf, seconds
from tenure.http.rejections import Rejected
from tenure.services.bots.lifecycle import Match, Pool, Ticket
from tenure.services.bots.terms import Terms

K = TypeVar("K")
NEAR = {"tolerance": 300.0, "tolerance_per_second": 20.0, "tolerance_at_most": 2000.0, "rematch_after_seconds": 20.0}
PEOPLE = [f"p{number}" for number in range(16)]
BLOCKS = {"p0": {"p1"}, "p2": {"p3", "p4"}}


class Walk:
    """One walk by one seed. Its steps are called what they do."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, random.Random(seed)  # noqa: S311  a seed, so that a failure comes again
        self.joined = self.made = 0
        self.done: Counter[str] = Counter()
        self.runner_lives = True
        self.seen: Seen

    async def begin(self) -> None:
        pools, crew = self.world.service.pools, self.world.service.crew
        for id, mode, system, size in (("duels", "duel", "glicko2", 1), ("teams", "brawl", "openskill", 2)):
            terms = msgspec.convert(
                {"max_deployed": 3, "rotate_seconds": 40.0, "accept_seconds": 6.0, "cool_seconds": 8.0,
                 "patience_seconds": 90.0, "longest_seconds": 60.0,
                 "rules": {"team_size": size, "stand_ins_after_seconds": 4.0, **NEAR}},
                Terms,
            )  # fmt: skip
            await pools.create(id, mode=mode, region="eu", rating_system=system, terms=terms)
            await crew.create(id, number=6)
            self.made += 6
        for player, blocked in BLOCKS.items():
            await self.world.service.players.block(player, blocked)

    async def step(self) -> None:
        """Do something that was drawn; a refusal is an answer."""
        steps: dict[Callable[[], Awaitable[object]], int] = {
            self.join: 20, self.leave: 1, self.answer: 14, self.match: 12, self.run_bots: 14, self.settle: 6,
            self.break_off: 1, self.manage: 6, self.lower_or_raise: 1, self.drain: 1, self.reopen: 6,
            self.kill_or_start: 1, self.retire_or_make: 1, self.wait: 12,
        }  # fmt: skip
        step = self.random.choices([*steps], [*steps.values()])[0]
        try:
            await step()
        except Rejected as refusal:
            self.done[type(refusal).__name__] += 1
        else:
            self.done[step.__name__] += 1
        self.seen = await check(self.world.store, joined=self.joined, made=self.made)

    # ------------------------------------------------------------------------------------ steps

    async def join(self) -> None:
        pool = self.random.choice(["duels", "teams"])
        party = self.random.sample(PEOPLE, self.random.choice([1, 2]) if pool == "teams" else 1)
        request = f"r{self.joined}"
        await self.world.service.queue.join(pool, party, request=request)
        self.joined += 1
        assert (await self.world.service.queue.join(pool, party, request=request)).id == request

    async def leave(self) -> None:
        if ticket := self.one_of(self.tickets(Ticket.queued)):
            await self.world.service.queue.leave(ticket.id)

    async def answer(self) -> None:
        """Let most of those accept who were asked; some decline, and some do nothing."""
        for ticket in self.tickets(Ticket.matched):
            choice = self.random.random()
            if choice < 0.8:
                await self.world.service.offers.accept(ticket.id, str(ticket.match))
            elif choice < 0.9:
                await self.world.service.offers.decline(ticket.id, str(ticket.match))

    async def match(self) -> None:
        for id in ("duels", "teams"):
            if (await self.world.service.pools.get(id)).state == Pool.open:
                self.done["matches"] += len(await self.world.match(id))

    async def run_bots(self) -> None:
        if self.runner_lives:
            await self.world.run_bots(accepting=self.random.random() < 0.9)

    async def settle(self) -> None:
        if match := self.one_of(self.matches(Match.playing)):
            places = self.random.choice([(1, 2), (2, 1), (1, 1)])
            await self.world.service.settling.settle(match.id, places)
            await self.world.service.settling.settle(match.id, places)

    async def break_off(self) -> None:
        if match := self.one_of([*self.matches(Match.playing), *self.matches(Match.offered)]):
            await self.world.service.settling.break_off(match.id, "by_hand")

    async def manage(self) -> None:
        await self.world.manage()

    async def lower_or_raise(self) -> None:
        number = self.random.randint(0, 4)
        await self.world.service.pools.edit(
            self.random.choice(["duels", "teams"]), lambda terms: msgspec.structs.replace(terms, max_deployed=number)
        )

    async def drain(self) -> None:
        await self.world.service.pools.drain(self.random.choice(["duels", "teams"]))

    async def reopen(self) -> None:
        for id in ("duels", "teams"):
            await self.world.service.pools.reopen(id)

    async def kill_or_start(self) -> None:
        """Let the runner die without a word, or let another one start."""
        self.runner_lives = not self.runner_lives
        self.world.claims.clear()
        await self.world.store.advance(seconds(self.random.choice([1, 16])))

    async def retire_or_make(self) -> None:
        if self.random.random() < 0.5:
            await self.world.service.crew.create(self.random.choice(["duels", "teams"]))
            self.made += 1
        else:
            await self.world.service.crew.retire(self.random.choice([*self.seen.bots]))

    async def wait(self) -> None:
        await self.world.store.advance(seconds(self.random.choice([0.2, 1, 3, 3, 8])))

    # ------------------------------------------------------------------------------------ looking

    def tickets(self, state: StateOf[Ticket]) -> list[Ticket]:
        return [ticket for ticket in self.seen.tickets.values() if ticket.state == state]

    def matches(self, state: StateOf[Match]) -> list[Match]:
        return [match for match in self.seen.matches.values() if match.state == state]

    def one_of(self, records: Sequence[K]) -> K | None:
        return self.random.choice(records) if records else None


async def walk(world: World, seed: int, steps: int) -> Counter[str]:
    """Walk, and give what was done how often. The world's end proves its indexes."""
    made = Walk(world, seed)
    await made.begin()
    made.seen = await check(world.store, joined=0, made=made.made)
    for _ in range(steps):
        await made.step()
    met = [{player for team in m.teams for seat in team for player in seat.players} for m in made.seen.matches.values()]
    assert not any(player in players and players & blocked for players in met for player, blocked in BLOCKS.items())
    ends = Counter(f"match {match.state}" for match in made.seen.matches.values())
    return made.done + ends + Counter(f"ticket {ticket.state}" for ticket in made.seen.tickets.values())


@pytest.mark.parametrize("seed", [0, 1, 7, 8])
async def test_whatever_happens_nobody_is_lost_nobody_plays_twice_and_all_is_counted_once(seed: int) -> None:
    async with a_world() as world:
        done = await walk(world, seed, 100)
    # What this walk is about has really happened.
    assert done["matches"] >= 6
    assert min(done[f"match {end}"] for end in ("over", "void")) >= 2
    assert min(done[f"ticket {end}"] for end in ("played", "left")) >= 1


@pytest.mark.parametrize("engine", KEPT)
async def test_the_same_on_each_engine(place_of: Callable[[str], Place], engine: str) -> None:
    async with a_world() as world:
        expected = await walk(world, 1, 40)
    async with a_world(url=place_of(engine).fresh()) as world:
        assert await walk(world, 1, 40) == expected
    assert expected["matches"] >= 2


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 1100))
async def test_the_same_for_long(seed: int) -> None:
    async with a_world() as world:
        await walk(world, seed, 400)
