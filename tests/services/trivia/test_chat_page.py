"""The players' page over HTTP: who gets in, what is taken, what is turned away, and what an open page hears."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from tests.services.trivia.browsing import ADMIN_KEY, GENERAL, HOME, OTHER, Site, a_site, revoke, text_of
from tests.services.trivia.chat_behaviour import EVIL, MARK, an_answered, an_asked

from tenure import Unavailable, seconds
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Told
from tenure.services.trivia.chat.lifecycle import ChatMember, ChatMessage
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.chat.page.entering import COOKIE
from tenure.services.trivia.chat.page.live import MOST_WAITING, Stream
from tenure.services.trivia.chat.page.notation import show_reply
from tenure.services.trivia.chat.talking import MOST_AT_ONCE, MOST_OF_A_LINE
from tenure.services.trivia.lifecycle import Guild

LINE = {"line": "hello", "op": "12345678"}


async def words(site: Site) -> list[str]:
    """Give what members said."""
    return [message.text for message in await site.store.find(ChatMessage.said)]


# ------------------------------------------------------------------------------------ the way in and out


async def test_who_joins_has_a_name_a_key_in_a_cookie_and_no_right_to_manage() -> None:
    async with a_site() as site:
        ada = site.person()
        assert (await ada.get(f"/{HOME}")).status == 401
        joined = await ada.join("Ada")
        assert joined.status == 303
        cookie = joined.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert f"Path=/{HOME};" in cookie
        assert "SameSite=lax" in cookie
        (member,) = await Members(site.store).list(HOME)
        assert (member.name, member.manages) == ("Ada", False)
        assert "#general" in await ada.page()


async def test_the_way_leads_home_and_to_the_first_channel() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        assert (await ada.get("/")).headers["Location"] == f"/{HOME}"
        assert (await ada.get(f"/{HOME}")).headers["Location"] == f"/{HOME}/{GENERAL}"
        for channel in (GENERAL, OTHER):
            await Channels(site.store).remove(HOME, channel)
        assert (await ada.get(f"/{HOME}")).status == 404


async def test_who_has_the_admins_key_manages_and_a_wrong_one_lets_nobody_in() -> None:
    async with a_site() as site:
        wrong = await site.person().join("Ada", admin_key="a-guess")
        assert wrong.status == 403
        assert "admin" in await wrong.text()
        assert (await site.person().join("Ada", admin_key=ADMIN_KEY)).status == 303
        (member,) = await Members(site.store).list(HOME)
        assert member.manages


@pytest.mark.parametrize(("name", "status"), [("", 422), ("x" * 31, 422), ("a\x00b", 422), ("ADA", 409)])
async def test_a_name_that_can_not_be_had_is_asked_for_again(name: str, status: int) -> None:
    async with a_site() as site:
        await site.member("ada")
        again = await site.person().join(name)
        assert again.status == status
        assert 'role="alert"' in await again.text()
        assert 'id="join"' in await again.text()


async def test_a_new_key_is_shown_once_and_lets_one_in_elsewhere() -> None:
    async with a_site() as site:
        ada, elsewhere = await site.member("Ada"), site.person()
        shown = await ada.do_in_guild("key")
        found = re.search(r'id="new-key">([^<]+)<', await shown.text())
        assert found
        assert (await ada.get(f"/{HOME}/{GENERAL}")).status == 200
        assert (await elsewhere.send(f"/{HOME}/come-back", {"key": "tenure_member_guess"})).status == 401
        assert (await elsewhere.send(f"/{HOME}/come-back", {"key": f" {found[1]} "})).status == 303
        assert "Ada" in await elsewhere.page()
        assert len(await Members(site.store).list(HOME)) == 1


async def test_who_logs_out_is_forgotten_by_the_browser() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        assert (await ada.do_in_guild("logout")).status == 303
        assert (await ada.get(f"/{HOME}/{GENERAL}")).status == 401


async def test_a_revoked_key_is_worthless_for_everything_at_once() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await ada.form_token()
        await revoke(site, "Ada")
        page = await ada.get(f"/{HOME}/{GENERAL}")
        assert page.status == 401
        assert "revoked" in await page.text()
        assert (await ada.do("write", **LINE)).status == 401
        assert (await ada.do("press", press="night.s1.1:A")).status == 401
        assert (await ada.get(f"/{HOME}/{GENERAL}/live")).status == 401
        assert await words(site) == []


async def test_a_key_of_one_guild_opens_no_other_and_guilds_of_other_chats_are_not_there() -> None:
    async with a_site() as site:
        await site.store.apply(Guild.create("other", chat="web"), Guild.create("1234", chat="discord"))
        ada = await site.member("Ada")
        key = next(cookie.value for cookie in ada.client.cookie_jar if cookie.key == COOKIE)
        assert (await ada.get("/other")).status == 401
        assert (await ada.get("/other", Cookie=f"{COOKIE}={key}")).status == 401
        for path in ("/1234", "/nowhere", "/-", "/%00", "/" + "x" * 500):
            assert (await ada.get(path)).status == 404, path
        for path in ("/1234/join", "/nowhere/join"):
            assert (await ada.send(path, {"name": "Bob"})).status == 404


@pytest.mark.parametrize("step", ["write", "press"])
async def test_a_form_that_is_not_of_our_own_page_is_refused(step: str) -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        forms = {**LINE, "press": "night.s1.1:A"}
        for token in ("", "x", await bob.form_token()):
            assert (await ada.do(step, **{**forms, "form_token": token})).status == 403
        path = f"/{HOME}/{GENERAL}/{step}"
        good = {**forms, "form_token": await ada.form_token()}
        assert (await ada.send(path, good, **{"Sec-Fetch-Site": "cross-site"})).status == 403
        assert await words(site) == []


async def test_nobody_joins_by_a_form_of_another_site() -> None:
    async with a_site() as site:
        answer = await site.person().send(f"/{HOME}/join", {"name": "Ada"}, **{"Sec-Fetch-Site": "cross-site"})
        assert answer.status == 403
        assert await Members(site.store).list(HOME) == []


async def test_the_page_may_be_anywhere() -> None:
    async with a_site(path="/services/trivia/play") as site:
        ada = site.person()
        joined = await ada.join("Ada")
        assert joined.headers["Location"] == f"/services/trivia/play/{HOME}"
        assert f"Path=/services/trivia/play/{HOME};" in joined.headers["Set-Cookie"]
        page = await ada.page()
        for address in re.findall(r'(?:href|src|action|data-stream|data-place)="([^"#]+)"', page):
            assert address.startswith(("/services/trivia/play", "data:"))
        assert await ada.write("hello") == (200, None)
        async with ada.stream() as stream:
            begun = await stream.next()
            assert begun is not None
            assert "hello" in begun[1]["messages"][0]


# ------------------------------------------------------------------------------------ what is written


async def test_what_is_said_is_seen_by_all_as_it_was_written() -> None:
    async with a_site() as site:
        ada, bob = await site.member("<b>Ada</b>"), await site.member("Bob")
        assert await ada.write(EVIL) == (200, None)
        (seen,) = await bob.messages()
        assert EVIL in seen.text
        assert "<b>Ada</b>" in seen.text
        assert "<b>Ada</b>" not in await bob.page()


async def test_what_is_sent_twice_is_said_once() -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        await asyncio.gather(*(ada.write("hello", op="12345678") for _ in range(5)))
        await bob.write("hello too", op="12345678")
        assert sorted(await words(site)) == ["hello", "hello too"]


async def test_a_command_that_is_sent_twice_asks_once() -> None:
    async with a_site() as site:
        ada = await site.member("Ada", manages=True)
        await ada.write("/register sums daily 09:00 sources:sums")
        first = await ada.write("/post sums", op="12345678")
        await site.played.work()
        assert await ada.write("/post sums", op="12345678") == first
        await site.played.work()
        assert len([seen for seen in await ada.messages() if seen.letters]) == 1


@pytest.mark.parametrize("line", ["", "   ", "\x00", "\u2028", "x" * (MOST_OF_A_LINE + 1), "/" + "x" * MOST_OF_A_LINE])
async def test_an_empty_line_and_one_that_is_too_long_are_refused(line: str) -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        status, said = await ada.write(line)
        assert status == 422
        assert said
        assert await words(site) == []


async def test_what_is_turned_away_stays_in_the_form_to_be_mended() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        page = await ada.do_without_script("write", line='/regster "x"', op="12345678")
        assert page.status == 404
        assert 'value="/regster &#34;x&#34;"' in await page.text()
        done = await ada.do_without_script("write", line="/list", op="12345678")
        assert 'name="line" value=""' in await done.text()


async def test_a_body_that_is_larger_than_anything_that_could_be_meant_is_refused() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        assert (await ada.do("write", line="x" * 70_000, op="12345678")).status == 413


@pytest.mark.parametrize(
    "form", [{"op": ""}, {"op": "x"}, {"op": "x" * 65}, {"op": "12345678/"}, {"press": "x"}, {"press": "a/b:A"}]
)
async def test_a_form_that_makes_no_sense_is_refused(form: dict[str, str]) -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        answer = await ada.do("press" if "press" in form else "write", **{**LINE, **form})
        assert answer.status == 422
        assert text_of((await answer.json())["html"])


async def test_who_writes_too_fast_waits_a_moment() -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        for number in range(MOST_AT_ONCE):
            assert (await ada.write(f"line {number}", op=f"op-{number:08}"))[0] == 200
        assert (await ada.write("line 3", op="op-00000003"))[0] == 200  # what was said is not said again
        assert (await ada.write("one more"))[0] == 429
        assert (await bob.write("hello"))[0] == 200
        await site.store.advance(seconds(11))
        assert (await ada.write("one more"))[0] == 200


async def test_a_closed_channel_takes_nothing_and_one_that_is_not_there_is_not_found() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await Channels(site.store).close(HOME, OTHER)
        assert (await ada.write("hello", OTHER))[0] == 409
        assert (await ada.write("hello", "nowhere"))[0] == 404
        assert (await ada.get(f"/{HOME}/nowhere")).status == 404
        assert await words(site) == []


async def test_signs_that_turn_what_follows_are_taken_out() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await ada.write("a\u202eb\u2066c \U0001f468\u200d\U0001f469\u200d\U0001f467")
        assert await words(site) == ["abc \U0001f468\u200d\U0001f469\u200d\U0001f467"]


async def test_what_a_removed_member_wrote_goes_too() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await ada.write("hello")
        (member,) = await site.store.find(ChatMember.kept)
        await Members(site.store).remove(HOME, member.id)
        await site.store.advance(seconds(60))
        assert await words(site) == []


# ------------------------------------------------------------------------------------ without a script


async def test_the_page_works_without_its_script() -> None:
    async with a_site() as site:
        ada = await site.member("Ada", manages=True)
        game = await site.played.ask()
        assert (await ada.do_without_script("write", **LINE)).status == 303
        pressed = await ada.do_without_script("press", press=f"{game.id}:B")
        assert pressed.status == 200
        assert "Your answer counts: B." in await pressed.text()
        late = await ada.do_without_script("press", press=f"{game.id}:C")
        assert late.status == 409
        told = await ada.do_without_script("write", line="/status", op="23456789")
        assert "Only you see this" in await told.text()


async def test_earlier_messages_are_there_page_by_page() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        for number in range(60):
            await site.chat.post(HOME, GENERAL, Told(text=f"message {number}"), f"{number:024}")
        page = await ada.page()
        assert "message 59" in page
        assert "message 9<" not in page
        before = re.search(r"\?before=([^\"]+)", page)
        assert before
        earlier = await ada.page(f"/{HOME}/{GENERAL}?before={before[1]}")
        assert "message 9<" in earlier
        assert "message 10<" not in earlier
        assert "data-stream" not in earlier
        assert (await ada.get(f"/{HOME}/{GENERAL}?before=a/b")).status == 422


async def test_one_sees_what_one_has_answered_and_nobody_else_does() -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        game = await site.played.ask()
        status, said = await ada.press(game.id, "C")
        assert (status, said["code"], said["choice"]) == (200, "SUBMITTED", "C")
        assert f"{game.id}&#34;: &#34;C" in await ada.page()
        assert f"{game.id}&#34;: &#34;C" not in await bob.page()


# ------------------------------------------------------------------------------------ live


async def test_an_open_page_begins_with_what_is_there_and_hears_what_comes() -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        game = await site.played.ask()
        await ada.press(game.id, "B")
        async with ada.stream() as stream:
            begun = await stream.next()
            assert begun is not None
            assert begun[0] == "begin"
            assert len(begun[1]["messages"]) == 1
            assert begun[1]["mine"] == {game.id: "B"}
            await bob.write("hello there")
            await bob.write("elsewhere", OTHER)
            await site.played.close(game)
            heard = [await stream.next() for _ in range(4)]
            assert [each and each[0] for each in heard] == ["message", "message", "outlook", "message"]
            said, results, outlook, question = [each[1]["html"] for each in heard if each]
            assert "hello there" in said
            assert "1 of 1" in results
            assert "Ada" in text_of(outlook)
            assert "data-right" in question


async def test_an_open_page_ends_when_its_members_key_is_revoked_and_no_other_does() -> None:
    async with a_site() as site:
        ada, bob = await site.member("Ada"), await site.member("Bob")
        async with ada.stream() as of_ada, bob.stream() as of_bob:
            for stream in (of_ada, of_bob):
                await stream.next()
            await revoke(site, "Ada")
            assert await of_ada.next() is None
            await bob.write("hello")
            assert await of_bob.next() is not None


async def test_open_pages_end_with_the_server_and_those_that_come_again_begin_anew() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        async with ada.stream() as stream:
            await stream.next()
        async with ada.stream() as stream, ada.stream() as other:
            await stream.next()
            await other.next()
            site.closing.set()
            assert await stream.next() is None
            assert await other.next() is None


async def test_an_open_page_comes_again_when_its_channel_is_closed() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        async with ada.stream() as stream:
            await stream.next()
            await Channels(site.store).close(HOME, GENERAL)
            assert await stream.next() is None
        assert "This channel is closed" in await ada.page()


async def test_an_open_page_hears_that_something_else_is_planned() -> None:
    async with a_site() as site:
        ada = await site.member("Ada", manages=True)
        async with ada.stream() as stream:
            begun = await stream.next()
            assert begun is not None
            assert "Nothing is planned" in begun[1]["outlook"]
            await ada.write("/register sums daily 09:00 sources:sums")
            heard = await stream.next()
            assert heard is not None
            assert "sums" in text_of(heard[1]["html"])


async def test_an_open_page_comes_again_when_what_is_written_can_not_be_followed() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        engine, failing = site.store.engine, True
        real = engine.feed

        async def feed(*arguments: Any) -> Any:
            if failing:
                raise Unavailable("away")
            return await real(*arguments)

        engine.feed = feed  # type: ignore[assignment, method-assign]
        async with ada.stream() as stream:
            while await stream.next() is not None:
                pass
        failing = False
        async with ada.stream() as stream:
            await stream.next()
            await ada.write("hello")
            assert await stream.next() is not None
        engine.feed = real  # type: ignore[method-assign]


async def test_a_page_that_does_not_read_is_ended_and_holds_no_more_than_that() -> None:
    async with a_site() as site:
        await site.member("Ada")
        (member,) = await site.store.find(ChatMember.kept)
        stream = Stream(member, f"{HOME}/{GENERAL}")
        for number in range(MOST_WAITING + 1):
            stream.say(f"{number}")
        assert await stream.next() is None


async def test_a_stream_of_a_channel_that_is_not_there_is_refused() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        assert (await ada.get(f"/{HOME}/nowhere/live")).status == 404


# ------------------------------------------------------------------------------------ how it is shown


async def test_results_show_the_share_of_each_choice() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await site.chat.post(HOME, GENERAL, an_answered(), MARK)
        assert re.findall(r"<meter[^>]*value=\"(\d)\"", await ada.page()) == ["2", "1", "0"]


async def test_nothing_of_elsewhere_is_loaded_and_no_text_becomes_a_script() -> None:
    async with a_site() as site:
        ada = await site.member("Ada")
        await site.chat.post(HOME, GENERAL, an_asked(text="<script>alert(1)</script>"), MARK)
        answer = await ada.get(f"/{HOME}/{GENERAL}")
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "<script>alert" not in await answer.text()
        asset = re.search(r'src="([^"]+\.js\?[^"]+)"', await answer.text())
        assert asset
        assert (await site.person().get(asset[1])).status == 200


@pytest.mark.parametrize(
    ("reply", "html"),
    [
        ("a **b** c", "a <strong>b</strong> c"),
        ("`a-b_c`\n<#general>", "<code>a-b_c</code><br><strong>#general</strong>"),
        (r"\*\*a\*\* \<t:1:R\>", "**a** &lt;t:1:R&gt;"),
        (r"**\*a\***", "<strong>*a*</strong>"),
        ("<b> & **", "&lt;b&gt; &amp; **"),
        ("<t:999999999999:R>", "&lt;t:999999999999:R&gt;"),
        ("\\", "\\"),
    ],
)
def test_a_reply_is_shown_in_its_notation_and_everything_else_in_it_as_it_is(reply: str, html: str) -> None:
    assert str(show_reply(reply)) == html
