"""What every chat does, as one suite: each adapter's tests give a `Scene`, and take over all tests of this class.

class TestTheWebChat(ChatBehaviour):
    @pytest.fixture
    async def scene(self) -> AsyncIterator[Scene]: ...
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from tests.services.trivia.closings import Sums, a_question

from tenure import StateOf, Store, minutes
from tenure.services.trivia.chat.contract import Answered, Asked, Chat, ChatRefused, Standing, Told
from tenure.services.trivia.closing import Closing
from tenure.services.trivia.games import Games
from tenure.services.trivia.lifecycle import Answer, Game, Registration
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import Question, Source
from tenure.services.trivia.results import Results, Winner

MARK, OTHER_MARK = "-m_" + "a" * 21, "b" * 24
SOURCES: dict[str, Source] = {"sums": Sums()}
"""Where a scene's commands take questions from; the right choice is always B."""

EVIL = "*a* _b_ ~~c~~ `d` <b>e</b> @everyone [f](https://example.org) ||g|| \\h"
"""A text that means something to one chat or another, and is to be shown as it is."""


@dataclass(frozen=True)
class Seen:
    """A message as people see it: all of its visible text, and the letters of the buttons that can be pressed."""

    id: str
    text: str
    letters: str = ""


@dataclass(frozen=True)
class Said:
    """What somebody was answered, as they see it; `private` says that nobody else saw it."""

    text: str
    private: bool


class Scene(Protocol):
    """A chat with a guild, two of its channels, and two people: `ada`, who manages the guild, and `bob`.

    The store's time is explicit and stands still. The guild's record is there, in state `present`, and its commands
    take questions from `SOURCES`. `Seen` and `Said` are what is displayed: no notation of the chat's own is in them.
    """

    store: Store
    chat: Chat
    guild: str
    channel: str
    other_channel: str

    async def seen(self, channel: str) -> list[Seen]:
        """Give what people see in a channel, the oldest first."""
        ...

    async def press(self, who: str, channel: str, message: str, game: str, letter: str) -> Said:
        """Press the button of a message that answers a game by a letter, though it be gone or off meanwhile."""
        ...

    async def write(self, who: str, channel: str, command: str, **options: str | int) -> Said:
        """Give a command with options by name, as `/trivia COMMAND`."""
        ...

    async def forbid(self, channel: str) -> None:
        """Take from us the permission to post into a channel."""
        ...

    async def allow(self, channel: str) -> None:
        """Give it back."""
        ...

    async def restart(self) -> None:
        """End our side of the chat and begin it anew, as after a kill: `chat` is another one then."""
        ...


class Played:
    """The service's side of a scene: games are asked and closed as told."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.store = scene, scene.store

    async def ask(self, question: Question | None = None, **more: Any) -> Game:
        """Ask a question in the scene's channel, and give its game, which is open."""
        now, number = await self.store.now(), sum((await self.store.count(Game)).values())
        registration = await self._registration()
        game = await self.store.apply(
            Game.create(
                f"{registration.id}.s{number}.1",
                **{
                    "guild": self.scene.guild, "registration": registration.id, "channel": self.scene.channel,
                    "slot": now, "question": question or a_question(number), "window": minutes(10),
                    "closes_at": now + minutes(10), **more,
                },
            )
        )  # fmt: skip
        await self.work()
        return await self.store.get(Game, game.id)

    async def _registration(self) -> Registration:
        found = await self.store.find(Registration.live, under=self.scene.guild)
        if found:
            return found[0]
        return await self.store.apply(
            Registration.create(
                "night", guild=self.scene.guild, name="night", channel=self.scene.channel, schedule="daily 03:00",
                sources=("sums",), next_at=await self.store.now() + minutes(9999),
            )
        )  # fmt: skip

    async def close(self, game: Game) -> None:
        """Close a game, and let its results be posted."""
        await Games(self.store, self._chats()).close(game.id)
        await self.work()

    async def work(self) -> None:
        """Take all steps that are due."""
        choosing = Choosing(self.store, SOURCES)
        posting = Posting(self.store, self._chats(), choosing, new_id=lambda: "new")
        closing = Closing(self.store, self._chats(), choosing)
        while await posting.once() + await closing.once():
            pass

    async def answers(self, game: Game) -> dict[str, str]:
        """Give by name what was answered in a game."""
        found = await self.store.find(StateOf(Answer, ("given", "scored")), under=game.id)
        return {answer.name: answer.choice for answer in found}

    def _chats(self) -> dict[str, Chat]:
        return {self.scene.chat.name: self.scene.chat}


