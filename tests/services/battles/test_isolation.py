"""An instance that can't reach the store: what goes on there, what does not, and what becomes of it afterwards.

Each way to the store is a real one, through a proxy that is cut; time is explicit. A partition: only one instance's way
is cut, and the sweeper's is not. An outage: nobody reaches the store, so that nobody is taken for dead either.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import redis
from tests.places import ENGINES, POSTGRES, VALKEY, Place
from tests.proxy import Proxy, proxy_to
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.making import Cut, Line, Node, World, a_world, seat_of, until

import tenure
from tenure import OutcomeUnknown, Unavailable, seconds, testing
from tenure.engines.postgres import telling
from tenure.services.battles.journal import Provisional
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Happened, Message, Paused, Snapshot
from tenure.services.battles.messages import Provisional as Step
from tenure.services.battles.refusals import Elsewhere, TryAgain
from tenure.services.battles.service import kinds
from tenure.store.timing import ManualClock

PlaceOf = Callable[[str], Place]
SERVED = tuple(engine for engine in ENGINES if engine in (VALKEY, POSTGRES))
on_servers = pytest.mark.parametrize("engine", SERVED)


@pytest.fixture(autouse=True)
def _closes_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "HORIZON_SECONDS", 0.2)  # it is waited for as a store closes


class Split:
    """A world one of whose instances, `far`, has a way of its own to the store."""

    def __init__(self, world: World, proxy: Proxy, far: Node, journal: Path) -> None:
        self.world, self.proxy, self.far, self._journal = world, proxy, far, journal

    async def cut(self) -> None:
        """End all that is connected through the way, and let nothing through."""
        self.proxy.refusing = self.far.cut_off = True
        await self.proxy.reset()

    async def pass_by(self, length: float) -> None:
        """Let time pass while nobody sweeps, no faster than those beat who reach the store."""
        for _ in range(round(length * 4)):
            await self.world.pass_unswept(0.25)
            await until(self.world._all_have_beaten)

    async def until_mode(self, mode: str, *, swept: bool = False) -> None:
        """Let time pass until the far instance is so."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.far.isolation.mode != mode:
                await (self.world.pass_time(0.25) if swept else self.world.pass_unswept(0.25))
                await asyncio.sleep(0.005)  # connections are made anew by real time

    async def outage(self) -> None:
        await self.cut()
        await self.until_mode("isolated")

    async def back(self, *, swept: bool = False) -> None:
        self.proxy.resume()
        await self.until_mode("clustered", swept=swept)
        self.far.cut_off = False

    async def journal(self) -> list[Provisional]:
        """Give what is kept of the battles that went on here alone."""
        if not self._journal.exists():
            return []
        async with tenure.open(f"sqlite:///{self._journal}", Provisional, space="battles") as store:
            states = (Provisional.under_way, Provisional.kept, Provisional.dropped)
            return [one for state in states for one in await store.find(state)]


@asynccontextmanager
async def a_split(url: str, folder: Path, *, audited: bool = True) -> AsyncIterator[Split]:
    journal = folder / "journal.sqlite3"
    port = urlsplit(url).port or 0
    async with a_world(url=url, audited=audited, journal=journal, grace_seconds=20) as world, proxy_to(port) as proxy:
        other = url.replace(f":{port}", f":{proxy.port}", 1)
        clock = world.store.clock
        assert isinstance(clock, ManualClock)
        async with testing.store(*kinds, url=other, space="battles", clock=clock) as store:
            world.rest.watch(store)
            far = await world.node(store)
            yield Split(world, proxy, far, journal)
            proxy.resume()
            await far.kill()


