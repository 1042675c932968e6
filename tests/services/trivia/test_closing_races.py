"""Answers and closers at the same time, on every engine: what was accepted is what is scored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.places import ENGINES, KEPT, Place
from tests.services.trivia.closings import GUILD, START, WINDOW, Closings, closings_on, settle, some_closings

from tenure import Store, days, minutes, seconds, testing
from tenure.copying import CopyFailed, copy_space
from tenure.core.durations import to_microseconds
from tenure.core.engine import Engine
from tenure.core.pieces import Piece, RecordPiece
from tenure.opening import open_engine
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Answer, Game, Guild
from tenure.store.timing import ManualClock

PlaceOf = Callable[[str], Place]
on_each_engine = pytest.mark.parametrize("engine", ENGINES)
on_each_that_several_open = pytest.mark.parametrize("engine", KEPT)
ACCEPTED = {"SUBMITTED", "UPDATED"}
MOST_CODES = 40


async def scored(store: Store, game: Game | str) -> dict[str, str]:
    """Give what was scored, by member. Nothing may be left that was not."""
    id = game if isinstance(game, str) else game.id
    assert await store.find(Answer.given, under=id) == []
    return {answer.member: answer.choice for answer in await store.find(Answer.scored, under=id)}


class Writes:
    """The writes of one program's store, before each of which something may be done by another one."""

    def __init__(self, store: Store, before: Callable[[], Awaitable[object]]) -> None:
        self._write, self._before = store.engine.write, before
        store.engine.write = self.write  # type: ignore[method-assign, assignment]

    async def write(self, *args: Any) -> Any:
        await self._before()
        return await self._write(*args)


@asynccontextmanager
async def two_programs(url: str) -> AsyncIterator[tuple[Closings, Closings]]:
    """Open one store from two programs whose clock is the same: one closes games, by the other one people answer."""
    clock = ManualClock(to_microseconds(START))
    async with testing.store(*kinds, url=url, space="trivia", clock=clock) as one:
        await settle(one)
        async with testing.store(*kinds, url=url, space="trivia", clock=clock, every_change_applied=False) as other:
            yield closings_on(one), closings_on(other)
            assert list(await one.engine.audit("trivia", repair=False)) == []


# ------------------------------------------------------------------------------------ 5: the closer's save


