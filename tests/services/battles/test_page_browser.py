"""The game in real browsers: two tabs play on two servers, one of which stops; a phone, the keyboard, day and night."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page
from tests.browsers import CONTRAST, PHONE, a_browser, needs_chromium
from tests.resting import PATIENCE_SECONDS
from tests.services.battles import browsing
from tests.services.battles.browsing import a_place, a_server, address_of
from tests.services.battles.making import Cut
from tests.services.battles.tabs import (
    a_tab,
    begin,
    enter,
    kept_out,
    play_on,
    said,
    say,
    see_typing,
    sees,
    take_turn,
    until,
)

import tenure
from tenure import Store, Unavailable, seconds
from tenure.http.serving import bind
from tenure.services.battles.page.http import PAGE_PATH
from tenure.services.battles.service import kinds

ROOT = Path(__file__).parents[3]


# ------------------------------------------------------------------------------------ playing


@needs_chromium
async def test_two_tabs_on_two_servers_play_to_the_end_though_one_server_stops(tmp_path: Path) -> None:
    async with a_place(tmp_path, 2) as place, a_browser() as browser:
        async with (
            a_tab(browser, place.addresses[0], unreached=True) as ada,
            a_tab(browser, place.addresses[1]) as bob,
        ):
            await begin(ada, bob)
            await see_typing(bob)
            await ada.focus("#text")
            await ada.keyboard.type("good luck")
            await bob.wait_for_function("() => typists.includes('ada is typing')")
            await ada.keyboard.press("Enter")
            await sees(bob, "#log", "ada: good luck")
            first, second = (ada, bob) if await ada.inner_text("#turn") == "Your turn" else (bob, ada)
            assert await take_turn(first)
            assert await take_turn(second)
            async with kept_out(ada):
                await place.stop(0)
                await sees(bob, "#log", "ada lost the connection, and may come back.")
            await sees(ada, "#log", "The connection is back: the game goes on after entry")
            await sees(ada, "#line", "connected to server")
            await sees(bob, "#log", "ada is back.")
            await play_on(ada, bob)
            titles = {await page.inner_text("#result h2") for page in (ada, bob)}
            assert titles == {"You won", "You lost"}
            casts = [await said(page, " casts ") for page in (ada, bob)]
            assert casts[0] == casts[1]  # nothing was missed, and nothing was heard twice


class CutOff(Cut):
    """A store that is away for the sweeper too: else it ends the lease of whoever is cut off for long."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._sweep = store.engine.sweep
        store.engine.sweep = self.sweep  # type: ignore[method-assign, assignment]

    async def sweep(self, *args: Any) -> Any:
        if self.left <= 0:
            raise Unavailable("the store is away")
        return await self._sweep(*args)


@needs_chromium
async def test_two_tabs_of_a_server_that_is_alone_play_on_and_see_what_counts_once_it_is_back(tmp_path: Path) -> None:
    async with a_place(tmp_path, alive_for=seconds(2)) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0]) as ada, a_tab(browser, place.addresses[0]) as bob:
            await begin(ada, bob)
            first, second = (ada, bob) if await ada.inner_text("#turn") == "Your turn" else (bob, ada)
            assert await take_turn(first)
            for page in (first, second):
                await sees(page, "#turn", "decides" if page is first else "Your turn")
            cut = CutOff(place.store)
            cut.after(0)
            for page in (ada, bob):
                await sees(page, "#note", "this server is alone: what happens now is not final")
            for page in (second, first):
                assert await take_turn(page)
            await sees(second, "#turn", "Your turn")
            cut.mend()
            for page in (ada, bob):
                await sees(page, "#log", "The server is with the others again: this is how it stands.")
                assert len(await said(page, " casts ")) == 3
            await play_on(ada, bob)
            titles = {await page.inner_text("#result h2") for page in (ada, bob)}
            assert titles == {"You won", "You lost"}
            casts = [await said(page, " casts ") for page in (ada, bob)]
            assert casts[0] == casts[1]


