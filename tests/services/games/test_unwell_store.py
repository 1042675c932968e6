"""A store that fails in the midst of everything: away, or with its answer lost. No game is lost, and none is twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.services.games.outcome import Seen
from tests.services.games.simulating import Part, Simulation, Trouble
from tests.services.games.tracking import START, a_world

from tenure import OutcomeUnknown, Unavailable, days, hours, minutes, testing
from tenure.services.games.kinds import kinds
from tenure.services.games.riot.stand_in.delays import REALISTIC
from tenure.services.games.riot.stand_in.traffic import Habits
from tenure.store.timing import ManualClock

READS, WRITES = ("rows", "find", "holders", "time"), ("write", "take", "settle")
SHARE = 0.04
"""How many calls fail, of each way in which they do."""
AWAY_EVERY, AWAY_FOR = 40, 5
"""Steps of the simulation, in which everything fails."""
EAGER = Habits(game_seconds=(300, 1200), pause_seconds=(5, 600), together_share=0.4)
TROUBLE = Trouble(kill_every=minutes(15), key_every=minutes(30), storm_every=minutes(25), late_share=0.0)

Call = Callable[..., Awaitable[Any]]


@dataclass
class Unwell:
    """Fails calls of an engine while it is `on`: before they are made, or after, so that only the answer is lost."""

    random: random.Random
    on: bool = False
    away: bool = False
    failed: Counter[str] = field(default_factory=Counter)

    def call(self, name: str, real: Call) -> Call:
        async def call(*args: Any, **more: Any) -> Any:
            if not self.on:
                return await real(*args, **more)
            chance = 0.0 if self.away else self.random.random()
            if chance < SHARE:
                self.failed[f"{name} not made"] += 1
                raise Unavailable("the store is away")
            answer = await real(*args, **more)
            if chance > 1 - SHARE and name in WRITES:
                self.failed[f"{name} made"] += 1
                raise OutcomeUnknown("the answer was lost")
            return answer

        return call


@dataclass
class OnAnUnwellStore(Simulation):
    """A simulation whose trackers meet a store that is unwell; who looks on does not."""

    unwell: Unwell = field(default_factory=lambda: Unwell(random.Random(1)))  # noqa: S311
    ended: Counter[str] = field(default_factory=Counter)

    async def _takes(self, part: Part, work: Coroutine[Any, Any, object]) -> None:
        self.unwell.on = self.traffic.on
        try:
            await super()._takes(part, work)
        except (Unavailable, OutcomeUnknown) as error:
            self.ended[type(error).__name__] += 1  # its keeper begins the loop again
        finally:
            self.unwell.on = False

    async def _step(self, step: int, length: Any) -> None:
        self.unwell.away = step % AWAY_EVERY < AWAY_FOR
        await super()._step(step, length)


async def simulated(players: int, length: Any, monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Let players play so long, and look on until all is settled on a store that is well again."""
    clock = ManualClock(round(START.timestamp() * 1e6))
    async with testing.store(*kinds, space="games", clock=clock, every_change_applied=False) as store:
        simulation = OnAnUnwellStore(store, a_world(clock, REALISTIC, seed=players), EAGER, TROUBLE, seed=players)
        await simulation.begin(players)
        for name in (*READS, *WRITES):
            monkeypatch.setattr(store.engine, name, simulation.unwell.call(name, getattr(store.engine, name)))
        seen = await simulation.run(length, hours(1.5), lambda _, __: None, days(9))
        assert simulation.unwell.failed["write made"] > 0
        assert simulation.unwell.failed["write not made"] > 0
        assert simulation.ended.keys() == {"Unavailable", "OutcomeUnknown"}
        assert list(await store.engine.audit("games", repair=False)) == []
    return seen


@pytest.mark.parametrize(
    ("players", "length"),
    [(6, minutes(40)), pytest.param(60, hours(24), marks=(pytest.mark.soak, pytest.mark.timeout(3600)))],
)
async def test_nothing_is_lost_or_told_twice_though_the_store_fails_in_the_midst_of_everything(
    players: int, length: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await simulated(players, length, monkeypatch)
    print(seen.lines())  # noqa: T201  the figures of a long run
    assert seen.lost == []
    assert seen.twice == []
    assert seen.completed == seen.records - seen.without_result > 0
