"""The meetings page in a real browser: live, usable on a phone and by keyboard, by day and by night, no complaint."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, Route, expect
from tests import browsers
from tests.browsers import CONTRAST, PHONE, a_browser, needs_chromium
from tests.services.meetings.making import ADMIN_KEY, World, a_world
from tests.services.meetings.sockets import Port, a_port

from tenure.services.meetings.lifecycle import Meeting

LONG = "x" * 180
MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"

pytestmark = needs_chromium


@asynccontextmanager
async def a_place() -> AsyncIterator[tuple[World, Port, Browser]]:
    async with a_world() as world, a_port(world) as port, a_browser() as browser:
        yield world, port, browser


def a_page(
    browser: Browser, port: Port, key: str, path: str = "/", **settings: Any
) -> AbstractAsyncContextManager[Page]:
    return browsers.a_page(browser, f"{port.address}/console{path}", key, **settings)


def said(number: int, text: str = "", speaker: str = "Ada") -> dict[str, Any]:
    return {
        "segment_id": str(number), "text": text or f"word {number}", "start": number * 1.0, "end": number + 0.5,
        "at": 1.8e9 + number, "speaker": speaker,
    }  # fmt: skip


async def test_who_logs_in_comes_to_the_page_that_was_asked_for() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        await world.a_bot(user, state="active")
        async with a_page(browser, port, world.keys[user], "/meetings/1") as page:
            await expect(page.locator("h1")).to_contain_text("abc")
            await page.click("text=Log out")
            await expect(page.locator("#key")).to_be_visible()


async def test_the_transcript_and_the_state_follow_without_loading_the_page_again() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        bot = await world.a_bot(user)
        async with a_page(browser, port, world.keys[user], "/meetings/1") as page:
            await expect(page.locator("#link")).to_have_text("live")
            await page.evaluate("window.stillHere = true")
            await bot.tell("started")
            await bot.tell("joined")
            await expect(page.locator("#head .state")).to_have_text("in the meeting")
            await bot.tell("transcript", segments=[said(n) for n in range(1, 4)])
            await expect(page.locator("#words .text")).to_have_text(["word 1", "word 2", "word 3"])
            await bot.tell("transcript", segments=[said(4, MARKUP, MARKUP)])
            await expect(page.locator("#words li").last).to_contain_text(MARKUP)
            assert await page.locator("#words img, #words li > b > b").count() == 0
            await bot.tell("exited", exit_code=1, reason="meeting_lost")
            await expect(page.locator("#head .lead")).to_contain_text("the meeting could not be reached any more")
            await expect(page.locator("#timeline .what").first).to_contain_text("It failed")
            assert await page.evaluate("window.stillHere")


async def test_what_was_said_while_the_page_loaded_or_the_stream_was_away_is_there_once() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with a_page(browser, port, world.keys[user], "/meetings/1") as page:
            await expect(page.locator("#link")).to_have_text("live")
            await bot.tell("transcript", segments=[said(1)])
            await expect(page.locator("#words li")).to_have_count(1)
            for follower in list(world.service.feed._followers):
                follower.end(1001, "gone for a moment")
            await bot.tell("transcript", segments=[said(2)])
            await expect(page.locator("#words .text")).to_have_text(["word 1", "word 2"])
            await page.reload()
            await bot.tell("transcript", segments=[said(3)])
            await expect(page.locator("#words .text")).to_have_text(["word 1", "word 2", "word 3"])


async def test_the_list_follows_what_happens() -> None:
    async with a_place() as (world, port, browser):
        user, other = await world.a_user(), await world.a_user()
        async with a_page(browser, port, world.keys[user]) as page:
            await expect(page.locator("#meetings")).to_contain_text("No meetings yet")
            await expect(page.locator("#link")).to_have_text("live")
            await world.a_bot(other, "theirs")
            await world.a_bot(user, "mine", state="active")
            await expect(page.locator(".title")).to_have_text(["mine"])
            await expect(page.locator('[data-count="active"]')).to_have_text("1")
        async with a_page(browser, port, ADMIN_KEY) as page:
            await expect(page.locator(".title")).to_have_text(["mine", "theirs"])
            await expect(page.locator("#link")).to_have_text("live")
            await world.user_call(user, "DELETE", "/bots/google_meet/mine")
            await expect(page.locator("tr", has_text="mine").locator(".state")).to_have_text("leaving")


async def test_what_happened_between_the_page_and_its_stream_is_shown() -> None:
    async with a_place() as (world, port, browser):
        user, happened = await world.a_user(), asyncio.Event()

        async def after_it_happened(route: Route) -> None:
            await happened.wait()
            await route.continue_()

        async with a_page(browser, port, world.keys[user]) as page:
            await page.add_init_script("window.setInterval = () => 0")  # a page looks again by itself, but later
            await page.route("**/live*", after_it_happened)
            await page.reload()
            await expect(page.locator("#meetings")).to_contain_text("No meetings yet")
            await world.a_bot(user, "mine", state="active")
            happened.set()
            await expect(page.locator(".title")).to_have_text(["mine"])


async def test_a_user_asks_for_a_bot_pauses_and_stops_it() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        async with a_page(browser, port, world.keys[user]) as page:
            await page.click("text=Ask for a bot >> nth=0")
            await page.select_option("#platform", "zoom")
            await page.fill("#native_meeting_id", "123")
            await page.click("button.main")
            await expect(page.locator(".notice")).to_have_text("A bot was asked for.")
            await world.work()
            await page.click("text=Pause")
            await expect(page.locator("#head")).to_contain_text("paused")
            await page.click("text=Stop the bot")
            await expect(page.locator(".notice")).to_have_text("The bot is told to leave.")
            await expect(page.locator("#head .state").first).to_have_text("leaving")
            await expect(page.locator("#actions button")).to_have_count(0)


async def test_a_time_is_entered_in_the_browsers_own_zone() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        async with a_page(browser, port, world.keys[user], "/new", timezone_id="Asia/Tokyo") as page:
            await expect(page.locator("[data-zone]")).to_contain_text("in your time zone")
            await page.select_option("#platform", "zoom")
            await page.fill("#native_meeting_id", "123")
            await page.fill("#join_at", "2026-01-05T10:00")
            await page.click("button.main")
            await expect(page.locator("#head .state")).to_have_text("planned for later")
            assert str((await world.store.get(Meeting, "1")).join_at) == "2026-01-05 01:00:00+00:00"


async def test_what_is_typed_is_not_lost_when_the_page_freshens() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        bot = await world.a_bot(user)
        async with a_page(browser, port, world.keys[user], "/meetings/1") as page:
            await expect(page.locator("#link")).to_have_text("live")
            await page.click("summary")
            await page.fill('[name="language"]', "pt-BR")
            await bot.tell("started")
            await expect(page.locator("#head .state")).to_have_text("starting")
            await expect(page.locator('[name="language"]')).to_have_value("pt-BR")


async def test_everything_is_reached_by_keyboard() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        await world.a_bot(user, state="active")
        async with a_page(browser, port, world.keys[user], "/meetings/1") as page:
            await expect(page.locator("#link")).to_have_text("live")
            reached = set[str]()
            for _ in range(20):
                await page.keyboard.press("Tab")
                reached.add(await page.evaluate("document.activeElement.textContent.trim()"))
            assert {"To the content", "Stop the bot", "Pause", "Language and task", "Log out"} <= reached
            await page.focus("text=Stop the bot")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_have_text("The bot is told to leave.")


async def furnish(world: World) -> int:
    user = await world.a_user(email="a" * 60 + "@" + "b" * 60 + ".example.org")
    bot = await world.a_bot(user, LONG, state="active")
    await bot.tell("transcript", segments=[said(1, "y" * 300, "z" * 100)])
    answer = await world.user_call(
        user, "PATCH", f"/meetings/google_meet/{LONG}", {"data": {"name": "n" * 100, "notes": "o" * 400}}
    )
    assert answer.status == 200
    failed = await world.a_bot(user, "failed")
    await failed.tell("exited", exit_code=1, reason="r" * 60)
    await world.ask(user, "planned", join_at="2026-01-02T00:00:00Z")
    return user


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways_and_texts_stand_out(scheme: str) -> None:
    async with a_place() as (world, port, browser):
        user = await furnish(world)
        for key in (world.keys[user], ADMIN_KEY):
            async with a_page(browser, port, key, color_scheme=scheme, **PHONE) as page:
                for path in ("/", "/new", "/meetings/1", "/meetings/2", "/meetings/3"):
                    if path == "/new" and key == ADMIN_KEY:
                        continue
                    await page.goto(f"{port.address}/console{path}")
                    wide = await page.evaluate("document.documentElement.scrollWidth")
                    assert wide <= 390, f"{path} is {wide} px wide"
                    assert await page.evaluate(CONTRAST) >= 4.5, path


async def test_without_its_script_the_page_does_the_same() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        await world.a_bot(user, state="active")
        async with a_page(browser, port, world.keys[user], java_script_enabled=False) as page:
            await page.click(".title")
            await page.click("text=Stop the bot")
            await expect(page.locator(".notice")).to_have_text("The bot is told to leave.")
            await page.goto(f"{port.address}/console/new")
            await expect(page.locator("[data-zone]")).to_contain_text("in UTC")


async def test_a_page_of_a_revoked_key_is_live_no_longer_and_asks_for_another() -> None:
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        await world.a_bot(user, state="active")
        async with a_page(browser, port, world.keys[user], "/meetings/1", complains=True) as page:
            await expect(page.locator("#link")).to_have_text("live")
            await world.admin_call("DELETE", f"/admin/users/{user}/tokens/1")
            await expect(page.locator("#key")).to_be_visible()


async def test_the_example_for_browsers_in_the_docs_works() -> None:
    docs = Path(__file__).parents[3] / "docs" / "services" / "meetings.md"
    (script,) = re.findall(r"```js\n(.*?)```", docs.read_text(), re.DOTALL)
    async with a_place() as (world, port, browser):
        user = await world.a_user()
        bot = await world.a_bot(user, "abc-defg-hij", state="active")
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(port.address + "/console/login")
        url, key = port.address.replace("http", "ws"), world.keys[user]
        async with page.expect_console_message() as told:
            await page.evaluate(f"() => {{ const URL_OF_SERVER = {url!r}, KEY = {key!r};\n{script} }}")
            while not world.service.feed._by_meeting:
                await asyncio.sleep(0)
            await bot.tell("transcript", segments=[said(1)])
        assert (await told.value).text == "Ada word 1"
        await context.close()
