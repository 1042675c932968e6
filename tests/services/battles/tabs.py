"""People before the game's page, each with a browser of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, Route, expect
from tests.browsers import PATIENCE_MILLISECONDS


@asynccontextmanager
async def a_tab(
    browser: Browser, address: str, *, complains: bool = False, unreached: bool = False, **settings: Any
) -> AsyncIterator[Page]:
    """One person's browser; a complaint of its console fails the test, unless it `complains`.

    With `unreached` it may complain that a server is out of reach.
    """
    context = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(address)
    yield page
    await context.close()
    assert complains or [one for one in complaints if not (unreached and "net::ERR_" in one)] == []


@asynccontextmanager
async def kept_out(page: Page) -> AsyncIterator[None]:
    """Let somebody get no token while the body runs. Who is back too soon was never away, to the others."""
    over = asyncio.Event()

    async def wait(route: Route) -> None:
        await over.wait()
        await route.continue_()

    await page.route("**/token", wait)
    try:
        yield
    finally:
        over.set()


async def see_typing(page: Page) -> None:
    """Keep what is told of who types: it stands there for some seconds only."""
    await page.evaluate("""() => {
      window.typists = [];
      const keep = () => typists.push(document.getElementById("typing").textContent);
      new MutationObserver(keep).observe(document.getElementById("typing"), { childList: true });
    }""")


async def enter(page: Page, name: str, level: int = 3) -> None:
    """Enter by keyboard alone."""
    await page.focus("#name")
    await page.keyboard.type(name)
    await page.keyboard.press("Tab")
    await page.keyboard.type(str(level))
    await page.keyboard.press("Enter")


async def begin(one: Page, other: Page) -> None:
    """Let two find one another and confirm."""
    await enter(one, "ada")
    await until(one, "#waiting")
    await enter(other, "bob")
    for page in (one, other):
        await until(page, "#offer")
        await page.click("#confirm")
    for page in (one, other):
        await until(page, "#battle")


async def until(page: Page, selector: str) -> None:
    await expect(page.locator(selector)).to_be_visible()


async def sees(page: Page, selector: str, text: str) -> None:
    await expect(page.locator(selector)).to_contain_text(text)


# Waits until there is a spell that may be cast, and names the strongest; or until the battle is over.
MY_SPELL = """() => !document.getElementById("result").hidden ? "over"
  : ["fireball", "bolt", "spark"].find((name) => game.spells[name] && mayCast(game.spells[name])) """


async def take_turn(page: Page) -> bool:
    """Cast the strongest spell for which there is mana, by its key; False once the battle is over."""
    found = await (await page.wait_for_function(MY_SPELL)).json_value()
    if found == "over":
        return False
    await page.click(f'[data-spell="{found}"]')
    return True


async def play_on(*pages: Page) -> None:
    async def play(page: Page) -> None:
        while await take_turn(page):
            pass

    await asyncio.gather(*map(play, pages))


async def said(page: Page, what: str) -> list[str]:
    lines: list[str] = await page.locator("#log p").all_inner_texts()
    return [line for line in lines if what in line]


async def say(page: Page, text: str) -> None:
    await page.fill("#text", text)
    await page.keyboard.press("Enter")
