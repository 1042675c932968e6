"""The dashboard in a real browser: live without loading again, readable on a phone, by day and by night, no errors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from tests import browsers
from tests.browsers import CONTRAST, PHONE, a_browser, needs_chromium

PATHS = (
    "/", "/dashboard/kinds/Guest", "/dashboard/records/Guest/" + "g" * 150, "/dashboard/due", "/dashboard/limits",
    "/dashboard/messages",
)  # fmt: skip

pytestmark = needs_chromium


@asynccontextmanager
async def a_page(browser: Browser, site: Any, **settings: Any) -> AsyncIterator[Page]:
    async with browsers.a_page(browser, site.address + "/", "the-key-of-the-admin", **settings) as page:
        await expect(page.locator("#link")).to_have_text("live")
        yield page


async def furnish(s: Any, club: Any, guest: Any) -> None:
    await s.store.apply(club.create("c"))
    await s.store.apply(guest.create("g" * 150, club="c", name="Ada " * 30, about={"long": "x" * 300}))
    await s.store.acting("a-door-with-a-very-long-name-" * 4).apply(guest.enter("g" * 150), why="y" * 200)


async def test_a_count_changes_without_loading_the_page_again(site: Any, club: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await page.evaluate("window.stillHere = true")
        count = page.locator('[data-count="Club/open"]')
        await expect(count).to_have_text("0")
        await s.store.acting("door").apply(club.create("c"))
        await expect(count).to_have_text("1")
        await expect(page.locator('[data-total="Club"]')).to_have_text("1")
        await expect(page.locator("#feed li")).to_contain_text("Club c create open by door")
        assert await page.evaluate("window.stillHere")


async def test_the_diagram_and_the_list_follow(site: Any, club: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await page.goto(s.address + "/dashboard/kinds/Club")
        await expect(page.locator("#link")).to_have_text("live")
        await expect(page.locator("#records")).to_contain_text("None")
        for number in range(3):
            await s.store.apply(club.create(f"c{number}"))
        await expect(page.locator('.diagram [data-count="Club/open"]')).to_have_text("3")
        await expect(page.locator("#records tbody tr")).to_have_count(3)


async def test_a_list_and_a_record_follow_what_happens(site: Any, club: Any, guest: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        await page.goto(s.address + "/dashboard/kinds/Guest?state=waiting")
        await page.click("#records tbody a")
        await expect(page.locator("#head h1")).to_contain_text("waiting")
        await expect(page.locator("#link")).to_have_text("live")
        await s.store.acting("door").apply(guest.enter("g"), why="on the list")
        await expect(page.locator("#head h1")).to_contain_text("inside")
        await expect(page.locator(".timeline li").first).to_contain_text("enter")
        await expect(page.locator(".timeline li").first).to_contain_text("on the list")
        await expect(page.locator(".timeline li")).to_have_count(2)


async def test_an_operator_makes_a_transition(site: Any, club: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await s.store.apply(club.create("c"))
        await page.goto(s.address + "/dashboard/records/Club/c")
        await page.click(".act button")
        await expect(page.locator(".notice")).to_have_text("close is made.")
        await expect(page.locator("#head h1")).to_contain_text("closed")
        assert (await s.store.get(club, "c")).state == club.closed


async def test_what_an_operator_types_is_not_lost_when_the_page_freshens(site: Any, club: Any, guest: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        await page.goto(s.address + "/dashboard/records/Guest/g")
        await expect(page.locator("#link")).to_have_text("live")
        await page.click("summary")
        await page.fill('[name="value:name"]', "Eve")
        await s.store.apply(guest.rename("g", name="Bob"))
        await expect(page.locator("#about")).to_contain_text("Bob")
        await expect(page.locator('[name="value:name"]')).to_have_value("Eve")


async def test_a_click_counts_though_the_page_freshens_while_the_button_is_down(site: Any, club: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        await s.store.apply(club.create("c"))
        await page.goto(s.address + "/dashboard/kinds/Club")
        await expect(page.locator("#link")).to_have_text("live")
        await page.evaluate("document.addEventListener('fresh', () => { window.isFresh = true; })")
        await page.hover("#records tbody a")
        await page.mouse.down()
        await s.store.apply(club.create("d"))
        await page.wait_for_function("() => window.isFresh")
        await page.mouse.up()
        await expect(page.locator("#head h1")).to_contain_text("c")
        await expect(page.locator("#timeline")).to_contain_text("create")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways(site: Any, club: Any, guest: Any, scheme: str) -> None:
    async with site(links={"Meeting page": "/local-meeting/"}) as s, a_browser() as browser:
        await furnish(s, club, guest)
        async with a_page(browser, s, color_scheme=scheme, **PHONE) as page:
            for path in PATHS:
                await page.goto(s.address + path)
                wide = await page.evaluate("document.documentElement.scrollWidth")
                assert wide <= 390, f"{path} is {wide} px wide"


async def test_texts_stand_out_by_day_and_by_night(site: Any, club: Any, guest: Any) -> None:
    async with site() as s, a_browser() as browser:
        await furnish(s, club, guest)
        for scheme in ("light", "dark"):
            async with a_page(browser, s, color_scheme=scheme) as page:
                await page.goto(s.address + "/dashboard/records/Guest/" + "g" * 150)
                assert await page.evaluate(CONTRAST) >= 4.5


async def test_the_page_says_when_the_server_is_away_and_comes_back(site: Any) -> None:
    async with site() as s, a_browser() as browser, a_page(browser, s) as page:
        s.closing.set()
        await expect(page.locator("#link")).not_to_have_text("live")
        s.closing.clear()
        await expect(page.locator("#link")).to_have_text("live")
