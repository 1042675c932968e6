"""A guild that was forgotten: what was asked there comes to its end, and then nothing is left of it."""

from __future__ import annotations

import pytest
from tests.services.trivia.closings import GUILD, Closings, some_closings

from tenure import hours, minutes, seconds
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember, ChatMessage
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.lifecycle import Game, Guild, Registration, Score
from tenure.services.trivia.refusals import Unknown

STEPS = {"closing": "count", "scored": "publish", "posted": "tidy"}


async def step(closings: Closings, game: Game) -> None:
    """Take the one step that a game waits for."""
    (state,) = (await closings.games.get(game.id)).state.names
    effect, handler = closings.closing._steps()[STEPS[state]]
    assert await closings.store.deliver_once(effect, handler)


@pytest.mark.parametrize("moment", ["closing", "scored", "withheld", "posted"])
async def test_a_game_whose_guild_was_forgotten_comes_to_its_end_and_leaves_nothing_behind(moment: str) -> None:
    async with some_closings() as closings:
        await Members(closings.store).join(GUILD, "Ada")
        game = await closings.a_game()
        await closings.answer(game, "ada")
        await closings.games.close(game.id)
        if moment == "withheld":
            closings.chat.before.append(ChatRefused("no right to post"))
        while (await closings.games.get(game.id)).state.names != (moment,):
            await step(closings, game)
        guilds = Guilds(closings.store)
        await guilds.forget(GUILD)
        for _ in range(3):
            while await closings.closing.once() + await closings.posting.once():
                pass
            await closings.store.advance(hours(1))
        with pytest.raises(Unknown):
            await closings.games.get(game.id)
        assert (await guilds.meet(GUILD, chat="web", name="Home")).state == Guild.present
        for kind in (Registration, Game, Score, ChatChannel, ChatMember, ChatMessage):
            assert not any((await closings.store.count(kind)).values()), kind


async def test_a_question_that_waited_while_we_were_sent_away_is_taken_back_too() -> None:
    async with some_closings() as closings:
        game = await closings.asked()
        await closings.store.apply(Game.hold(game, trouble="no right to post", retry_for=seconds(30)))
        guilds = Guilds(closings.store)
        await guilds.leave(GUILD)
        await closings.store.advance(minutes(5))
        assert (await closings.games.get(game.id)).state == Game.held
        await guilds.forget(GUILD)
        assert (await closings.games.get(game.id)).state == Game.deleted
        while await closings.posting.once() + await closings.closing.once():
            pass
        await closings.store.advance(hours(1))
        assert (await guilds.meet(GUILD, chat="web", name="Home")).state == Guild.present
