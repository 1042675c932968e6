"""The fleet: as many bots out per pool as its owner wants, each in its turn, kept so by one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import NamedTuple

from tenure import Change, Claim, LeaseLost, OutcomeUnknown, Poller, Store, Unavailable, seconds
from tenure.services.bots.draining import Draining
from tenure.services.bots.fencing import apply_under
from tenure.services.bots.lifecycle import Bot, Pool
from tenure.services.bots.pools import Pools

POLLER = "bots/fleet"
PERIOD_SECONDS = 1.0
QUIET_SECONDS = 5.0
"""How often a pool is looked at in which nothing is to be done, and of which nothing was heard."""
AT_A_TIME = 100
ROTATED_AT_ONCE = 4
"""No more than this part of a pool's bots is rotated at a time, so that the others stay ready."""


class Plan(NamedTuple):
    """Who is to go home and who is to go out, in this order."""

    recall: list[Bot]
    deploy: list[Bot]


class Fleet:
    """Deploys, rotates and recalls the bots of all pools. `may_deploy` says whether there is a game to play."""

    def __init__(self, store: Store, *, may_deploy: Callable[[], bool] = lambda: True) -> None:
        self._store = store.acting(f"fleet@{store.actor}")
        self._pools, self._draining, self._may_deploy = Pools(self._store), Draining(self._store), may_deploy
        self._deploys = True
        self._looks: dict[str, tuple[int, datetime]] = {}
        """By pool, the version that was seen last, and when it is to be looked at next."""
        self.leads = False
        """Whether this process takes turns. Several may, one at a time."""

    async def run(self) -> None:
        """Take turns for ever; another process takes over within a lease where this one stops."""
        try:
            while True:
                await self._take_turns()
        finally:
            self.leads = False

    async def _take_turns(self) -> None:
        """Take turns until one is lost, or the store is away."""
        try:
            # Closed by hand: a turn that ends by an error is given back at once.
            async with aclosing(self._store.every(seconds(PERIOD_SECONDS), POLLER)) as turns:  # type: ignore[type-var]
                async for turn in turns:
                    self.leads = True
                    await self.turn(Claim(Poller, POLLER, turn.fence))
        except (LeaseLost, Unavailable, OutcomeUnknown) as error:
            self.leads = False
            self._store.log.warning("fleet_turn_ended", error=str(error))
            await self._store.clock.sleep(PERIOD_SECONDS)

    async def turn(self, turn: Claim[Poller]) -> None:
        """Look at the pools that may need something, one after the other. Raises `LeaseLost`."""
        now, deploys = await self._store.now(), self._may_deploy()
        if deploys != self._deploys:
            self._deploys, self._looks = deploys, {}
        there: set[str] = set()
        async for pool in self._pools.all():
            there.add(pool.id)
            version, look_at = self._looks.get(pool.id, (0, now))
            if pool.version != version or look_at <= now:
                self._looks[pool.id] = pool.version, await self._look(pool, turn, now)
        self._looks = {id: look for id, look in self._looks.items() if id in there}

    def look_soon(self, pool: str) -> None:
        """Look at a pool in the next turn: its bots have changed."""
        self._looks.pop(pool, None)

    # ------------------------------------------------------------------------------------ inside

    async def _look(self, pool: Pool, turn: Claim[Poller], now: datetime) -> datetime:
        """Do what is to be done in a pool, and give when to look again. Costs what is out, not what is there."""
        drained = pool.state == Pool.draining and await self._draining.step(pool, turn)
        out = await self._out(pool)
        wanted = min(max(pool.max_deployed - len(out), 0) + len(_tired(pool, out, now)), AT_A_TIME)
        resting = await self._store.find(Bot.idle, per=pool.id, limit=wanted) if wanted else []
        plan = planned(pool, out, resting, now, deploys=self._deploys)
        groups: list[Sequence[Change[Bot]]] = [
            *([Bot.recall(bot, rested_at=now)] for bot in plan.recall[:AT_A_TIME]),
            *([Bot.deploy(bot, deployed_at=now)] for bot in plan.deploy[:AT_A_TIME]),
        ]
        await apply_under(self._store, turn, groups, why=_why(pool, plan))
        if drained or groups or pool.state == Pool.draining or len(out) > pool.max_deployed:
            return now + seconds(PERIOD_SECONDS)
        return min([now + seconds(QUIET_SECONDS), *(_tired_at(bot, pool) for bot in out if _tired_at(bot, pool) > now)])

    async def _out(self, pool: Pool) -> list[Bot]:
        """Read the bots that are out: those that hold the limit's slots."""
        out: list[Bot] = await self._store.holding(Bot.fleet, pool.id, most=MOST_OUT)
        return out


MOST_OUT = 100_000


def planned(pool: Pool, out: Sequence[Bot], resting: Sequence[Bot], now: datetime, *, deploys: bool) -> Plan:
    """Say who goes home and who goes out. `resting` are idle bots, the longest rested first.

    Nobody is called home from a match. Where there is nothing to play, nobody goes out, and nobody is relieved.
    """
    spare = _spare(pool, out)
    surplus, vacant = max(len(out) - pool.max_deployed, 0), max(pool.max_deployed - len(out), 0)
    recall, rest = spare[:surplus], spare[surplus:]
    if not deploys:
        return Plan(recall, [])
    relief = resting[vacant:]
    tired = _tired(pool, rest, now)[: min(len(relief), _at_once(pool))]
    return Plan([*recall, *tired], [*resting[:vacant], *relief[: len(tired)]])


def _spare(pool: Pool, out: Sequence[Bot]) -> list[Bot]:
    """Give those who are in no match, the one that has been out longest first."""
    return sorted((bot for bot in out if bot.state in Bot.spare), key=lambda bot: (_tired_at(bot, pool), bot.id))


def _tired(pool: Pool, out: Sequence[Bot], now: datetime) -> list[Bot]:
    return [bot for bot in _spare(pool, out) if _tired_at(bot, pool) <= now]


def _at_once(pool: Pool) -> int:
    return max(pool.max_deployed // ROTATED_AT_ONCE, 1)


def _tired_at(bot: Bot, pool: Pool) -> datetime:
    """Give when a bot has been out long enough, so that another has its turn."""
    return (bot.deployed_at or bot.entered_at) + seconds(pool.rotate_seconds)


def _why(pool: Pool, plan: Plan) -> str:
    return f"pool {pool.id} keeps {pool.max_deployed} bots out: {len(plan.deploy)} go out, {len(plan.recall)} go home"
