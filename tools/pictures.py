"""Taking a picture of a page for the docs: a real browser logs in, and its clock stands where the page's does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "services" / "pictures"
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--force-device-scale-factor=1")


async def take(browser: Browser, url: str, key: str, name: str, *, now: float, **settings: Any) -> None:
    """Take one picture of a page that asks for this key, if for any; `now` is the browser's, in seconds since 1970."""
    context = await browser.new_context(timezone_id="UTC", locale="en-GB", **settings)
    page = await context.new_page()
    await page.clock.set_fixed_time(datetime.fromtimestamp(now, UTC))
    await page.goto(url)
    if key:
        await page.fill("#key", key)
        await page.click("main button")
    await page.wait_for_selector("#link.good")
    await page.screenshot(path=FOLDER / name)
    await context.close()
    saved(name)


def saved(name: str) -> None:
    """Say that a picture was taken."""
    target = FOLDER / name
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1000} kB")
