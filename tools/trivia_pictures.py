"""Take the pictures of trivia that the docs show: `python tools/trivia_pictures.py`.

A real browser looks at a server of this process, furnished by the factories of the tests; its time stands still. The
stand-in for Discord is one of this process too, and has the real discord.py before it.
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.trivia.discords import a_discord  # noqa: E402
from tests.services.trivia.operating import ADMIN_KEY, Site, a_site  # noqa: E402
from tests.services.trivia.test_discord_whole import a_service, until_known  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, saved, take  # noqa: E402

from tenure import Store, minutes, seconds  # noqa: E402
from tenure.services.trivia.chat.channels import Channels  # noqa: E402
from tenure.services.trivia.discord.stand_in import StandIn  # noqa: E402
from tenure.services.trivia.guilds import About  # noqa: E402
from tenure.services.trivia.lifecycle import Game  # noqa: E402
from tenure.services.trivia.registrations import Terms  # noqa: E402

NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Hedy", "Ida", "Jean", "Ken", "Lois", "Radia", "Tony")
ROUND = Terms(channel="general", schedule="every 30m", questions=3, window_seconds=300.0, category="space")
CHANCE = random.Random(11)  # noqa: S311  a picture
LOW: dict[str, Any] = {"viewport": {"width": 1120, "height": 680}}
WIDE: dict[str, Any] = {"viewport": {"width": 1120, "height": 700}}
NARROW: dict[str, Any] = {"viewport": {"width": 900, "height": 700}}


class Evening:
    """An evening in three guilds: one plays, one has closed its channel, one sent us away."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def begin(self) -> None:
        """Make the guilds, and what is asked there."""
        service, channels = self._site.service, Channels(self._site.store)
        await channels.create("home", "staff")
        await service.guilds.edit("home", About(name="Quiz Club", time_zone="Europe/Berlin", operators="staff"))
        await service.registrations.create("home", "astronomy", ROUND)
        for name, schedule in (("morning", "daily 08:00"), ("weekend", "sat,sun 18:00")):
            await service.registrations.create("home", name, Terms(channel="general", schedule=schedule))
        weekend = await service.registrations.named("home", "weekend")
        await service.registrations.disable(weekend.id)
        for guild, name in (("readers", "Readers"), ("gamers", "Gamers")):
            await service.guilds.meet(guild, chat="web", name=name)
            await channels.create(guild, "lounge")
            await service.registrations.create(guild, "hourly", Terms(channel="lounge", schedule="every 1h"))
        await channels.close("readers", "lounge")
        await service.guilds.leave("gamers")

    async def play(self, questions: int, *, last: float = 0.6) -> None:
        """Let so many questions be asked and answered; the last one is still open, and answered by some only."""
        site = self._site
        for number in range(questions):
            while not (found := await site.service.games.list("home", states=Game.open)):
                await site.caller.advance(minutes(5))
            game, is_last = found[0], number == questions - 1
            await self._answer(game, share=last if is_last else 1.0)
            if not is_last:
                await site.service.acting("console").games.close(game.id)
            await site.caller.work()

    async def _answer(self, game: Game, *, share: float) -> None:
        names = CHANCE.sample(NAMES, round(len(NAMES) * share))
        for name in names:
            await self._site.store.advance(seconds(CHANCE.uniform(0.4, 3.5)))
            knows = CHANCE.random() < 0.35 + NAMES.index(name) / 25
            choice = game.question.right if knows else CHANCE.choice(game.question.letters)
            await self._site.caller.answer(game.id, name.lower(), choice)


async def picture(page: Page, name: str) -> None:
    """Take a picture of a page as it is."""
    await page.screenshot(path=FOLDER / name)
    saved(name)


async def take_player(browser: Browser, site: Site) -> None:
    """Take the players' page: somebody has joined, answered, and seen the results of the question before."""
    context = await browser.new_context(timezone_id="UTC", locale="en-GB", **NARROW)
    page = await context.new_page()
    await page.clock.set_fixed_time(datetime.fromtimestamp((await site.store.now()).timestamp() + 1, UTC))
    await page.goto(f"{site.address}/play/home")
    await page.fill("#name", "Margaret")
    await page.click("#join button")
    await page.wait_for_selector("#link.good")
    await page.locator(".asked button:enabled").nth(1).click()
    await page.wait_for_selector(".asked .own:not(:empty)")
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await picture(page, "trivia-play.png")
    await context.close()


async def take_stand_in(browser: Browser, discord: StandIn, store: Store) -> None:
    """Take the stand-in's page: what Ada typed, the question that came of it, and what she was told of her answer."""
    guild = discord.people.add_guild("Home", channels=("quiz",), managers=("Ada",), members=("Grace", "Alan"))
    await until_known(store, guild.id)
    context = await browser.new_context(timezone_id="UTC", locale="en-GB", **NARROW)
    page = await context.new_page()
    await page.goto(f"{discord.url}/")
    await page.select_option("#member", label="Ada (manages)")
    for line in ("/trivia register name:night schedule:daily 03:00 questions:2", "/trivia post name:night"):
        await page.fill("#text", line)
        await page.press("#text", "Enter")
        await page.wait_for_selector(f".private .content:has-text('{'Registered' if 'register' in line else 'comes'}')")
    await _answer_in_discord(page, discord)
    await picture(page, "trivia-discord.png")
    await context.close()


async def _answer_in_discord(page: Page, discord: StandIn) -> None:
    await page.wait_for_selector(".row button:enabled")
    message = discord.people.messages("Home", "quiz")[-1]
    for member, other in (("Grace", "B"), ("Alan", "C")):
        await discord.people.click("Home", "quiz", member, message["id"], other)
    await page.locator(".row button:enabled").first.click()
    await page.wait_for_selector(".private .content:has-text('counts: A')")


async def main() -> None:
    """Take all."""
    FOLDER.mkdir(exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        async with a_site() as site:
            evening = Evening(site)
            await evening.begin()
            await evening.play(5)
            (over,) = await site.service.games.history("home", limit=1)
            now = (await site.store.now()).timestamp() + 1
            for path, name, settings in (
                ("/", "trivia-guilds.png", LOW),
                (f"/games/{over.id}", "trivia-game.png", WIDE),
            ):
                await take(browser, site.url(path), ADMIN_KEY, name, now=now, **settings)
            await take_player(browser, site)
        async with a_discord() as discord, a_service(discord) as store:
            await take_stand_in(browser, discord, store)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
