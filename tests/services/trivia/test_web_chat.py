"""The chat that comes along, on every engine: a mark is there once, and members are known by their keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from tests.places import ENGINES, Place
from tests.services.trivia.chat_behaviour import MARK, an_asked
from tests.services.trivia.closings import START

from tenure import Store, Unavailable, seconds, testing
from tenure.http.rejections import Rejected, Unauthorized
from tenure.services.trivia.chat.channels import GENERAL, HOME, Channels
from tenure.services.trivia.chat.contract import ChatAway
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember, ChatMessage
from tenure.services.trivia.chat.members import Members, compared, digest
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.refusals import Full, NotThen, Unknown, Wrong

ANOTHER = "another"


@pytest.fixture(params=ENGINES)
def url(request: pytest.FixtureRequest, place_of: Callable[[str], Place]) -> str:
    """Give an empty store of each engine."""
    return place_of(request.param).fresh()


@asynccontextmanager
async def a_home(url: str = "sqlite:") -> AsyncIterator[Store]:
    """Give a store with the guild that one finds at the beginning."""
    async with testing.store(*kinds, url=url, space="trivia", at=START) as store:
        await Channels(store).settle()
        yield store
        assert list(await store.engine.audit("trivia", repair=False)) == []


# ------------------------------------------------------------------------------------ posts


async def test_a_mark_is_posted_once_by_however_many_at_once(url: str) -> None:
    async with a_home(url) as store:
        posts = [WebChat(store).post(HOME, GENERAL, an_asked(number=number), MARK) for number in range(20)]
        messages = await asyncio.gather(*posts)
        assert len(set(messages)) == 1
        assert len(await store.find(ChatMessage.said)) == 1


async def test_a_post_comes_back_as_it_was_and_as_it_was_shown_anew(url: str) -> None:
    async with a_home(url) as store:
        chat, asked = WebChat(store), an_asked(text="é “x” \U0001f3b2")
        message = await chat.post(HOME, GENERAL, asked, MARK)
        assert (await store.get(ChatMessage, message)).post == asked
        await chat.edit(HOME, GENERAL, message, an_asked(right="B"), MARK)
        assert (await store.get(ChatMessage, message)).post == an_asked(right="B")


async def test_a_store_that_is_away_is_a_chat_that_is_away() -> None:
    async with a_home() as store:

        async def away(*_: object) -> None:
            raise Unavailable("away")

        chat, real = WebChat(store), (store.engine.write, store.engine.rows)
        store.engine.write = store.engine.rows = away  # type: ignore[assignment, method-assign]
        for call in (
            chat.post(HOME, GENERAL, an_asked(), MARK),
            chat.find(HOME, GENERAL, MARK),
            chat.edit(HOME, GENERAL, f"{HOME}/{GENERAL}/{MARK}", an_asked(), MARK),
        ):
            with pytest.raises(ChatAway):
                await call
        store.engine.write, store.engine.rows = real  # type: ignore[method-assign]


async def test_what_was_written_goes_after_two_weeks_and_with_its_channel() -> None:
    async with a_home() as store:
        chat = WebChat(store)
        await chat.post(HOME, GENERAL, an_asked(), MARK)
        await store.advance(seconds(14 * 86400 + 3600))
        assert await chat.find(HOME, GENERAL, MARK) is None
        await chat.post(HOME, GENERAL, an_asked(), MARK)
        await Channels(store).remove(HOME, GENERAL)
        await store.advance(seconds(60))
        assert await chat.find(HOME, GENERAL, MARK) is None


# ------------------------------------------------------------------------------------ places


async def test_a_place_to_play_is_made_once_and_only_where_there_is_none() -> None:
    async with a_home() as store:
        await Channels(store).settle()
        assert [channel.name for channel in await Channels(store).list(HOME)] == [GENERAL]
        await Channels(store).remove(HOME, GENERAL)
        await Channels(store).settle()
        assert await Channels(store).list(HOME) == []


async def test_the_chats_loop_makes_that_place_and_rests() -> None:
    async with testing.store(*kinds, space="trivia", at=START) as store:
        (loop,) = WebChat(store).loops().values()
        with store.bell(ChatChannel) as bell:
            resting = asyncio.ensure_future(loop())
            assert await bell.heard(60)
        assert [channel.name for channel in await Channels(store).list(HOME)] == [GENERAL]
        assert not resting.done()
        resting.cancel()
        await asyncio.gather(resting, return_exceptions=True)


@pytest.mark.parametrize("name", ["", "General", "a b", "a/b", "-a", "é", "x" * 41, "a\n", "\0"])
async def test_a_channel_has_a_plain_name(name: str) -> None:
    async with a_home() as store:
        with pytest.raises(Wrong):
            await Channels(store).create(HOME, name)


async def test_channels_of_a_guild_that_is_not_there_and_those_beyond_the_limit_are_refused() -> None:
    async with a_home() as store:
        channels = Channels(store)
        with pytest.raises(Unknown):
            await channels.create("nowhere", "x")
        for step in (channels.get, channels.close, channels.reopen, channels.remove):
            with pytest.raises(Unknown):
                await step(HOME, "x")
        for number in range(99):
            await channels.create(HOME, f"c{number}")
        assert await channels.create(HOME, "c7") == await channels.get(HOME, "c7")
        with pytest.raises(Full):
            await channels.create(HOME, "one-more")


async def test_a_channel_is_closed_and_opened_however_often_that_is_said() -> None:
    async with a_home() as store:
        for step, state in (("close", "closed"), ("close", "closed"), ("reopen", "open"), ("reopen", "open")):
            assert (await getattr(Channels(store), step)(HOME, GENERAL)).state.name == state


# ------------------------------------------------------------------------------------ members


async def test_a_member_is_known_by_the_key_until_it_is_revoked(url: str) -> None:
    async with a_home(url) as store:
        members = Members(store)
        member, key = await members.join(HOME, "Ada")
        assert await members.holder_of(HOME, key) == member
        assert (await members.revoke(HOME, member.id)).state == ChatMember.shut_out
        await members.revoke(HOME, member.id)
        with pytest.raises(Unauthorized):
            await members.holder_of(HOME, key)


async def test_a_new_key_makes_the_old_one_worthless_and_lets_in_who_was_shut_out() -> None:
    async with a_home() as store:
        members = Members(store)
        member, first = await members.join(HOME, "Ada")
        _, second = await members.renew(HOME, member.id)
        await members.revoke(HOME, member.id)
        again, third = await members.renew(HOME, member.id)
        assert again.id == member.id
        assert (await members.holder_of(HOME, third)).id == member.id
        for old in (first, second, "", "\ud800", digest(third)):
            with pytest.raises(Unauthorized):
                await members.holder_of(HOME, old)


async def test_a_key_is_kept_nowhere() -> None:
    async with a_home() as store:
        member, key = await Members(store).join(HOME, "Ada")
        events = await store.history(ChatMember, member.id)
        assert key not in repr([event.fields for event in events]) + repr(member)


async def test_a_key_of_one_guild_is_worthless_in_another() -> None:
    async with a_home() as store:
        await store.apply(Guild.create(ANOTHER, chat="web"))
        members = Members(store)
        member, key = await members.join(HOME, "Ada")
        with pytest.raises(Unauthorized):
            await members.holder_of(ANOTHER, key)
        for step in (members.get, members.revoke, members.renew, members.remove):
            with pytest.raises(Unknown):
                await step(ANOTHER, member.id)
        assert await members.holder_of(HOME, key) == member


async def test_two_names_that_look_alike_are_one_in_a_guild(url: str) -> None:
    async with a_home(url) as store:
        members = Members(store)
        tries = await asyncio.gather(
            *(members.join(HOME, name) for name in ("Zoë", "zoë", "ZOË", "\uff3aoë", " Zoe\u0308 ")),
            return_exceptions=True,
        )
        assert sorted(type(each).__name__ for each in tries) == ["NotThen"] * 4 + ["tuple"]
        await store.apply(Guild.create(ANOTHER, chat="web"))
        await members.join(ANOTHER, "Zoë")


async def test_a_name_is_free_again_once_its_member_is_removed() -> None:
    async with a_home() as store:
        members = Members(store)
        member, _ = await members.join(HOME, "Ada")
        await members.revoke(HOME, member.id)
        with pytest.raises(NotThen):
            await members.join(HOME, "ada")
        await members.remove(HOME, member.id)
        await store.advance(seconds(1))
        await members.join(HOME, "ada")


@pytest.mark.parametrize(
    "name", ["", "  ", "x" * 31, "a\x00b", "a\u202eb", "a\u200bb", "\u0301x", "x" + "\u0301" * 9, "\ud800"]
)
async def test_a_name_that_could_not_be_shown_is_refused(name: str) -> None:
    async with a_home() as store:
        with pytest.raises(Wrong):
            await Members(store).join(HOME, name)


def test_a_name_is_compared_by_its_letters() -> None:
    assert compared("ﬁ STRASSE") == compared("fi straße")


async def test_a_member_may_be_let_manage_and_not_any_more() -> None:
    async with a_home() as store:
        members = Members(store)
        member, _ = await members.join(HOME, "Ada")
        assert (await members.let_manage(HOME, member.id, manages=True)).manages
        assert not (await members.let_manage(HOME, member.id, manages=False)).manages


async def test_nobody_joins_a_guild_that_is_not_there() -> None:
    async with a_home() as store:
        with pytest.raises(Rejected):
            await Members(store).join("nowhere", "Ada")


async def test_members_are_listed_page_by_page() -> None:
    async with a_home() as store:
        members = Members(store)
        for number in range(5):
            await members.join(HOME, f"m{number}")
        first = await members.list(HOME, limit=3)
        rest = await members.list(HOME, limit=3, after=first[-1].id)
        assert [member.name for member in (*first, *rest)] == [f"m{number}" for number in range(5)]
