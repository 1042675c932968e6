"""The page of those who run trivia in a real browser: live, by phone, by keyboard, by day and night, no complaint."""

from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, expect
from tests import browsers
from tests.browsers import PHONE, fits_a_phone, needs_chromium
from tests.browsers import a_desk as a_page
from tests.services.trivia.operating import Site, a_site

from tenure import seconds
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.lifecycle import Game, Guild, Registration

pytestmark = needs_chromium


def a_place() -> AbstractAsyncContextManager[tuple[Site, Browser]]:
    return browsers.a_place(a_site(logged_in=False))


async def furnish(site: Site) -> tuple[str, str, str]:
    """Let there be one of everything, with long names, and give a registration, an open game and one that is over."""
    long = "w" * 90
    await site.store.apply(Guild.edit("home", name=long, time_zone="UTC", week_starts=0, operators=long))
    registration = await site.caller.register(questions=2)
    over = await site.asked(registration)
    await site.answered(over, **{"ada": "A", "x" * 60: "B"})
    await site.service.games.close(over)
    await site.caller.work()
    await site.held(await site.caller.register(name="n" * 40))
    return registration, over[:-1] + "2", over


async def test_a_game_is_followed_from_its_answers_to_its_end_without_loading_the_page_again() -> None:
    async with a_place() as (site, browser):
        registration = await site.caller.register()
        async with a_page(browser, site, "/guilds/home") as page:
            await expect(page.locator("#link")).to_have_text("live")
            await expect(page.locator("#games")).to_contain_text("No question is open")
            await page.evaluate("window.stillHere = true")
            game = await site.asked(registration)
            await page.click(f'#games a[href$="{game}"]')
            await expect(page.locator("#answers")).to_contain_text("None yet")
            await page.evaluate("window.stillHere = true")
            right = await site.caller.right(game)
            await site.answered(game, ada=right)
            await expect(page.locator("#answers tbody tr")).to_have_count(1)
            await expect(page.locator("#answers tbody tr")).to_contain_text("Ada")
            await page.click("#actions >> text=Close")
            await expect(page.locator(".notice")).to_contain_text("is being counted")
            await page.evaluate("window.stillHere = true")
            await site.caller.work()
            await expect(page.locator("#head .state")).to_have_text("over")
            await expect(page.locator("#question .state")).to_have_text("right")
            await expect(page.locator("#winners")).to_contain_text("Ada")
            await expect(page.locator("#timeline .what").first).to_contain_text("Put away")
            assert await page.evaluate("window.stillHere")


async def test_an_operator_sees_what_is_held_up_mends_it_and_tries_it_again() -> None:
    async with a_place() as (site, browser):
        registration = await site.caller.register()
        async with a_page(browser, site) as page:
            await expect(page.locator("#held")).to_be_hidden()
            await Channels(site.store).close("home", "general")
            game = await site.asked(registration)
            await expect(page.locator("#held")).to_contain_text("question held up")
            await expect(page.locator("#held .trouble")).to_contain_text("open it again tried again")
            await expect(page.locator("#guilds b.trouble")).to_have_text("1")
            await Channels(site.store).reopen("home", "general")
            await page.click("#held >> text=Try again now")
            await expect(page.locator(".notice")).to_contain_text("being tried again")
            await site.caller.work()
            await expect(page.locator("#head .state")).to_have_text("open")
        assert (await site.store.get(Game, game)).state == Game.open


async def test_an_operator_asks_prolongs_and_disables_by_keyboard() -> None:
    async with a_place() as (site, browser):
        registration = await site.caller.register()
        async with a_page(browser, site, f"/registrations/{registration}") as page:
            await page.focus("#actions >> text=Ask now")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_contain_text("on its way")
            await site.caller.work()
            await expect(page.locator("#actions")).to_contain_text("Extend")
            await page.focus('[name="minutes"]')
            await page.keyboard.press("Control+A")
            await page.keyboard.type("45")
            (game,) = await site.service.games.list("home")
            await site.answered(game.id, ada="A")
            await expect(page.locator("#answers tbody tr")).to_have_count(1)
            await expect(page.locator('[name="minutes"]')).to_have_value("45")  # what is typed is not lost
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_contain_text("open for longer")
            reached = set[str]()
            for _ in range(25):
                await page.keyboard.press("Tab")
                reached.add(await page.evaluate("document.activeElement.textContent.trim()"))
            assert {"To the content", "Log out", "Close", "Extend", "Delete", "quiz"} <= reached
            await page.goto(site.url(f"/registrations/{registration}"))
            await page.focus("#actions >> text=Disable")
            await page.keyboard.press("Enter")
            await expect(page.locator(".notice")).to_contain_text("rests")
        prolonged = await site.store.get(Game, game.id)
        assert (prolonged.closes_at - game.closes_at).total_seconds() == 45 * 60
        assert (await site.store.get(Registration, registration)).state == Registration.disabled


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways_and_texts_stand_out(scheme: str) -> None:
    async with a_place() as (site, browser):
        registration, asked, over = await furnish(site)
        async with a_page(browser, site, color_scheme=scheme, **PHONE) as page:
            paths = (
                "/", "/guilds/home", "/guilds/home/board", "/registrations", f"/registrations/{registration}", "/games",
                "/games?state=held_up", f"/games/{asked}", f"/games/{over}", "/packs", "/chats",
            )  # fmt: skip
            await fits_a_phone(page, site, paths)


async def test_without_its_script_the_page_does_the_same() -> None:
    async with a_place() as (site, browser):
        registration, game, _ = await furnish(site)
        await site.store.advance(seconds(1))
        async with a_page(browser, site, f"/games/{game}", java_script_enabled=False) as page:
            await expect(page.locator("#head")).to_contain_text("Members answer.")
            await page.click("#actions >> text=Delete")
            await expect(page.locator(".notice")).to_contain_text("taken back")
            await page.goto(site.url(f"/registrations/{registration}"))
            await page.click("#actions >> text=Disable")
            await expect(page.locator("#head .state")).to_have_text("disabled")
        assert (await site.store.get(Game, game)).state == Game.deleted
