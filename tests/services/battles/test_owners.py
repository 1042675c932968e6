"""A battle that is run has one owner, who answers all that comes in: whatever is lost, and whoever fails when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from tests.resting import PATIENCE_SECONDS
from tests.services.battles.making import Cut, Node, World, a_world, spin, until

from tenure import Change, OutcomeUnknown, Store, Unavailable, seconds
from tenure.services.battles.lifecycle import Battle, Instance
from tenure.services.battles.owner import Owner
from tenure.services.battles.rules.known import ALL_RULES
from tenure.services.battles.rules.wizards import Wizards

SPARK = msgspec.Raw(b'{"spell":"spark"}')


class Around:
    """A store with a call that does something else before it, once."""

    def __init__(self, store: Store, **before: Callable[[], Awaitable[Any]]) -> None:
        self._store, self._before = store, before

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return found if name not in self._before else self._after(self._before[name], name, found)

    def _after(self, before: Callable[[], Awaitable[Any]], name: str, found: Any) -> Any:
        async def call(*given: Any, **more: Any) -> Any:
            if self._before.pop(name, None) is not None:
                try:
                    await before()
                except Exception:
                    for change in given:
                        if isinstance(change, Change):
                            change.applied = True  # it never came to the store
                    raise
            return await found(*given, **more)

        return call


def lose_once(node: Node, monkeypatch: pytest.MonkeyPatch, name: str, *, made: bool) -> list[str]:
    """Let an instance's next submission of such changes fail: after it was made, or before."""
    submit, lost = node.running._store.submit, list[str]()

    async def losing(transactions: list[list[Change[Any]]], **more: Any) -> Any:
        names = [change.name for changes in transactions for change in changes]
        if lost or name not in names:
            return await submit(transactions, **more)
        lost.append(name)
        if made:
            await submit(transactions, **more)
            raise OutcomeUnknown("the answer was lost")
        for change in (change for changes in transactions for change in changes):
            change.applied = True
        raise Unavailable("the store is away")

    monkeypatch.setattr(node.running._store, "submit", losing)
    return lost


async def answers(world: World, battle: str) -> list[int | None]:
    events = await world.store.history(Battle, battle)
    return [event.fields["answer_to"] for event in events if event.name in ("advance", "refuse", "finish")]


async def commands(world: World, battle: str) -> list[int]:
    return [event.version for event in await world.store.history(Battle, battle) if event.name in ("act", "concede")]


async def passes(world: World, look: Callable[[], bool]) -> None:
    """Let time pass until it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not look():
            await world.pass_time(0.25)


async def offered(world: World, node: Node) -> str:
    await node.waiting("ann")
    await node.waiting("bob")
    (battle,) = await world.match(node)
    return battle.id


async def takes_nothing(node: Node) -> None:
    """Let an instance go on, but for its loop that takes battles, and gives up those that it has."""
    node._tasks[1].cancel()
    await asyncio.gather(node._tasks[1], return_exceptions=True)


async def test_a_battle_whose_taking_was_made_but_not_answered_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await offered(world, node)
        lost = lose_once(node, monkeypatch, "take", made=True)
        for player in ("ann", "bob"):
            await node.queue.confirm(player, battle)
        record = await world.runs(battle)
        await passes(world, lambda: bool(lost) and node.running.owns(battle))
        await node.cast(battle, record.acts[0])
        assert (await world.turn(battle, 0)).turn == 1


async def test_what_an_instance_runs_is_run_on_where_its_loop_failed_and_was_begun_again() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        node._tasks[1].cancel()
        await asyncio.gather(node._tasks[1], return_exceptions=True)
        assert node.running.battles == 0
        node._tasks[1] = asyncio.ensure_future(node.running.run())
        await until(lambda: node.running.owns(battle))
        assert (await world.play(battle, turns=2)).turn == 2


async def test_a_battle_whose_owner_failed_at_the_store_has_one_again() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await until(lambda: node.running.owns(battle))
        owner = node.running._owned[battle][0]

        async def failing() -> None:
            raise RuntimeError("something that nobody thought of")

        owner._hand._store = Around(node.store, now=failing, beaten=failing)  # type: ignore[assignment]
        await world.pass_time(6)
        assert (await world.play(battle, turns=2)).turn == 2


async def test_a_drained_instance_hands_its_battles_over_though_the_store_was_away_at_that_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_world() as world:
        node = await world.node()
        other = await world.node()
        battle = await world.a_battle(node, node)
        assert (await world.runs(battle)).instance == node.id
        lost = lose_once(node, monkeypatch, "hand_over", made=False)
        await world.store.apply(Instance.drain(node.id))
        await passes(world, lambda: bool(lost) and other.running.owns(battle))
        assert (await world.play(battle, turns=1, through=other)).turn == 1


class Failing(Wizards):
    """Rules that can't show a board while `fails`."""

    fails = False

    def view(self, board: msgspec.Raw, player: str) -> msgspec.Raw:
        if self.fails:
            raise RuntimeError("a mistake in the rules")
        return super().view(board, player)


