"""The pages of games in a real browser: live, usable on a phone, by keyboard and without a script, no complaint."""

from __future__ import annotations

import re
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, expect
from tests import browsers
from tests.browsers import CONTRAST, PHONE, a_page, fits_a_phone, needs_chromium
from tests.browsers import a_desk as a_console
from tests.services.games.calling import Site, a_site

from tenure import hours, minutes
from tenure.pacing.pacer import Pacer
from tenure.pacing.rates import parse_rates
from tenure.services.games.lifecycle import TrackedPlayer

pytestmark = needs_chromium


def a_place() -> AbstractAsyncContextManager[tuple[Site, Browser]]:
    return browsers.a_place(a_site(logged_in=False))


async def furnish(site: Site) -> tuple[str, str]:
    """Let there be some of everything, with long names; give a player and a match that is over."""
    tracking, long = site.tracking, "W" * 16 + "#WWWWW"
    ada, _ = await tracking.track("Ada#NA1", long, titles=("lol", "tft"))
    await tracking.service.players.add("Nobody#NA1", "na1")
    over = tracking.world.start("Ada#NA1", long).match_id
    await tracking.passes(minutes(20), step=minutes(10))
    tracking.world.end(over)
    await tracking.passes(minutes(3))
    lost = tracking.world.start("Ada#NA1", title="tft").match_id
    await tracking.turn()
    late = hours(30).total_seconds()
    tracking.world.end(lost, result_seconds=late, listed_seconds=late)
    await tracking.passes(hours(2), step=minutes(10))
    tracking.world.start("Ada#NA1")
    await tracking.turn()
    pacer = Pacer(tracking.store)
    await pacer.learn("riot/ab12/americas", parse_rates("500:10,30000:600"))
    await pacer.learn("riot/ab12/americas/tft-match-v1-ids", parse_rates("20000:10,1200000:600"))
    await pacer.block("riot/ab12/americas", 60)
    return ada, over


async def test_an_operator_and_a_player_see_a_game_begin_and_end_without_loading_their_pages_again() -> None:
    async with a_place() as (site, browser):
        ada, _ = await site.tracking.track("Ada#NA1", "Eve#NA1")
        link = (await site.caller.post(f"/players/{ada}/link"))["url"]
        async with (
            a_console(browser, site, f"/players/{ada}") as console,
            a_page(browser, site.address + link, "", **PHONE) as own,
        ):
            for page in (console, own):
                await expect(page.locator("#link")).to_have_text("live")
                await page.evaluate("window.stillHere = true")
            await expect(own.locator("#playing")).to_contain_text("In no game")
            match = site.tracking.world.start("Ada#NA1", "Eve#NA1").match_id
            await site.tracking.turn()
            await expect(console.locator("#games .state")).to_have_text("playing")
            await expect(own.locator("#playing")).to_contain_text("playing ranked solo")
            await site.tracking.passes(minutes(20), step=minutes(10))
            site.tracking.world.end(match, won=True)
            await site.tracking.passes(minutes(3))
            await expect(console.locator("#games .state")).to_have_text("over")
            await expect(console.locator("#outcomes")).to_contain_text(re.compile("1 (won|lost)"))
            await expect(own.locator("#playing")).to_contain_text("In no game")
            await expect(own.locator("#timeline li").first).to_contain_text("The result came")
            for page in (console, own):
                assert await page.evaluate("window.stillHere")
            assert "Eve" not in await own.content()


async def test_an_operator_adds_a_player_gives_a_link_and_revokes_it_by_keyboard() -> None:
    async with a_place() as (site, browser):
        async with a_console(browser, site, "/players") as page:
            await page.focus('[name="riot_id"]')
            await page.keyboard.type("Ada#NA1")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice[role=status]")).to_contain_text("The player is tracked")
            await page.focus("text=Give a link")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice[role=status]")).to_contain_text("give them its link")
            link = await page.get_attribute("#own a", "href")
            assert link
            # That there is nothing any more is told by the page, and by the browser's own console.
            async with a_page(browser, site.address + link, "", complains=True) as own:
                await expect(own.locator("#link")).to_have_text("live")
                await page.focus("text=Revoke the link")
                await page.keyboard.press("Enter")
                await expect(page.locator(".notice[role=status]")).to_contain_text("opens nothing")
                await expect(own.locator("h1")).to_have_text("No page here")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways_and_texts_stand_out(scheme: str) -> None:
    async with a_place() as (site, browser):
        ada, over = await furnish(site)
        link = (await site.caller.post(f"/players/{ada}/link"))["url"]
        async with a_console(browser, site, color_scheme=scheme, **PHONE) as page:
            paths = (
                "/", "/plan", "/players", "/games", "/players?state=unknown", "/games?state=abandoned",
                f"/players/{ada}", f"/games/{ada}/{over}",
            )  # fmt: skip
            await fits_a_phone(page, site, paths)
        async with a_page(browser, site.address + link, "", color_scheme=scheme, **PHONE) as page:
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
            assert await page.evaluate(CONTRAST) >= 4.5


async def test_without_its_script_the_page_does_the_same() -> None:
    async with a_place() as (site, browser):
        (ada,) = await site.tracking.track("Ada#NA1")
        async with a_console(browser, site, f"/players/{ada}", java_script_enabled=False) as page:
            await expect(page.locator("#timeline")).to_contain_text("The account was found")
            await page.click("text=Pause")
            await expect(page.locator(".notice[role=status]")).to_contain_text("paused")
        assert (await site.tracking.player(ada)).state == TrackedPlayer.paused
