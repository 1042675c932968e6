"""Take the pictures of battles that the docs show: `python tools/battles_pictures.py`.

A real browser looks at a server of this process, furnished by the factories of the tests; its time stands still. The
game's own page is played by two browsers on two servers whose time goes on.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.battles.browsing import a_place  # noqa: E402
from tests.services.battles.making import Node  # noqa: E402
from tests.services.battles.operating import ADMIN_KEY, Site, a_site  # noqa: E402
from tests.services.battles.tabs import a_tab, begin, say, sees, take_turn  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, saved, take  # noqa: E402

from tenure import seconds  # noqa: E402
from tenure.services.battles.lifecycle import Battle  # noqa: E402

NAMES = (
    "circe", "dallben", "elminster", "gandalf", "ged", "hermione", "howl", "jadis", "medea", "merlin", "minerva",
    "morgan", "prospero", "radagast", "raistlin", "sabrina", "tenar", "vivian", "willow", "yennefer",
)  # fmt: skip
CHANCE = random.Random(5)  # noqa: S311  a picture
WIDE: dict[str, Any] = {"viewport": {"width": 1120, "height": 760}}
NARROW: dict[str, Any] = {"viewport": {"width": 900, "height": 760}}


class Evening:
    """An evening on three servers: some play, some wait, one has lost the line."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def play(self) -> str:
        """Let battles go on, and give the one in which the most happens."""
        site = self._site
        nodes: list[Node] = [site.node]
        for number in (2, 3):
            site.world.settings.update(host=f"server-{number}.example", pid=300 + number)
            nodes.append(await site.another())
        battles = []
        for number in range(6):
            one, two = CHANCE.sample(nodes, 2)
            pair = (NAMES[2 * number], NAMES[2 * number + 1])
            battles.append(await site.world.a_battle(one, two, pair, level=1 + number % 3))
            await self._turns(battles[-1], CHANCE.randrange(2, 6))
        for number, name in enumerate(NAMES[12:18]):
            await site.world.pass_time(CHANCE.uniform(0.5, 4))
            await CHANCE.choice(nodes).waiting(name, level=4 + number)
        await nodes[1].service.matchmaking.matchers["wizards"].once()
        return await self._busy(battles[0])

    async def _turns(self, battle: str, number: int) -> None:
        for _ in range(number):
            record = await self._site.store.get(Battle, battle)
            if record.state not in Battle.played:
                return
            await self._site.store.advance(seconds(CHANCE.uniform(0.3, 2)))
            spell = CHANCE.choice(("spark", "spark", "bolt", "shield"))
            await self._site.node.cast(battle, record.acts[0], spell)
            await self._site.world.turn(battle, record.turn)

    async def _busy(self, battle: str) -> str:
        """Let somebody try what they can't, say something, and lose the line."""
        site = self._site
        record = await site.store.get(Battle, battle)
        await site.node.playing.say(battle, record.acts[0], "one more and you are done", number="say-1")
        await site.node.cast(battle, record.acts[0], "fireball")
        await self._turns(battle, 2)
        other = (await site.store.get(Battle, battle)).players[1]
        for node in site.world.nodes:
            for connection, player in list(node.presence._players.items()):  # noqa: SLF001  as a broken line would
                if player == other:
                    await node.presence.disconnect(connection)
        return battle


async def take_game(browser: Browser) -> None:
    """Take the game's own page in the midst of a battle."""
    with tempfile.TemporaryDirectory() as folder:
        async with a_place(Path(folder), 2) as place:
            async with (
                a_tab(browser, place.addresses[0], **NARROW) as ada,
                a_tab(browser, place.addresses[1], **NARROW) as bob,
            ):
                await begin(ada, bob)
                first, second = (ada, bob) if await ada.inner_text("#turn") == "Your turn" else (bob, ada)
                for page in (first, second, first, second):
                    await take_turn(page)
                await say(bob, "well met")
                for page in (ada, bob):
                    await sees(page, "#log", "bob: well met")
                await sees(first, "#turn", "Your turn")
                await first.screenshot(path=FOLDER / "battles-play.png")
                saved("battles-play.png")


async def main() -> None:
    """Take all."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        async with a_site() as site:
            battle = await Evening(site).play()
            now = (await site.store.now()).timestamp() + 1
            for path, name in (("/", "battles-overview.png"), (f"/battles/{battle}", "battles-one.png")):
                await take(browser, site.url(path), ADMIN_KEY, name, now=now, **WIDE)
        await take_game(browser)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
