"""Closing: what was accepted is scored, results are posted once, and every step is taken up where it was left."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.services.trivia.closings import (
    CHANNEL,
    GUILD,
    LOST,
    REGISTRATION,
    Closings,
    a_question,
    closings_on,
    some_closings,
)

from tenure import OutcomeUnknown, Unavailable, minutes, seconds
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Asked, ChatRefused
from tenure.services.trivia.chat.lifecycle import ChatMessage
from tenure.services.trivia.counting import Counting
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration, Score, Used
from tenure.services.trivia.questions.question import NoQuestion


async def question_of(closings: Closings, game: Game) -> Asked:
    """Give a game's question as people see it."""
    assert game.message is not None
    post = (await closings.store.get(ChatMessage, game.message)).post
    assert isinstance(post, Asked)
    return post


async def finished(closings: Closings, game: Game) -> Game:
    """Let time pass until a game is over."""
    for _ in range(30):
        if (game := await closings.games.get(game.id)).state in (Game.archived, Game.deleted):
            return game
        await closings.closing.once()
        await closings.store.advance(minutes(1))
    raise AssertionError(f"the game stays {game.state}: {game.trouble}")


# ------------------------------------------------------------------------------------ counting


async def test_a_game_that_closes_has_its_results_and_everybody_sees_them_once() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        for member, choice in (("ada", "B"), ("bob", "A"), ("cleo", "B")):
            await closings.store.advance(seconds(2))
            await closings.answer(game, member, choice)
        over = await closings.finish(game)
        assert over.state == Game.archived
        (results,) = await closings.results_of(game)
        assert results.results == over.results
        assert over.results is not None
        assert (over.results.answers, over.results.correct) == (3, 2)
        assert over.results.by_choice == {"A": 1, "B": 2, "C": 0, "D": 0}
        assert [(w.member, w.points, w.seconds) for w in over.results.winners] == [("ada", 2, 2.0), ("cleo", 2, 6.0)]
        assert (results.right, results.right_text) == ("B", "2")
        assert (await question_of(closings, over)).right == "B"


async def test_a_game_that_nobody_answered_has_results_too() -> None:
    async with some_closings() as closings:
        over = await closings.finish(await closings.a_game())
        assert over.results is not None
        assert (over.results.answers, over.results.winners) == (0, ())
        assert len(await closings.results_of(over)) == 1


async def test_the_answer_that_counts_decides_who_was_first() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        await closings.answer(game, "ada", "A")
        await closings.store.advance(seconds(1))
        await closings.answer(game, "bob", "B")
        await closings.store.advance(seconds(1))
        await closings.answer(game, "ada", "B")
        over = await closings.finish(game)
        assert over.results is not None
        assert [winner.member for winner in over.results.winners] == ["bob", "ada"]


async def test_seconds_are_those_since_the_question_that_people_saw() -> None:
    async with some_closings() as closings:
        game = await closings.store.apply(
            Game.create(
                f"{REGISTRATION}.late.1", guild=GUILD, registration=REGISTRATION, channel=CHANNEL, slot=await
                closings.store.now(), question=a_question(), window=minutes(5),
                closes_at=await closings.store.now() + minutes(5),
            )
        )  # fmt: skip
        held = await closings.store.apply(Game.hold(game, trouble="no permission", retry_for=minutes(30)))
        await closings.store.advance(minutes(31))
        again = await closings.games.get(held.id)
        aimed = await closings.store.apply(Game.aim(again, closes_at=await closings.store.now() + minutes(5)))
        await closings.open(aimed)
        await closings.store.advance(seconds(7))
        await closings.answer(game, "ada")
        over = await closings.finish(game)
        assert over.results is not None
        assert [winner.seconds for winner in over.results.winners] == [7.0]


async def test_more_answers_than_one_transaction_takes_are_all_counted_once() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        members = [f"m{number}" for number in range(230)]
        await asyncio.gather(*(closings.answer(game, member, "AB"[n % 2]) for n, member in enumerate(members)))
        over = await closings.finish(game)
        assert over.results is not None
        assert (over.results.answers, over.results.correct) == (230, 115)
        board = await closings.boards.places(GUILD, limit=1000)
        assert {place.member: place.points for place in board} == {m: 2 * (n % 2) for n, m in enumerate(members)}
        assert {place.answered for place in board} == {1}


async def test_two_who_count_at_once_give_everybody_their_points_once() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await asyncio.gather(*(closings.answer(game, f"m{number}") for number in range(120)))
        await closings.games.close(game.id)
        closing = await closings.games.get(game.id)
        counting = Counting(closings.store)  # the step itself, as a paused closer comes back to it
        one, other = await asyncio.gather(counting.count(closing), counting.count(closing))
        assert one == other
        assert {place.points for place in await closings.boards.places(GUILD, limit=1000)} == {2}


