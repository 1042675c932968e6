"""A real browser for tests of pages: it fails a test whose page complains, its policy's violations too."""

import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright import async_api, sync_api
from playwright.async_api import Browser, Page, async_playwright
from tests.desks import ADMIN_KEY, Operator

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MILLISECONDS = 60_000
"""How long is waited for what surely comes. Left alone Playwright waits 5 seconds, which a slow machine outlasts."""
for one in (async_api.expect, sync_api.expect):
    one.set_options(timeout=PATIENCE_MILLISECONDS)

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"needs {CHROMIUM}: install the package chromium"
)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    # headless=False since the new headless mode is chosen by the flag: the other one is another program.
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        yield browser
        await browser.close()


@asynccontextmanager
async def a_page(
    browser: Browser, address: str, key: str, *, complains: bool = False, **settings: Any
) -> AsyncIterator[Page]:
    """A page that is in, if it takes a key; each question is answered with yes.

    A complaint of its console fails the test.
    """
    context = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(address)
    if key:
        await page.fill("#key", key)
        await page.click("button")
        # Whoever goes on before that is in with no cookie yet, and sees the form again.
        await async_api.expect(page.locator("#key")).to_have_count(0)
    yield page
    await context.close()
    assert complains or complaints == []


S = TypeVar("S")


@asynccontextmanager
async def a_place(site: AbstractAsyncContextManager[S]) -> AsyncIterator[tuple[S, Browser]]:
    """A site that is served, and a browser."""
    async with site as found, a_browser() as browser:
        yield found, browser


@asynccontextmanager
async def a_desk(browser: Browser, operator: Operator, path: str = "/", **settings: Any) -> AsyncIterator[Page]:
    """An operators' page, to somebody who has logged in."""
    async with a_page(browser, operator.url(path), ADMIN_KEY, **settings) as page:
        yield page


# The least contrast between any visible text and what is painted behind it, by the rule of WCAG 2.
CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgb(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const element of document.querySelectorAll("main *, header *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || element.closest("svg") || !element.offsetParent) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
}"""


async def fits_a_phone(page: Page, operator: Operator, paths: Iterable[str]) -> None:
    """See that no page scrolls sideways on a phone, and that all texts stand out from what is behind them."""
    for path in paths:
        await page.goto(operator.url(path))
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["viewport"]["width"], f"{path} is {wide} px wide"
        assert await page.evaluate(CONTRAST) >= 4.5, path
