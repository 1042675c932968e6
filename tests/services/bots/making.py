"""What the tests of bots are made of: a service with explicit time, whose fleet, matchers and runner act when told."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tenure import Claim, Exists, NotHolder, Overdue, Poller, Refused, Store, testing
from tenure.matching.entrants import Rules
from tenure.matching.matcher import Matcher
from tenure.services.bots.crew import Crew
from tenure.services.bots.fleet import POLLER
from tenure.services.bots.lifecycle import Bot, Match, Pool, Rating, Ticket
from tenure.services.bots.matchmaking import Matchmaking
from tenure.services.bots.players import rating_id
from tenure.services.bots.service import BotsService, kinds
from tenure.services.bots.settings import Settings
from tenure.services.bots.terms import Terms

START = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the explicit time of the test still holds."""

KEY = "the-games-secret-key"


@dataclass
class World:
    """A service, and a runner that holds bots by their claims."""

    store: Store
    service: BotsService
    claims: dict[str, Claim[Bot]] = field(default_factory=dict)
    matchers: dict[str, Matcher] = field(default_factory=dict)

    # ------------------------------------------------------------------------------------ pools, people, bots

    async def a_pool(self, id: str = "duels", *, system: str = "glicko2", **terms: Any) -> Pool:
        """Make a pool in which nobody is too far from anybody else, unless rules are given."""
        terms = {"rules": Rules(tolerance=1e5, tolerance_at_most=1e5, stand_ins_after_seconds=7.0), **terms}
        return await self.service.pools.create(id, mode="duel", region="eu", rating_system=system, terms=Terms(**terms))

    async def join(self, *players: str, pool: str = "duels", request: str | None = None) -> Ticket:
        """Let somebody join; the ticket is called as the first of them."""
        return await self.service.queue.join(pool, players, request=request or f"t-{players[0]}")

    async def queued_bots(self, number: int, pool: str = "duels") -> list[Bot]:
        """Make bots, deploy them, and let the runner take them."""
        made = await self.service.crew.create(pool, number=number)
        await self.manage()
        await self.run_bots()
        return [await self.store.get(Bot, bot.id) for bot in made]

    # ------------------------------------------------------------------------------------ what goes on by itself

    async def a_turn(self, actor: str = "one") -> Claim[Poller]:
        """Take the fleet manager's turn as somebody."""
        store = self.store.acting(actor)
        with suppress(Exists):
            await store.apply(Poller.create(POLLER))
        poller = await store.get(Poller, POLLER)
        begun = await store.apply(Poller.begin(poller, turns=poller.turns + 1, began_at=await store.now()))
        return begun.claim

    async def manage(self) -> None:
        """Let the fleet manager have one turn."""
        turn = await self.a_turn()
        await self.service.fleet.turn(turn)
        await self.store.apply(Poller.finish(turn))

    async def match(self, pool: str = "duels") -> list[Match]:
        """Let the matcher look once, and give the matches that it made."""
        if pool not in self.matchers:
            self.matchers[pool] = self.service.matchmaking.matcher(await self.service.pools.get(pool))
        before = {match.id for match in await self.store.find(Match.offered)}
        await self.matchers[pool].once()
        return [match for match in await self.store.find(Match.offered) if match.id not in before]

    async def run_bots(self, *, accepting: bool = True) -> None:
        """Let the runner do what its bots' states ask for, and beat."""
        for stranded in await self.store.find(Bot.stranded):
            await self._claim(Bot.resume(stranded))
        now = await self.store.now()
        for bot in await self.store.find(Bot.deployed):
            mode = (await self.store.get(Pool, bot.pool)).mode
            rating = await self.store.get(Rating, rating_id(bot.id, mode))
            await self._claim(Bot.enqueue(bot, rating=rating.value, queued_at=now))
        for id, claim in list(self.claims.items()):
            try:
                bot, _ = await self.store.beaten(claim)
                if bot.state == Bot.matched and accepting:
                    await self.service.offers.accept_as(claim)
            except (NotHolder, Overdue):
                del self.claims[id]

    async def _claim(self, change: Any) -> None:
        with suppress(Refused):
            bot = await self.store.acting("runner").apply(change)
            self.claims[bot.id] = bot.claim

    # ------------------------------------------------------------------------------------ matches

    async def accept(self, match: Match, *, but: Sequence[str] = ()) -> Match:
        """Let all who were offered a match accept it, people and bots."""
        for team in match.teams:
            for seat in team:
                if seat.kind == "Ticket" and seat.id not in but:
                    await self.service.offers.accept(seat.id, match.id)
        await self.run_bots()
        return await self.store.get(Match, match.id)

    async def a_playing_match(self, *players: str) -> Match:
        """Let people join, be matched and accept, until they play."""
        for player in players:
            await self.join(player)
        (match,) = await self.match()
        playing = await self.accept(match)
        assert playing.state == Match.playing
        return playing

    # ------------------------------------------------------------------------------------ looking

    async def ticket(self, player: str) -> Ticket:
        return await self.store.get(Ticket, f"t-{player}")

    async def bot(self, id: str) -> Bot:
        return await self.store.get(Bot, id)

    async def audit(self) -> list[Any]:
        """Prove that every index says what the records say."""
        return list(await self.store.engine.audit(self.store.space_name, repair=False))

    async def states(self, kind: type[Bot | Ticket]) -> Counter[str]:
        return Counter(await self.store.count(kind))


@asynccontextmanager
async def a_world(*, url: str = "sqlite:", **settings: Any) -> AsyncIterator[World]:
    """Make a service whose time stands still until `world.store.advance(…)`. At the end its indexes must be right."""
    settings = {"plays": False, **settings}
    made = Settings(base_url="http://127.0.0.1:1", admin_key="the-admins-key", game_key=KEY, **settings)
    async with testing.store(*kinds, url=url, space="bots", at=START) as store:
        service = BotsService(store, made)
        # Ids by number, so that a run comes again as it was.
        service.crew = Crew(store, service.pools, changed=service.fleet.look_soon, make_id=numbered("bot"))
        service.matchmaking = Matchmaking(
            store,
            service.pools,
            service.keeper,
            make_id=numbered("match"),
            conflicted=service.figures.conflicted,
        )
        world = World(store, service)
        yield world
        for matcher in world.matchers.values():
            await matcher.give_back()
        assert await world.audit() == []


def numbered(name: str) -> Callable[[], str]:
    """Give a function that makes ids one after the other."""
    numbers = itertools.count(1)
    return lambda: f"{name}-{next(numbers)}"


def players_of(match: Match) -> list[str]:
    """Give all who play in a match."""
    return sorted(player for team in match.teams for seat in team for player in seat.players)
