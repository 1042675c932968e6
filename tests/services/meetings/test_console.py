"""The meetings page as its server gives it: who sees what, what forms do, and that nobody's words become markup."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from tests.calling import Answer
from tests.services.meetings.making import ADMIN_KEY, World, a_world

from tenure import hours, minutes
from tenure.http.rejections import Forbidden
from tenure.pages.showing import show_length
from tenure.services.meetings.console import acting, words
from tenure.services.meetings.console.access import COOKIE, Access, Viewer
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.screenshots import PNG
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}"
SESSION_PAGES = ("/", "/new", "/meetings/1", "/meetings/1/log", "/meetings/1/screenshots/1")
ACTIONS = ("stop", "finish", "pause", "resume", "configure", "reschedule", "redact", "resend")


@dataclass
class Browser:
    """A browser without a script: it keeps its cookie, and fills in the forms that it is shown."""

    world: World
    cookie: str = ""

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.world.call("GET", f"/console{path}", b"", {"Cookie": self.cookie, **headers})

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    async def post(self, path: str, **form: str) -> Answer:
        return await self.send(path, {"form_token": await self.form_token(), **form})

    async def send(self, path: str, form: dict[str, str], **headers: str) -> Answer:
        return await self.world.call(
            "POST", f"/console{path}", urlencode(form).encode(), {"Cookie": self.cookie, **headers}
        )

    async def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', await self.page("/"))
        assert found
        return found[1]

    async def done(self, path: str, **form: str) -> str:
        """Fill in a form, follow where it leads, and give the notice that is shown there."""
        answer = await self.post(path, **form)
        assert answer.status == 303, answer.body
        page = await self.page(answer.headers["location"].removeprefix("/console"))
        found = re.search(r'<div class="notice" role="status">(.*?)</div>', page)
        return unescape(found[1]) if found else ""

    async def refused(self, path: str, **form: str) -> tuple[int, str]:
        """Fill in a form, and give the status and what is said is wrong."""
        answer = await self.post(path, **form)
        found = re.search(r'<div class="notice bad" role="alert">(.*?)</div>', answer.body.decode())
        return answer.status, unescape(re.sub(r"</?code>", "`", found[1])) if found else ""


async def logged_in(world: World, key: str) -> Browser:
    answer = await world.call("POST", "/console/login", urlencode({"key": key}).encode())
    assert answer.status == 303, answer.body
    return Browser(world, answer.headers["set-cookie"].partition(";")[0])


@asynccontextmanager
async def a_page(**settings: Any) -> AsyncIterator[tuple[World, int, Browser]]:
    """A world, a user, and their browser."""
    async with a_world(**settings) as world:
        user = await world.a_user()
        yield world, user, await logged_in(world, world.keys[user])


def titles(page: str) -> list[str]:
    return [unescape(found) for found in re.findall(r'<a class="title"[^>]*>(.*?)</a>', page)]


# ------------------------------------------------------------------------------------ logging in


async def test_logging_in_gives_a_cookie_that_scripts_and_other_sites_do_not_get() -> None:
    async with a_world() as world:
        user = await world.a_user()
        form = urlencode({"key": world.keys[user], "next": "/meetings/7?words=all"}).encode()
        answer = await world.call("POST", "/console/login", form)
        assert (answer.status, answer.headers["location"]) == (303, "/console/meetings/7?words=all")
        cookie = answer.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=strict", "Path=/console"):
            assert part in cookie
        assert world.keys[user] not in cookie


@pytest.mark.parametrize("key", ["", "tnr_wrong", "x" * 600, "ké"])
async def test_a_wrong_key_opens_nothing(key: str) -> None:
    async with a_world() as world:
        answer = await world.call("POST", "/console/login", urlencode({"key": key}).encode())
        assert answer.status == 401
        assert "That is no valid key" in answer.body.decode()
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere", "x", ""])
async def test_logging_in_leads_to_this_page_only(target: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        form = urlencode({"key": world.keys[user], "next": target}).encode()
        assert (await world.call("POST", "/console/login", form)).headers["location"] == "/console/"


@pytest.mark.parametrize("path", SESSION_PAGES)
async def test_without_a_session_every_page_asks_for_the_key(path: str) -> None:
    async with a_page() as (world, user, _):
        await world.a_bot(user)
        answer = await Browser(world).get(path)
        assert (answer.status, answer.headers["location"].partition("?")[0]) == (303, "/console/login")


@pytest.mark.parametrize("path", ["/live", "/meetings/1/live"])
async def test_without_a_session_a_stream_is_refused(path: str) -> None:
    async with a_page() as (world, user, _):
        await world.a_bot(user)
        assert (await Browser(world).get(path)).status == 401


async def test_a_cookie_that_was_changed_or_is_too_old_opens_nothing() -> None:
    async with a_page() as (world, user, browser):
        other = await world.a_user()
        _, _, value = browser.cookie.partition("=")
        token, until, nonce, signature = value.split(".")
        for forged in (
            f"admin.{until}.{nonce}.{signature}",
            f"2.{until}.{nonce}.{signature}",
            f"{token}.{int(until) + 1}.{nonce}.{signature}",
            f"{token}.{until}.{nonce}.{'0' * 64}",
            f"{token}.{until}.{nonce}",
            "...",
            "é",
        ):
            assert (await Browser(world, f"{COOKIE}={forged}").get("/")).status == 303, forged
        assert (await browser.get("/")).status == 200
        assert other != user
        late = Access(
            world.service.accounts,
            server_key=b"the server's key",
            admin_key=ADMIN_KEY,
            now=lambda: int(until) + 1.0,
        )
        assert await late.viewer(a_request(browser.cookie)) is None


def a_request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


async def test_a_session_ends_with_its_key_and_with_the_admins() -> None:
    async with a_page() as (world, user, browser):
        await world.admin_call("DELETE", f"/admin/users/{user}/tokens/1")
        assert (await browser.get("/")).status == 303
        admin = await logged_in(world, ADMIN_KEY)
        for keys in ({"server_key": b"another"}, {"admin_key": "another"}):
            made: Any = {"server_key": b"the server's key", "admin_key": ADMIN_KEY, **keys}
            access = Access(world.service.accounts, now=lambda: 0.0, **made)
            assert await access.viewer(a_request(admin.cookie)) is None


async def test_logging_out_forgets_the_session() -> None:
    async with a_page() as (_, _, browser):
        answer = await browser.post("/logout")
        assert answer.headers["location"] == "/console/login"
        assert 'tenure_meetings=""' in answer.headers["set-cookie"]


# ------------------------------------------------------------------------------------ forms of others


@pytest.mark.parametrize("path", ["/new", "/logout", *(f"/meetings/1/{action}" for action in ACTIONS)])
async def test_a_form_without_the_sessions_token_does_nothing(path: str) -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user)
        other = await logged_in(world, world.keys[user])
        before = await world.store.position()
        for token in ("", "0" * 64, await other.form_token(), "é"):
            answer = await browser.send(path, {"form_token": token, "platform": "zoom", "native_meeting_id": "1"})
            assert answer.status == 403
        answer = await browser.send(
            path, {"form_token": await browser.form_token()}, **{"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status == 403
        assert await world.store.position() == before


async def test_another_site_can_not_log_a_browser_in() -> None:
    async with a_world() as world:
        user = await world.a_user()
        form = urlencode({"key": world.keys[user]}).encode()
        answer = await world.call("POST", "/console/login", form, {"Sec-Fetch-Site": "cross-site"})
        assert (answer.status, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize("body", [b"\xff", b"%ff=1", b"&".join([b"a=1"] * 200), b"x" * 70_000])
async def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    async with a_page() as (world, _, browser):
        answer = await world.call("POST", "/console/new", body, {"Cookie": browser.cookie})
        assert answer.status in (403, 413, 422)


# ------------------------------------------------------------------------------------ who sees what


async def test_a_user_sees_their_own_meetings_and_an_admin_all_with_names() -> None:
    async with a_page() as (world, user, browser):
        other = await world.a_user(email="eve@example.org")
        await world.a_bot(user, "mine")
        await world.a_bot(other, "theirs")
        assert titles(await browser.page("/")) == ["mine"]
        page = await (await logged_in(world, ADMIN_KEY)).page("/")
        assert titles(page) == ["theirs", "mine"]
        assert "eve@example.org" in page
        assert titles(await browser.page("/?user=2")) == ["mine"]


@pytest.mark.parametrize("path", ["", "/log", "/screenshots/1", "/live?after=1.1.1"])
async def test_a_foreign_meeting_is_as_absent(path: str) -> None:
    async with a_page() as (world, _, browser):
        await world.a_bot(await world.a_user())
        foreign, absent = await browser.get(f"/meetings/1{path}"), await browser.get(f"/meetings/99{path}")
        assert foreign.status == absent.status == 404
        assert foreign.body.replace(b"/meetings/1", b"") == absent.body.replace(b"/meetings/99", b"")


@pytest.mark.parametrize("action", ACTIONS)
async def test_nobody_acts_on_a_foreign_meeting(action: str) -> None:
    async with a_page() as (world, _, browser):
        bot = await world.a_bot(await world.a_user(), state="active")
        token, before = await browser.form_token(), await world.store.position()
        answer = await browser.send(f"/meetings/1/{action}", {"form_token": token, "language": "de", "delivery": "x"})
        assert answer.status == 404
        assert await world.store.position() == before
        assert (await bot.tell("heartbeat")).status == 200


async def test_only_an_admin_ends_a_meeting_by_force() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user, state="active")
        assert await browser.refused("/meetings/1/finish") == (
            403, "only an admin ends a meeting by force: stop the bot instead",
        )  # fmt: skip
        admin = await logged_in(world, ADMIN_KEY)
        assert await admin.done("/meetings/1/finish", reason="stuck") == acting.DONE["finished"]
        assert "an admin ended it by force; stuck" in await admin.page("/meetings/1")


@pytest.mark.parametrize("action", ["pause", "configure", "redact"])
async def test_an_admin_does_not_act_in_a_users_name(action: str) -> None:
    async with a_page() as (world, user, _):
        await world.a_bot(user, state="active")
        admin = await logged_in(world, ADMIN_KEY)
        status, said = await admin.refused(f"/meetings/1/{action}", language="de")
        assert (status, "log in with a user's API key" in said) == (403, True)
        with pytest.raises(Forbidden):
            await acting.Acting(world.service).ask(Viewer("s"), {"platform": "zoom", "native_meeting_id": "1"})


# ------------------------------------------------------------------------------------ lists


async def test_an_empty_page_says_what_to_do_first() -> None:
    async with a_page() as (world, _, browser):
        page = await browser.page("/")
        assert "No meetings yet" in page
        assert 'href="/console/new"' in page
        assert "Make a user" in await (await logged_in(world, ADMIN_KEY)).page("/")
        assert "Show all" in await browser.page("/?state=live")


async def test_a_list_is_filtered_by_state_platform_and_user() -> None:
    async with a_page() as (world, user, browser):
        other = await world.a_user()
        await world.a_bot(user, "one", state="active")
        done = await world.a_bot(user, "two")
        await done.tell("exited", exit_code=0)
        await world.ask(user, "3", "zoom")
        await world.ask(user, "4", "zoom", join_at="2026-01-02T00:00:00Z")
        await world.ask(other, "five")
        expected = {
            "": ["4", "3", "two", "one"],
            "?state=live": ["3", "one"],
            "?state=over": ["two"],
            "?state=planned": ["4"],
            "?state=scheduled": ["4"],
            "?state=active": ["one"],
            "?state=failed": [],
            "?platform=zoom": ["4", "3"],
            "?platform=zoom&state=live": ["3"],
        }
        for query, names in expected.items():
            assert titles(await browser.page("/" + query)) == names, query
        admin = await logged_in(world, ADMIN_KEY)
        assert titles(await admin.page("/?user=2")) == ["five"]
        assert titles(await admin.page("/?user=USER1@example.org")) == ["five"]
        assert titles(await admin.page("/?user=nobody@example.org")) == []


@pytest.mark.parametrize("query", ["state=x", "platform=x", "before=x", "limit=0", "limit=9999", "user=" + "x" * 400])
async def test_a_filter_that_fits_nothing_says_what_fits(query: str) -> None:
    async with a_page() as (world, _, _):
        admin = await logged_in(world, ADMIN_KEY)
        assert (await admin.get(f"/?{query}")).status == 422


@pytest.mark.parametrize("query", ["", "&platform=zoom", "&state=over", "&state=completed"])
async def test_pages_follow_one_another_without_a_gap_or_a_double(query: str) -> None:
    async with a_page() as (world, user, browser):
        for number in range(7):
            await world.ask(user, f"m{number}", "zoom" if number % 3 else "teams")
            if number < 5:
                await world.user_call(user, "DELETE", f"/bots/{'zoom' if number % 3 else 'teams'}/m{number}")
        every, seen, path = titles(await browser.page(f"/?limit=1000{query}")), list[str](), f"/?limit=2{query}"
        while path:
            page = await browser.page(path)
            seen += titles(page)
            found = re.search(r'rel="next" href="/console([^"]*)"', page)
            path = unescape(found[1]) if found else ""
        assert seen == every
        assert len(seen) >= 4


async def test_a_thousand_meetings_are_listed_with_a_handful_of_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_page() as (world, user, browser):
        await world.admin_call("PATCH", f"/admin/users/{user}", {"max_concurrent_bots": 1000})
        for number in range(1000):
            await world.ask(user, f"m{number}")
        engine, reads = type(world.store.engine), list[str]()
        for name in ("rows", "find", "holders", "counts", "history"):
            original = getattr(engine, name)

            async def counted(*args: Any, original: Any = original, name: str = name) -> Any:
                reads.append(name)
                return await original(*args)

            monkeypatch.setattr(engine, name, counted)
        for reader in (browser, await logged_in(world, ADMIN_KEY)):
            reads.clear()
            assert len(titles(await reader.page("/?limit=1000"))) == 1000
            assert len(reads) <= 6, reads


async def test_counts_are_told() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user, "one", state="active")
        await world.a_bot(user, "two", state="active")
        await world.ask(user, "three", join_at="2026-01-02T00:00:00Z")
        page = await browser.page("/")
        for name, number in (("active", 2), ("live", 2), ("scheduled", 1), ("planned", 1)):
            assert f'<b data-count="{name}">{number}</b>' in page, name


# ------------------------------------------------------------------------------------ one meeting


@pytest.mark.parametrize("state", [name for name in Meeting.live.names if name != "waiting"])
async def test_a_live_meeting_says_where_it_stands(state: str) -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user, state=state)
        page = await browser.page("/meetings/1")
        assert f'<span class="state {state}">{words.state(state)}</span>' in page
        assert ("Stop the bot" in page) == (state != "stopping")


async def test_who_and_what_ended_a_meeting_and_why_is_said_in_plain_words() -> None:
    async with a_page() as (world, user, browser):
        stopped = await world.a_bot(user, "1", state="stopping")
        await stopped.tell("exited", exit_code=0)
        failed = await world.a_bot(user, "2")
        await failed.tell("exited", exit_code=1, reason="join_refused")
        await world.a_bot(user, "3", state="active")
        await world.store.advance(minutes(3))
        for number, said in (
            (1, "Ended by you because it was told to leave."),
            (2, "Ended by the bot because the meeting did not let it in."),
            (3, "Ended by the server, by itself because it gave no sign of life for 2 minutes."),
        ):
            assert said in await browser.page(f"/meetings/{number}")
        assert "Ended by user0@example.org" in await (await logged_in(world, ADMIN_KEY)).page("/meetings/1")


async def test_the_timeline_tells_each_event_newest_first() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user, state="active")
        await world.user_call(user, "PUT", "/bots/google_meet/abc/config", {"language": "de"})
        page = await browser.page("/meetings/1")
        told = re.findall(r'<div class="what"><b>(.*?)</b>', page)
        assert told == [
            "The bot is told other settings",
            "The bot is in the meeting",
            "The bot is starting",
            "Its process is being started",
            "A bot was asked for",
        ]


def test_every_event_state_and_reason_of_the_table_has_its_words() -> None:
    edges = Meeting._declared.edges
    assert [name for name in edges if name not in words.EVENTS and not name.startswith("expire_")] == []
    assert set(Meeting._declared.states) == set(words.STATES)
    defaults = [edge.parameters.defaults for edge in edges.values()]
    reasons = {given.get(name) for given in defaults for name in ("failure_reason", "end_reason")} - {None}
    assert reasons <= set(words.REASONS)


async def test_the_transcript_shows_the_last_words_and_all_if_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.meetings.console.reading.MOST_WORDS", 3)
    async with a_page() as (world, user, browser):
        bot = await world.a_bot(user, state="active")
        segment = {"start": 0.0, "end": 1.0, "at": 1.8e9, "speaker": "Ada"}
        await bot.tell("transcript", segments=[{**segment, "segment_id": str(n), "text": f"t{n}"} for n in range(5)])
        page = await browser.page("/meetings/1")
        assert re.findall(r'class="text">(.*?)<', page) == ["t2", "t3", "t4"]
        assert "from the beginning" in page
        everything = await browser.page("/meetings/1?words=all")
        assert re.findall(r'class="text">(.*?)<', everything) == [f"t{n}" for n in range(5)]


async def test_the_log_is_plain_text_and_says_if_there_is_none() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user)
        answer = await browser.get("/meetings/1/log")
        assert answer.body.decode().startswith("log of vexa-bot-1-")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        await world.ask(user, "later", join_at="2026-01-02T00:00:00Z")
        assert "wrote nothing" in (await browser.get("/meetings/2/log")).body.decode()


async def test_screenshots_are_shown_with_their_reason(tmp_path: Any) -> None:
    async with a_page(folder=tmp_path) as (world, user, browser):
        await world.a_bot(user, state="active")
        meeting = await world.store.get(Meeting, "1")
        picture = PNG + b"picture"
        await world.service.screenshots.keep(meeting, picture, reason="join_refused", op="x")
        page = await browser.page("/meetings/1")
        assert 'src="/console/meetings/1/screenshots/1"' in page
        assert "the meeting did not let it in" in page
        shown = await browser.get("/meetings/1/screenshots/1")
        assert (shown.body, shown.headers["content-type"]) == (picture, "image/png")
        assert (await browser.get("/meetings/1/screenshots/2")).status == 404
        assert (await browser.get("/meetings/1/screenshots/x")).status == 404


async def test_deliveries_to_the_webhook_are_shown_and_sent_again() -> None:
    async with a_page(webhook_private=True) as (world, user, browser):
        assert "No webhook is set" in await page_of_a_new_meeting(world, user, browser, "one")
        answer = await world.user_call(user, "PUT", "/user/webhook", {"webhook_url": "http://127.0.0.1:9/hook"})
        assert answer.status == 200, answer.body
        await world.ask(user, "two")
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        page = await browser.page("/meetings/2")
        assert ("meeting.status_change" in page, ">sending</span>" in page, "Send again" in page) == (True, True, False)
        await world.store.deliver_once(WebhookDelivery.post, world.service.webhooks.send)
        page = await browser.page("/meetings/2")
        assert (">waiting</span>" in page, "Send again" in page) == (True, True)
        found = re.search(r'name="delivery" value="(evt_[0-9a-f]+)"', page)
        assert found
        assert await browser.done("/meetings/2/resend", delivery=found[1]) == acting.DONE["resent"]
        assert ">sending</span>" in await browser.page("/meetings/2")
        admin = await logged_in(world, ADMIN_KEY)
        assert (await admin.refused("/meetings/2/resend", delivery=found[1]))[0] == 403
        assert (await browser.refused("/meetings/2/resend", delivery="evt_x"))[0] == 404


async def page_of_a_new_meeting(world: World, user: int, browser: Browser, name: str) -> str:
    await world.ask(user, name)
    return await browser.page("/meetings/1")


# ------------------------------------------------------------------------------------ what forms do


async def test_a_bot_is_asked_for_now_and_comes() -> None:
    async with a_page() as (world, user, browser):
        said = await browser.done(
            "/new", platform="zoom", native_meeting_id="123", bot_name="Scribe", passcode="secret", language="de",
            join_at="", zone_minutes="60", alone="2.5", silence="never", maximum="90",
        )  # fmt: skip
        assert said == acting.DONE["asked"]
        meeting = await world.store.get(Meeting, "1")
        assert (meeting.user, meeting.bot_name, meeting.passcode) == (str(user), "Scribe", "secret")
        assert (meeting.alone_seconds, meeting.silence_seconds, meeting.longest) == (150, None, minutes(90))
        assert "secret" not in await browser.page("/meetings/1")


async def test_a_bot_is_asked_for_by_link_and_twice_with_one_key() -> None:
    async with a_page() as (_, _, browser):
        form = {"meeting_url": "https://zoom.us/j/98765", "deduplication_key": "weekly"}
        assert await browser.done("/new", **form) == acting.DONE["asked"]
        assert await browser.done("/new", **form) == acting.DONE["same"]
        assert titles(await browser.page("/")) == ["98765"]


async def test_a_bot_is_planned_moved_and_cancelled_in_the_browsers_own_zone() -> None:
    async with a_page() as (world, _, browser):
        said = await browser.done(
            "/new", platform="zoom", native_meeting_id="1", join_at="2026-01-02T10:00", zone_minutes="120"
        )
        assert said == acting.DONE["planned"]
        meeting = await world.store.get(Meeting, "1")
        assert str(meeting.join_at) == "2026-01-02 08:00:00+00:00"
        assert await browser.done("/meetings/1/reschedule", join_at="2026-01-03T10:00") == acting.DONE["moved"]
        meeting = await world.store.get(Meeting, "1")
        assert str(meeting.join_at) == "2026-01-03 10:00:00+00:00"
        assert await browser.done("/meetings/1/stop") == acting.DONE["cancelled"]
        assert "Cancelled: no bot will come" in await browser.page("/meetings/1")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "`platform` is missing"),
        ({"platform": "skype", "native_meeting_id": "1"}, "one of google_meet"),
        ({"platform": "zoom", "native_meeting_id": "../x"}, "letters, digits"),
        ({"platform": "zoom", "native_meeting_id": "1", "meeting_url": "https://zoom.us/j/1"}, "give either"),
        ({"meeting_url": "http://10.0.0.1/"}, "not one of a meeting that is known here"),
        ({"platform": "zoom", "native_meeting_id": "1", "join_at": "soon"}, "a date and a time of day"),
        ({"platform": "zoom", "native_meeting_id": "1", "join_at": "2020-01-01T00:00"}, "is past"),
        (
            {"platform": "zoom", "native_meeting_id": "1", "join_at": "2026-01-02T00:00", "zone_minutes": "x"},
            "a date and a time of day",
        ),
        ({"platform": "zoom", "native_meeting_id": "1", "alone": "long"}, "a number of minutes, or never"),
        ({"platform": "zoom", "native_meeting_id": "1", "alone": "nan"}, "a number of minutes, or never"),
        ({"platform": "zoom", "native_meeting_id": "1", "alone": "1e400"}, "a number of minutes, or never"),
        ({"platform": "zoom", "native_meeting_id": "1", "alone": "-1"}, "automatic_leave"),
        ({"platform": "zoom", "native_meeting_id": "1", "maximum": "never"}, "automatic_leave"),
        ({"platform": "zoom", "native_meeting_id": "1", "user": "2"}, "is not known here"),
    ],
)
async def test_what_is_wrong_is_said_above_the_form_which_keeps_what_was_typed(form: dict[str, str], said: str) -> None:
    async with a_page() as (_, _, browser):
        answer = await browser.post("/new", bot_name="Scribe & Co", passcode="secret", **form)
        page = answer.body.decode()
        alert = re.search(r'role="alert">(.*?)</div>', page)
        assert alert
        assert said in unescape(re.sub(r"</?code>", "`", alert[1]))
        assert answer.status == 422
        assert 'value="Scribe &amp; Co"' in page
        assert "secret" not in page
        assert titles(await browser.page("/")) == []


async def test_the_limit_and_a_second_bot_are_refused_in_the_apis_words() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        browser = await logged_in(world, world.keys[user])
        await browser.done("/new", platform="zoom", native_meeting_id="1")
        status, said = await browser.refused("/new", platform="zoom", native_meeting_id="2")
        assert (status, said) == (429, "Maximum concurrent bots limit reached (1): stop one first")
        status, said = await browser.refused("/new", platform="zoom", native_meeting_id="1")
        assert (status, "already have a bot" in said) == (409, True)


async def test_a_bot_is_paused_resumed_configured_and_stopped() -> None:
    async with a_page() as (world, user, browser):
        bot = await world.a_bot(user, state="active")
        assert await browser.done("/meetings/1/pause") == acting.DONE["paused"]
        assert ">paused</span>" in await browser.page("/meetings/1")
        assert await browser.done("/meetings/1/resume") == acting.DONE["resumed"]
        assert await browser.done("/meetings/1/configure", language="de", task="") == acting.DONE["configured"]
        assert (await world.store.get(Meeting, "1")).language == "de"
        assert await browser.done("/meetings/1/stop") == acting.DONE["stopped"]
        assert [c["action"] for c in (await bot.tell("heartbeat")).json["commands"]][-1] == "leave"
        meeting = await world.store.get(Meeting, "1")
        assert (meeting.ended_by, meeting.end_reason) == (f"user:{user}", "stopped")
        assert (await browser.refused("/meetings/1/pause"))[0] == 409
        assert "give at least one" in (await browser.refused("/meetings/1/configure"))[1]
        assert await browser.done("/meetings/1/stop") == acting.DONE["stopped"]


async def test_an_admin_stops_a_bot_as_the_admin() -> None:
    async with a_page() as (world, user, _):
        await world.a_bot(user, state="active")
        admin = await logged_in(world, ADMIN_KEY)
        await admin.done("/meetings/1/stop")
        assert (await world.store.get(Meeting, "1")).ended_by == "admin"


async def test_what_was_said_is_deleted_and_the_row_stays() -> None:
    async with a_page() as (world, user, browser):
        bot = await world.a_bot(user, "its-number", state="active")
        segment = {"segment_id": "1", "text": "a secret", "start": 0.0, "end": 1.0, "at": 1.8e9, "speaker": "Ada"}
        await bot.tell("transcript", segments=[segment])
        assert (await browser.refused("/meetings/1/redact"))[0] == 409
        await bot.tell("exited", exit_code=0)
        assert await browser.done("/meetings/1/redact") == acting.DONE["redacted"]
        page = await browser.page("/meetings/1")
        assert "The content was deleted." in page
        for gone in ("a secret", "Ada", "its-number", "Delete content"):
            assert gone not in page, gone
        assert titles(await browser.page("/")) == ["deleted"]


async def test_a_step_that_there_is_not_is_no_page() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user)
        assert (await browser.post("/meetings/1/explode")).status == 404


async def test_a_notice_is_only_what_the_page_itself_can_say() -> None:
    async with a_page() as (_, _, browser):
        page = await browser.page("/?done=Send+your+key+to+eve&notice=x&problem=y")
        assert "Send your key" not in page
        assert 'class="notice' not in page


# ------------------------------------------------------------------------------------ nobody's words become markup


async def test_names_titles_and_captions_are_text_and_nothing_else() -> None:
    async with a_page() as (world, user, browser):
        bot = await world.a_bot(user, state="active")
        segment = {"segment_id": "1", "text": MARKUP, "start": 0.0, "end": 1.0, "at": 1.8e9, "speaker": MARKUP}
        assert (await bot.tell("transcript", segments=[segment])).status == 200
        data = {"name": MARKUP, "participants": [MARKUP], "notes": MARKUP}
        assert (await world.user_call(user, "PATCH", "/meetings/google_meet/abc", {"data": data})).status == 200
        await world.admin_call("PATCH", f"/admin/users/{user}", {"name": MARKUP})
        await world.ask(user, "two", bot_name=MARKUP)
        admin = await logged_in(world, ADMIN_KEY)
        for reader in (browser, admin):
            for path in ("/", "/meetings/1", "/meetings/2"):
                page = await reader.page(path)
                assert "<script>alert" not in page
                assert "<img src=x" not in page
                assert "{{7*7}}" in page or path != "/meetings/1"
        answer = await browser.post("/new", bot_name=MARKUP, language=MARKUP)
        assert "<script>alert" not in answer.body.decode()


async def test_every_page_forbids_scripts_of_others_and_keeping() -> None:
    async with a_page() as (world, user, browser):
        await world.a_bot(user)
        for path in ("/", "/new", "/meetings/1", "/meetings/99", "/login", "/meetings/1/log"):
            headers = (await browser.get(path)).headers
            assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"], path
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
        page = await browser.page("/meetings/1")
        assert not re.search(r"<script(?! src=\"/console/assets)", page)
        assert " style=" not in page
        assert not re.search(r"\son\w+=", page)


async def test_the_page_loads_nothing_from_elsewhere() -> None:
    async with a_page() as (_, _, browser):
        page = await browser.page("/")
        assets = re.findall(r'(?:src|href)="(/console/assets/[^"]+)"', page)
        assert len(assets) == 2
        for path in assets:
            answer = await browser.get(path.removeprefix("/console"))
            assert "immutable" in answer.headers["cache-control"]
            assert b"http://" not in answer.body
            assert b"https://" not in answer.body
        assert (await browser.get("/assets/http.py")).status == 404


def test_a_length_of_time_is_told_as_people_say_it() -> None:
    assert [show_length(v) for v in (None, 0, 150, hours(25), timedelta(seconds=3661))] == [
        "never", "0 s", "2 min 30 s", "1 d 1 h", "1 h 1 min",
    ]  # fmt: skip
