"""Many who beat cost one write for all their looks.

Only for SQLite, because it alone settles looks ahead: there each write is a commit of the one who also decides.
"""

from __future__ import annotations

from pathlib import Path

from tests.engine_contract.looking import ALL, pass_unswept

from tenure import CLAIMANT, SWEEPER, End, Lifecycle, State, Store, hours, lease, minutes, seconds
from tenure.core.engine import Swept
from tenure.testing import store


class Runner(Lifecycle):
    """Is held for as long as its holder beats, and an hour at most."""

    begun = State(initial=True)
    held = State()
    lost = End(keep=hours(1))

    take = begun.to(held, by=CLAIMANT)
    lose = held.to(lost, by=SWEEPER, after=lease(minutes=1))
    tire = held.to(lost, by=SWEEPER, after=minutes(2))


async def sweep(opened: Store) -> Swept:
    """Sweep once, and count as alive for long."""
    return await opened.engine.sweep(opened.space_name, ALL, 3600_000_000, opened.clock())


async def take_one_a_second(opened: Store, number: int) -> list[Runner]:
    runners = []
    await sweep(opened)
    for name in (f"r{n}" for n in range(number)):
        await opened.apply(Runner.create(name))
        runners.append(await opened.apply(Runner.take(name)))
        pass_unswept(opened, seconds(1))
    return runners


async def looks(opened: Store) -> dict[str, float]:
    """Give in how many seconds each is looked at."""
    now = opened.clock() or 0
    return {id: (at - now) / 1_000_000 for at, _, id in await opened.engine.due(opened.space_name, ALL)}


async def test_looks_of_the_next_seconds_at_which_nothing_will_be_due_are_settled_with_the_first(
    tmp_path: Path,
) -> None:
    async with store(Runner, url=f"sqlite://{tmp_path}/store.db") as opened:
        *alive, silent = await take_one_a_second(opened, 12)
        pass_unswept(opened, seconds(18))
        for runner in alive:
            await opened.beat(runner.claim)
        pass_unswept(opened, seconds(30))
        assert await looks(opened) == {f"r{n}": float(n) for n in range(12)}
        swept = await sweep(opened)
        assert (swept.made, swept.more) == (0, False)
        assert await looks(opened) == {**{f"r{n}": 30.0 for n in range(11)}, silent.id: 11.0}
        assert await opened.engine.audit(opened.space_name, repair=False) == []
        assert await opened.advance(seconds(11)) == 1
        assert (await opened.get(Runner, silent.id)).state == Runner.lost
        assert await opened.count(Runner) == {"held": 11, "lost": 1}


async def test_what_will_be_due_keeps_its_look(tmp_path: Path) -> None:
    async with store(Runner, url=f"sqlite://{tmp_path}/store.db") as opened:
        await take_one_a_second(opened, 5)
        pass_unswept(opened, seconds(55))
        before = await looks(opened)
        swept = await sweep(opened)
        assert swept.made == 1
        after = await looks(opened)
        assert {id: after[id] for id in before if id != "r0"} == {id: at for id, at in before.items() if id != "r0"}
