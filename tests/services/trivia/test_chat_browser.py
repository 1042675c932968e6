"""The players' page in real browsers: several people play a round, each in a browser of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, expect
from tests.browsers import CONTRAST, PATIENCE_MILLISECONDS, PHONE, a_browser, needs_chromium
from tests.services.trivia.browsing import ADMIN_KEY, GENERAL, HOME, Site, a_site, revoke
from tests.services.trivia.chat_behaviour import EVIL, MARK, OTHER_MARK, an_answered, an_asked

from tenure import StateOf, seconds
from tenure.services.trivia.lifecycle import Game

pytestmark = needs_chromium
QUESTION = "#messages .asked"


@asynccontextmanager
async def a_player(
    browser: Browser, site: Site, name: str, *, admin_key: str = "", complains: bool = False, **settings: Any
) -> AsyncIterator[Page]:
    """Somebody who has joined; a complaint of the page's console fails the test."""
    context = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    complaints, joined = list[str](), False
    # Before joining there is nobody, which the browser notes as a refusal.
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} and joined else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{site.address}/{HOME}")
    await page.fill("#name", name)
    if admin_key:
        await page.click("#join summary")
        await page.fill("#admin_key", admin_key)
    await page.click("#join button")
    joined = True
    await expect(page.locator("#link")).to_have_text("live")
    yield page
    await context.close()
    assert complains or complaints == []


async def write(page: Page, line: str) -> None:
    await page.fill("#line", line)
    await page.press("#line", "Enter")


async def is_through(page: Page) -> None:
    """Wait for the answer to what was written: until then nothing else can be, though others may have seen it."""
    await expect(page.locator("#line")).to_have_value("")


async def test_three_people_in_three_browsers_play_a_round() -> None:
    async with a_site() as site, a_browser() as browser, AsyncExitStack() as stack:
        ada = await stack.enter_async_context(a_player(browser, site, "Ada", admin_key=ADMIN_KEY))
        bob = await stack.enter_async_context(a_player(browser, site, "Bob"))
        cleo = await stack.enter_async_context(a_player(browser, site, "Cleo", **PHONE))
        people = (ada, bob, cleo)
        await write(ada, "/register night daily 03:00 questions:2 sources:sums")
        await expect(ada.locator(".note")).to_contain_text("Registered night")
        await write(ada, "/post night")
        await expect(ada.locator(".note").last).to_contain_text("comes to #general now")

        for number, choices in enumerate(("BBA", "ABB"), start=1):
            await site.store.advance(seconds(5))
            await site.played.work()
            for page, letter in zip(people, choices, strict=True):
                question = page.locator(QUESTION).nth(number - 1)
                await expect(question).to_contain_text(f"Question {number} of 2")
                button = question.locator(f"button[data-letter={letter}]")
                await button.click()
                await expect(question.locator(".own")).to_have_text(f"Your answer counts: {letter}.")
                await expect(button).to_have_class("mine")
            await write(ada, "/close")
            await expect(ada.locator(".note").last).to_contain_text(f".{number} is closed")
            await site.played.work()
            for page in people:
                await expect(page.locator("#messages .answered").nth(number - 1)).to_contain_text("2 of 3 answers")
                question = page.locator(QUESTION).nth(number - 1)
                await expect(question.locator("button[data-right]")).to_have_text("B " + str(await right(site, number)))
                await expect(question.locator("button").first).to_be_disabled()
        for page in people:
            last = page.locator("#messages .answered").last
            await expect(last.locator(".standings li")).to_have_text(["Bob 4", "Ada 2", "Cleo 2"])
            await expect(page.locator("#outlook .places li")).to_have_text(["Bob 4", "Ada 2", "Cleo 2"])


async def right(site: Site, number: int) -> str:
    """Give the right choice of the question with this number in its round."""
    games = await site.store.find(StateOf(Game, ("open", "archived")))
    question = next(game.question for game in games if game.number == number)
    return question.choices[question.correct]