async def test_games_that_close_at_once_and_share_their_members_are_all_counted() -> None:
    async with some_closings() as closings:
        games = [await closings.a_game() for _ in range(4)]
        members = [f"m{number}" for number in range(30)]
        for game in games:
            await asyncio.gather(*(closings.answer(game, member) for member in members))
        for game in games:
            await closings.games.close(game.id)
        while await closings.closing.once():
            pass
        for game in games:
            assert (await closings.games.get(game.id)).state == Game.archived
        board = await closings.boards.places(GUILD, limit=1000)
        assert {(place.points, place.answered, place.correct) for place in board} == {(8, 4, 4)}


async def test_in_a_guild_that_was_forgotten_answers_are_counted_for_no_board() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada")
        await closings.store.apply(Guild.forget(GUILD))
        await closings.games.close(game.id)
        await closings.closing.once()
        assert (await closings.store.count(Score)).get("lasting", 0) == 0


# ------------------------------------------------------------------------------------ posting results


async def test_results_whose_post_was_not_answered_are_posted_once_even_when_the_chat_forgot_them() -> None:
    async with some_closings() as closings:
        closings.chat.forgets_marks = True
        game = await closings.a_game()
        closings.chat.after = [LOST]
        await closings.games.close(game.id)
        over = await finished(closings, game)
        (results,) = await closings.results_of(over)
        assert over.results == results.results


async def test_a_chat_that_is_away_gets_the_results_when_it_is_back() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        closings.chat.before = [LOST] * 3
        await closings.games.close(game.id)
        for _ in range(2):
            await closings.closing.once()
        assert (await closings.games.get(game.id)).state == Game.scored
        assert (await finished(closings, game)).trouble is None
        assert len(await closings.results_of(game)) == 1


async def test_results_that_the_chat_refuses_wait_longer_and_longer_and_are_posted_in_the_end() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada")
        await Channels(closings.store).close(GUILD, CHANNEL)
        await closings.games.close(game.id)
        waits = []
        for _ in range(9):
            await closings.closing.once()
            withheld = await closings.games.get(game.id)
            assert (withheld.state, withheld.trouble) == (Game.withheld, "the channel general is closed: open it again")
            waits.append(withheld.retry_for.total_seconds())
            await closings.store.advance(withheld.retry_for)
            assert (await closings.games.get(game.id)).state == Game.scored
        assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]
        await Channels(closings.store).reopen(GUILD, CHANNEL)
        over = await finished(closings, game)
        assert (over.state, over.trouble, len(await closings.results_of(game))) == (Game.archived, None, 1)


async def test_results_of_a_chat_that_nobody_connects_wait() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.games.close(game.id)
        elsewhere = closings_on(closings.store)
        elsewhere.chats.clear()  # type: ignore[attr-defined]
        await elsewhere.closing.once()
        await elsewhere.closing.once()
        withheld = await closings.games.get(game.id)
        assert withheld.state == Game.withheld
        assert "in no chat web" in str(withheld.trouble)


# ------------------------------------------------------------------------------------ rounds


async def test_the_questions_of_a_round_follow_one_another_and_its_standings_add_up() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=3, question=a_question(difficulty="hard"))
        await closings.answer(game, "ada")
        await closings.finish(game)
        second = await closings.games.get(f"{REGISTRATION}.s1.2")
        assert (second.state, second.number, second.of, second.slot) == (Game.asked, 2, 3, game.slot)
        await closings.open(second)
        for member in ("bob", "ada", "cleo"):
            await closings.answer(second, member)
        await closings.finish(second)
        third = await closings.open(await closings.games.get(f"{REGISTRATION}.s1.3"))
        await closings.answer(third, "bob", "A")
        await closings.finish(third)
        (results,) = await closings.results_of(third)
        assert [(s.member, s.points) for s in results.standings] == [("ada", 5), ("bob", 2), ("cleo", 2)]
        assert [g.id for g in await closings.games.round_of(third.id)] == [game.id, second.id, third.id]
        assert len({g.question.key for g in await closings.games.round_of(third.id)}) == 3
        assert await closings.games.list(GUILD) == []


@pytest.mark.parametrize("by", ["disable", "delete"])
async def test_a_registration_that_is_disabled_or_deleted_ends_its_round(by: str) -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=3)
        await closings.store.apply(getattr(Registration, by)(REGISTRATION))
        assert (await closings.finish(game)).state == Game.archived
        assert await closings.games.list(GUILD) == []
        assert await closings.store.find(Used.remembered, per=GUILD) == []


async def test_a_guild_that_sends_us_away_ends_the_round() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=2)
        await closings.store.apply(Guild.leave(GUILD))
        assert (await closings.finish(game)).state == Game.archived
        assert await closings.games.list(GUILD) == []


