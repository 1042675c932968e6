"""The page of the stand-in for Riot's API in a real browser: players are let play, and things go wrong."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, expect
from tests.browsers import CONTRAST, PATIENCE_MILLISECONDS, PHONE, a_browser, needs_chromium
from tests.services.games.riot_standing import ADA, BOB, served

from tenure.services.games.riot.stand_in import StandIn

pytestmark = needs_chromium


@asynccontextmanager
async def a_page(**settings: Any) -> AsyncIterator[tuple[StandIn, Page]]:
    """A page that looks at a stand-in; a complaint of its console fails the test."""
    async with served() as (stand_in, _), a_browser() as browser:
        context = await browser.new_context(**settings)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = await context.new_page()
        complaints: list[str] = []
        page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(f"{stand_in.url}/")
        await expect(page.locator("#players tr")).to_have_count(3)
        yield stand_in, page
        await context.close()
        # What was turned down is told by the page, and by the browser's own console.
        assert [one for one in complaints if "409" not in one] == []


async def test_a_player_is_added_plays_and_wins() -> None:
    async with a_page() as (stand_in, page):
        await page.fill("[name=riot_id]", "Zoe#NA1")
        await page.click("#add button")
        await expect(page.locator("#players tr")).to_have_count(4)
        await page.get_by_role("button", name="Zoe#NA1: play", exact=True).click()
        await expect(page.locator("#games tr")).to_have_count(1)
        await expect(page.locator("#games td.playing")).to_have_text("playing, 0 s")
        stand_in.world.advance(60)
        await page.get_by_role("button", name="Zoe#NA1: win").click()
        await expect(page.locator("#games td.over")).to_have_text("over: decided")
        (game,) = stand_in.world.games.values()
        assert (game.won, game.ended_at - game.opened_at) == (True, 60)
        await page.get_by_role("button", name=f"lose {game.match_id}").click()
        await expect(page.locator("#games")).to_contain_text("never")
        await page.fill("[name=riot_id]", "Moon#NA1")
        await page.fill("[name=platform]", "moon")
        await page.click("#add button")
        await expect(page.get_by_role("alert")).to_contain_text("there is no platform")


async def test_a_click_counts_though_the_page_looks_anew_while_the_button_is_down() -> None:
    async with a_page() as (stand_in, page):
        await page.get_by_role("button", name=f"{ADA}: play", exact=True).hover()
        await page.mouse.down()
        stand_in.world.start(BOB)
        await expect(page.locator("#games tr")).to_have_count(1)
        await page.mouse.up()
        await expect(page.locator("#games tr")).to_have_count(2)


async def test_things_go_wrong_on_a_phone_by_night() -> None:
    async with a_page(**PHONE, color_scheme="dark") as (stand_in, page):
        stand_in.world.start(ADA)
        await expect(page.locator("#games tr")).to_have_count(1)
        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390
        assert await page.evaluate(CONTRAST) >= 4.5
        async with page.expect_response("**/control/fail"):
            await page.get_by_role("button", name="503 for a minute").click()
        await page.get_by_role("button", name="The key expires").click()
        await expect(page.locator("#link")).to_have_text("No key is valid.")
        assert [fault.kind for fault in stand_in.faults.planned] == ["status"]
        async with page.expect_response("**/control/behave"):
            await page.get_by_role("button", name="Behave again").click()
        async with page.expect_response("**/control/play_by_themselves"):
            await page.check("#themselves")
        await expect(page.locator("#themselves")).to_be_checked()
        assert stand_in.faults.planned == []
        assert stand_in.traffic.on
