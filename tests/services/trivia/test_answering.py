"""Answers: each has its code, by the store's clock, and there is one for each member and game."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.services.trivia.closings import WINDOW, Closings, a_question, some_closings

from tenure import days, minutes, seconds
from tenure.services.trivia import answering
from tenure.services.trivia.answering import Known
from tenure.services.trivia.lifecycle import Answer, Game
from tenure.services.trivia.refusals import Wrong


async def choice_of(closings: Closings, game: Game, member: str) -> str:
    return (await closings.store.get(Answer, f"{game.id}/{member}")).choice


async def test_an_answer_is_taken_whatever_the_case_of_its_letter() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        taken = await closings.answer(game, "ada", " b ")
        assert (taken.code, taken.choice, taken.taken) == ("SUBMITTED", "B", True)
        assert await choice_of(closings, game, "ada") == "B"


async def test_the_first_answer_counts() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="first")
        await closings.answer(game, "ada", "A")
        again = await closings.answer(game, "ada", "B")
        assert (again.code, again.choice, again.taken) == ("ALREADY_SUBMITTED", "A", False)
        assert await choice_of(closings, game, "ada") == "A"


async def test_the_last_answer_counts_where_the_registration_says_so() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        await closings.answer(game, "ada", "A")
        again = await closings.answer(game, "ada", "B")
        assert (again.code, again.choice, again.taken) == ("UPDATED", "B", True)
        assert await choice_of(closings, game, "ada") == "B"


async def test_pressing_the_same_button_twice_costs_nobody_their_time() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        await closings.answer(game, "ada")
        first = await closings.store.get(Answer, f"{game.id}/ada")
        await closings.store.advance(seconds(5))
        assert (await closings.answer(game, "ada")).code == "ALREADY_SUBMITTED"
        assert (await closings.store.get(Answer, f"{game.id}/ada")).entered_at == first.entered_at


async def test_there_is_no_game_to_answer() -> None:
    async with some_closings() as closings:
        for id in ("absent", "", "\0", "a" * 300, "\ud800"):
            assert (await closings.answer(id, "ada")).code == "GAME_NOT_FOUND"


async def test_an_answer_is_too_late_though_the_one_who_posted_its_question_was_killed_before_noting_it() -> None:
    async with some_closings() as closings:
        game = await closings.asked(counts="last")
        assert (await closings.answer(game, "ada", "A")).code == "SUBMITTED"
        await closings.store.advance(WINDOW)
        assert (await closings.games.get(game.id)).state == Game.asked
        for member in ("ada", "bob"):
            assert (await closings.answer(game, member)).code == "WINDOW_CLOSED"
        assert await choice_of(closings, game, "ada") == "A"
        assert await closings.answering.answer(game.id, "bob") is None


async def test_an_answer_is_too_late_at_its_instant_though_nobody_swept() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        await closings.answer(game, "ada", "A")
        clock = closings.store.clock
        clock.move_to(clock.now + int(WINDOW.total_seconds() * 1_000_000) - 1)  # type: ignore[attr-defined]
        assert (await closings.answer(game, "bob")).code == "SUBMITTED"
        clock.move_to(clock.now + 1)  # type: ignore[attr-defined]
        for member in ("ada", "bob", "cleo"):
            assert (await closings.answer(game, member)).code == "WINDOW_CLOSED"
        assert await choice_of(closings, game, "ada") == "A"
        assert (await closings.games.get(game.id)).state == Game.open


async def test_a_closed_game_takes_no_answer_and_no_other_answer() -> None:
    for counts in ("first", "last"):
        async with some_closings() as closings:
            game = await closings.a_game(counts=counts)
            await closings.answer(game, "ada", "A")
            await closings.games.close(game.id)
            for _ in range(2):  # while it is being counted, and in history
                for member in ("ada", "bob"):
                    assert (await closings.answer(game, member)).code == "GAME_CLOSED"
                await closings.finish(game)
            assert await choice_of(closings, game, "ada") == "A"


async def test_a_question_that_is_just_being_posted_may_be_answered() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        asked = await closings.store.apply(
            Game.create(
                "daily.s9.1", guild=game.guild, registration=game.registration, channel=game.channel, slot=game.slot,
                question=a_question(), window=WINDOW, closes_at=game.closes_at,
            )
        )  # fmt: skip
        assert (await closings.answer(asked, "ada")).code == "SUBMITTED"
        held = await closings.store.apply(Game.hold(asked, trouble="no permission", retry_for=minutes(1)))
        assert (await closings.answer(held, "bob")).code == "NOT_OPEN_YET"


@pytest.mark.parametrize("choice", ["E", "", "AB", "1", "ß", "\0", "B" * 10_000])
async def test_a_choice_that_the_question_does_not_have_is_refused_with_those_that_it_has(choice: str) -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        refused = await closings.answer(game, "ada", choice)
        assert (refused.code, refused.taken) == ("WRONG_CHOICE", False)
        assert "A, B, C, D" in refused.text


async def test_a_question_with_two_choices_has_two() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(question=a_question(choices=("true", "false")))
        assert (await closings.answer(game, "ada", "C")).code == "WRONG_CHOICE"
        assert (await closings.answer(game, "ada", "A")).code == "SUBMITTED"


@pytest.mark.parametrize(
    ("member", "name"),
    [("", "Ada"), ("a" * 65, "Ada"), ("a/b", "Ada"), ("a b", "Ada"), ("a\n", "Ada"), ("\ud800", "Ada"), ("ada", ""),
     ("ada", "A" * 101), ("ada", "\0"), ("ada", "\ud800")],
)  # fmt: skip
async def test_what_can_be_no_member_is_refused(member: str, name: str) -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        with pytest.raises(Wrong, match=r"`(member|name)` must be"):
            await closings.answering.submit(game.id, member, name, "A")
        assert await closings.answering.of(game.id) == []


async def test_a_member_who_answers_many_times_at_once_has_one_answer() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        answers = await asyncio.gather(*(closings.answer(game, "ada", "ABCD"[n % 4]) for n in range(40)))
        assert sorted(answer.code for answer in answers) == ["ALREADY_SUBMITTED"] * 39 + ["SUBMITTED"]
        (taken,) = [answer.choice for answer in answers if answer.taken]
        assert {answer.choice for answer in answers} == {taken}


async def test_of_many_changes_of_mind_at_once_the_last_that_was_taken_counts() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        await closings.answer(game, "ada", "A")
        answers = await asyncio.gather(*(closings.answer(game, "ada", "BCD"[n % 3]) for n in range(6)))
        assert {answer.code for answer in answers} <= {"UPDATED", "ALREADY_SUBMITTED"}
        history = await closings.store.history(Answer, f"{game.id}/ada")
        assert await choice_of(closings, game, "ada") == history[-1].fields["choice"]
        assert len(history) == 1 + sum(answer.code == "UPDATED" for answer in answers)


async def test_answers_are_read_page_by_page_in_the_order_in_which_they_came() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        for member in ("cleo", "ada", "bob"):
            await closings.answer(game, member)
        first = await closings.answering.of(game.id, limit=2)
        rest = await closings.answering.of(game.id, limit=2, after=first[-1].id)
        assert [answer.member for answer in [*first, *rest]] == ["cleo", "ada", "bob"]


async def test_answers_read_their_game_once_and_the_store_alone_says_whether_it_takes_them() -> None:
    async with some_closings() as closings:
        game, reads = await closings.a_game(), list[object]()
        rows = closings.store.engine.rows

        async def counted(space: str, keys: Any) -> Any:
            reads.append(keys)
            return await rows(space, keys)

        closings.store.engine.rows = counted  # type: ignore[method-assign]
        for number in range(5):
            assert (await closings.answer(game, f"m{number}")).code == "SUBMITTED"
        assert len(reads) == 1
        await closings.games.delete(game.id)
        assert (await closings.answer(game, "late")).code == "GAME_CLOSED"
        await closings.closing.once()
        await closings.store.advance(days(7) + minutes(5))
        assert (await closings.answer(game, "later")).code == "GAME_NOT_FOUND"


async def test_only_the_latest_games_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "MOST_KNOWN", 2)
    async with some_closings() as closings:
        games, known = [await closings.a_game() for _ in range(4)], Known()
        for game in games:
            assert known.note(game).letters == "ABCD"
        assert list(known) == [games[2].id, games[3].id]
