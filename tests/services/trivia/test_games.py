"""Games in the hands of those who run a guild, and replayed for those who dispute them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.services.trivia.closings import CHANNEL, GUILD, REGISTRATION, WINDOW, Closings, some_closings

from tenure import days, minutes, seconds
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Asked
from tenure.services.trivia.chat.lifecycle import ChatMessage
from tenure.services.trivia.lifecycle import Game
from tenure.services.trivia.refusals import NotThen, Unknown, Wrong


async def shown(closings: Closings, game: Game) -> Asked:
    post = (await closings.store.get(ChatMessage, str(game.message))).post
    assert isinstance(post, Asked)
    return post


# ------------------------------------------------------------------------------------ looking


async def test_games_are_listed_the_newest_first_while_they_are_active_and_then_in_history() -> None:
    async with some_closings() as closings:
        games = [await closings.a_game() for _ in range(3)]
        await closings.finish(games[1])
        ids = [game.id for game in games]
        assert [game.id for game in await closings.games.list(GUILD)] == [ids[2], ids[0]]
        assert [game.id for game in await closings.games.list(registration=REGISTRATION, limit=1)] == [ids[2]]
        assert [game.id for game in await closings.games.list(after=ids[2])] == [ids[0]]
        assert [game.id for game in await closings.games.history(GUILD)] == [ids[1]]


async def test_history_is_kept_for_seven_days_with_its_answers_and_no_longer() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada")
        await closings.finish(game)
        await closings.store.advance(days(7) - minutes(5))
        assert [g.id for g in await closings.games.history(GUILD)] == [game.id]
        assert len((await closings.games.replay(game.id)).answers) == 1
        await closings.store.advance(minutes(10))
        assert await closings.games.history(GUILD) == []
        assert await closings.answering.of(game.id) == []
        with pytest.raises(Unknown, match="kept for 7 days"):
            await closings.games.get(game.id)


async def test_a_game_a_guild_or_a_registration_that_nobody_knows_is_unknown() -> None:
    async with some_closings() as closings:
        games = closings.games
        for ask in (
            games.get("absent"), games.list("absent"), games.list(registration="absent"), games.history("\0"),
            games.replay("absent"), games.round_of(""), games.close("absent"), games.delete("a" * 300),
            games.retry("absent"), games.extend("absent", minutes(1)),
        ):  # fmt: skip
            with pytest.raises(Unknown):
                await ask


# ------------------------------------------------------------------------------------ acting


async def test_a_game_that_is_extended_is_open_for_longer_and_everybody_sees_it() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        extended = await closings.games.extend(game.id, minutes(5))
        assert extended.closes_at == game.closes_at + minutes(5)
        assert (await shown(closings, game)).closes_at == extended.closes_at
        await closings.store.advance(WINDOW + minutes(4))
        assert (await closings.answer(game, "ada")).code == "SUBMITTED"
        await closings.store.advance(minutes(1))
        assert (await closings.answer(game, "bob")).code == "GAME_CLOSED"


async def test_a_game_is_extended_though_its_chat_does_not_show_it() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        closings.chats.clear()  # type: ignore[attr-defined]
        assert (await closings.games.extend(game.id, minutes(5))).closes_at > game.closes_at


@pytest.mark.parametrize("by", [timedelta(0), seconds(-5), days(8), timedelta.max])
async def test_a_length_that_makes_no_sense_extends_nothing(by: timedelta) -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        with pytest.raises(Wrong, match="one second to seven days"):
            await closings.games.extend(game.id, by)


async def test_only_a_game_that_is_open_is_extended_and_not_past_its_instant() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        clock = closings.store.clock
        clock.move_to(clock.now + int(WINDOW.total_seconds()) * 1_000_000)  # type: ignore[attr-defined]
        with pytest.raises(NotThen, match="its time has run out in this moment"):
            await closings.games.extend(game.id, minutes(5))
        await closings.finish(game)
        with pytest.raises(NotThen, match="it is over, and its results are posted"):
            await closings.games.extend(game.id, minutes(5))


async def test_many_who_extend_close_and_delete_at_once_leave_one_game_in_one_state() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        games = closings.games
        done = await asyncio.gather(
            *(games.extend(game.id, seconds(1)) for _ in range(5)), *(games.close(game.id) for _ in range(5)),
            *(games.delete(game.id) for _ in range(5)), return_exceptions=True,
        )  # fmt: skip
        assert {type(answer) for answer in done} <= {Game, NotThen}
        assert (await games.get(game.id)).state in (Game.closing, Game.deleted)
        names = [event.name for event in await closings.store.history(Game, game.id)]
        assert names.count("close") + names.count("delete") == 1


async def test_many_who_close_a_game_at_once_are_all_told_that_it_is_closed() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        closed = await asyncio.gather(*(closings.games.close(game.id) for _ in range(10)))
        assert {(each.state, each.version) for each in closed} == {(Game.closing, closed[0].version)}


async def test_who_extends_to_an_instant_does_not_shorten_what_another_has_extended_further() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        until = [game.closes_at + minutes(number) for number in range(1, 8)]
        done = await asyncio.gather(
            *(closings.games.extend_until(game.id, each) for each in reversed(until)), return_exceptions=True
        )
        assert all(isinstance(each, Game | Wrong) for each in done)
        assert (await closings.games.get(game.id)).closes_at == until[-1]
        assert (await closings.games.extend_until(game.id, until[-1])).closes_at == until[-1]
        with pytest.raises(Wrong, match="later than the present one"):
            await closings.games.extend_until(game.id, until[0])


async def test_a_question_that_is_solved_while_its_new_end_is_shown_is_shown_as_solved() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        edit, done = closings.chat.edit, list[str]()

        async def slow(*args: Any) -> None:
            if not done:
                done.append("once")
                await closings.finish(game)
            await edit(*args)

        closings.chat.edit = slow  # type: ignore[method-assign, assignment]
        await closings.games.extend(game.id, minutes(1))
        assert (await shown(closings, game)).right == "B"


async def test_closing_and_deleting_again_changes_nothing() -> None:
    async with some_closings() as closings:
        first, second = await closings.a_game(), await closings.a_game()
        closed = await closings.games.close(first.id)
        assert (await closings.games.close(first.id)).version == closed.version
        deleted = await closings.games.delete(second.id)
        assert (await closings.games.delete(second.id)).version == deleted.version
        with pytest.raises(NotThen, match="it was deleted"):
            await closings.games.close(second.id)
        with pytest.raises(NotThen, match="its answers are being counted"):
            await closings.games.delete(first.id)
        over = await closings.finish(first)
        assert (await closings.games.close(first.id)).version == over.version


async def test_a_game_that_waits_is_tried_again_at_once() -> None:
    async with some_closings() as closings:
        channels = Channels(closings.store)
        game = await closings.a_game()
        await channels.close(GUILD, CHANNEL)
        held = await closings.a_game()
        assert held.state == Game.held
        with pytest.raises(NotThen, match="its question is not posted yet"):
            await closings.games.close(held.id)
        await closings.finish(game)
        assert (await closings.games.get(game.id)).state == Game.withheld
        await channels.reopen(GUILD, CHANNEL)
        assert (await closings.games.retry(held.id)).state == Game.asked
        assert (await closings.games.retry(held.id)).state == Game.asked
        assert (await closings.games.retry(game.id)).state == Game.scored
        assert (await closings.open(held)).state == Game.open
        await closings.closing.once()
        assert (await closings.games.get(game.id)).state == Game.archived
        deleted = await closings.games.delete(held.id)
        with pytest.raises(NotThen, match="it was deleted"):
            await closings.games.retry(deleted.id)


# ------------------------------------------------------------------------------------ disputes


async def test_a_replay_says_who_answered_what_when_and_who_did_what_to_the_game() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        asked_at = await closings.store.now()
        for wait, member, choice in ((1, "ada", "A"), (1, "bob", "B"), (2, "ada", "C"), (1, "ada", "B")):
            await closings.store.advance(seconds(wait))
            await closings.answer(game, member, choice)
        await closings.finish(game)
        for _ in range(2):  # it stays the same
            replay = await closings.games.replay(game.id)
            bob, ada = replay.answers
            assert (bob.member, bob.points, [given.choice for given in bob.given]) == ("bob", 2, ["B"])
            assert (ada.member, ada.points) == ("ada", 2)
            seen = [(given.choice, (given.received_at - asked_at).total_seconds()) for given in ada.given]
            assert seen == [("A", 1.0), ("C", 4.0), ("B", 5.0)]
            assert [(event.name, event.by) for event in replay.events] == [
                ("create", "tests"), ("announce", "poster"), ("close", "tests"), ("score", "closer"),
                ("post", "closer"), ("archive", "closer"),
            ]  # fmt: skip
            await closings.store.advance(days(6))


async def test_a_replay_of_an_open_game_gives_no_points_yet() -> None:
    async with some_closings() as closings:
        game = await closings.a_game()
        await closings.answer(game, "ada")
        (ada,) = (await closings.games.replay(game.id)).answers
        assert (ada.points, len(ada.given)) == (None, 1)


async def test_an_answer_that_came_to_nothing_is_in_the_replay_of_a_deleted_game() -> None:
    async with some_closings() as closings:
        game = await closings.a_game(counts="last")
        for choice in "AB":
            await closings.answer(game, "ada", choice)
        await closings.games.delete(game.id)
        await closings.store.advance(minutes(1))
        (ada,) = (await closings.games.replay(game.id)).answers
        assert (ada.points, [given.choice for given in ada.given]) == (None, ["A", "B"])
