"""The bots page in a real browser: live, usable on a phone and by keyboard, by day and by night, no complaint."""

from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, expect
from tests import browsers
from tests.browsers import PHONE, fits_a_phone, needs_chromium
from tests.browsers import a_desk as a_page
from tests.services.bots.browsing import Site, a_site

from tenure import seconds
from tenure.services.bots.lifecycle import Bot, Match

pytestmark = needs_chromium


def a_place() -> AbstractAsyncContextManager[tuple[Site, Browser]]:
    return browsers.a_place(a_site(logged_in=False))


async def furnish(site: Site) -> tuple[str, str]:
    """Let there be one of everything, with long names, and give a bot and a match."""
    world, long = site.world, "x" * 90
    await world.a_pool(max_deployed=2)
    (bot, _) = await world.queued_bots(2)
    match = await world.a_playing_match("ada", long)
    await world.service.settling.settle(match.id, (1, 2))
    await world.join("w" * 90)
    await world.store.advance(seconds(3))
    await site.figures()
    return bot.id, match.id


async def test_the_queue_and_the_match_follow_without_loading_the_page_again() -> None:
    async with a_place() as (site, browser):
        await site.world.a_pool(max_deployed=1)
        await site.figures()
        async with a_page(browser, site, "/pools/duels") as page:
            await expect(page.locator("#link")).to_have_text("live")
            await page.evaluate("window.stillHere = true")
            await expect(page.locator("#queue")).to_contain_text("Nobody. People join by")
            await site.world.join("ada")
            await site.figures()
            await expect(page.locator("#queue .plot .person")).to_have_count(1)
            await page.click("#queue .plot a")
            await expect(page.locator("h1")).to_contain_text("ada in the queue")
            match = await site.world.a_playing_match("bob")
            await expect(page.locator("#head .state")).to_have_text("playing")
            await page.click(f'#about a:has-text("{match.id}")')
            await site.world.service.settling.settle(match.id, (1, 2))
            await expect(page.locator("#head .state")).to_have_text("over")
            await expect(page.locator("#timeline .what").first).to_contain_text("The result is in")


async def test_an_operator_edits_a_pool_and_breaks_a_match_off_by_keyboard() -> None:
    async with a_place() as (site, browser):
        await site.world.a_pool()
        match = await site.world.a_playing_match("ada", "bob")
        async with a_page(browser, site, "/pools/duels") as page:
            await page.focus('[name="max_deployed"]')
            await page.keyboard.press("Control+A")
            await page.keyboard.type("7")
            await page.click("h1")
            await site.world.join("eve")
            await expect(page.locator("#people")).to_contain_text("in the queue 1")
            await expect(page.locator('[name="max_deployed"]')).to_have_value("7")  # what is typed is not lost
            await page.focus('[name="max_deployed"]')
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_contain_text("its new number of bots")
            reached = set[str]()
            for _ in range(25):
                await page.keyboard.press("Tab")
                reached.add(await page.evaluate("document.activeElement.textContent.trim()"))
            assert {"To the content", "Log out", "Drain", "Make", match.id} <= reached
            await page.goto(f"{site.address}/console/matches/{match.id}")
            await page.focus("text=Break off")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_contain_text("broken off")
        assert (await site.world.store.get(Match, match.id)).state == Match.void


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways_and_texts_stand_out(scheme: str) -> None:
    async with a_place() as (site, browser):
        bot, match = await furnish(site)
        async with a_page(browser, site, color_scheme=scheme, **PHONE) as page:
            paths = (
                "/", "/pools/duels", "/bots", f"/bots/{bot}", "/matches", f"/matches/{match}", "/tickets",
                "/tickets/t-ada", "/players", "/players/ada",
            )  # fmt: skip
            await fits_a_phone(page, site, paths)


async def test_without_its_script_the_page_does_the_same() -> None:
    async with a_place() as (site, browser):
        bot, _ = await furnish(site)
        async with a_page(browser, site, f"/bots/{bot}", java_script_enabled=False) as page:
            await expect(page.locator("#head")).to_contain_text("It waits in the queue, held by a runner")
            await page.click("text=Call back")
            await expect(page.locator(".notice")).to_contain_text("called back")
        assert (await site.world.bot(bot)).state == Bot.idle
