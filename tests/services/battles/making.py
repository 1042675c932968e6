"""What the tests of battles are made of: instances on one store with explicit time, and players who are told things."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from tests.resting import PATIENCE_SECONDS, Rest

from tenure import OutcomeUnknown, Store, Unavailable, seconds, testing
from tenure.matching.matcher import Matcher
from tenure.services.battles.lifecycle import Battle, BattleTicket, Connection, Instance, Seat
from tenure.services.battles.messages import Code, Happened, Message
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.service import ALL_RULES, BattlesService, kinds
from tenure.services.battles.settings import Settings
from tenure.store.timing import ManualClock

START = datetime(2100, 1, 1, tzinfo=UTC)
"""Later than any machine's clock: where an engine reads its own, the explicit time of the test still holds."""

BEATEN_WITHIN = seconds(4)
NOTHING = msgspec.Raw(b"null")


class Line:
    """An outlet that keeps what it was told; `room` is how much it takes before it is too slow."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.told: list[Message] = []
        self.closed: list[Code] = []
        self.room = room

    def send(self, message: Message) -> bool:
        if len(self.told) >= self.room:
            return False
        self.told.append(message)
        return True

    def close(self, code: Code) -> None:
        self.closed.append(code)

    @property
    def names(self) -> list[str]:
        """The names of the events that it was told, in order."""
        return [one.name for one in self.told if isinstance(one, Happened)]

    @property
    def cursor(self) -> int:
        return max(one.cursor for one in self.told if isinstance(one, Happened))


class Node:
    """One instance. `kill` ends it as a killed process ends: without a word to the store."""

    def __init__(self, store: Store, rules: Iterable[Rules], **settings: Any) -> None:
        made = Settings(base_url="http://127.0.0.1:1", admin_key="the-admins-key", **settings)
        self.store = store
        self.service = BattlesService(
            store,
            made,
            rules=rules,
            new_seed=itertools.count(7).__next__,
            monotonic=lambda: (store.clock() or 0) / 1_000_000,
        )
        self.isolation = self.service.isolation
        self.presence, self.queue, self.playing = self.service.presence, self.service.queue, self.service.playing
        self.running, self.rooms, self.seats = self.service.running_battles, self.service.rooms, self.service.seats
        self.cut_off = False
        """Whether it can't reach the store."""
        self.lost: list[str] = []
        self.presence.lost = self.lost.extend
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def id(self) -> str:
        assert self.presence.instance is not None
        return self.presence.instance

    async def begin(self) -> None:
        """Be there, and run battles."""
        loops = (self.presence.run, self.running.run, self.seats.run, self.isolation.run)
        self._tasks = [asyncio.ensure_future(one()) for one in loops]
        await until(lambda: self.presence.instance is not None or self._tasks[0].done())
        assert self.presence.instance is not None, self._tasks[0]

    async def end(self) -> None:
        """End in good order."""
        await self.running.hand_over()
        await self._stop()

    async def kill(self) -> None:
        async def nothing(_: object) -> None:
            """Say nothing."""

        self.presence._leave = nothing  # type: ignore[method-assign,assignment]
        await self._stop()

    @property
    def lives(self) -> bool:
        return bool(self._tasks)

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.rooms.close()

    # ------------------------------------------------------------------------------------ players

    async def waiting(self, player: str, *, level: int = 1) -> BattleTicket:
        """Connect a player, and let them join the queue."""
        connection = await self.presence.connect(player)
        return await self.queue.join(connection.id, mode="wizards", level=level)

    async def cast(self, battle: str, player: str, spell: str = "spark", *, number: str | None = None) -> int | None:
        """Cast a spell."""
        move = msgspec.json.encode({"spell": spell})
        return await self.playing.act(battle, player, move, number=number or f"n{next(_numbers)}")

    async def hears(self, battle: str, player: str, *, cursor: int | None = None, room: int = 1_000_000) -> Line:
        """Let a player hear a battle."""
        line = Line(room)
        await self.rooms.enter(battle, player, line, cursor=cursor)
        return line


_numbers = itertools.count(1)


