"""Loops that should never end: begun again after an error, said so meanwhile, each by itself."""

import asyncio
from collections.abc import Callable

from tests.services.meetings.making import a_world

from tenure import testing
from tenure.services.meetings.runtimes.runtime import Process, RuntimeAway
from tenure.services.meetings.service import kinds
from tenure.store.keeping import MOST_SECONDS, SETTLED_SECONDS, Keeper


class Sleeps:
    """Sleeps that end when a test says so."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._waiting: dict[float, list[asyncio.Future[None]]] = {}

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(seconds, []).append(waiting)
        await waiting

    async def over(self, seconds: float) -> None:
        """End all sleeps of this length, and let things go on."""
        for waiting in self._waiting.pop(seconds, []):
            if not waiting.done():
                waiting.set_result(None)
        await settled()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Loop:
    """A loop that ends when a test says so."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()

    async def __call__(self) -> None:
        self.begun += 1
        await self.end.wait()
        self.end.clear()
        raise OSError("no space left")


async def kept(check: Callable[[Keeper, Sleeps, Loop, Loop], object]) -> None:
    async with testing.store(*kinds) as store:
        sleeps, bad, good = Sleeps(), Loop(), Loop()
        keeper = Keeper(store, sleep=sleeps)
        tasks = [asyncio.create_task(keeper.keep(name, loop)) for name, loop in (("bad", bad), ("good", good))]
        await settled()
        await check(keeper, sleeps, bad, good)  # type: ignore[misc]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_loop_that_ended_is_begun_again_after_ever_longer_waits_and_says_so() -> None:
    async def check(keeper: Keeper, sleeps: Sleeps, bad: Loop, good: Loop) -> None:
        assert keeper.troubles == {}
        waits = []
        for number in range(1, 10):
            bad.end.set()
            await settled()
            assert keeper.troubles == {"bad": "the loop 'bad' ended with OSError"}
            waits.append(sleeps.asked[-1])
            await sleeps.over(waits[-1])
            assert (bad.begun, good.begun) == (number + 1, 1)
        assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]

    await kept(check)


async def test_a_loop_that_runs_well_for_a_while_is_in_no_trouble_any_more() -> None:
    async def check(keeper: Keeper, sleeps: Sleeps, bad: Loop, good: Loop) -> None:  # noqa: ARG001
        bad.end.set()
        await settled()
        await sleeps.over(0.5)
        assert keeper.troubles
        await sleeps.over(SETTLED_SECONDS)
        assert keeper.troubles == {}
        bad.end.set()
        await settled()
        assert sleeps.asked[-1] == 0.5
        assert keeper.troubles

    await kept(check)


async def test_a_loop_that_was_ended_since_its_lease_is_lost_is_begun_again() -> None:
    async def check(keeper: Keeper, sleeps: Sleeps, bad: Loop, good: Loop) -> None:  # noqa: ARG001
        began: list[asyncio.Task[object] | None] = []

        async def polling() -> None:
            began.append(asyncio.current_task())
            await asyncio.Event().wait()

        kept_on = asyncio.create_task(keeper.keep("polling", polling))
        await settled()
        assert began[0] is not None
        began[0].cancel()  # as `hold` does with the body of a turn
        await settled()
        assert keeper.troubles == {"polling": "the loop 'polling' ended with LeaseLost"}
        await sleeps.over(0.5)
        assert len(began) == 2
        kept_on.cancel()
        await asyncio.gather(kept_on, return_exceptions=True)

    await kept(check)


def test_a_long_wait_is_no_time_to_settle() -> None:
    assert MOST_SECONDS <= SETTLED_SECONDS


async def test_a_service_whose_loop_ends_says_so_and_goes_on() -> None:
    async with a_world() as world:
        service = world.service
        real, calls = service.loops.reconcile, 0

        async def broken() -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise ZeroDivisionError
            await real()

        service.loops.reconcile = broken  # type: ignore[method-assign]
        async with service.running():
            while not service.trouble:
                await asyncio.sleep(0)
            assert service.trouble == "the loop 'reconcile' ended with ZeroDivisionError"
            user = await world.a_user()
            asked = (await world.ask(user)).json
            while asked["bot_container_id"] not in world.bots.started:
                await asyncio.sleep(0)
            while calls == 1:
                await asyncio.sleep(0)


async def test_a_runtime_that_is_away_is_said_and_ends_no_meeting() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user, state="active")
        real = world.bots.bots

        async def away() -> list[Process]:
            raise RuntimeAway("nobody answers at the socket")

        world.bots.bots = away  # type: ignore[method-assign]
        async with world.service.running():
            while not world.service.trouble:
                await asyncio.sleep(0)
            assert world.service.trouble == "the runtime is away: nobody answers at the socket"
            world.bots.bots = real  # type: ignore[method-assign]
            world.bots.ring()
            while world.service.trouble:
                await asyncio.sleep(0)
        assert (await world.meeting(user))["status"] == "active"
