"""Runners as processes of their own, which are killed and stopped; the service and its time are the test's."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.services.bots.games import KEY, a_match, a_pool, a_ticket
from tests.services.bots.runners import deployed, in_state

from tenure import Store
from tenure.cli.application import UNAVAILABLE, USAGE, run
from tenure.core.clock import wall_time
from tenure.http.serving import bind
from tenure.opening import open as open_store
from tenure.services.bots.api.http import create_app
from tenure.services.bots.game import duel
from tenure.services.bots.game.stand_in import StandIn
from tenure.services.bots.kinds import kinds
from tenure.services.bots.lifecycle import Bot, Match, Rating, Ticket
from tenure.services.bots.service import BotsService
from tenure.services.bots.settings import Settings
from tenure.store.timing import SystemClock
from tenure.web.serving import serving

MINE = """
from tenure.services.bots.runner.players import play_duel

class Mine:
    async def play(self, game):
        await play_duel(game, lambda turn: 1)
"""


class Ahead(SystemClock):
    """A clock that goes as this machine's does, and can be put forward."""

    ahead = 0.0

    def __call__(self) -> int:
        return wall_time() + round(self.ahead * 1_000_000)


class Runner:
    """A runner in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self) -> tuple[int, str]:
        """Wait for its end, and give its exit code and what it said."""
        _, said = await self._process.communicate()
        return int(self._process.returncode or 0), said.decode()


@dataclass
class World:
    """The service with its local game, in the test's own time, and the runners beside it."""

    store: Store
    clock: Ahead
    service: BotsService
    folder: Path
    url: str
    runners: list[Runner]

    async def runner(self, *options: str) -> Runner:
        """Start a runner."""
        command = ["-m", "tenure.cli", "bots", "runner", "--store", self.url, "--space", "bots", *options]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, cwd=self.folder, env={**os.environ, "TENURE_BOTS_GAME_KEY": KEY},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.runners.append(Runner(process))
        return self.runners[-1]

    async def until(self, look: Callable[[], Awaitable[bool]]) -> None:
        """Look at each write, whichever process made it, until it is so; the test's time-out is the limit."""
        with self.store.bell() as bell:
            while not await look():
                await bell.heard()

    async def put_forward(self, seconds: float) -> None:
        """Let it be later, in steps that are no outage: a sweeper is at work all the time."""
        for _ in range(4):
            self.clock.ahead += seconds / 4
            await self.store.sweep()

    async def play(self, match: str, bot: str, person: str) -> None:
        """Bring a match of a queued bot and somebody new to where the person has to move."""
        await a_match(self.store, match, await self.store.get(Bot, bot), await a_ticket(self.store, person))
        await self.service.offers.accept(person, match)
        await self.until(lambda: in_state(self.store, Match.playing, match))
        await self.until(lambda: self.has_room(match))

    async def has_room(self, match: str) -> bool:
        return (await self.store.get(Match, match)).room is not None

    async def move(self, match: str, person: str) -> None:
        """Make the person's moves, to the end."""
        assert self.service.stand_in is not None
        for turn in range(1, duel.ROUNDS + 1):
            await self.service.stand_in.move(match, f"Ticket/{person}", turn, 9)
            await self.until(lambda turn=turn: self.is_past(match, turn))  # type: ignore[misc]
        await self.until(lambda: in_state(self.store, Match.over, match))

    async def is_past(self, match: str, turn: int) -> bool:
        assert self.service.stand_in is not None
        return len((await self.service.stand_in.look(match)).played) >= turn

    async def bot(self, id: str) -> Bot:
        return await self.store.get(Bot, id)


@asynccontextmanager
async def a_world(folder: Path) -> AsyncIterator[World]:
    """Run the service here, without matchers, fleet manager or bots of its own; nothing is left afterwards."""
    url, taken = f"sqlite:///{folder}/store.db", bind("127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    settings = Settings(
        base_url=base_url, admin_key="the-admins-key", game_key=KEY, matches=False, manages=False, plays=False
    )
    (folder / "mine.py").write_text(MINE)
    clock = Ahead()
    async with open_store(url, *kinds, space="bots", clock=clock) as store, store.sweeping():
        await store.sweep()
        service = BotsService(store, settings)
        # No round is over because a process takes its time to begin.
        service.stand_in = StandIn(store, KEY, round_seconds=600.0)
        await a_pool(store)
        world = World(store, clock, service, folder, url, [])
        async with service.running(), serving(create_app(service), taken):
            try:
                yield world
            finally:
                for runner in world.runners:
                    if runner._process.returncode is None:
                        runner.send(signal.SIGKILL)
                        await runner.ended()


