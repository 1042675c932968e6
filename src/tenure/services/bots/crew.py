"""The bots themselves: made, looked up and retired."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from tenure import Applied, Change, Exists, LimitReached, NotFound, Stale, StateOf, Store, WrongState
from tenure.services.bots.lifecycle import Bot, Player, Pool
from tenure.services.bots.players import first_rating
from tenure.services.bots.pools import Pools
from tenure.services.bots.ratings import Rated, rating_system
from tenure.services.bots.refusals import NotThen, TryAgain, Unknown, Wrong
from tenure.services.bots.terms import check_name

AT_A_TIME = 100
MOST_AT_ONCE = 1000
MOST_TRIES = 20
LEAST_RATING, MOST_RATING = -10_000.0, 10_000.0


def new_id() -> str:
    """Make the id of a bot."""
    return f"bot-{secrets.token_hex(6)}"


class Crew:
    """Makes bots and retires them. `changed` is told the pool whose bots have changed."""

    def __init__(
        self, store: Store, pools: Pools, *, changed: Callable[[str], None], make_id: Callable[[], str] = new_id
    ) -> None:
        self._store, self._pools, self._changed, self._make_id = store, pools, changed, make_id

    async def get(self, id: str) -> Bot:
        """Read a bot. Raises `Unknown`: who is unknown is not idle."""
        try:
            return await self._store.get(Bot, id)
        except NotFound:
            raise Unknown("there is no such bot: create it first, or look at the list of bots") from None

    async def create(
        self, pool: str, *, number: int = 1, ids: Sequence[str] | None = None, rating: float | None = None
    ) -> list[Bot]:
        """Make bots for an open pool: so many, or those named. Each rests until it is deployed.

        A repeat with the same names gives those that are there. `rating` is their first, else the system's own.
        Raises `Unknown`, `Wrong`, and `NotThen` where a name is taken or the pool is not open.
        """
        names = [self._make_id() for _ in range(_number(number))] if ids is None else _names(ids)
        if rating is not None and not LEAST_RATING <= rating <= MOST_RATING:
            raise Wrong(f"`rating` must be from {LEAST_RATING:g} to {MOST_RATING:g}")
        found = await self._pools.get(pool)
        if found.state != Pool.open:
            raise NotThen(f"the pool is {found.state}: bots are made for an open one")
        now, made = await self._store.now(), list[Bot]()
        for first in range(0, len(names), AT_A_TIME):
            part = names[first : first + AT_A_TIME]
            verdicts = await self._store.submit([_made(found, name, rating, now) for name in part])
            for verdict in verdicts:
                made.append(verdict.records[0] if isinstance(verdict, Applied) else _same(verdict, found))
        self._changed(pool)
        return made

    async def deploy(self, id: str) -> Bot:
        """Send a bot out, out of its turn. A repeat changes nothing.

        Raises `Unknown`, `TryAgain`, and `NotThen` where its pool has as many out as it may.
        """
        return await self._move(id, Bot.idle, Bot.out, self._deploy, "deployed by hand")

    async def recall(self, id: str) -> Bot:
        """Call a bot home that is in no match. A repeat changes nothing. Raises `Unknown`, `NotThen`, `TryAgain`."""
        return await self._move(id, Bot.spare, Bot.idle, self._recall, "called home by hand")

    async def _move(
        self,
        id: str,
        sources: StateOf[Bot],
        targets: StateOf[Bot],
        change: Callable[[Bot], Awaitable[Change[Bot]]],
        why: str,
    ) -> Bot:
        for _ in range(MOST_TRIES):
            bot = await self.get(id)
            if bot.state in targets:
                return bot
            if bot.state not in sources:
                raise NotThen(f"the bot is {bot.state}: {ELSEWHERE.get(bot.state.name, IN_A_MATCH)}")
            try:
                moved = await self._store.apply(await change(bot), why=why)
            except LimitReached as full:
                raise NotThen(
                    f"all {full.at_most} bots that may be out are out: raise the pool's max_deployed"
                ) from None
            except (Stale, WrongState):
                continue  # it moved meanwhile
            self._changed(bot.pool)
            return moved
        raise TryAgain("the bot's state changes too fast: try again in a moment")

    async def _deploy(self, bot: Bot) -> Change[Bot]:
        return Bot.deploy(bot, deployed_at=await self._store.now())

    async def _recall(self, bot: Bot) -> Change[Bot]:
        return Bot.recall(bot, rested_at=await self._store.now())

    async def retire(self, id: str) -> Bot:
        """Retire a bot that rests or waits, for good; its rating is forgotten. A repeat changes nothing.

        Raises `Unknown`, `TryAgain`, and `NotThen` while it is in a match.
        """
        for _ in range(MOST_TRIES):
            bot = await self.get(id)
            if bot.state == Bot.retired:
                return bot
            if bot.state not in Bot.spare and bot.state != Bot.idle:
                raise NotThen("the bot is in a match: retire it when that has ended")
            try:
                *_, retired, _ = await self._store.apply(*await self._retiring(bot), why="retired by hand")
            except (Stale, WrongState):
                continue  # it moved meanwhile
            self._changed(bot.pool)
            return retired  # type: ignore[no-any-return]
        raise TryAgain("the bot's state changes too fast: try again in a moment")

    async def _retiring(self, bot: Bot) -> list[Change[Any]]:
        if bot.state == Bot.idle:
            return [Bot.retire(bot), Player.forget(bot.id)]
        # Called home first, so that its runner hears of it.
        return [Bot.recall(bot, rested_at=await self._store.now()), Bot.retire(bot.id), Player.forget(bot.id)]


IN_A_MATCH = "break its match off, or wait for its end"
ELSEWHERE = {"retired": "that is for good; create another one"}


def _made(pool: Pool, id: str, rating: float | None, now: datetime) -> list[Change[Any]]:
    """Give the transaction that makes a bot, with its player and its rating in the pool's mode."""
    first = rating_system(pool.rating_system).initial()
    value = first.value if rating is None else rating
    rated = Rated(value=value, deviation=first.deviation, volatility=first.volatility)
    bot = Bot.create(id, pool=pool.id, rating=value, rested_at=now)
    return [bot, Player.create(id), first_rating(id, pool.mode, rated)]


def _same(refusal: Exception, pool: Pool) -> Bot:
    """Give the bot that is there already, if it is this pool's."""
    if isinstance(refusal, Exists):
        record = refusal.record
        if isinstance(record, Bot) and record.pool == pool.id and record.state in Bot.live:
            return record
        raise NotThen("a bot or a player has one of these names already: take other names") from None
    raise refusal


def _number(number: int) -> int:
    if not 1 <= number <= MOST_AT_ONCE:
        raise Wrong(f"`number` must be from 1 to {MOST_AT_ONCE}")
    return number


def _names(ids: Sequence[str]) -> list[str]:
    _number(len(ids))
    for id in ids:
        check_name("ids", id)
    if len(set(ids)) != len(ids):
        raise Wrong("`ids` must name each bot once")
    return list(ids)