async def until_mode(world: World, node: Node, mode: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while node.isolation.mode != mode:
            await world.pass_unswept(0.25)


async def cut_off(world: World, node: Node) -> Cut:
    """Let the store be away until an instance plays on alone."""
    cut = Cut(world.store)
    await world.pass_unswept(2)
    cut.after(0)
    await until_mode(world, node, "isolated")
    return cut


async def comes_back_with_one_owner_each(world: World, node: Node, cut: Cut, battles: list[str]) -> None:
    """Let the store be there again: each battle has one owner then, who answers every command once."""
    cut.mend()
    await until_mode(world, node, "clustered")
    await world.pass_unswept(1)
    owners = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("owner of")]
    assert sorted(owners) == sorted(f"owner of {battle}" for battle in battles)
    for battle in battles:
        await world.play(battle, turns=2)
        assert await answers(world, battle) == await commands(world, battle)


async def test_a_failure_in_coming_back_leaves_each_battle_with_one_owner() -> None:
    rules = Failing()
    async with a_world(rules=[rules]) as world:
        node = await world.node()
        battles = [
            await world.a_battle(node, node, players=players)
            for players in (("ann", "bob"), ("cid", "dan"), ("eve", "fay"))
        ]
        await node.hears(battles[1], "cid")
        cut = await cut_off(world, node)
        rules.fails = True
        await comes_back_with_one_owner_each(world, node, cut, battles)


async def test_a_command_that_comes_while_a_new_owner_lets_the_turn_pass_is_answered_at_once() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await takes_nothing(node)
        await world.pass_time(31)
        record = await world.store.get(Battle, battle)
        other = next(player for player in record.players if player not in record.acts)

        async def act() -> None:
            await world.store.apply(Battle.act(battle, player=other, move=SPARK), op="x/y/1")

        node.running.go_on(Owner(Around(node.store, now=act), ALL_RULES[0], record))  # type: ignore[arg-type]
        assert (await world.turn(battle, 1)).turn == 2
        assert await answers(world, battle) == [None, *await commands(world, battle)]
        await node.running.fork()


async def test_each_command_is_answered_though_they_come_while_the_log_is_read_at_a_turns_end() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        record = await world.runs(battle)
        owner = node.running._owned[battle][0]
        one, two = record.players

        async def act(player: str, number: int) -> None:
            before = len(owner.pending)
            await world.store.apply(Battle.act(battle, player=player, move=SPARK), op=f"x/y/{number}")
            await until(lambda: len(owner.pending) > before)

        owner._hand._store = Around(node.store, now=lambda: act(one, 1), beaten=lambda: act(two, 2))  # type: ignore[assignment]
        await world.pass_time(31)
        await until(lambda: len(owner.pending) == 0)
        assert len(await commands(world, battle)) == 2
        found = [answer for answer in await answers(world, battle) if answer is not None]
        assert found == await commands(world, battle)