async def test_a_round_for_which_there_is_no_question_waits_for_one_and_ends_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=2)

        async def choose(*_: Any) -> Any:
            raise NoQuestion("the source can't be asked now")

        with monkeypatch.context() as patch:
            patch.setattr(closings.closing._choosing, "choose", choose)
            await closings.finish(game)
            assert (await closings.games.get(game.id)).state == Game.posted
            await finished(closings, game)
        assert await closings.games.list(GUILD) == []


async def test_a_question_that_another_registration_takes_at_the_same_time_is_asked_once() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=2)
        choosing = closings.closing._choosing  # the moment between choice and commit
        choose, taken = choosing.choose, list[str]()

        async def race(*args: Any) -> Any:
            question, used = await choose(*args)
            if not taken:
                taken.append(question.key)
                await closings.store.apply(Used.create(f"{GUILD}/{question.key}", guild=GUILD, used_at=game.slot))
            return question, used

        choosing.choose = race  # type: ignore[method-assign, assignment]
        await closings.finish(game)
        following = await closings.games.get(f"{REGISTRATION}.s1.2")
        assert following.question.key not in taken


# ------------------------------------------------------------------------------------ taken back


async def test_a_question_that_is_deleted_is_taken_back_and_nothing_is_counted() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada")
        await closings.games.delete(game.id)
        deleted = await finished(closings, game)
        await closings.closing.once()
        assert (await question_of(closings, deleted)).taken_back
        assert await closings.results_of(game) == []
        await closings.store.advance(seconds(1))
        assert (await closings.store.get(Answer, f"{game.id}/ada")).state == Answer.void
        assert await closings.boards.places(GUILD) == []


# ------------------------------------------------------------------------------------ whoever is killed


class Killed:
    """Lets one write of a store fail, as one of a process that is killed: before it is made, or right after it."""

    def __init__(self, closings: Closings, number: int, *, made: bool) -> None:
        self.number, self.made = number, made
        engine = closings.store.engine
        self._write, self._settle = engine.write, engine.settle
        engine.write, engine.settle = self.write, self.settle  # type: ignore[method-assign, assignment]

    async def write(self, *args: Any) -> Any:
        return await self._fail(self._write, *args)

    async def settle(self, *args: Any) -> Any:
        return await self._fail(self._settle, *args)

    async def _fail(self, act: Any, *args: Any) -> Any:
        self.number -= 1
        if self.number != -1:
            return await act(*args)
        if self.made:
            await act(*args)
            raise OutcomeUnknown("the answer was lost")
        raise Unavailable("the store is away")


@pytest.mark.parametrize("made", [False, True], ids=["before it is made", "after it is made"])
async def test_a_closer_that_fails_at_any_write_loses_nothing_and_posts_nothing_twice(made: bool) -> None:  # noqa: FBT001
    for number in range(40):
        async with some_closings() as closings:
            closings.chat.forgets_marks = True
            game = await closings.a_game(of=2)
            for n in range(3):
                await closings.answer(game, f"m{n}", "AB"[n % 2])
            await closings.games.close(game.id)
            killed = Killed(closings, number, made=made)
            over = await finished(closings, game)
            assert over.results is not None
            assert (over.results.answers, over.results.correct) == (3, 1)
            assert len(await closings.results_of(game)) == 1
            board = await closings.boards.places(GUILD)
            assert [(p.member, p.points, p.answered) for p in board if p.member == "m1"] == [("m1", 2, 1)]
            assert sum(place.answered for place in board) == 3
            assert len(await closings.store.find(Used.remembered, per=GUILD)) == 1
            assert [g.number for g in await closings.games.round_of(game.id)] == [1, 2]
            if killed.number >= 0:
                return  # each write has failed once
    raise AssertionError("there are more writes than were tried")


async def test_a_step_that_comes_again_after_its_last_word_does_nothing() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        closings.chat.forgets_marks = True
        real = closings.store.engine.settle

        async def lost(*_: Any) -> None:
            raise Unavailable("killed before its last word")

        closings.store.engine.settle = lost  # type: ignore[method-assign, assignment]
        await closings.games.close(game.id)
        for _ in range(4):
            await closings.closing.once()
        closings.store.engine.settle = real  # type: ignore[method-assign]
        over = await finished(closings, game)
        versions = over.version
        await closings.store.advance(minutes(3))
        while await closings.closing.once():
            await closings.store.advance(minutes(3))
        assert (await closings.games.get(game.id)).version == versions
        assert len(await closings.results_of(game)) == 1


async def test_a_chat_that_refuses_to_show_the_right_choice_does_not_hold_up_the_round() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(of=2)
        closings.chat.before = [None, ChatRefused("no permission to edit")]
        await closings.finish(game)
        assert not (await question_of(closings, game)).right
        assert (await closings.games.get(f"{REGISTRATION}.s1.2")).state == Game.asked