@on_each_that_several_open
@pytest.mark.parametrize("counts", ["first", "last"])
async def test_the_race_of_a_late_answer_and_the_closers_save_loses_no_answer_that_was_accepted(
    engine: str, counts: str, place_of: PlaceOf
) -> None:
    """T0 a member's answer is read, T1 the closer reads, T2 the answer is written, T3 the closer writes.

    The closer's save does not overwrite the answer: it is accepted and counts, or is refused and was never there.
    """
    async with two_programs(place_of(engine).fresh()) as (closing, answering):
        game = await closing.a_game(counts=counts)
        accepted = {"ada": "A", "bob": "B"}
        for member, choice in accepted.items():
            assert (await answering.answer(game, member, choice)).code == "SUBMITTED"
        codes: list[str] = []

        async def answer_late() -> None:
            """Answer right before each write of the closer: a member who has not, and one who has."""
            if len(codes) > MOST_CODES:
                return  # it would never end, were it to be let in for ever
            late = f"late{len(codes)}"
            for member, choice in ((late, "B"), ("ada", "BC"[len(codes) // 2 % 2])):
                answer = await answering.answer(game, member, choice)
                codes.append(answer.code)
                if answer.code in ACCEPTED:
                    accepted[member] = choice

        Writes(closing.store, answer_late)
        over = await closing.finish(game)
        assert over.state == Game.archived
        assert await scored(closing.store, game) == accepted
        assert over.results is not None
        assert over.results.answers == len(accepted)
        # Before the close it is accepted; from then on, step by step, it is refused.
        assert codes[0] == "SUBMITTED"
        assert codes[2:] == ["GAME_CLOSED"] * (len(codes) - 2)
        assert len(codes) >= 2 * len(["close", "count", "score", "post", "archive"])


@on_each_that_several_open
async def test_an_answer_that_is_on_its_way_while_its_game_is_closed_counted_and_posted_is_refused(
    engine: str, place_of: PlaceOf
) -> None:
    async with two_programs(place_of(engine).fresh()) as (closing, answering):
        game = await closing.a_game()
        reached, go_on = asyncio.Event(), asyncio.Event()

        async def pause() -> None:
            reached.set()
            await go_on.wait()

        Writes(answering.store, pause)
        late = asyncio.create_task(answering.answer(game, "ada"))
        await reached.wait()
        over = await closing.finish(game)
        go_on.set()
        assert (await late).code == "GAME_CLOSED"
        assert over.results is not None
        assert over.results.answers == 0
        assert await scored(closing.store, game) == {}


# ------------------------------------------------------------------------------------ the closing instant


@on_each_engine
@pytest.mark.parametrize("offset", [-1, 0, 1])
async def test_of_a_hundred_answers_at_the_closing_instant_those_that_are_accepted_are_scored(
    engine: str, offset: int, place_of: PlaceOf
) -> None:
    async with some_closings(url=place_of(engine).fresh()) as closings:
        game = await closings.a_game()
        store, clock = closings.store, closings.store.clock
        clock.move_to(to_microseconds(START) + to_microseconds(WINDOW) + offset)  # type: ignore[attr-defined]
        members = [f"m{number}" for number in range(120)]
        codes: dict[str, str] = {}

        async def answer(member: str) -> None:
            codes[member] = (await closings.answer(game, member)).code

        await asyncio.gather(
            *(answer(member) for member in members),
            *(store.sweep() for _ in range(3)),
            *(closings.closing.once() for _ in range(3)),
        )
        assert set(codes.values()) <= ({"SUBMITTED"} if offset < 0 else {"WINDOW_CLOSED", "GAME_CLOSED"})
        await store.advance(minutes(1))
        while await closings.closing.once():
            pass
        assert set(await scored(store, game)) == {m for m, code in codes.items() if code == "SUBMITTED"}
        assert len(await closings.results_of(game)) == 1


@on_each_engine
async def test_a_hundred_members_answer_and_change_their_minds_while_the_game_is_closed(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_closings(url=place_of(engine).fresh()) as closings:
        game = await closings.a_game(counts="last")
        members, accepted = [f"m{number}" for number in range(100)], dict[str, str]()

        async def answer(member: str, choice: str) -> None:
            if (await closings.answer(game, member, choice)).code in ACCEPTED:
                accepted[member] = choice

        async def change(member: str) -> None:
            for choice in "ABC":
                await answer(member, choice)

        await asyncio.gather(*(change(member) for member in members[:70]))
        work = asyncio.gather(*(change(member) for member in members))
        over = await closings.finish(game)
        await work
        assert await scored(closings.store, game) == accepted
        assert over.results is not None
        assert sum(over.results.by_choice.values()) == over.results.answers == len(accepted)


# ------------------------------------------------------------------------------------ 3 and 4: history


async def test_at_every_write_a_game_is_active_or_in_history_and_its_round_goes_on_in_the_same_instant() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=2)
        await closings.answer(game, "ada")
        seen: list[tuple[list[int], list[int]]] = []

        async def look() -> None:
            active, over = await closings.games.list(GUILD), await closings.games.history(GUILD)
            seen.append(([each.number for each in active], [each.number for each in over]))

        Writes(closings.store, look)
        await closings.finish(game)
        await look()
        assert len(seen) > 5
        assert set(map(str, seen)) == {"([1], [])", "([2], [1])"}


@on_each_engine
async def test_history_goes_with_all_that_belongs_to_it_and_leaves_no_index_behind(
    engine: str, place_of: PlaceOf
) -> None:
    async with some_closings(url=place_of(engine).fresh()) as closings:
        game = await closings.a_game()
        for member in ("ada", "bob"):
            await closings.answer(game, member)
        await closings.finish(game)
        for lists in (closings.games.history(GUILD), closings.answering.of(game.id)):
            assert await lists
        await closings.store.advance(days(7) + minutes(5))
        counts = [await closings.store.count(kind) for kind in (Game, Answer)]
        assert [sum(count.values()) for count in counts] == [0, 0]
        assert await closings.games.history(GUILD) == []
        assert await closings.answering.of(game.id) == []
        assert await closings.store.find(Game.archived, under=await closings.store.get(Guild, GUILD)) == []


# ------------------------------------------------------------------------------------ 9 and 10: moving house


class Waiting(ManualClock):
    """A clock that moves on by itself where somebody sleeps."""

    async def sleep(self, seconds: float) -> None:
        self.move_to(self.now + round(seconds * 1_000_000))


async def moved(source: Store, target: Engine) -> None:
    """Move the games to another store, of which the old one is not told."""
    assert isinstance(source.clock, ManualClock)
    source.clock.move_to(source.clock.now + to_microseconds(seconds(30)))  # no sweeper is at work any more
    clock = Waiting(source.clock.now)
    await copy_space(source.engine, target, "trivia", names=("here", "there"), clock=clock, leave_open=True)


@on_each_that_several_open
async def test_games_that_are_moved_again_after_play_resumed_overwrite_nothing(engine: str, place_of: PlaceOf) -> None:
    there_url = place_of(engine).fresh()
    async with some_closings() as here:
        game = await here.a_game(counts="last")
        await here.answer(game, "ada", "A")
        target = await open_engine(there_url, kinds)
        await moved(here.store, target)
        async with testing.store(*kinds, url=there_url, space="trivia", at=await here.store.now()) as store:
            there = closings_on(store)
            assert (await there.answer(game, "ada", "B")).code == "UPDATED"
            assert (await there.answer(game, "bob", "B")).code == "SUBMITTED"
            with pytest.raises(CopyFailed, match="is not empty"):
                await moved(here.store, target)
            over = await there.finish(game)
            assert await scored(store, game) == {"ada": "B", "bob": "B"}
            assert over.results is not None
            assert over.results.correct == 2
        await target.close()


class Careless:
    """A target that keeps another choice than it is given for one answer: so all counts agree."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        await self._engine.load(space, [self._spoiled(piece) for piece in pieces])

    def _spoiled(self, piece: Piece) -> Piece:
        if isinstance(piece, RecordPiece) and piece.kind == "Answer" and piece.row is not None:
            return replace(piece, row=replace(piece.row, rest=piece.row.rest.replace(b'"A"', b'"B"')))
        return piece


async def test_a_move_in_which_one_choice_differs_is_found_though_all_counts_agree(place_of: PlaceOf) -> None:
    async with some_closings() as here:
        game = await here.a_game()
        for member, choice in (("ada", "A"), ("bob", "C")):
            await here.answer(game, member, choice)
        target = await open_engine(place_of(KEPT[0]).fresh(), kinds)
        with pytest.raises(CopyFailed, match="Answer records: as many, but not the same"):
            await moved(here.store, cast("Engine", Careless(target)))
        await moved(here.store, target)
        await target.close()