@asynccontextmanager
async def another_process(folder: Path, known: str) -> AsyncIterator[tuple[Process, str]]:
    """Run a server in a process that may be killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, browsing.__file__, str(folder), known, stdout=PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            address = (await process.stdout.readline()).decode().strip()
        yield process, address
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@needs_chromium
@pytest.mark.soak
async def test_a_game_goes_on_though_a_servers_process_is_killed(tmp_path: Path) -> None:
    port = bind("127.0.0.1", 0)
    async with AsyncExitStack() as stack:
        process, theirs = await stack.enter_async_context(another_process(tmp_path, address_of(port)))
        url = f"sqlite:///{tmp_path}/store.db"
        store = await stack.enter_async_context(tenure.open(url, *kinds, space="battles"))
        await stack.enter_async_context(store.sweeping())
        await stack.enter_async_context(a_server(store, port, [address_of(port), theirs]))
        browser = await stack.enter_async_context(a_browser())
        ada = await stack.enter_async_context(a_tab(browser, theirs, complains=True))
        bob = await stack.enter_async_context(a_tab(browser, address_of(port)))
        await begin(ada, bob)
        first, second = (ada, bob) if await ada.inner_text("#turn") == "Your turn" else (bob, ada)
        assert await take_turn(first)
        assert await take_turn(second)
        process.kill()
        await sees(ada, "#log", "The connection is back: the game goes on after entry")
        await play_on(ada, bob)
        assert {await page.inner_text("#result h2") for page in (ada, bob)} == {"You won", "You lost"}
        casts = [await said(page, " casts ") for page in (ada, bob)]
        assert casts[0] == casts[1]


@needs_chromium
async def test_what_happens_while_one_is_offline_is_told_afterwards_and_what_one_said_counts_once(
    tmp_path: Path,
) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0], complains=True) as ada, a_tab(browser, place.addresses[0]) as bob:
            await begin(ada, bob)
            await say(ada, "one")
            await sees(bob, "#log", "ada: one")
            await ada.context.set_offline(True)
            await sees(ada, "#line", "connection lost")
            await sees(bob, "#other .signs", "connection lost")
            await say(bob, "two")
            await sees(bob, "#log", "bob: two")
            await say(ada, "three")
            await ada.context.set_offline(False)
            await sees(bob, "#log", "ada: three")
            await sees(ada, "#log", "ada: three")
            for page in (ada, bob):
                assert await page.locator("#log .said").all_inner_texts() == ["ada: one", "bob: two", "ada: three"]
            assert len(await said(ada, "You play against")) == 1
            assert not await said(ada, "Too much has happened")


@needs_chromium
async def test_who_chooses_a_server_that_is_away_is_led_to_another_one(tmp_path: Path) -> None:
    async with a_place(tmp_path, 2) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0], complains=True) as ada:
            await place.stop(1)
            await ada.select_option("#server", "1")
            await enter(ada, "ada")
            await until(ada, "#waiting")


@needs_chromium
async def test_a_tab_that_is_loaded_again_goes_on_and_who_gives_up_has_lost(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0]) as ada, a_tab(browser, place.addresses[0]) as bob:
            await begin(ada, bob)
            async with kept_out(ada):
                await ada.reload()
                await sees(bob, "#log", "ada lost the connection, and may come back.")
            await sees(ada, "#own", "ada (you)")
            await sees(bob, "#log", "ada is back.")
            await ada.click("#give-up")
            await sees(ada, "#result h2", "You lost")
            await sees(bob, "#result h2", "You won")
            await sees(bob, "#result p", "One of the two gave up")
            await bob.click("#again")
            await sees(bob, "#waiting", "level 3")
            await bob.click("#leave")
            await until(bob, "#enter")


@needs_chromium
async def test_who_declines_is_back_at_the_beginning_and_the_other_waits_on(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0]) as ada, a_tab(browser, place.addresses[0]) as bob:
            await enter(ada, "ada")
            await enter(bob, "bob")
            await sees(ada, "#offer", "bob plays at level")
            await bob.click("#decline")
            await until(bob, "#enter")
            await sees(bob, "#note", "You left the queue: declined.")
            await until(ada, "#waiting")


@needs_chromium
async def test_the_same_player_in_two_tabs_is_told_and_does_not_fight_over_the_line(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser, a_tab(browser, place.addresses[0]) as before:
        await enter(before, "ada")
        await until(before, "#waiting")
        tab = await before.context.new_page()
        await tab.goto(place.addresses[0])
        await enter(tab, "ada")
        await sees(before, "#note", "You play elsewhere now")
        await until(tab, "#waiting")
        await sees(before, "#line", "not connected")


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_on_a_phone_nothing_is_too_wide_and_texts_stand_out(tmp_path: Path, scheme: str) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser:
        look: dict[str, Any] = {**PHONE, "color_scheme": scheme}
        async with a_tab(browser, place.addresses[0], **look) as ada, a_tab(browser, place.addresses[0]) as bob:
            await fits(ada)
            await begin(ada, bob)
            await bob.fill("#text", "x" * 400)
            await bob.keyboard.press("Enter")
            await sees(ada, "#log", "xxx")
            await fits(ada)
            await ada.click("#give-up")
            await until(ada, "#result")
            await fits(ada)


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.evaluate(CONTRAST) >= 4.5


@needs_chromium
async def test_by_keyboard_the_spells_keep_their_place_and_have_keys(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place, a_browser() as browser:
        async with a_tab(browser, place.addresses[0]) as ada, a_tab(browser, place.addresses[0]) as bob:
            await begin(ada, bob)
            acts, waits = (ada, bob) if await ada.inner_text("#turn") == "Your turn" else (bob, ada)
            assert await waits.locator("#spells [aria-disabled=false]").count() == 0
            assert (
                await acts.get_attribute('[data-spell="fireball"]', "aria-disabled") == "true"
            )  # 20 mana, it needs 25
            await acts.focus('[data-spell="spark"]')
            await acts.keyboard.press("Enter")
            await sees(waits, "#turn", "Your turn")
            await sees(acts, "#turn", "decides")
            assert await acts.evaluate("document.activeElement.dataset.spell") == "spark"
            await waits.keyboard.press("5")
            await sees(acts, "#log", "raises a shield")
            await sees(acts, "#other .signs", "shield")


# ------------------------------------------------------------------------------------ tokens


async def test_a_token_needs_the_cookie_and_a_name_and_nobody_gets_anothers(tmp_path: Path) -> None:
    async with a_place(tmp_path) as place:
        address, players = place.addresses[0], set[str]()
        for _ in range(2):
            async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
                async with client.post(f"{address}token", data={"name": "ada"}) as refused:
                    assert refused.status == 401
                async with client.get(address) as page:
                    assert page.headers["Content-Security-Policy"].count("http") == 0
                async with client.post(f"{address}token", data={"name": "ada"}) as given:
                    assert given.status == 200
                    players.add((await given.json())["player"])
                for name in ("", "a b", "<b>", "x" * 25, "../x"):
                    async with client.post(f"{address}token", data={"name": name}) as refused:
                        assert refused.status == 422
                        assert "a name has 1 to 24" in (await refused.json())["detail"]
        assert len(players) == 2
        assert all(player.startswith("ada.") for player in players)


async def test_only_our_own_pages_get_tokens(tmp_path: Path) -> None:
    async with (
        a_place(tmp_path, 2) as (place),
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as client,
    ):
        async with client.get(place.addresses[0]) as page:
            assert place.addresses[1].removesuffix(f"{PAGE_PATH}/") in page.headers["Content-Security-Policy"]
        address = f"{place.addresses[0]}token"
        foreign = {"Origin": "https://evil.example.org", "Sec-Fetch-Site": "cross-site"}
        async with client.post(address, data={"name": "ada"}, headers=foreign) as refused:
            assert refused.status == 403
        other = {"Origin": place.addresses[1].removesuffix(f"{PAGE_PATH}/"), "Sec-Fetch-Site": "same-site"}
        async with client.post(address, data={"name": "ada"}, headers=other) as given:
            assert given.status == 200
            assert given.headers["Access-Control-Allow-Origin"] == other["Origin"]
            assert given.headers["Access-Control-Allow-Credentials"] == "true"
