"""The stand-in's HTTP API, called as Discord's is documented, and by the real discord.py."""

import asyncio
from typing import Any

import discord
import pytest
from tests.services.trivia.standing import CLUB, QUIZ, a_bot, a_stand_in, calls, quiz, wrong

from tenure.services.trivia.discord.stand_in.world import NONCE_SECONDS

# --------------------------------------------------------------------------------------------- messages


async def test_discord_py_posts_edits_reads_lists_and_deletes() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        first = await bot.place().send(embed=discord.Embed(title="Question", description="1 + 1?"))
        second = await bot.place().send("next")
        await first.edit(content="closed", embed=None)
        again = await bot.place().fetch_message(first.id)
        assert (again.content, again.embeds, again.edited_at is not None) == ("closed", [], True)
        assert [message.id async for message in bot.place().history(limit=5)] == [second.id, first.id]
        await second.delete()
        assert [message["content"] for message in stand_in.people.messages(CLUB, QUIZ)] == ["closed"]


async def test_history_is_paged_the_latest_first() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        ids = [stand_in.people.write(CLUB, QUIZ, "Bob", str(number)).id for number in range(7)]
        path = f"/channels/{quiz(stand_in)}/messages"

        async def listed(query: str) -> list[int]:
            return [ids.index(message["id"]) for message in (await call("GET", path + query)).body]

        assert await listed("?limit=3") == [6, 5, 4]
        assert await listed(f"?limit=3&before={ids[4]}") == [3, 2, 1]
        assert await listed(f"?limit=2&after={ids[2]}") == [4, 3]
        assert await listed(f"?limit=3&around={ids[3]}") == [4, 3, 2]
        assert (await call("GET", path + "?limit=101")).status == 400


async def test_an_enforced_nonce_gives_the_first_message_for_some_minutes() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        first = await bot.place().send("once", nonce="mark")
        assert (await bot.place().send("twice", nonce="mark")).id == first.id
        assert (await bot.place("other").send("elsewhere", nonce="mark")).id == first.id
        stand_in.advance(NONCE_SECONDS - 1)
        assert (await bot.place().send("late", nonce="mark")).id == first.id
        stand_in.advance(1)
        assert (await bot.place().send("too late", nonce="mark")).id != first.id
        assert [one["content"] for one in stand_in.people.messages(CLUB, QUIZ)] == ["once", "too late"]


async def test_a_nonce_that_is_not_enforced_repeats_the_message_and_is_not_read_back() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages"
        first = await call("POST", path, {"content": "a", "nonce": "mark"})
        second = await call("POST", path, {"content": "a", "nonce": "mark"})
        assert first.body["nonce"] == second.body["nonce"] == "mark"
        assert first.body["id"] != second.body["id"]
        assert not any("nonce" in message for message in (await call("GET", path)).body)


async def test_a_message_that_was_deleted_is_not_made_again_by_its_nonce() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        await (await bot.place().send("once", nonce="mark")).delete()
        with pytest.raises(discord.NotFound, match="10008"):
            await bot.place().send("again", nonce="mark")
        stand_in.forget_nonces()
        await bot.place().send("again", nonce="mark")


