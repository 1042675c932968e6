"""Take the pictures of games that the docs show: `python tools/games_pictures.py`.

A real browser looks at a server of this process, over a tracker and a world whose time stands still.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.games.calling import Site, a_site  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, saved, take  # noqa: E402

from tenure import minutes, seconds  # noqa: E402
from tenure.pacing.budgets import Budgets  # noqa: E402
from tenure.pacing.pacer import UNTIL_KNOWN, Pacer  # noqa: E402
from tenure.pacing.rates import parse_rates  # noqa: E402
from tenure.services.games.results import Title  # noqa: E402
from tenure.services.games.riot.stand_in import StandIn, serving  # noqa: E402
from tenure.services.games.riot.stand_in.first_players import add_first_players  # noqa: E402
from tenure.services.games.riot.stand_in.playing import Ending  # noqa: E402

ADMIN_KEY = "the-admins-key"
PLAYERS = ("Ada#EUW", "Grace#EUW", "Alan#EUW", "Barbara#EUW", "Radia#EUW")
WIDE: dict[str, Any] = {"viewport": {"width": 1120, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True}
LIMITS = (
    ("euw1", "spectator-v5", "20000:10,1200000:600"),
    ("euw1", "spectator-tft-v5", "20000:10,1200000:600"),
    ("europe", "match-v5", "2000:10"),
    ("europe", "match-v5-ids", "2000:10"),
    ("europe", "tft-match-v1", "250:10"),
    ("europe", "account-v1", "1000:60"),
)
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
            await learn_limits(site)
            now = (await site.tracking.store.now()).timestamp() + 1
            for path, name in (
                ("/", "games-overview.png"), (f"/players/{ada}", "games-player.png"), ("/plan", "games-plan.png"),
            ):  # fmt: skip
                await take(browser, site.url(path), ADMIN_KEY, name, now=now, **WIDE)
            link = (await site.caller.post(f"/players/{ada}/link"))["url"]
            await take(browser, site.address + link, "", "games-own-page.png", now=now, **PHONE)
        await take_the_stand_in(browser)
        await browser.close()


async def take_the_stand_in(browser: Browser) -> None:
    """Take the page of the stand-in, on which some play by themselves."""
    riot_here = StandIn(clock=lambda: 1_800_000_000.0, seed=4)
    add_first_players(riot_here)
    riot_here.play_by_themselves()
    for _ in range(6):
        riot_here.world.advance(100)
        riot_here.traffic.go_on()
    async with serving(riot_here):
        page = await browser.new_page(**WIDE)
        await page.goto(f"{riot_here.url}/")
        await page.wait_for_selector("#games td")
        await page.screenshot(path=FOLDER / "games-stand-in.png")
        saved("games-stand-in.png")
        await page.close()


async def learn_limits(site: Site) -> None:
    """Let a key's limits be known, and some of it be used."""
    budgets, key = Budgets(site.tracking.store, UNTIL_KNOWN), "riot/5eaf00d5eaf0"
    pacer = Pacer(site.tracking.store)
    for host, method, limit in LIMITS:
        await pacer.learn(f"{key}/{host}", parse_rates("500:10,30000:600"))
        await pacer.learn(f"{key}/{host}/{method}", parse_rates(limit))
        await budgets.take((f"{key}/{host}", f"{key}/{host}/{method}"), 1, patient=False)
    await site.tracking.store.advance(seconds(70))
    for host, method, _ in LIMITS:
        await budgets.take((f"{key}/{host}", f"{key}/{host}/{method}"), 10, patient=False)


if __name__ == "__main__":
    asyncio.run(main())
