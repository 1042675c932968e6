"""What a chat refuses to take waits: it is tried again, told to those who run the guild, and never dropped."""

from __future__ import annotations

import pytest
from tests.services.trivia.closings import CHANNEL, GUILD, LOST, START
from tests.services.trivia.posters import OPERATORS, Posters, closed, reopened, some_posters

from tenure import hours, minutes, seconds
from tenure.services.trivia.chat.contract import ChatRefused, Told
from tenure.services.trivia.guilds import About
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.pauses import pause_after
from tenure.services.trivia.registrations import Terms


async def with_operators(posters: Posters) -> None:
    """Name the channel in which those who run the guild are told of trouble."""
    await posters.guilds.edit(GUILD, About(name="Home", operators=OPERATORS))


async def test_lost_permission_holds_a_game_tells_the_operators_once_and_drops_nothing() -> None:
    async with some_posters() as posters:
        await with_operators(posters)
        await posters.register()
        await closed(posters)
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert (game.state, game.retry_for) == (Game.held, seconds(30))
        assert game.trouble
        assert (await posters.answering.submit(game.id, "ada", "Ada", "B")).code == "NOT_OPEN_YET"
        (told,) = [post for post in await posters.posts(OPERATORS) if isinstance(post, Told)]
        assert told.channel == CHANNEL
        assert game.trouble in told.text

        pauses = [game.retry_for]
        while pauses[-1] != minutes(30):
            await posters.until(pauses[-1])
            (game,) = await posters.games()
            assert game.state == Game.held
            pauses.append(game.retry_for)
        assert pauses == [seconds(30 * 2**power) for power in range(6)] + [minutes(30)]
        assert len(await posters.told()) == 1, "once, not at every pause"

        await reopened(posters)
        await posters.until(minutes(31), step=minutes(1))
        (game,) = await posters.games()
        assert (game.state, game.trouble) == (Game.open, None)
        assert game.closes_at - game.changed_at == minutes(10)
        assert len(await posters.questions()) == 1


async def test_while_a_question_waits_no_others_pile_up_behind_it() -> None:
    async with some_posters() as posters:
        made = await posters.register(schedule="every 1h")
        await closed(posters)
        await posters.until(hours(24), step=hours(1))
        (game,) = await posters.games()
        assert game.state == Game.held
        planned = await posters.registration(made.id)
        assert (planned.state, planned.next_at) == (Registration.waiting, START + hours(25))
        await reopened(posters)
        await posters.until(minutes(31), step=minutes(1))
        assert len(await posters.questions()) == 1


async def test_a_held_game_that_had_got_through_is_not_posted_again() -> None:
    async with some_posters() as posters:
        posters.chat.after, posters.chat.forgets_marks = [ChatRefused("no more")], True
        await posters.register()
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert game.state == Game.held
        await posters.until(minutes(2), step=seconds(30))
        (game,) = await posters.games()
        assert game.state == Game.open
        assert len(await posters.questions()) == 1


async def test_operators_whose_channel_refuses_too_leave_the_game_with_its_trouble() -> None:
    async with some_posters() as posters:
        await with_operators(posters)
        await closed(posters, OPERATORS)
        await closed(posters)
        await posters.register()
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert game.state == Game.held
        assert game.trouble


async def test_operators_are_told_once_though_the_reply_was_lost() -> None:
    async with some_posters() as posters:
        await with_operators(posters)
        await posters.register()
        await closed(posters)
        posters.chat.after, posters.chat.forgets_marks = [LOST], True
        await posters.until(hours(6))
        await posters.until(minutes(1), step=seconds(5))
        assert len(await posters.told()) == 1


async def test_without_their_chat_games_wait() -> None:
    async with some_posters() as posters:
        await posters.guilds.meet("77", chat="discord", name="Far")
        made = await posters.registrations.create(
            "77", "daily", Terms(channel="9", schedule="daily 18:00", sources=("riddles",))
        )
        await posters.until(hours(6))
        (game,) = await posters.games()
        assert (game.registration, game.state) == (made.id, Game.held)
        assert "discord" in (game.trouble or "")


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_poster_that_is_killed_while_its_chat_refuses_leaves_a_game_that_waits(when: str) -> None:
    async with some_posters() as posters:
        await with_operators(posters)
        await posters.register()
        await closed(posters)
        await posters.store.advance(hours(6))
        await posters.until_killed(f"{when} Game.hold")
        await posters.until(minutes(3), step=minutes(1))
        (game,) = await posters.games()
        assert game.state == Game.held
        assert len(await posters.told()) == 1


async def test_after_a_trouble_that_ended_pauses_begin_anew() -> None:
    async with some_posters() as posters:
        await posters.register()
        await closed(posters)
        await posters.until(hours(6))
        await posters.until(minutes(5), step=seconds(30))
        (game,) = await posters.games()
        assert pause_after(game) > minutes(2)
        await reopened(posters)
        await posters.until(minutes(31), step=minutes(1))
        (game,) = await posters.games()
        assert pause_after(game) == seconds(30)