TOO_MUCH: list[tuple[Any, list[str]]] = [
    ({"content": "x" * 2001}, [".content BASE_TYPE_MAX_LENGTH"]),
    ({"content": "x", "nonce": "n" * 26}, [".nonce BASE_TYPE_MAX_LENGTH"]),
    ({"content": 5}, [".content STRING_TYPE_CONVERT"]),
    ({"embeds": [{"title": "x" * 257}]}, [".embeds.0.title BASE_TYPE_MAX_LENGTH"]),
    ({"embeds": [{"footer": {"text": "x" * 2049}}]}, [".embeds.0.footer.text BASE_TYPE_MAX_LENGTH"]),
    ({"embeds": [{"fields": [{"name": "a"}]}]}, [".embeds.0.fields.0.value BASE_TYPE_REQUIRED"]),
    ({"embeds": [{"title": "x"}] * 11}, [".embeds BASE_TYPE_BAD_LENGTH"]),
    ({"embeds": [{"description": "x" * 4000}] * 2}, [".embeds.0 MAX_EMBED_SIZE_EXCEEDED"]),
    ({"embeds": "x"}, [".embeds LIST_TYPE_CONVERT"]),
    ({"components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "x" * 101}]}]},
     [".components.0.components.0.custom_id BASE_TYPE_MAX_LENGTH"]),
    ({"components": [{"type": 1, "components": [{"type": 2, "style": 1, "custom_id": "x"}] * 2}]},
     [".components.0.components.1.custom_id COMPONENT_CUSTOM_ID_DUPLICATED"]),
    ({"components": [{"type": 1, "components": [{"type": 2, "style": 1}] * 6}]},
     [".components.0.components BASE_TYPE_BAD_LENGTH"]),
]  # fmt: skip


async def test_a_message_that_is_too_much_is_refused_field_by_field() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        for body, places in TOO_MUCH:
            refused = await call("POST", f"/channels/{quiz(stand_in)}/messages", body)
            assert (refused.status, refused.body["code"], refused.body["message"]) == (400, 50035, "Invalid Form Body")
            assert wrong(refused.body["errors"]) == places
        assert stand_in.people.messages(CLUB, QUIZ) == []


async def test_nothing_to_show_is_no_message_and_may_not_be_left_by_an_edit() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages"
        assert (await call("POST", path, {"content": ""})).body["code"] == 50006
        posted = (await call("POST", path, {"content": "x"})).body["id"]
        assert (await call("PATCH", f"{path}/{posted}", {"content": ""})).body["code"] == 50006
        assert (await call("PATCH", f"{path}/{posted}", {"content": "y"})).body["content"] == "y"


# --------------------------------------------------------------------------------------------- who may what


async def test_a_lost_right_a_hidden_channel_a_gone_one_and_a_guild_without_us_are_told_apart() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        people, path = stand_in.people, f"/channels/{quiz(stand_in)}/messages"

        async def post() -> tuple[int, int]:
            answered = await call("POST", path, {"content": "x"})
            return answered.status, answered.body.get("code", 0)

        people.permit(CLUB, QUIZ, send_messages=False)
        assert await post() == (403, 50013)
        people.permit(CLUB, QUIZ, send_messages=True, view_channel=False)
        assert await post() == (403, 50001)
        people.permit(CLUB, QUIZ, view_channel=True)
        assert await post() == (200, 0)
        people.kick(CLUB)
        assert await post() == (403, 50001)
        people.invite(CLUB)
        people.remove_channel(CLUB, QUIZ)
        assert await post() == (404, 10003)


async def test_embeds_need_a_right_of_their_own_and_history_hides_without_one() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages"
        stand_in.people.permit(CLUB, QUIZ, embed_links=False, read_message_history=False)
        assert (await call("POST", path, {"embeds": [{"title": "x"}]})).body["code"] == 50013
        posted = (await call("POST", path, {"content": "x"})).body["id"]
        assert (await call("GET", path)).body == []
        assert (await call("GET", f"{path}/{posted}")).body["code"] == 50013
        assert (await call("PATCH", f"{path}/{posted}", {"content": "y"})).status == 200


async def test_what_others_wrote_is_not_ours_to_change() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages/{stand_in.people.write(CLUB, QUIZ, 'Bob', 'hi').id}"
        assert (await call("PATCH", path, {"content": "x"})).body["code"] == 50005
        assert (await call("DELETE", path)).body["code"] == 50013


@pytest.mark.parametrize("token", [None, "wrong", ""])
async def test_without_the_token_nothing_is_told(token: str | None) -> None:
    async with a_stand_in() as stand_in, calls(stand_in, token) as call:
        answered = await call("GET", "/users/@me")
        assert (answered.status, answered.body) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_a_revoked_token_is_told_at_login_and_a_restored_one_works() -> None:
    async with a_stand_in() as stand_in:
        stand_in.revoke()
        with pytest.raises(discord.LoginFailure):
            async with a_bot(stand_in):
                pass
        stand_in.restore()
        async with a_bot(stand_in) as bot:
            assert bot.user is not None
            assert str(bot.user.id) == stand_in.world.bot.id


async def test_wrong_addresses_methods_and_bodies_are_answered_as_discord_does() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        path = f"/channels/{quiz(stand_in)}/messages"
        assert (await call("GET", "/nothing")).body == {"message": "404: Not Found", "code": 0}
        assert (await call("PUT", path, {})).status == 405
        assert (await call("POST", path, data="{")).body["code"] == 50109
        assert (await call("POST", path, [])).body["code"] == 50035
        assert (await call("GET", f"{path}/1")).body["code"] == 10008
        assert (await call("GET", "/guilds/1")).body["code"] == 10004


async def test_ids_rise_though_a_hundred_are_made_in_one_instant() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        sent = await asyncio.gather(*(bot.place().send(str(number)) for number in range(20)))
        ids = [message.id for message in sent]
        assert len(set(ids)) == 20
        assert {discord.utils.snowflake_time(one) for one in ids} == {sent[0].created_at}