def an_asked(**more: Any) -> Asked:
    """Make a question as it is posted."""
    given = {
        "game": "daily.20991231T0900.1", "number": 1, "of": 1, "text": "What is 1 + 1?",
        "choices": ("1", "2", "3"), "category": "Sums", "difficulty": "medium", "points": 2,
        "closes_at": datetime(2100, 1, 4, 13, tzinfo=UTC), **more,
    }  # fmt: skip
    return Asked(**given)


def an_answered(**more: Any) -> Answered:
    """Make results as they are posted."""
    winner = Winner(member="7", name="Cleo", points=2, seconds=3.25)
    results = Results(answers=3, correct=1, by_choice={"A": 2, "B": 1, "C": 0}, winners=(winner,))
    given = {
        "game": "daily.20991231T0900.1", "number": 1, "of": 1, "text": "What is 1 + 1?", "right": "B",
        "right_text": "2", "explanation": "As ever.", "results": results, **more,
    }  # fmt: skip
    return Answered(**given)


class ChatBehaviour:
    """The suite."""

    def scene(self) -> AbstractAsyncContextManager[Scene]:
        """Give a fresh scene."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ posts

    async def test_a_question_is_seen_with_its_choices_and_a_button_for_each(self) -> None:
        async with self.scene() as scene:
            message = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert (seen.id, seen.letters) == (message, "ABC")
            for part in ("What is 1 + 1?", "Sums", "medium"):
                assert part in seen.text
            assert await scene.seen(scene.other_channel) == []

    async def test_a_repeat_of_a_mark_is_the_same_message(self) -> None:
        async with self.scene() as scene:
            first = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            again = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            other = await scene.chat.post(scene.guild, scene.channel, an_asked(), OTHER_MARK)
            assert first == again != other
            assert [seen.id for seen in await scene.seen(scene.channel)] == [first, other]

    async def test_a_post_is_found_by_its_mark_in_its_channel_only_also_after_a_restart(self) -> None:
        async with self.scene() as scene:
            assert await scene.chat.find(scene.guild, scene.channel, MARK) is None
            message = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            await scene.restart()
            assert await scene.chat.find(scene.guild, scene.channel, MARK) == message
            assert await scene.chat.find(scene.guild, scene.channel, OTHER_MARK) is None
            assert await scene.chat.find(scene.guild, scene.other_channel, MARK) is None

    async def test_a_message_shown_anew_is_still_found_and_its_buttons_are_off(self) -> None:
        async with self.scene() as scene:
            chat, guild, channel = scene.chat, scene.guild, scene.channel
            message = await chat.post(guild, channel, an_asked(), MARK)
            await chat.edit(guild, channel, message, an_asked(right="B"), MARK)
            (seen,) = await scene.seen(channel)
            assert (seen.id, seen.letters) == (message, "")
            assert await chat.find(guild, channel, MARK) == message

    async def test_a_question_that_is_taken_back_says_so(self) -> None:
        async with self.scene() as scene:
            message = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            await scene.chat.edit(scene.guild, scene.channel, message, an_asked(taken_back=True), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert "taken back" in seen.text
            assert seen.letters == ""

    async def test_a_message_that_is_gone_is_left_alone(self) -> None:
        async with self.scene() as scene:
            await scene.chat.edit(scene.guild, scene.channel, "1", an_asked(right="B"), MARK)
            assert await scene.seen(scene.channel) == []

    async def test_results_say_what_was_right_and_who_was(self) -> None:
        async with self.scene() as scene:
            await scene.chat.post(scene.guild, scene.channel, an_answered(), MARK)
            (seen,) = await scene.seen(scene.channel)
            for part in ("What is 1 + 1?", "B", "2", "As ever.", "Cleo", "1 of 3"):
                assert part in seen.text
            assert seen.letters == ""

    async def test_results_of_a_round_say_who_leads(self) -> None:
        async with self.scene() as scene:
            standings = (Standing(member="7", name="Cleo", points=12), Standing(member="8", name="Dan", points=11))
            await scene.chat.post(scene.guild, scene.channel, an_answered(number=2, of=3, standings=standings), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert 0 < seen.text.index("12") < seen.text.rindex("Dan") < seen.text.rindex("11")

    async def test_operators_are_told_in_words(self) -> None:
        async with self.scene() as scene:
            await scene.chat.post(scene.guild, scene.channel, Told(text="It waits.", channel=scene.channel), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert "It waits." in seen.text
            assert f"#{scene.channel}" in seen.text, "the channel that it is about can be found"

    async def test_what_means_something_to_a_chat_is_shown_as_it_is(self) -> None:
        async with self.scene() as scene:
            await scene.chat.post(scene.guild, scene.channel, an_asked(text=EVIL, choices=(EVIL[:60], "2")), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert EVIL in seen.text

    async def test_the_longest_question_is_posted_whole(self) -> None:
        async with self.scene() as scene:
            text, choices = "q" * 1000, tuple(letter * 200 for letter in "abcd")
            await scene.chat.post(scene.guild, scene.channel, an_asked(text=text, choices=choices), MARK)
            (seen,) = await scene.seen(scene.channel)
            assert text in seen.text
            assert all(choice in seen.text for choice in choices)
            assert seen.letters == "ABCD"

    async def test_a_channel_that_we_may_not_post_in_refuses_until_we_may(self) -> None:
        async with self.scene() as scene:
            await scene.forbid(scene.channel)
            with pytest.raises(ChatRefused):
                await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            await scene.allow(scene.channel)
            message = await scene.chat.post(scene.guild, scene.channel, an_asked(), MARK)
            assert [seen.id for seen in await scene.seen(scene.channel)] == [message]

    async def test_a_channel_that_is_not_there_refuses(self) -> None:
        async with self.scene() as scene:
            with pytest.raises(ChatRefused):
                await scene.chat.post(scene.guild, "404", an_asked(), MARK)

    # ------------------------------------------------------------------------------------ answers

    async def test_an_answer_by_a_button_is_taken_and_only_its_member_is_told(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask()
            said = await scene.press("bob", scene.channel, game.message or "", game.id, "B")
            assert said.private
            assert "B" in said.text
            assert list((await played.answers(game)).values()) == ["B"]
            assert len(await scene.seen(scene.channel)) == 1

    async def test_the_first_of_two_answers_counts_or_the_last_as_the_game_says(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            for counts, choice in (("first", "A"), ("last", "C")):
                game = await played.ask(counts=counts)
                for letter in "AC":
                    await scene.press("bob", scene.channel, game.message or "", game.id, letter)
                assert list((await played.answers(game)).values()) == [choice]

    async def test_buttons_work_after_a_restart(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask()
            await scene.restart()
            await scene.press("bob", scene.channel, game.message or "", game.id, "C")
            assert list((await played.answers(game)).values()) == ["C"]

    async def test_an_answer_after_the_window_is_not_taken_though_nobody_swept(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask(window=minutes(10))
            await scene.store.advance(minutes(10))
            said = await scene.press("bob", scene.channel, game.message or "", game.id, "B")
            assert said.private
            assert await played.answers(game) == {}
            await played.work()
            assert "Nobody" in (await scene.seen(scene.channel))[-1].text

    async def test_a_game_that_nobody_knows_and_a_choice_that_is_none_have_their_answers(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask(a_question(choices=("yes", "no")))
            unknown = await scene.press("bob", scene.channel, game.message or "", "night.s9.9", "B")
            wrong = await scene.press("bob", scene.channel, game.message or "", game.id, "D")
            assert "no such game" in unknown.text
            assert "no such choice" in wrong.text
            assert await played.answers(game) == {}

    async def test_a_round_of_two_people_ends_with_results_that_name_who_was_right(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask()
            await scene.press("ada", scene.channel, game.message or "", game.id, "B")
            await scene.press("bob", scene.channel, game.message or "", game.id, "A")
            await played.close(game)
            question, results = await scene.seen(scene.channel)
            assert question.letters == ""
            assert "ada" in results.text.lower()
            assert "1 of 2" in results.text
            late = await scene.press("bob", scene.channel, game.message or "", game.id, "B")
            assert late.private
            assert sorted((await played.answers(game)).values()) == ["A", "B"]

    # ------------------------------------------------------------------------------------ commands

    async def test_who_manages_registers_and_asks_closes_and_everybody_answers_by_commands(self) -> None:
        async with self.scene() as scene:
            played, channel = Played(scene), scene.channel
            said = await scene.write("ada", channel, "register", name="sums", schedule="daily 09:00", sources="sums")
            assert "sums" in said.text
            assert said.private
            assert "sums" in (await scene.write("bob", channel, "list")).text
            await scene.write("ada", channel, "post", name="sums")
            await played.work()
            assert "B" in (await scene.write("bob", channel, "answer", choice="B")).text
            assert "open" in (await scene.write("bob", channel, "status")).text
            await scene.write("ada", channel, "close")
            await played.work()
            board = await scene.write("bob", channel, "leaderboard", board="all")
            assert not board.private
            assert "bob" in board.text.lower()
            assert "2 points" in board.text
            stats = await scene.write("bob", channel, "stats")
            assert stats.private
            assert "1 of 1" in stats.text

    async def test_a_registration_rests_goes_on_and_is_deleted(self) -> None:
        async with self.scene() as scene:
            channel = scene.channel
            await scene.write("ada", channel, "register", name="sums", schedule="daily 09:00", sources="sums")
            await scene.write("ada", channel, "disable", name="sums")
            assert "disabled" in (await scene.write("bob", channel, "list")).text
            await scene.write("ada", channel, "enable", name="sums")
            assert "disabled" not in (await scene.write("bob", channel, "list")).text
            await scene.write("ada", channel, "delete", registration="sums")
            assert "sums" not in (await scene.write("bob", channel, "list")).text

    async def test_a_question_is_taken_back(self) -> None:
        async with self.scene() as scene:
            played = Played(scene)
            game = await played.ask()
            await scene.write("ada", scene.channel, "delete", game=game.id)
            await played.work()
            (seen,) = await scene.seen(scene.channel)
            assert "taken back" in seen.text

    @pytest.mark.parametrize(
        ("command", "options"),
        [
            ("register", {"name": "x", "schedule": "daily 09:00"}), ("post", {"name": "night"}), ("close", {}),
            ("delete", {}), ("enable", {"name": "night"}), ("disable", {"name": "night"}),
        ],
    )  # fmt: skip
    async def test_who_does_not_manage_the_guild_is_told_so(self, command: str, options: dict[str, str]) -> None:
        async with self.scene() as scene:
            game = await Played(scene).ask()
            said = await scene.write("bob", scene.channel, command, **options)
            assert said.private
            assert "manage" in said.text
            assert (await scene.store.get(Game, game.id)).version == game.version

    async def test_what_is_given_wrongly_is_answered_with_what_to_do(self) -> None:
        async with self.scene() as scene:
            said = await scene.write("ada", scene.channel, "register", name="x", schedule="whenever", sources="sums")
            assert said.private
            assert "daily 09:00" in said.text
            said = await scene.write("ada", scene.channel, "post", name="nothing")
            assert "registration" in said.text

    async def test_a_name_that_means_something_to_a_chat_is_shown_as_it_is(self) -> None:
        async with self.scene() as scene:
            registrations = [
                Registration.create(
                    f"r{number}", guild=scene.guild, name=f"r{number}", channel=scene.channel, schedule=schedule,
                    next_at=await scene.store.now() + minutes(9),
                )
                for number, schedule in enumerate((EVIL, "daily 09:00"))
            ]  # fmt: skip
            await scene.store.apply(*registrations)
            assert EVIL in (await scene.write("bob", scene.channel, "list")).text

    async def test_more_than_a_reply_can_take_is_cut_short(self) -> None:
        async with self.scene() as scene:
            due = await scene.store.now() + minutes(9)
            for number in range(50):
                await scene.store.apply(
                    Registration.create(
                        f"r{number}", guild=scene.guild, name=f"r{number}", channel=scene.channel,
                        schedule="0 9 * * 1-5 # " + "x" * 60, next_at=due,
                    )
                )  # fmt: skip
            text = (await scene.write("bob", scene.channel, "list")).text
            assert "r0" in text
            assert " more" in text.splitlines()[-1]