async def passes(world: World, look: Callable[[], bool]) -> None:
    """Let time pass, while nobody sweeps, until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not look():
            await world.pass_unswept(0.25)


def steps(line: Line, name: str) -> list[dict[str, Any]]:
    """Give what a line was told that is provisional."""
    return [one.fields for one in line.told if isinstance(one, Step) and one.name == name]


def last(line: Line, kind: type[Message]) -> Any:
    return next((one for one in reversed(line.told) if isinstance(one, kind)), None)


async def logged(world: World, battle: str, *names: str) -> list[Any]:
    return [event for event in await world.store.history(Battle, battle) if event.name in names]


async def cast_in_turn(split: Split, battle: str, line: Line, times: int, spell: str = "spark") -> None:
    """Let whose turn it is cast a spell at the far instance, while it is alone."""
    (acts,) = split.far.isolation.branches[battle].acts
    for number in range(times):
        before = len(steps(line, "advance"))
        assert await split.far.cast(battle, acts, spell, number=f"alone-{number}") is None
        if steps(line, "finish"):
            return
        (acts,) = steps(line, "advance")[before]["acts"]


@on_servers
async def test_what_was_played_in_an_outage_is_played_again_into_the_log_with_each_turn_counted_once(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        before = await world.play(battle, turns=2)
        line = await far.hears(battle, "ann")
        await split.outage()
        await cast_in_turn(split, battle, line, 3)
        again = await far.cast(battle, before.acts[0], number="alone-0")  # a repeat
        assert again is None
        assert [one["turn"] for one in steps(line, "advance")] == [3, 4, 5]
        branch = far.isolation.branches[battle]
        board = branch.board
        await split.back()
        after = await world.store.get(Battle, battle)
        assert (after.turn, after.fence, bytes(after.board)) == (5, before.fence, board)
        turns = [event.fields["turn"] for event in await logged(world, battle, "advance")]
        assert turns == [1, 2, 3, 4, 5]
        assert last(line, Snapshot).turn == 5
        (kept,) = await split.journal()
        assert (kept.state, kept.battle) == (Provisional.kept, battle)
        assert (await world.play(battle)).state == Battle.over


@on_servers
async def test_a_partition_lets_others_take_over_and_what_was_played_alone_is_dropped(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        before = await world.play(battle, turns=2, through=far)
        line = await far.hears(battle, "ann")
        near = await world.node()
        await split.cut()
        await split.until_mode("isolated", swept=True)
        await cast_in_turn(split, battle, line, 2)
        await world.pass_time(12)
        taken = await world.runs(battle)
        assert (taken.instance, taken.fence > before.fence) == (near.id, True)
        # The players come back through the instance that has it now, and play there, while the other is alone still.
        for player in ("ann", "bob"):
            await near.presence.connect(player)
        true = await near.hears(battle, "ann", cursor=last(line, Snapshot).cursor)
        assert taken.turn == 2
        await near.cast(battle, taken.acts[0], "bolt", number="near-1")
        await world.turn(battle, 2)
        (acts,) = far.isolation.branches[battle].acts
        await far.cast(battle, acts, number="alone-9")
        ours = far.presence.claim
        await split.back(swept=True)
        while far.presence.claim is ours:
            await world.pass_time(0.5)  # until its next beat
        assert len(far.lost) == 2, "who is still here is sent away, to resume where it goes on"
        over = await world.play(battle, through=near)
        assert over.state == Battle.over
        casts = [event.cause.rpartition("/")[2] for event in await logged(world, battle, "act")]
        assert "near-1" in casts
        assert not [one for one in casts if one.startswith("alone")]
        turns = [event.fields["turn"] for event in await logged(world, battle, "advance", "finish")]
        assert turns == list(range(1, over.turn + 1))
        await until(lambda: "finish" in true.names)
        (dropped,) = await split.journal()
        assert (dropped.state, dropped.reason) == (Provisional.dropped, "the_instance_was_lost")


@on_servers
async def test_a_battle_with_a_player_elsewhere_is_paused_says_so_and_its_turn_gets_the_time_that_was_left(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        near = await world.node()
        near.running._most = 0
        battle = await world.a_battle(far, near)
        line = await far.hears(battle, "ann")
        before = await world.runs(battle)
        assert before.instance == far.id
        assert before.turn_ends_at is not None
        await split.outage()
        assert last(line, Paused).reason == "a_player_is_elsewhere"
        with pytest.raises(TryAgain, match="paused"):
            await far.cast(battle, "ann")
        await split.pass_by(40)
        now = await world.store.now()
        assert before.turn_ends_at < now
        await split.back()
        after = await world.store.get(Battle, battle)
        assert after.turn == before.turn, "nobody lost a turn in which nobody could move"
        (prolonged,) = await logged(world, battle, "prolong")
        assert after.turn_ends_at is not None
        assert seconds(15) < after.turn_ends_at - prolonged.at < seconds(30)
        assert (await world.play(battle)).state == Battle.over


@on_servers
async def test_a_battle_that_another_instance_runs_is_paused(engine: str, place_of: PlaceOf, tmp_path: Path) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        near = await world.node()
        battle = await world.a_battle(near, near)
        assert (await world.runs(battle)).instance == near.id
        await far.presence.connect("ann")
        line = await far.hears(battle, "ann")
        await split.outage()
        assert last(line, Paused).reason == "run_elsewhere"
        with pytest.raises(TryAgain, match="paused"):
            await far.cast(battle, "ann")
        await split.back()
        assert await split.journal() == []
        await far.cast(battle, (await world.store.get(Battle, battle)).acts[0], number="then")
        await world.turn(battle, 0)


@on_servers
async def test_a_result_that_nobody_wrote_down_is_none_until_the_store_is_back(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        line = await far.hears(battle, "ann")
        await split.outage()
        await cast_in_turn(split, battle, line, 1000)
        (finish,) = steps(line, "finish")
        assert sorted(finish["places"]) == [1, 2]
        assert (await world.store.get(Battle, battle)).state == Battle.running
        assert "finish" not in line.names
        assert last(line, Snapshot).state == "running"
        await split.back()
        over = await world.store.get(Battle, battle)
        assert (over.state, over.places) == (Battle.over, finish["places"])
        await until(lambda: last(line, Snapshot).state == "over" or "finish" in line.names)


@on_servers
async def test_a_turn_whose_time_is_over_passes_also_while_nobody_can_write_it_down(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        begun = await world.runs(battle)
        line = await far.hears(battle, "ann")
        await split.outage()
        await split.pass_by(35)
        await until(lambda: len(steps(line, "advance")) == 1)
        (other,) = steps(line, "advance")[0]["acts"]
        assert (other,) != begun.acts
        await far.cast(battle, other, number="alone")
        await split.back()
        passed, cast = await logged(world, battle, "advance")
        assert (passed.fields["answer_to"], cast.fields["turn"]) == (None, 2)
        assert [event.fields["player"] for event in await logged(world, battle, "act")] == [other]


async def test_a_move_that_came_in_time_counts_though_its_turn_was_over_when_it_could_be_written_down() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        begun = await world.runs(battle)
        assert begun.turn_ends_at is not None
        cut = Cut(world.store)
        await world.pass_unswept(2)  # until its store was looked at
        cut.after(0)
        await passes(world, lambda: battle in node.isolation.branches)
        await world.pass_unswept((begun.turn_ends_at - await world.store.now()).total_seconds() - 10)
        await node.cast(battle, begun.acts[0], number="in-time")
        await world.pass_unswept(15)
        cut.mend()
        await passes(world, lambda: node.isolation.mode == "clustered")
        (advance,) = await logged(world, battle, "advance")
        assert advance.fields["answer_to"] is not None
        assert (await world.store.get(Battle, battle)).acts != begun.acts


@on_servers
async def test_a_move_whose_answer_was_lost_with_the_store_counts_once_though_it_is_made_again_alone(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        begun = await world.runs(battle)
        line = await far.hears(battle, "ann")
        # It comes into the log by another way, and its own instance hears nothing of it any more.
        await split.cut()
        await world.store.apply(
            Battle.act(battle, player=begun.acts[0], move=msgspec.Raw(b'{"spell":"spark"}')),
            op=f"{battle}/{begun.acts[0]}/twice",
        )
        with pytest.raises((Unavailable, OutcomeUnknown)):
            await far.cast(battle, begun.acts[0], number="twice")
        await split.until_mode("isolated")
        await far.cast(battle, begun.acts[0], number="twice")
        assert len(steps(line, "advance")) == 1
        await split.back()
        assert len(await logged(world, battle, "act")) == 1
        assert [event.fields["turn"] for event in await logged(world, battle, "advance")] == [1]


@on_servers
async def test_what_stands_in_the_log_goes_before_what_was_played_alone(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        begun = await world.runs(battle)
        line = await far.hears(battle, "ann")
        await split.cut()
        await world.store.apply(Battle.concede(battle, player=begun.acts[0], cause="gave_up"), op=f"{battle}/x/gone")
        await split.until_mode("isolated")
        await far.cast(battle, begun.acts[0], number="alone")
        assert len(steps(line, "advance")) == 1
        await split.back()
        over = await world.store.get(Battle, battle)
        assert over.state == Battle.over
        assert over.turn == 1
        (dropped,) = await split.journal()
        assert (dropped.state, dropped.reason) == (Provisional.dropped, "it_stands_otherwise")
        await until(lambda: last(line, Snapshot).state == "over")


@pytest.mark.parametrize("answers", [True, False], ids=["not made", "answer lost"])
@pytest.mark.parametrize("writes", range(1, 13))
async def test_each_turn_counts_once_though_the_store_goes_away_again_while_it_comes_back(
    writes: int,
    answers: bool,  # noqa: FBT001
) -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        begun = await world.store.get(Battle, battle)
        cut = Cut(world.store)
        modes: list[str] = []
        node.isolation.told = modes.append

        cut.after(0)
        await passes(world, lambda: modes[-1:] == ["isolated"])
        for number in range(4):
            (acts,) = node.isolation.branches[battle].acts
            await node.cast(battle, acts, number=f"alone-{number}")
        board = node.isolation.branches[battle].board
        cut.after(writes, answers=answers)
        await world.pass_unswept(5)
        cut.mend()
        await passes(world, lambda: modes[-1:] == ["clustered"])
        after = await world.store.get(Battle, battle)
        assert (after.turn, bytes(after.board), after.fence) == (4, board, begun.fence)
        assert [event.fields["turn"] for event in await logged(world, battle, "advance")] == [1, 2, 3, 4]
        assert len(await logged(world, battle, "act")) == 4
        assert modes.count("isolated") <= 2


@on_servers
async def test_who_leaves_an_instance_that_is_alone_lets_the_battle_pause(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        line = await far.hears(battle, "ann")
        connection = (await seat_of(world.store, battle, "bob")).connection
        await split.outage()
        await cast_in_turn(split, battle, line, 1)
        with pytest.raises((Unavailable, OutcomeUnknown)):
            await far.presence.disconnect(str(connection))
        await split.pass_by(1)
        assert last(line, Paused).reason == "a_player_is_elsewhere"
        with pytest.raises(TryAgain, match="paused"):
            await far.cast(battle, "ann")
        await split.back()
        await far.presence.disconnect(str(connection))
        assert (await seat_of(world.store, battle, "bob")).state == Seat.away
        assert (await world.store.get(Battle, battle)).turn == 1


@pytest.mark.skipif(VALKEY not in ENGINES, reason="only this one can be emptied by a word")
async def test_an_emptied_store_ends_what_was_and_nothing_of_before_is_final(place_of: PlaceOf, tmp_path: Path) -> None:
    url = place_of(VALKEY).fresh()
    async with a_split(url, tmp_path, audited=False) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        line = await far.hears(battle, "ann")
        await split.outage()
        await cast_in_turn(split, battle, line, 1000)
        assert steps(line, "finish")
        with redis.Redis.from_url(url.replace("valkey:", "redis:")) as client:
            client.flushdb()
        await split.back()
        await passes(world, lambda: far.presence.claim is None)
        assert "finish" not in line.names
        assert len(far.lost) == 2
        (dropped,) = await split.journal()
        assert (dropped.state, dropped.reason) == (Provisional.dropped, "the_instance_was_lost")
        with pytest.raises(Elsewhere):
            await far.presence.connect("ann")
    async with a_world(url=url) as world:  # what is begun anew knows nothing of before
        node = await world.node()
        assert (await world.play(await world.a_battle(node, node))).state == Battle.over


@on_servers
async def test_without_its_journal_a_battle_is_paused_and_nothing_is_lost(
    engine: str, place_of: PlaceOf, tmp_path: Path
) -> None:
    async with a_split(place_of(engine).fresh(), tmp_path) as split:
        world, far = split.world, split.far
        battle = await world.a_battle(far, far)
        begun = await world.runs(battle)
        line = await far.hears(battle, "ann")
        await split.outage()

        async def full(*_: object) -> None:
            raise Unavailable("the disk is full")

        far.isolation._journal.note = full  # type: ignore[method-assign, assignment]
        with pytest.raises(TryAgain, match="paused"):
            await far.cast(battle, begun.acts[0], number="first")
        assert last(line, Paused).reason == "the_journal_failed"
        assert not [one for one in line.told if isinstance(one, Step)]
        await split.back()
        await far.cast(battle, begun.acts[0], number="first")
        assert (await world.turn(battle, 0)).turn == 1


async def test_a_journal_that_cannot_be_opened_pauses_what_it_would_have_kept(tmp_path: Path) -> None:
    async with a_world(journal=tmp_path / "there-is-no-such-folder" / "journal") as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        begun = await world.runs(battle)
        cut = Cut(world.store)
        await world.pass_unswept(2)
        cut.after(0)
        await passes(world, lambda: battle in node.isolation.branches)
        with pytest.raises(TryAgain, match="paused"):
            await node.cast(battle, begun.acts[0], number="first")
        cut.mend()
        await passes(world, lambda: not node.isolation.branches)
        await node.cast(battle, begun.acts[0], number="first")
        assert (await world.turn(battle, 0)).turn == 1


async def test_who_hears_a_battle_is_told_nothing_twice_where_a_snapshot_came_before_the_log() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        line = await node.hears(battle, "ann")
        await world.play(battle, turns=1)
        await until(lambda: "advance" in line.names)
        await node.rooms.refresh(battle)
        cursor = last(line, Snapshot).cursor
        await world.play(battle, turns=1)
        await until(lambda: line.names.count("advance") == 2)
        told = [one.cursor for one in line.told if isinstance(one, Happened)]
        assert told == sorted(set(told))
        assert cursor in told
