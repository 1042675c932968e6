"""The stand-in's page in a real browser: several people see a channel live, press buttons and type commands."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import discord
from discord import app_commands
from playwright.async_api import Browser, Page, expect
from tests.browsers import CONTRAST, PATIENCE_MILLISECONDS, PHONE, a_browser, needs_chromium
from tests.services.trivia.standing import BOB, CLUB, QUIZ, Bot, a_bot, a_stand_in

from tenure.services.trivia.discord.stand_in import StandIn

pytestmark = needs_chromium


class Asker(Bot):
    """Asks one question, and answers presses and one command."""

    def __init__(self) -> None:
        super().__init__(discord.Intents.default())

        @self.tree.command(name="tell", description="Tell something")
        @app_commands.describe(what="What to tell")
        async def tell(asked: discord.Interaction[Any], what: str, where: discord.TextChannel) -> None:
            await asked.response.send_message(f"**{what}** in {where.mention}", ephemeral=True)

        @tell.autocomplete("what")
        async def propose(_: discord.Interaction[Any], begun: str) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=one, value=one) for one in ("apples", "pears") if one.startswith(begun)]

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_interaction(self, asked: discord.Interaction[Any]) -> None:
        custom_id = dict(asked.data or {}).get("custom_id")
        if custom_id is not None:
            await asked.response.send_message(f"You said {custom_id}", ephemeral=True)

    async def ask(self) -> discord.Message:
        embed = discord.Embed(title="Question", description="1 + 1? <t:1800000600:R>", colour=0x335577)
        embed.add_field(name="Points", value="2").set_footer(text="the mark")
        view = discord.ui.View(timeout=None)
        for letter in "AB":
            view.add_item(discord.ui.Button(label=f"{letter}: {ord(letter) - 63}", custom_id=letter))
        return await self.place().send(embed=embed, view=view)


@asynccontextmanager
async def a_place() -> AsyncIterator[tuple[StandIn, Asker, Browser]]:
    bot = Asker()
    async with a_stand_in() as stand_in, a_bot(stand_in, bot=bot), a_browser() as browser:
        yield stand_in, bot, browser


@asynccontextmanager
async def a_page(browser: Browser, stand_in: StandIn, name: str, **settings: Any) -> AsyncIterator[Page]:
    """A page on which somebody looks at the channel; a complaint of its console fails the test."""
    context = await browser.new_context(**settings)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{stand_in.url}/")
    await page.select_option("#member", label=name)
    await expect(page.locator("#link")).to_have_text("Trivia is here")
    yield page
    await context.close()
    assert complaints == []


async def test_two_people_see_a_question_press_type_and_see_their_own_answers_only() -> None:
    async with a_place() as (stand_in, bot, browser), AsyncExitStack() as pages:
        ada = await pages.enter_async_context(a_page(browser, stand_in, "Ada (manages)"))
        bob = await pages.enter_async_context(a_page(browser, stand_in, BOB))
        message = await bot.ask()
        for page, letter in ((ada, "A"), (bob, "B")):
            await expect(page.locator(".embed")).to_contain_text("1 + 1?")
            await page.get_by_role("button", name=f"{letter}:").click()
            await expect(page.locator(".private .content")).to_have_text(f"You said {letter}")
        await message.edit(content="closed", embed=None, view=None)
        for page in (ada, bob):
            await expect(page.locator("#messages .row")).to_have_count(0)
            await expect(page.locator(".content").first).to_have_text("closed (edited)")
        await type_with_proposals(bob)
        await write_what_could_run(ada, bob)
        assert [one["author"]["username"] for one in stand_in.people.messages(CLUB, QUIZ)] == ["Trivia", "ada"]


async def type_with_proposals(page: Page) -> None:
    text, proposals = page.locator("#text"), page.locator("#proposals li b")
    steps = (("/t", ["/tell"]), ("", ["what:", "where:"]), ("p", ["pears"]), ("", ["where:"]), ("#o", ["#other"]))
    for typed, proposed in steps:
        await text.press_sequentially(typed)
        await expect(proposals).to_have_text(proposed)
        await text.press("Tab")
    await expect(text).to_have_value("/tell what:pears where:#other ")
    await text.press("Enter")
    await expect(page.locator(".private .content").last).to_have_text("pears in #other")


async def write_what_could_run(page: Page, other: Page) -> None:
    await page.fill("#text", "<img src=x onerror=alert(1)> **bold** `code`")
    await page.press("#text", "Enter")
    for one in (page, other):
        await expect(one.locator(".content").last).to_have_text("<img src=x onerror=alert(1)> bold code")
        assert await one.locator(".content img").count() == 0


async def test_a_click_counts_though_something_is_written_while_the_button_is_down() -> None:
    async with a_place() as (stand_in, bot, browser), a_page(browser, stand_in, BOB) as page:
        await bot.ask()
        await page.get_by_role("button", name="A:").hover()
        await page.mouse.down()
        stand_in.people.write(CLUB, QUIZ, "Ada", "hello")
        await page.wait_for_function("() => view.messages.length === 2")
        await page.mouse.up()
        await expect(page.locator(".private .content")).to_have_text("You said A")
        await expect(page.locator("#messages")).to_contain_text("hello")


async def test_it_fits_a_phone_is_readable_and_says_what_goes_wrong() -> None:
    async with a_place() as (stand_in, bot, browser), a_page(browser, stand_in, BOB, **PHONE) as page:
        await bot.ask()
        stand_in.people.write(CLUB, QUIZ, "Ada", "w" * 500)
        await page.get_by_role("button", name="A:").click()
        await expect(page.locator(".private .content")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await page.set_viewport_size({"width": 1200, "height": 800})
        await page.click("summary")
        await page.click("text=Forbid the bot to post here")
        await expect(page.locator("#denied")).to_have_text("The bot may not post here.")
        assert await page.evaluate(CONTRAST) >= 4.5
        await page.click("text=Revoke the token")
        await expect(page.locator("#link")).to_have_text("Trivia is not connected")