async def test_what_one_says_is_seen_by_the_other_without_a_new_page_and_is_never_more_than_words() -> None:
    async with (
        a_site() as site, a_browser() as browser,
        a_player(browser, site, "<i>Ada</i>") as ada, a_player(browser, site, "Bob") as bob,
    ):  # fmt: skip
        await write(ada, EVIL)
        await expect(bob.locator(".said .words")).to_have_text(EVIL)
        await expect(bob.locator(".said .by b")).to_have_text("<i>Ada</i>")
        await expect(ada.locator("#line")).to_have_value("")
        await write(bob, "/leaderboard all")
        await expect(ada.locator(".reply")).to_contain_text("Most points of all time")
        await is_through(bob)
        await write(bob, "/status")
        await expect(bob.locator(".note")).to_contain_text("No question is open")
        await expect(ada.locator(".note")).to_have_count(0)


async def test_what_was_answered_is_still_marked_on_a_page_that_is_loaded_anew() -> None:
    async with a_site() as site, a_browser() as browser, a_player(browser, site, "Ada", complains=True) as ada:
        await site.played.ask()
        await ada.click(f"{QUESTION} button[data-letter=C]")
        await expect(ada.locator(f"{QUESTION} .own")).to_have_text("Your answer counts: C.")
        await ada.reload()
        await expect(ada.locator("button.mine")).to_have_attribute("data-letter", "C")
        await ada.click(f"{QUESTION} button[data-letter=A]")
        await expect(ada.locator(f"{QUESTION} .own.bad")).to_contain_text("answered already: C counts")
        await expect(ada.locator("button.mine")).to_have_attribute("data-letter", "C")


async def test_a_page_whose_key_is_revoked_asks_to_join_again() -> None:
    async with a_site() as site, a_browser() as browser, a_player(browser, site, "Ada", complains=True) as ada:
        await revoke(site, "Ada")
        await expect(ada.locator("[role=alert]")).to_contain_text("revoked")
        await expect(ada.locator("#join")).to_be_visible()


async def test_commands_are_offered_as_they_are_typed_and_what_is_turned_away_stays_to_be_mended() -> None:
    async with a_site() as site, a_browser() as browser, a_player(browser, site, "Ada", complains=True) as ada:
        offered = ada.locator("#palette li:visible")
        await expect(offered).to_have_count(0)
        await ada.fill("#line", "/")
        await expect(offered).to_have_count(5)  # those for managing are not offered to who may not
        await ada.fill("#line", "/lea")
        await expect(offered).to_have_count(1)
        await ada.press("#line", "Tab")
        await expect(ada.locator("#line")).to_have_value("/leaderboard ")
        await ada.fill("#line", "/st")
        await offered.last.click()
        await expect(ada.locator("#line")).to_have_value("/status ")
        await write(ada, "/regster")
        await expect(offered).to_have_count(0)
        await expect(ada.locator(".note.bad")).to_contain_text("no such command")
        await expect(ada.locator("#line")).to_have_value("/regster")


async def test_a_line_whose_answer_was_lost_is_said_once() -> None:
    async with a_site() as site, a_browser() as browser, a_player(browser, site, "Ada", complains=True) as ada:

        async def lose(route: Any) -> None:
            await route.fetch()
            await route.abort()

        await ada.route("**/write", lose)
        await write(ada, "hello")
        await expect(ada.locator(".note.bad")).to_contain_text("try again")
        await ada.unroute("**/write")
        await ada.press("#line", "Enter")
        await is_through(ada)
        await write(ada, "again")
        # All comes in its order: what was said twice would be there by then.
        await expect(ada.locator(".said .words").last).to_have_text("again")
        await expect(ada.locator(".said .words")).to_have_text(["hello", "again"])


async def test_everything_can_be_read_by_day_and_by_night_on_a_phone() -> None:
    async with a_site() as site, a_browser() as browser, a_player(browser, site, "Ada", **PHONE) as ada:
        await site.chat.post(HOME, GENERAL, an_asked(text="long " * 60, choices=("x" * 90, "2")), MARK)
        await site.chat.post(HOME, GENERAL, an_answered(), OTHER_MARK)
        await write(ada, "y" * 300)
        await is_through(ada)
        await write(ada, "/status")
        for message in (".asked", ".answered", ".said", ".note"):
            await expect(ada.locator(f"#messages {message}")).to_be_visible()
        assert await ada.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        await expect(ada.locator("#line")).to_be_in_viewport()
        for scheme in ("light", "dark"):
            await ada.emulate_media(color_scheme=scheme)
            assert await ada.evaluate(CONTRAST) >= 4.5, scheme
