"""Posting: each slot is asked once, each question is posted once, and what can't be posted waits."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from tests.services.trivia.closings import GUILD, LOST, START
from tests.services.trivia.posters import some_posters

from tenure import Change, Delivery, Unavailable, days, hours, minutes, seconds
from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.lifecycle import Game, Registration, Used
from tenure.services.trivia.marks import mark_of
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.refusals import NotThen, Unknown, Wrong

SIX = START.replace(hour=18)


# ------------------------------------------------------------------------------------ what is due


async def test_a_slot_that_falls_due_is_asked_and_the_next_one_is_planned() -> None:
    async with some_posters() as posters:
        made = await posters.register(questions=3, counts="last")
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert (game.id, game.state) == (f"{made.id}.21000104T1800.1", Game.open)
        assert (game.slot, game.number, game.of, game.counts) == (SIX, 1, 3, "last")
        assert (game.closes_at, game.window) == (SIX + minutes(10), minutes(10))
        (seen,) = await posters.questions()
        assert (seen.game, seen.text, seen.choices) == (game.id, game.question.text, game.question.choices)
        assert (seen.right, seen.closes_at) == (None, game.closes_at)
        planned = await posters.registration(made.id)
        assert (planned.state, planned.posted_at) == (Registration.waiting, SIX)
        assert planned.next_at == SIX + days(1)


async def test_no_question_comes_twice_until_all_were_asked_and_then_the_oldest_first() -> None:
    async with some_posters() as posters:
        posters.riddles.number = 3
        await posters.register(schedule="every 1h")
        await posters.until(hours(6), step=hours(1))
        asked = [question.text for question in await posters.questions()]
        assert len(set(asked[:3])) == 3
        assert asked[3:] == asked[:3]


async def test_two_registrations_of_a_guild_never_share_a_question() -> None:
    async with some_posters() as posters:
        for number in range(4):
            await posters.register(f"n{number}")
        await posters.until(hours(6))
        assert len({question.text for question in await posters.questions()}) == 4
        assert len(await posters.store.find(Used.remembered, per=GUILD)) == 4


async def test_a_repeated_delivery_asks_nothing_again() -> None:
    async with some_posters() as posters:
        await posters.register()
        seen = []
        real = posters.posting.ask_slot

        async def twice(delivery: Delivery[Registration]) -> None:
            seen.append(delivery)
            await real(delivery)
            await real(delivery)

        posters.posting.ask_slot = twice  # type: ignore[method-assign]
        await posters.until(hours(6))
        assert len(seen) == 1
        assert len(await posters.questions()) == 1


async def test_without_a_question_the_slot_waits_says_why_and_is_asked_once_there_is_one() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        posters.riddles.trouble = "the riddles are away: wait, or take other sources"
        await posters.until(hours(6))
        await posters.until(minutes(2), step=seconds(10))
        waits = await posters.registration(made.id)
        assert (waits.state, waits.trouble) == (Registration.due, posters.riddles.trouble)
        assert waits.version == 3, "what is said already is not said again at each try"
        posters.riddles.trouble = ""
        await posters.until(minutes(1), step=seconds(10))
        assert len(await posters.questions()) == 1
        asked = await posters.registration(made.id)
        assert (asked.state, asked.trouble, asked.posted_at) == (Registration.waiting, None, SIX)


async def test_a_slot_whose_pack_was_removed_waits_says_so_and_is_asked_once_the_pack_is_back() -> None:
    async with some_posters() as posters:
        registration = await posters.register()
        without = posters.another(choosing=Choosing(posters.store, {}))
        await posters.store.advance(hours(6))
        assert await without.once()
        waits = await posters.registration(registration.id)
        assert (waits.state, await posters.games()) == (Registration.due, [])
        assert "there is no source 'riddles'" in (waits.trouble or "")
        with pytest.raises(NotThen, match="there is no source"):
            await without.post_now(registration.id)
        await posters.until(minutes(2))
        (game,) = await posters.games()
        asked = await posters.registration(registration.id)
        assert (game.state, asked.trouble) == (Game.open, None)


async def test_a_store_that_is_away_costs_a_slot_nothing() -> None:
    async with some_posters() as posters:
        await posters.register()
        store = posters.posting._store
        real, lost = store.apply, [Unavailable("away"), Unavailable("away")]

        async def failing(*changes: Change[Any], **more: Any) -> Any:
            if lost:
                for change in changes:
                    change.applied = True  # it was tried
                raise lost.pop()
            return await real(*changes, **more)

        store.apply = failing  # type: ignore[method-assign]
        await posters.until(hours(6))
        await posters.until(seconds(3), step=seconds(1))
        assert lost == []
        assert len(await posters.questions()) == 1


# ------------------------------------------------------------------------------------ after downtime


@pytest.mark.parametrize(("catch_up", "asked"), [("latest", [START + days(3) - hours(18)]), ("skip", [])])
async def test_after_a_long_downtime_the_latest_slot_is_asked_once_or_none(catch_up: str, asked: list[object]) -> None:
    async with some_posters() as posters:
        made = await posters.register(catch_up=catch_up)
        await posters.store.advance(days(3))
        await posters.work()
        assert [game.slot for game in await posters.games()] == asked
        planned = await posters.registration(made.id)
        assert (planned.state, planned.next_at) == (Registration.waiting, START.replace(day=7, hour=18))
        await posters.until(hours(5))
        assert len(await posters.questions()) == len(asked), "nothing pours out later"


@pytest.mark.parametrize(("late", "asked"), [(minutes(5), 1), (minutes(5) + seconds(1), 0)])
async def test_a_slot_counts_as_missed_when_it_is_older_than_five_minutes(late: timedelta, asked: int) -> None:
    async with some_posters() as posters:
        await posters.register(catch_up="skip", window_seconds=60.0)
        await posters.store.advance(hours(6) + late)
        await posters.work()
        assert len(await posters.questions()) == asked


@pytest.mark.parametrize(("late", "asked"), [(minutes(30), 1), (minutes(30) + seconds(1), 0)])
async def test_and_older_than_its_window(late: timedelta, asked: int) -> None:
    async with some_posters() as posters:
        await posters.register(catch_up="skip", window_seconds=1800.0)
        await posters.store.advance(hours(6) + late)
        await posters.work()
        assert len(await posters.questions()) == asked


async def test_of_many_that_were_missed_the_one_that_is_just_due_is_asked_whatever_the_policy() -> None:
    async with some_posters() as posters:
        for catch_up in ("skip", "latest"):
            await posters.register(catch_up, schedule="every 1h", catch_up=catch_up)
        await posters.store.advance(hours(7) + minutes(1))
        await posters.work()
        assert {game.slot for game in await posters.games()} == {START + hours(7)}
        assert len(await posters.questions()) == 2


async def test_who_is_asked_late_has_the_whole_window() -> None:
    async with some_posters() as posters:
        await posters.register()
        await posters.store.advance(hours(9))
        await posters.work()
        (game,) = await posters.games()
        assert game.closes_at == START + hours(9) + minutes(10)


# ------------------------------------------------------------------------------------ one question, once


async def test_a_reply_that_was_lost_posts_nothing_twice_also_once_the_chat_forgot_the_mark() -> None:
    async with some_posters() as posters:
        posters.chat.after, posters.chat.forgets_marks = [LOST], True
        await posters.register()
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert game.state == Game.asked
        await posters.until(minutes(5), step=seconds(30))
        (game,) = await posters.games()
        assert (game.state, game.closes_at) == (Game.open, SIX + minutes(10)), "people have seen it since then"
        assert len(await posters.questions()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["Game.create", "Chat.post", "Game.announce"])
async def test_a_poster_that_is_killed_at_any_step_leaves_one_question(when: str, step: str) -> None:
    async with some_posters() as posters:
        posters.chat.forgets_marks = True
        made = await posters.register()
        await posters.store.advance(hours(6))
        await posters.until_killed(f"{when} {step}")
        await posters.until(minutes(5), step=minutes(1))
        (game,) = await posters.games()
        assert (game.state, game.slot) == (Game.open, SIX)
        assert [question.game for question in await posters.questions()] == [game.id]
        assert (await posters.registration(made.id)).next_at == SIX + days(1)


async def test_a_question_may_be_answered_before_its_message_is_known() -> None:
    async with some_posters() as posters:
        posters.chat.after = [LOST]
        await posters.register()
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert (await posters.answering.submit(game.id, "ada", "Ada", "B")).code == "SUBMITTED"


async def test_a_question_that_could_not_be_posted_for_a_while_has_its_whole_window_then() -> None:
    async with some_posters() as posters:
        posters.chat.before = [ChatAway("away")] * 6
        await posters.register()
        await posters.until(hours(6))
        await posters.until(minutes(5), step=seconds(1))
        (game,) = await posters.games()
        (seen,) = await posters.questions()
        assert game.state == Game.open
        assert game.closes_at == game.changed_at + minutes(10) == seen.closes_at


async def test_a_question_whose_poster_came_late_has_its_whole_window() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        await posters.store.advance(hours(6))
        game = await posters.posting.post_now(made.id)  # nobody posts it yet
        await posters.store.advance(minutes(9))
        await posters.work()
        posted = await posters.store.get(Game, game.id)
        assert posted.closes_at == START + hours(6) + minutes(19)


async def test_a_first_try_after_a_moment_leaves_the_window_as_it_is() -> None:
    async with some_posters() as posters:
        posters.chat.before = [ChatAway("away")]
        await posters.register()
        await posters.until(hours(6))
        await posters.until(seconds(30), step=seconds(10))
        (game,) = await posters.games()
        assert (game.state, game.closes_at) == (Game.open, SIX + minutes(10))


async def test_a_question_that_is_deleted_while_it_is_posted_is_shown_as_taken_back() -> None:
    async with some_posters() as posters:
        await posters.register()
        real = posters.chat.post

        async def meanwhile(*args: object) -> str:
            (game,) = await posters.games()
            await posters.store.apply(Game.delete(game))
            return await real(*args)  # type: ignore[arg-type]

        posters.chat.post = meanwhile  # type: ignore[method-assign, assignment]
        await posters.until(hours(6))
        (seen,) = await posters.questions()
        assert seen.taken_back


# ------------------------------------------------------------------------------------ out of turn


async def test_a_question_out_of_turn_is_asked_once_per_request() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        games = await asyncio.gather(*(posters.posting.post_now(made.id, request="i-1") for _ in range(5)))
        assert {game.id for game in games} == {f"{made.id}.now-i-1.1"}
        await posters.work()
        assert (await posters.posting.post_now(made.id, request="i-1")).state == Game.open
        assert len(await posters.questions()) == 1
        after = await posters.registration(made.id)
        assert (after.state, after.next_at, after.posted_at) == (Registration.waiting, SIX, START)
        another = await posters.posting.post_now(made.id)
        assert re.fullmatch(rf"{made.id}\.now-\w+\.1", another.id)


async def test_out_of_turn_says_no_where_nothing_can_be_asked() -> None:
    async with some_posters() as posters:
        made = await posters.register()
        with pytest.raises(Unknown):
            await posters.posting.post_now("nobody")
        for request in ("a b", "x" * 41, "a.b"):
            with pytest.raises(Wrong, match="`request`"):
                await posters.posting.post_now(made.id, request=request)
        posters.riddles.trouble = "the riddles are away"
        with pytest.raises(NotThen, match="riddles"):
            await posters.posting.post_now(made.id)
        posters.riddles.trouble = ""
        await posters.posting.post_now(made.id)
        with pytest.raises(NotThen, match="on its way"):
            await posters.posting.post_now(made.id)
        await posters.work()
        await posters.registrations.disable(made.id)
        with pytest.raises(NotThen, match="enable it"):
            await posters.posting.post_now(made.id)
        await posters.registrations.enable(made.id)
        await posters.guilds.leave(GUILD)
        with pytest.raises(NotThen, match="sent us away"):
            await posters.posting.post_now(made.id)


# ------------------------------------------------------------------------------------ marks


def test_a_mark_has_24_letters_and_tells_posts_apart() -> None:
    marks = [mark_of(f"g{number}", purpose) for number in range(50) for purpose in ("question", "results", "held")]
    assert len(set(marks)) == len(marks)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{24}", mark) for mark in marks)
    assert mark_of("r-1.21000104T1800.1", "question") == mark_of("r-1.21000104T1800.1", "question")
