"""Commands, buttons and their answers: the real discord.py, and members who click and type."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord import app_commands
from tests.services.trivia.standing import ADA, BOB, CLUB, QUIZ, Bot, a_bot, a_stand_in

from tenure.services.trivia.discord.stand_in import Seen, StandIn
from tenure.services.trivia.discord.stand_in.limits import FOLLOW_UPS, Rate
from tenure.services.trivia.discord.stand_in.seeing import NO_ANSWER, NotThere
from tenure.services.trivia.discord.stand_in.typed import Mistyped


class Quizzer(Bot):
    """A bot with commands and buttons of every kind that the stand-in knows."""

    def __init__(self) -> None:
        super().__init__(discord.Intents.default())
        self.asked: list[discord.Interaction[Any]] = []
        group = app_commands.Group(name="quiz", description="A quiz", guild_only=True)

        @group.command(name="add", description="Add a thing")
        @app_commands.describe(what="What to add", where="Where", times="How often")
        async def add(
            asked: discord.Interaction[Any],
            what: str,
            where: discord.TextChannel,
            who: discord.Member | None = None,
            times: app_commands.Range[int, 1, 5] = 1,
            loudly: bool = False,  # noqa: FBT001, FBT002
        ) -> None:
            told = f"{what!r} in {where.name} for {who and who.display_name} {times} {loudly}"
            await asked.response.send_message(f"{told} by {asked.user.display_name}")

        @add.autocomplete("what")
        async def propose(_: discord.Interaction[Any], begun: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=one.title(), value=one) for one in ("apple", "pear") if begun in one]

        @group.command(name="level", description="Choose")
        @app_commands.choices(
            which=[app_commands.Choice(name="Easy", value="e"), app_commands.Choice(name="Hard", value="h")]
        )
        async def level(asked: discord.Interaction[Any], which: str) -> None:
            await asked.response.defer(ephemeral=True, thinking=True)
            await asked.followup.send(f"chosen: {which}", ephemeral=True)
            await asked.followup.send("and more", ephemeral=True)

        self.tree.add_command(group)

        @self.tree.command(name="only", description="For those who run it")
        @app_commands.default_permissions(manage_guild=True)
        async def only(asked: discord.Interaction[Any]) -> None:
            await asked.response.send_message(str(asked.permissions.manage_guild), ephemeral=True)

        @self.tree.command(name="silent", description="Keeps the interaction to itself")
        async def silent(asked: discord.Interaction[Any]) -> None:
            self.asked.append(asked)
            self.heard.put_nowait(("asked", asked.id))

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_interaction(self, asked: discord.Interaction[Any]) -> None:
        custom_id = dict(asked.data or {}).get("custom_id")
        if custom_id == "in-place":
            await asked.response.edit_message(content=f"edited for {asked.user.display_name}", view=None)
        elif custom_id == "later":
            await asked.response.defer()
            await asked.edit_original_response(content="edited later")
        elif custom_id == "reply":
            await asked.response.send_message("seen by one", ephemeral=True)


class Place:
    """A stand-in with a bot that is ready."""

    def __init__(self, stand_in: StandIn, bot: Quizzer) -> None:
        self.stand_in, self.bot, self.people = stand_in, bot, stand_in.people

    async def type(self, text: str, member: str = ADA) -> Seen:
        return await self.people.command(CLUB, QUIZ, member, text)

    async def post(self, *buttons: discord.ui.Button[Any]) -> str:
        view = discord.ui.View(timeout=None)
        for button in buttons:
            view.add_item(button)
        return str((await self.bot.place().send("press", view=view)).id)

    async def silent(self) -> tuple[discord.Interaction[Any], "asyncio.Task[Seen]"]:
        """Let a command be given that is left without an answer."""
        typed = asyncio.create_task(self.type("/silent"))
        await self.bot.next("asked")
        return self.bot.asked[-1], typed


@asynccontextmanager
async def a_place(**given: Any) -> AsyncIterator[Place]:
    """Give a stand-in with a bot that is ready."""
    bot = Quizzer()
    async with a_stand_in(**given) as stand_in, a_bot(stand_in, bot=bot):
        yield Place(stand_in, bot)


# --------------------------------------------------------------------------------------------- commands


async def test_a_typed_command_comes_with_its_options_resolved() -> None:
    async with a_place() as place:
        seen = await place.type("/quiz add what:two words where:#other who:@Bob times:3 loudly:True")
        assert seen.text == "'two words' in other for Bob 3 True by Ada"
        (shown,) = place.people.messages(CLUB, QUIZ)
        assert (shown["type"], shown["interaction_metadata"]["name"]) == (20, "quiz add")
        assert not seen.private


MISTYPED = {
    "/nothing": "there are: /only, /quiz, /silent",
    "/quiz": "goes on with one of: add, level",
    "/quiz add what:x": "needs where:",
    "/quiz add what:x where:#nowhere": "there are: #quiz, #other",
    "/quiz add what:x where:#quiz who:nobody": "there are: @Ada, @Bob",
    "/quiz add what:x where:#quiz times:9": "times: is from 1 to 5",
    "/quiz add what:x where:#quiz times:many": "times: is a number",
    "/quiz add what:x where:#quiz loudly:very": "loudly: is True or False",
    "/quiz add y what:x where:#quiz": "nothing before them",
    "/quiz level which:Odd": "is one of Easy, Hard",
    "/only now": "only takes no options",
}


async def test_what_discord_would_not_let_a_member_send_is_told_to_the_member() -> None:
    async with a_place() as place:
        for text, says in MISTYPED.items():
            with pytest.raises(Mistyped, match=says):
                await place.type(text)
        assert place.stand_in.world.interactions == {}


async def test_a_command_for_those_who_run_the_guild_is_not_shown_to_others() -> None:
    async with a_place() as place:
        assert (await place.type("/only")).text == "True"
        with pytest.raises(Mistyped, match="no such command for Bob; there are: /quiz, /silent"):
            await place.type("/only", BOB)


async def test_an_option_is_proposed_while_it_is_typed() -> None:
    async with a_place() as place:
        assert await place.people.suggest(CLUB, QUIZ, BOB, "/quiz add what:ea") == [{"name": "Pear", "value": "pear"}]
        with pytest.raises(Mistyped, match="nothing is proposed"):
            await place.people.suggest(CLUB, QUIZ, BOB, "/quiz add what:pear where:#")


async def test_thinking_is_ended_by_the_first_of_what_follows_for_one_member_alone() -> None:
    async with a_place() as place:
        seen = await place.type("/quiz level which:Hard", BOB)
        assert seen.messages[0]["content"] == "chosen: h"
        assert seen.messages[0]["flags"] == 64
        assert seen.private
        assert place.people.messages(CLUB, QUIZ) == []


# --------------------------------------------------------------------------------------------- buttons


async def test_a_button_answers_edits_its_message_or_edits_it_later() -> None:
    async with a_place() as place:
        ids = ("reply", "in-place", "later")
        message = await place.post(*(discord.ui.Button(label=one.upper(), custom_id=one) for one in ids))
        seen = await place.people.click(CLUB, QUIZ, BOB, message, "REPLY")
        assert (seen.text, seen.private) == ("seen by one", True)
        assert seen.messages[0]["message_reference"]["message_id"] == message
        await place.people.click(CLUB, QUIZ, BOB, message, "later")
        assert place.people.messages(CLUB, QUIZ)[0]["content"] == "edited later"
        seen = await place.people.click(CLUB, QUIZ, BOB, message, "in-place")
        assert seen.messages == []
        (shown,) = place.people.messages(CLUB, QUIZ)
        assert (shown["content"], shown["components"]) == ("edited for Bob", [])


async def test_a_button_that_is_disabled_or_gone_can_only_be_pressed_by_an_older_click() -> None:
    async with a_place() as place:
        message = await place.post(discord.ui.Button(label="A", custom_id="reply", disabled=True))
        with pytest.raises(Mistyped, match="disabled"):
            await place.people.click(CLUB, QUIZ, BOB, message, "A")
        with pytest.raises(NotThere, match="there are: A"):
            await place.people.click(CLUB, QUIZ, BOB, message, "B")
        assert (await place.people.press(CLUB, QUIZ, BOB, message, "reply")).text == "seen by one"


# --------------------------------------------------------------------------------------------- too late, twice


async def test_a_bot_that_says_nothing_for_three_seconds_did_not_respond() -> None:
    async with a_place(first_seconds=0.05) as place:
        assert (await place.type("/silent")).failed == NO_ANSWER


async def test_a_first_response_after_three_seconds_is_too_late() -> None:
    async with a_place(first_seconds=3.0) as place:
        asked, typed = await place.silent()
        place.stand_in.advance(3.1)
        with pytest.raises(discord.NotFound, match="10062"):
            await asked.response.send_message("late")
        typed.cancel()
        await asyncio.gather(typed, return_exceptions=True)


async def test_an_interaction_is_answered_once_and_what_follows_is_taken_for_fifteen_minutes() -> None:
    async with a_place() as place:
        asked, typed = await place.silent()
        await asked.response.send_message("first")
        assert (await typed).text == "first"
        asked.response._response_type = None  # as a second process would, which knows nothing of the first
        with pytest.raises(discord.HTTPException, match="40060"):
            await asked.response.send_message("second")
        place.stand_in.advance(899)
        more = await asked.followup.send("more", wait=True)
        await more.edit(content="more, edited")
        assert (await asked.original_response()).content == "first"
        await asked.delete_original_response()
        assert [one["content"] for one in place.people.messages(CLUB, QUIZ)] == ["more, edited"]
        place.stand_in.advance(2)
        with pytest.raises(discord.HTTPException, match="50027"):
            await asked.followup.send("too late")


async def test_nothing_follows_before_the_first_response() -> None:
    async with a_place() as place:
        asked, typed = await place.silent()
        with pytest.raises(discord.NotFound, match="10015"):
            await asked.followup.send("early")
        await asked.response.send_message("now")
        await typed


async def test_two_clients_of_one_token_both_hear_a_click_and_one_answers() -> None:
    other = Quizzer()
    async with a_place() as place, a_bot(place.stand_in, bot=other):
        asked, typed = await place.silent()
        await other.next("asked")
        await other.asked[-1].response.send_message("mine")
        with pytest.raises(discord.HTTPException, match="40060"):
            await asked.response.send_message("no, mine")
        assert (await typed).text == "mine"


async def test_follow_ups_to_many_are_counted_together_for_their_channel() -> None:
    async with a_place() as place:
        asked, typed = await place.silent()
        await asked.response.send_message("first")
        await typed
        place.stand_in.limits.routes[FOLLOW_UPS] = Rate(5, 0.05)  # discord.py waits as long before the sixth
        place.stand_in.limit(on=True)
        for _ in range(5):
            await asked.followup.send("more", wait=False)
        other, second = await place.silent()
        await other.response.send_message("first responses are not counted there")
        await second
        path = f"/webhooks/{place.stand_in.world.bot.id}/{other.token}"
        async with place.bot.http._HTTPClient__session.post(  # type: ignore[attr-defined]
            place.stand_in.api_url + path, json={"content": "x"}
        ) as limited:
            assert limited.status == 429
            assert limited.headers["X-RateLimit-Scope"] == "shared"
            assert (await limited.json())["message"] == "The resource is being rate limited."
