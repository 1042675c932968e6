"""What becomes of a post on Discord, whatever it answers: the real discord.py, and a Discord of our own."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.services.trivia.discords import MARK, OTHER_MARK, QUIZ, a_server, an_asked, until

from tenure.services.trivia import closing, posting
from tenure.services.trivia.chat.contract import ChatAway, ChatRefused
from tenure.services.trivia.discord import session
from tenure.services.trivia.discord.stand_in.faults import Kind
from tenure.services.trivia.discord.stand_in.limits import Rate
from tenure.services.trivia.discord.stand_in.world import User

POSTS = "POST /channels/*/messages"


async def test_a_post_has_its_mark_where_people_see_it_and_buttons_that_say_what_they_mean() -> None:
    async with a_server() as server:
        message = await server.post()
        (seen,) = server.messages()
        assert seen["id"] == message
        assert seen["embeds"][0]["footer"]["text"].endswith(MARK)
        ids = [button["custom_id"] for button in seen["components"][0]["components"]]
        assert ids == [f"trivia:daily.20991231T0900.1:{letter}" for letter in "ABCD"]


async def test_a_repeat_within_minutes_gives_the_first_message() -> None:
    async with a_server() as server:
        assert await server.post() == await server.post()
        assert len(server.messages()) == 1


async def test_a_post_whose_reply_was_lost_is_found_by_its_mark_when_its_nonce_is_forgotten() -> None:
    async with a_server() as server:
        server.stand_in.fail("lose_reply", POSTS)
        with pytest.raises(ChatAway):
            await server.post()
        server.stand_in.forget_nonces()
        assert await server.find() == server.messages()[0]["id"]
        assert await server.find(OTHER_MARK) is None
        await server.post()  # what happens to one who does not look
        assert len(server.messages()) == 2


async def test_a_message_that_was_deleted_at_once_is_posted_anew_when_discord_lets_us() -> None:
    async with a_server() as server:
        message = await server.post()
        server.stand_in.world.remove(server.stand_in.people.channel("Home", QUIZ).messages[message])
        with pytest.raises(ChatRefused, match="deleted this message"):
            await server.post()
        server.stand_in.world.advance(600)
        assert await server.post() != message


async def test_a_mark_is_found_behind_many_messages_and_only_in_one_of_our_own() -> None:
    async with a_server() as server:
        message = await server.post()
        channel = server.stand_in.people.channel("Home", QUIZ)
        own = channel.messages.pop(message)
        copied = replace(own, id=server.stand_in.world.next_id(), author=User("1", "another bot", bot=True))
        server.stand_in.world.add(copied)
        assert await server.find() is None
        channel.messages[message] = own
        for number in range(250):
            server.stand_in.people.write("Home", QUIZ, "bob", f"message {number}")
        assert await server.find() == message


async def test_a_channel_whose_messages_are_hidden_is_not_taken_for_an_empty_one() -> None:
    async with a_server() as server:
        assert await server.find() is None
        await server.post()
        server.stand_in.people.permit("Home", QUIZ, read_message_history=False)
        with pytest.raises(ChatRefused, match="Read Message History"):
            await server.find()
        server.stand_in.people.permit("Home", QUIZ, read_message_history=True)
        assert await server.find() is not None


async def test_an_edit_shows_the_right_choice_without_buttons_and_one_of_a_message_that_is_gone_changes_nothing() -> (
    None
):
    async with a_server() as server:
        message = await server.post()
        await server.chat.edit(server.guild, server.channel(), message, an_asked(right="B"), MARK)
        (seen,) = server.messages()
        assert "**B** 2 ✅" in seen["embeds"][0]["description"]
        assert seen["components"] == []
        assert await server.find() == message
        for gone in (message, "1"):
            await server.chat.edit(server.guild, server.channel(), gone, an_asked(taken_back=True), MARK)
            if gone == message:
                server.stand_in.world.remove(server.stand_in.people.channel("Home", QUIZ).messages[message])
        await server.chat.edit(server.guild, "1", message, an_asked(right="B"), MARK)
        assert server.messages() == []


# --------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("right", "says"),
    [("send_messages", "Send Messages"), ("embed_links", "Embed Links"), ("view_channel", "View Channel")],
)
async def test_without_permission_it_is_refused_with_what_to_do_and_goes_once_it_is_granted(
    right: str, says: str
) -> None:
    async with a_server() as server:
        server.stand_in.people.permit("Home", QUIZ, **{right: False})
        with pytest.raises(ChatRefused, match=says):
            await server.post()
        assert server.messages() == []
        server.stand_in.people.permit("Home", QUIZ, **{right: True})
        await server.post()
        assert len(server.messages()) == 1
        assert server.chat.trouble == ""


async def test_a_channel_or_a_server_that_is_gone_is_refused_with_what_to_do() -> None:
    async with a_server() as server:
        channel = server.channel("other")
        server.stand_in.people.remove_channel("Home", "other")
        for place in (channel, "12345", "general", "1" * 30, "²"):
            with pytest.raises(ChatRefused, match="register another channel"):
                await server.chat.post(server.guild, place, an_asked(), MARK)
        server.stand_in.people.kick("Home")
        with pytest.raises(ChatRefused, match="View Channel"):
            await server.post()


async def test_a_token_that_is_revoked_in_the_middle_is_trouble_as_long_as_it_lasts() -> None:
    async with a_server() as server:
        await server.post()
        server.stand_in.revoke()
        for call in (server.post(OTHER_MARK), server.find()):
            with pytest.raises(ChatRefused, match="TENURE_TRIVIA_DISCORD_TOKEN"):
                await call
        assert "TENURE_TRIVIA_DISCORD_TOKEN" in server.chat.trouble
        assert server.stand_in.token not in server.chat.trouble
        server.stand_in.restore()
        await server.post(OTHER_MARK)
        assert server.chat.trouble == ""


async def test_a_token_that_never_was_valid_is_refused_at_the_first_call() -> None:
    async with a_server() as server:
        server.stand_in.revoke()
        with pytest.raises(ChatRefused, match="does not accept the bot's token"):
            await server.post()
        server.stand_in.restore()
        await server.post()


# --------------------------------------------------------------------------------------------- away


def test_to_look_for_a_message_and_to_post_it_fit_into_one_delivery() -> None:
    for within in (posting.WITHIN, closing.WITHIN):
        assert within.total_seconds() > 2 * session.CALL_SECONDS


async def test_a_longer_limit_is_told_at_once_and_not_slept_off() -> None:
    async with a_server() as server:
        await server.post()
        server.stand_in.fail("limit", POSTS, seconds=600.0)
        with pytest.raises(ChatAway) as away:
            await within(30, server.post(OTHER_MARK))
        assert away.value.retry_after == 600
        await server.post(OTHER_MARK)  # it was of one request only


async def test_a_short_limit_is_waited_for() -> None:
    async with a_server() as server:
        server.stand_in.fail("limit", POSTS, seconds=0.2)
        await server.post()
        assert len(server.messages()) == 1


@pytest.mark.parametrize("kind", ["global_limit", "ban"])
async def test_while_discord_wants_no_call_at_all_none_is_made_and_afterwards_they_go_on(kind: Kind) -> None:
    async with a_server() as server:
        await server.post()
        fault = server.stand_in.fail(kind, POSTS, seconds=600.0, times=None)
        with pytest.raises(ChatAway) as away:
            await within(30, server.post(OTHER_MARK))
        assert away.value.retry_after == 600
        with pytest.raises(ChatAway, match="asks to wait"):
            await server.find()
        assert fault.fired == 1
        server.stand_in.behave()
        await server.chat.close()
        server.chat._session.limits = session.Limits()  # as the time goes by
        await server.post(OTHER_MARK)


async def test_requests_beyond_the_limit_of_a_channel_are_each_made_once_or_said_to_be_tried_again() -> None:
    async with a_server(rate_limits=True) as server:
        server.stand_in.limits.routes["POST /channels/{channel}/messages"] = Rate(5, 0.5)
        marks = [f"{number:024}" for number in range(12)]
        ended = await within(60, asyncio.gather(*map(server.post, marks), return_exceptions=True))
        made = [one for one in ended if isinstance(one, str)]
        assert len(made) >= 5
        assert all(isinstance(one, ChatAway) for one in ended if not isinstance(one, str))
        footers = [message["embeds"][0]["footer"]["text"] for message in server.messages()]
        assert len(set(footers)) == len(footers) == len(made)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_while_discord_fails_it_is_away_within_the_time_that_a_delivery_has(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_server() as server:
        assert await server.find() is None  # so it is logged in, which takes its time too
        fault = server.stand_in.fail("status", POSTS, status=status, times=None)
        with monkeypatch.context() as patched:
            patched.setattr(session, "CALL_SECONDS", 0.6)
            with pytest.raises(ChatAway):
                await server.post()
        await until(lambda: fault.fired == 1, "discord.py by itself calls again and again, for many seconds")
        server.stand_in.behave()
        await server.post()
        assert len(server.messages()) == 1


@pytest.mark.parametrize("kind", ["cut", "reset", "garbage"])
async def test_whatever_happens_on_the_way_it_is_away_and_a_later_try_does_not_post_again(kind: Kind) -> None:
    async with a_server() as server:
        server.stand_in.fail(kind, POSTS)
        with pytest.raises(ChatAway):
            await server.post()
        await server.post()
        assert len(server.messages()) == 1


@pytest.mark.parametrize("kind", ["slow", "slow_reply"])
async def test_a_discord_that_takes_too_long_is_away(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_server() as server:
        assert await server.find() is None  # so it is logged in, which takes its time too
        server.stand_in.fail(kind, POSTS, seconds=1.0)
        with monkeypatch.context() as patched:
            patched.setattr(session, "CALL_SECONDS", 0.5)
            with pytest.raises(ChatAway, match="in time"):
                await server.post()
        await server.post()
        assert len(server.messages()) == 1


async def test_a_call_that_is_cancelled_while_discord_wants_none_does_not_silence_the_client() -> None:
    async with a_server() as server:
        await server.post()
        limit = server.stand_in.fail("limit", POSTS, seconds=1.5)
        posting = asyncio.create_task(server.post(OTHER_MARK))
        await until(lambda: limit.fired == 1, "it is not limited")
        posting.cancel()
        await asyncio.gather(posting, return_exceptions=True)
        await within(60, server.post(OTHER_MARK))


async def test_when_discord_is_not_there_at_all_it_is_away() -> None:
    async with a_server() as server:
        session.point_at("http://127.0.0.1:9/api/v10")
        with pytest.raises(ChatAway, match="can't be reached"):
            await server.post()
        session.point_at(server.stand_in.api_url)
        await server.post()


async def within(seconds: float, work: Any) -> Any:
    async with asyncio.timeout(seconds):
        return await work
