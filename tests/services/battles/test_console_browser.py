"""The operators' page of battles in a real browser: live, by phone, by keyboard, by day and night, no complaint."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, expect
from tests import browsers
from tests.browsers import PHONE, fits_a_phone, needs_chromium
from tests.browsers import a_desk as a_page
from tests.services.battles.operating import Site, a_site, leave_behind

from tenure.services.battles.lifecycle import Battle, Instance

pytestmark = needs_chromium


def a_place() -> AbstractAsyncContextManager[tuple[Site, Browser]]:
    return browsers.a_place(a_site(logged_in=False))


async def test_queue_and_battle_follow_without_loading_the_page_again_and_are_broken_off_by_keyboard() -> None:
    async with a_place() as (site, browser), a_page(browser, site) as page:
        await expect(page.locator("#link")).to_have_text("live")
        await page.evaluate("window.stillHere = true")
        await expect(page.locator("#queue1")).to_contain_text("Nobody waits")
        await site.node.waiting("kim", level=4)
        await expect(page.locator("#queue1 tbody tr")).to_have_count(1)
        battle = await site.a_battle()
        await expect(page.locator("#battles .state")).to_have_text("being played")
        assert await page.evaluate("window.stillHere")
        await page.click("#battles td a")
        await expect(page.locator("h1")).to_contain_text("being played")
        acts = (await site.store.get(Battle, battle)).acts[0]
        await site.node.cast(battle, acts)
        await expect(page.locator("#timeline .what").first).to_contain_text("The turn is played")
        await expect(page.locator("#timeline .why").first).to_contain_text("spell: spark")
        await page.focus('[name="reason"]')
        await page.keyboard.type("power cut")
        await page.keyboard.press("Enter")
        await expect(page.locator(".notice")).to_contain_text("may queue anew")
        await expect(page.locator("#head")).to_contain_text("because power cut")
        assert (await site.store.get(Battle, battle)).state == Battle.void


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways_and_texts_stand_out(scheme: str) -> None:
    async with a_place() as (site, browser):
        long = "x" * 60
        battle = await site.a_battle(f"a{long}", f"b{long}")
        await site.node.playing.say(battle, f"a{long}", "y" * 400, number="n1")
        await site.node.waiting("kim")
        await leave_behind(site.world)
        async with a_page(browser, site, color_scheme=scheme, **PHONE) as page:
            paths = ("/", "/battles", f"/battles/{battle}", "/instances/dead", "/health", "/left")
            await fits_a_phone(page, site, paths)


async def test_without_its_script_the_page_does_the_same() -> None:
    async with a_place() as (site, browser):
        other = await site.another()
        async with a_page(browser, site, f"/instances/{other.id}", java_script_enabled=False) as page:
            await page.click("text=Drain")
            await expect(page.locator(".notice")).to_contain_text("what it has goes to others")
        assert (await site.store.find(Instance.draining))[0].host == "server-1.example"