async def a_pending_act(world: World, node: Node, battle: str) -> Cut:
    """Let the store go away after it has taken an act, and before that is answered; until the instance is alone."""
    record = await world.runs(battle)
    await node.hears(battle, "ann")
    cut = Cut(world.store)
    await world.pass_unswept(2)
    cut.after(1)
    await node.cast(battle, record.acts[0], number="pending")
    await until_mode(world, node, "isolated")
    assert node.isolation.branches[battle].acts != record.acts, "it is played on from what came in before"
    return cut


async def test_an_act_that_waited_as_the_store_went_away_is_played_again_as_of_its_instant() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        cut = await a_pending_act(world, node, battle)
        await world.pass_unswept(32)  # the other one's turn passes
        branch = node.isolation.branches[battle]
        await node.cast(battle, branch.acts[0], number="alone")
        board = branch.board
        cut.mend()
        await until_mode(world, node, "clustered")
        after = await world.store.get(Battle, battle)
        assert (after.turn, bytes(after.board)) == (3, board)


async def test_what_came_in_counts_once_though_the_store_was_away_for_longer_than_it_knows_repeats() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        cut = await a_pending_act(world, node, battle)
        branch = node.isolation.branches[battle]
        await world.pass_unswept(12 * 60, step=5)
        cut.mend()
        await world.store.sweep()
        await until_mode(world, node, "clustered")
        assert len(await commands(world, battle)) == 1
        assert bytes((await world.store.get(Battle, battle)).board) == branch.board


async def test_a_turn_that_stood_still_is_not_over_for_who_plays_on_before_its_owner_is_back() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await takes_nothing(node)
        await world.pass_time(40)
        record = await world.store.get(Battle, battle)
        await node.cast(battle, record.acts[0])
        node.running.go_on(Owner(node.store, ALL_RULES[0], record, (), seconds(20)))
        after = await world.turn(battle, 0)
        await spin()
        assert await answers(world, battle) == await commands(world, battle)
        assert after.turn == 1
        await node.running.fork()


async def test_a_turn_that_stood_still_gets_its_time_though_the_store_was_away_again_as_that_was_written() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        await takes_nothing(node)
        await world.pass_time(40)
        record = await world.store.get(Battle, battle)

        async def away() -> None:
            raise Unavailable("the store is away")

        store = Around(node.store, apply=away)
        node.running.go_on(Owner(store, ALL_RULES[0], record, (), seconds(20)))  # type: ignore[arg-type]
        (owner,) = [one for one, _ in node.running._owned.values()]
        await passes(world, owner.caught_up.is_set)
        names = [event.name for event in await world.store.history(Battle, battle)]
        assert (names.count("prolong"), names.count("advance")) == (1, 0)
        await node.running.fork()


async def test_a_failure_of_the_journal_in_coming_back_leaves_each_battle_with_one_owner() -> None:
    async with a_world() as world:
        node = await world.node()
        battles = [await world.a_battle(node, node, players=players) for players in (("ann", "bob"), ("cid", "dan"))]
        cut = await cut_off(world, node)

        async def failing(*_: object) -> None:
            raise RuntimeError("something that nobody thought of")

        node.isolation._note_end = failing  # type: ignore[method-assign,assignment]
        await comes_back_with_one_owner_each(world, node, cut, battles)


async def test_a_repeat_of_what_was_answered_before_the_store_went_away_is_no_other_move() -> None:
    async with a_world() as world:
        node = await world.node()
        battle = await world.a_battle(node, node)
        record = await world.runs(battle)
        (first,) = record.acts
        await node.cast(battle, first, number="first")
        record = await world.turn(battle, 0)
        await node.cast(battle, record.acts[0], number="second")
        await world.turn(battle, 1)
        cut = await cut_off(world, node)
        branch = node.isolation.branches[battle]
        assert branch.acts == (first,)
        assert await node.cast(battle, first, number="first") is None
        assert branch.acts == (first,)
        await node.cast(battle, first, number="third")
        cut.mend()
        await until_mode(world, node, "clustered")
        after = await world.store.get(Battle, battle)
        assert (after.turn, bytes(after.board)) == (3, branch.board)
