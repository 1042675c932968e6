"""People before the game's page, each with a browser of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page, expect
from tests.services.battles.serving import PATIENCE_SECONDS

MILLISECONDS = PATIENCE_SECONDS * 1000


@asynccontextmanager
async def a_tab(browser: Browser, address: str, *, complains: bool = False, **settings: Any) -> AsyncIterator[Page]:
    """One person's browser; a complaint of its console fails the test, unless a server is to be out of reach."""
    context = await browser.new_context(**settings)
    context.set_default_timeout(MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(address)
    yield page
    await context.close()
    assert complains or complaints == []


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
    await expect(page.locator(selector)).to_be_visible(timeout=MILLISECONDS)


async def sees(page: Page, selector: str, text: str) -> None:
    await expect(page.locator(selector)).to_contain_text(text, timeout=MILLISECONDS)


# Waits for one's turn, and tells whether there is one or the battle is over.
MY_TURN = """() => !document.getElementById("result").hidden ? "over"
  : document.getElementById("turn").textContent === "Your turn" && "turn" """


async def take_turn(page: Page) -> bool:
    """Cast the strongest spell for which there is mana, by its key; False once the battle is over."""
    found = await (await page.wait_for_function(MY_TURN, timeout=MILLISECONDS)).json_value()
    if found == "over":
        return False
    name = await page.evaluate("['fireball', 'bolt', 'spark'].find((name) => mayCast(game.spells[name]))")
    await page.click(f'[data-spell="{name}"]')
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
