"""Take the pictures of the bots page that the docs show: `python tools/bots_pictures.py`.

A real browser looks at a server of this process, furnished by the factories of the tests; its time stands still.
"""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.bots.browsing import ADMIN_KEY, Site, a_site  # noqa: E402
from tests.services.bots.making import World  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, take  # noqa: E402

from tenure import seconds  # noqa: E402
from tenure.matching.entrants import Rules  # noqa: E402
from tenure.services.bots.lifecycle import Bot, Match, Player, Rating  # noqa: E402

STEPS = 200
NAMES = (
    "ada", "alan", "anita", "barbara", "bjarne", "charles", "claude", "dana", "dennis", "donald", "edsger", "edith",
    "frances", "fred", "gladys", "grace", "guido", "hedy", "ida", "jean", "john", "joan", "karen", "kathleen", "ken",
    "leslie", "linus", "lois", "lynn", "margaret", "mary", "maurice", "niklaus", "peter", "radia", "ruth", "shafi",
    "sophie", "stephanie", "tim", "tony", "vint", "wes", "whitfield", "yukihiro", "zoe",
)  # fmt: skip


class Town:
    """People who come to one pool, are matched, and play as well as they can."""

    def __init__(self, world: World) -> None:
        self._world, self._chance = world, random.Random(7)  # noqa: S311  a picture
        self._skills = {name: self._chance.gauss(1500, 260) for name in NAMES}
        self.playing: list[Match] = []

    async def begin(self) -> None:
        """Make the pool with its bots, and let everybody have a rating already."""
        rules = Rules(tolerance=10, tolerance_per_second=1, tolerance_at_most=200, stand_ins_after_seconds=30)
        await self._world.a_pool("duel-eu", max_deployed=10, accept_seconds=20, rules=rules)
        for name, skill in self._skills.items():
            rating = Rating.create(f"{name}/duel", player=name, mode="duel", value=skill, deviation=90.0)
            await self._world.store.apply(Player.create(name), rating)
        for number in range(14):
            rating = self._chance.gauss(1500, 300)
            await self._world.service.crew.create("duel-eu", ids=[f"bot-{number + 1:02}"], rating=rating)
        await self.step(joining=False)

    async def step(self, *, joining: bool = True, seconds_long: float = 1.5) -> None:
        """Let some seconds pass: somebody joins, matches are made, accepted and settled."""
        world, chance = self._world, self._chance
        await world.store.advance(seconds(seconds_long * chance.uniform(0.2, 2.0)))
        await world.manage()
        await world.run_bots()
        if joining:
            await self._join()
        for match in await world.match("duel-eu"):
            if chance.random() < 0.1:  # noqa: PLR2004  some never answer
                continue
            self.playing.append(await world.accept(match))
        while len(self.playing) > 4 and chance.random() < 0.7:  # noqa: PLR2004  most end soon
            await self._settle(self.playing.pop(0))

    async def _join(self) -> None:
        players = await self._world.store.get_many(Player, NAMES)
        free = [name for name, player in players.items() if player.state == Player.free]
        if free:
            name = self._chance.choice(free)
            await self._world.join(name, pool="duel-eu", request=f"{name}-{self._chance.getrandbits(24):06x}")

    async def _settle(self, match: Match) -> None:
        now = await self._world.store.get(Match, match.id)
        if now.state == Match.playing:
            wins = self._chance.random() < match.expected[0]
            await self._world.service.settling.settle(match.id, (1, 2) if wins else (2, 1))


async def furnish(site: Site) -> dict[str, str]:
    """Let an evening pass, and give the paths of what is worth a picture."""
    town = Town(site.world)
    await town.begin()
    for _ in range(STEPS):
        await town.step()
    await site.figures()
    store = site.world.store
    over = await store.find(Match.over, newest_first=True, limit=1)
    bots = await store.find(Bot.playing, limit=1) or await store.find(Bot.queued, per="duel-eu", limit=1)
    people = max(NAMES, key=lambda name: sum(map(ord, name)))
    return {
        "pool": "/pools/duel-eu", "bot": f"/bots/{bots[0].id}", "match": f"/matches/{over[0].id}",
        "player": f"/players/{people}",
    }  # fmt: skip


async def main() -> None:
    """Take all."""
    FOLDER.mkdir(exist_ok=True)
    async with a_site() as site, async_playwright() as playwright:
        paths = await furnish(site)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        tall: dict[str, Any] = {"viewport": {"width": 1120, "height": 1010}}
        wide: dict[str, Any] = {"viewport": {"width": 1120, "height": 560}}
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 760}, "is_mobile": True, "color_scheme": "dark"}
        page, now = f"{site.address}/console", (await site.world.store.now()).timestamp() + 1
        for name, settings in (("pool", tall), ("match", wide), ("bot", wide), ("player", wide)):
            await take(browser, page + paths[name], ADMIN_KEY, f"bots-{name}.png", now=now, **settings)
        await take(browser, f"{page}/", ADMIN_KEY, "bots-phone.png", now=now, **phone)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
