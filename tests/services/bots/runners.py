"""Runners in tests: bots that were deployed, a runner with players that do as they are told, and waiting for it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.services.bots.games import a_match, a_ticket

from tenure import Store, seconds
from tenure.services.bots.crew import Crew
from tenure.services.bots.lifecycle import Bot, Match, Ticket
from tenure.services.bots.offers import Offers
from tenure.services.bots.pools import Pools
from tenure.services.bots.runner.play import Game
from tenure.services.bots.runner.runner import BEAT_SECONDS, Duty, Runner
from tenure.services.bots.runner.stage import Stage

BEAT = seconds(BEAT_SECONDS)
ROOM = "http://127.0.0.1:1/rooms/m1"


@dataclass
class Player:
    """Keeps the games that it is called for, and plays each as it is told to: for ever, if nothing is said."""

    games: list[Game] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    does: Callable[[Game], Awaitable[None]] | None = None

    async def play(self, game: Game) -> None:
        self.games.append(game)
        try:
            await (self.does(game) if self.does else asyncio.Event().wait())
        finally:
            self.ended.append(game.seat)

    @property
    def seats(self) -> list[str]:
        return [game.seat for game in self.games]


class Blocker:
    """Blocks the thread that calls it until it is let go."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self.blocked = threading.Event()

    def block(self) -> None:
        self.blocked.set()
        self._free.wait(100)

    def free(self) -> None:
        self._free.set()


async def deployed(store: Store, *names: str, pool: str = "duel") -> list[Bot]:
    """Make bots, and deploy them as the fleet manager does."""
    bots = await Crew(store, Pools(store), changed=lambda _: None).create(pool, ids=names)
    now = await store.now()
    return [await store.apply(Bot.deploy(bot, deployed_at=now)) for bot in bots]


@asynccontextmanager
async def a_runner(store: Store, player: Player | None = None, **duty: Any) -> AsyncIterator[Runner]:
    """Run a runner while the body runs. At its end it is as good as killed: it gives nothing back."""
    player = player or Player()
    async with Stage(store.log, blocked_seconds=duty.get("blocked_seconds", 5.0)) as stage:
        runner = Runner(store.acting("runner"), stage, Duty(**{"make": lambda: player, "slots": 1000, **duty}))
        stop = asyncio.Event()
        task = asyncio.create_task(runner.run(stop))
        try:
            yield runner
        finally:
            await killed(runner, task)


async def killed(runner: Runner, task: asyncio.Task[int]) -> None:
    """End a runner without a word to the store; a bot that it was just about to take may be its own or not."""

    async def leave_all(_grace: float = 0.0) -> int:
        ended: list[asyncio.Task[Any]] = [keeping for _, keeping in runner._kept.values()]
        ended += [] if runner._claiming is None else [runner._claiming]
        runner._kept.clear()
        for each in ended:
            each.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        return 0

    runner._give_back = leave_all  # type: ignore[method-assign, assignment]
    await leave_all()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(look: Callable[[], Awaitable[Any] | Any]) -> Any:
    """Look until there is something; the test's time-out is the limit."""
    while True:
        found = look()
        found = await found if isinstance(found, Awaitable) else found
        if found:
            return found
        await asyncio.sleep(0)


async def in_state(store: Store, state: Any, *names: str) -> bool:
    """Tell whether all these records are in a state."""
    found = await store.get_many(state.kind, names)
    return len(found) == len(names) and all(record.state in state for record in found.values())


async def lived_on(store: Store, length: timedelta, *names: str) -> None:
    """Let time pass no faster than these bots beat: a real hour has time for that, an explicit one has not."""
    for _ in range(length // BEAT):
        before = await store.now()
        await store.advance(BEAT)
        await until(partial(_have_beaten, store, before, *names))


async def _have_beaten(store: Store, since: datetime, *names: str) -> bool:
    return all(bot.beaten_at > since for bot in (await store.get_many(Bot, names)).values())


async def offered(store: Store, match: str, bot: str, person: str) -> Match:
    """Offer a match of a queued bot and somebody new."""
    await until(lambda: in_state(store, Bot.queued, bot))
    return await a_match(store, match, await store.get(Bot, bot), await a_ticket(store, person))


async def played(store: Store, match: str, bot: str, person: str, *, room: bool = True) -> Match:
    """Offer a match, accept it for the person, and open its room; the bot's runner does its own part."""
    await offered(store, match, bot, person)
    await Offers(store).accept(person, match)
    await until(lambda: in_state(store, Match.playing, match))
    await until(lambda: in_state(store, Ticket.playing, person))
    return await store.apply(Match.open_at(match, room=ROOM)) if room else await store.get(Match, match)