async def test_whatever_a_killed_runner_did_another_goes_on_with_it_and_every_seat_is_kept(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        store = world.store
        await deployed(store, "queued", "matched", "playing")
        first = await world.runner("--player", "mine:Mine")
        await world.until(lambda: in_state(store, Bot.queued, "queued", "matched", "playing"))
        await world.play("m1", "playing", "ann")
        assert world.service.stand_in is not None
        await world.service.stand_in.move("m1", "Ticket/ann", 1, 9)
        await world.until(lambda: world.is_past("m1", 1))
        first.send(signal.SIGSTOP)  # so that it can't accept
        bob = await a_ticket(store, "bob")
        await a_match(store, "m2", await world.bot("matched"), bob)
        await world.service.offers.accept("bob", "m2")
        first.send(signal.SIGKILL)
        await first.ended()

        await world.put_forward(16)
        before = {name: await world.bot(name) for name in ("queued", "matched", "playing")}
        assert {name: bot.state for name, bot in before.items()} == {
            "queued": Bot.deployed, "matched": Bot.deployed, "playing": Bot.stranded
        }  # fmt: skip
        waits_on = await store.get(Ticket, "bob")
        assert (waits_on.state, waits_on.queued_at) == (Ticket.queued, bob.queued_at)
        assert before["playing"].match == "m1"

        second = await world.runner("--slots", "3", "--player", "mine:Mine")
        await world.until(lambda: in_state(store, Bot.queued, "queued", "matched"))
        await world.until(lambda: in_state(store, Bot.playing, "playing"))
        assert (await world.bot("playing")).fence > before["playing"].fence
        await world.move("m1", "ann")
        assert (await store.get(Match, "m1")).places == (2, 1)
        ratings = [await store.get(Rating, f"{player}/duel") for player in ("ann", "playing")]
        assert [(rating.played, rating.won) for rating in ratings] == [(1, 1), (1, 0)]
        await world.until(lambda: in_state(store, Bot.queued, "queued", "matched", "playing"))  # ready for the next
        second.send(signal.SIGTERM)
        code, said = await second.ended()
        assert (code, KEY in said) == (0, False)
        assert await in_state(store, Bot.deployed, "queued", "matched", "playing")


async def test_a_runner_that_is_told_to_end_finishes_hands_over_and_gives_back(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        store = world.store
        await deployed(store, "a", "b")
        first = await world.runner("--grace-seconds", "0.2", "--json-logs")
        await world.until(lambda: in_state(store, Bot.queued, "a", "b"))
        await world.play("m1", "a", "ann")
        first.send(signal.SIGTERM)
        code, said = await first.ended()
        assert code == 0, said
        assert '"event": "runner_stopped"' in said
        assert await in_state(store, Bot.deployed, "b")
        assert await in_state(store, Bot.stranded, "a")

        second = await world.runner("--grace-seconds", "60", "--pool", "duel")
        await world.until(lambda: in_state(store, Bot.playing, "a"))
        second.send(signal.SIGINT)
        await world.until(lambda: in_state(store, Bot.deployed, "b"))
        await world.move("m1", "ann")
        code, said = await second.ended()
        assert code == 0, said
        assert await in_state(store, Bot.deployed, "a", "b")


@pytest.mark.parametrize(
    ("options", "code", "why"),
    [
        (("--slots", "0"), USAGE, "--slots must be from 1"),
        (("--grace-seconds", "-1"), USAGE, "--grace-seconds"),
        (("--player", "os:getcwd"), USAGE, "no method `play`"),
        ((), UNAVAILABLE, "there is no store"),
    ],
)
def test_a_runner_that_is_called_wrongly_says_how_to_call_it(
    options: tuple[str, ...], code: int, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["bots", "runner", "--store", f"sqlite:///{tmp_path}/none.db", "--data", str(tmp_path), *options]
    assert run(arguments) == code
    assert why in capsys.readouterr().err