class Cut:
    """Lets a store take so many more writes, and then none, until `mend`; of the last one it may lose the answer."""

    def __init__(self, store: Store) -> None:
        self.left, self.answers = 1_000_000, True
        self._write = store.engine.write
        store.engine.write = self.write  # type: ignore[method-assign, assignment]

    def after(self, writes: int, *, answers: bool = True) -> None:
        self.left, self.answers = writes, answers

    def mend(self) -> None:
        self.after(1_000_000)

    async def write(self, *args: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("the store is away")
        written = await self._write(*args)
        if self.left == 0 and not self.answers:
            raise OutcomeUnknown("the answer was lost")
        return written


class World:
    """A store with several instances on it."""

    def __init__(self, store: Store, rules: Iterable[Rules], **settings: Any) -> None:
        self.store, self._rules, self.settings = store, tuple(rules), settings
        self.nodes: list[Node] = []
        self.rest = Rest()
        self.rest.watch(store)

    async def node(self, store: Store | None = None) -> Node:
        """Start an instance, which may have a way of its own to the store."""
        own = (store or self.store).acting(f"node {len(self.nodes) + 1}")
        node = Node(own, self._rules, **self.settings)
        node.isolation._open_journal = self.rest.watching(node.isolation._open_journal)
        self.nodes.append(node)
        await node.begin()
        return node

    async def match(self, node: Node) -> list[Battle]:
        """Let an instance's matcher look once, and give the battles that are offered then."""
        matcher: Matcher = node.service.matchmaking.matchers["wizards"]
        await matcher.once()
        await matcher.give_back()
        return await self.store.find(Battle.offered)

    async def a_battle(self, one: Node, two: Node, players: tuple[str, str] = ("ann", "bob"), level: int = 1) -> str:
        """Let two players meet and confirm, each at an instance, until somebody runs their battle."""
        for node, player in zip((one, two), players, strict=True):
            await node.waiting(player, level=level)
        battle = next(b for b in await self.match(one) if set(b.players) == set(players))
        await one.queue.confirm(players[0], battle.id)
        await two.queue.confirm(players[1], battle.id)
        await self.runs(battle.id)
        return battle.id

    async def runs(self, battle: str) -> Battle:
        """Wait until somebody who lives runs a battle, and knows it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self._is_run(record := await self.store.get(Battle, battle)):
                await self.pass_time(0.25)
        return record

    def _is_run(self, battle: Battle) -> bool:
        nodes = [node for node in self.nodes if node.lives and node.presence.instance == battle.instance]
        return battle.state == Battle.running and any(node.running.owns(battle.id) for node in nodes)

    async def owner(self, battle: str) -> Node:
        """Give the instance that runs a battle."""
        instance = (await self.runs(battle)).instance
        return next(node for node in self.nodes if node.lives and node.id == instance)

    async def turn(self, battle: str, after: int) -> Battle:
        """Wait until a battle has come past a turn, or is over."""

        async def there() -> Battle | None:
            record = await self.store.get(Battle, battle)
            return record if record.turn > after or record.state not in Battle.played else None

        return await until(there)  # type: ignore[no-any-return]

    async def play(
        self, battle: str, *, spell: str = "spark", turns: int = 1000, through: Node | None = None
    ) -> Battle:
        """Let whose turn it is cast a spell, turn by turn, until the battle is over or so many turns are played."""
        record = await self.store.get(Battle, battle)
        for _ in range(turns):
            if record.state not in Battle.played:
                break
            node = through or next(node for node in self.nodes if node.lives)
            await node.cast(battle, record.acts[0], spell)
            record = await self.turn(battle, record.turn)
        return record

    async def pass_time(self, length: float) -> None:
        """Let time pass no faster than who lives beats: a real second has time for that, an explicit one has not."""
        passed = 0.0
        while passed < length:
            step = min(1.0, length - passed)
            await self.store.advance(seconds(step))
            passed += step
            await self.rest.comes()
            await until(self._all_have_beaten)

    async def pass_unswept(self, length: float, step: float = 0.25) -> None:
        """Let time pass while nobody sweeps, no faster than what is done meanwhile: then nobody's lease is over."""
        clock = self.store.clock
        assert isinstance(clock, ManualClock)
        end = clock.now + round(length * 1_000_000)
        while clock.now < end:
            clock.move_to(min(clock.now + round(step * 1_000_000), end))
            await self.rest.comes()

    async def _all_have_beaten(self) -> bool:
        since = await self.store.now() - BEATEN_WITHIN
        here = [node.id for node in self.nodes if node.presence.instance and not node.cut_off]
        found = await self.store.get_many(Instance, here)
        # Whom others took for dead never beats again, and learns of it at its next beat: nobody waits for that one.
        return all(one.beaten_at >= since for one in found.values() if one.state in Instance.present)


@asynccontextmanager
async def a_world(
    *, url: str = "sqlite:", rules: Iterable[Rules] = ALL_RULES, audited: bool = True, **settings: Any
) -> AsyncIterator[World]:
    """Open a store whose time stands still. At the end all instances are killed, and its indexes must be right."""
    async with testing.store(*kinds, url=url, space="battles", at=START) as store:
        world = World(store, rules, **settings)
        try:
            yield world
        finally:
            for node in world.nodes:
                await node.kill()
        if audited:
            assert list(await store.engine.audit(store.space_name, repair=False)) == []


async def until(look: Callable[[], Awaitable[Any] | Any]) -> Any:
    """Look until there is something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = look()
            found = await found if isinstance(found, Awaitable) else found
            if found:
                return found
            await asyncio.sleep(0)


async def spin() -> None:
    """Let others run for a while."""
    for _ in range(50):
        await asyncio.sleep(0)


async def seat_of(store: Store, battle: str, player: str) -> Seat:
    return await store.get(Seat, f"{battle}/{player}")


async def connection_of(store: Store, player: str) -> Connection:
    (connection,) = await store.holding(Connection.one_per_player, player)
    return connection  # type: ignore[no-any-return]
