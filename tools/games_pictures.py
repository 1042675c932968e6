"""Take the pictures of games that the docs show: `python tools/games_pictures.py`.

A real browser looks at a server of this process, over a tracker and a world whose time stands still.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.games.calling import Site, a_site  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, take  # noqa: E402

from tenure import minutes, seconds  # noqa: E402
from tenure.services.games.results import Title  # noqa: E402
from tenure.services.games.riot.stand_in.playing import Ending  # noqa: E402

ADMIN_KEY = "the-admins-key"
PLAYERS = ("Ada#EUW", "Grace#EUW", "Alan#EUW", "Barbara#EUW", "Radia#EUW")
WIDE: dict[str, Any] = {"viewport": {"width": 1120, "height": 900}}
GAMES: tuple[tuple[tuple[str, ...], Title, int, Ending], ...] = (
    (("Ada#EUW", "Grace#EUW"), "lol", 28, "decided"),
    (("Ada#EUW",), "lol", 3, "remake"),
    (("Alan#EUW", "Ada#EUW"), "tft", 33, "decided"),
    (("Ada#EUW",), "lol", 21, "surrender"),
    (("Barbara#EUW", "Radia#EUW"), "lol", 35, "decided"),
)


async def an_evening(site: Site) -> str:
    """Let some games be played, one without a result and one still going on; give a player's id."""
    tracking = site.tracking
    ada, *_ = await tracking.track(*PLAYERS, platform="euw1", titles=("lol", "tft"))
    await tracking.service.players.add("Nobody#EUW", "euw1")
    lost = tracking.world.start("Radia#EUW").match_id
    await tracking.turn()
    tracking.world.end(lost)
    tracking.world.lose(lost)
    for players, title, length, ending in GAMES:
        match = tracking.world.start(*players, title=title).match_id
        await tracking.passes(minutes(length))
        tracking.world.end(match, ending=ending, result_seconds=20)
        await tracking.passes(minutes(3))
    tracking.world.start("Ada#EUW", "Barbara#EUW")
    await tracking.turn()
    await tracking.passes(minutes(7))
    await tracking.store.advance(seconds(4))
    return ada


async def main() -> None:
    """Take all."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        async with a_site() as site:
            ada = await an_evening(site)
            now = (await site.tracking.store.now()).timestamp() + 1
            for path, name in (("/", "games-overview.png"), (f"/players/{ada}", "games-player.png")):
                await take(browser, site.url(path), ADMIN_KEY, name, now=now, **WIDE)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
