"""What a driver does on a page of any platform, and captions that grow while somebody speaks."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import pytest
from aiohttp import web

from tenure import TenureError
from tenure.services.meetings.bot.browser import chromium
from tenure.services.meetings.bot.browser.browser import Browser
from tenure.services.meetings.bot.browser.captions import Finished, Growing, Shown
from tenure.services.meetings.bot.browser.platform import Captions, Mark, People, Platform, click, write
from tenure.services.meetings.bot.company import Company
from tenure.services.meetings.bot.driver import Caption, Over, Person, Scene
from tenure.services.meetings.bot.drivers import PLATFORMS
from tenure.services.meetings.bot.settings import BotSettings
from tenure.services.meetings.platforms import Platform as PlatformName
from tenure.services.meetings.settings import Settings

MEETING = Path(__file__).with_name("meeting.html")
FRAMED = Platform(
    name="framed",
    verified=True,
    frame="iframe#client",
    joining=(
        click("#dialog button", "^got it"),
        click("button[aria-label*='microphone']", "turn off"),
        write("input[placeholder='Your name']", "{name}"),
        write("input[type=password]", "{passcode}"),
        click("button", "^ask to join"),
    ),
    inside=(Mark("button[aria-label='Leave call']"),),
    waiting=(Mark("p", "asking to be let in"),),
    ends=(("left", Mark("body", "you left the meeting")),),
    people=People(row="#people li", name="span", me=".me"),
    captions=Captions(row="#captions p", speaker="b", text="span"),
    leaving=(click("button[aria-label='Leave call']"),),
)


def shown(number: int, text: str, speaker: str = "Ada") -> Shown:
    return Shown(number, 0, speaker, text)


def texts(captions: list[Caption]) -> list[str]:
    return [caption.text for caption in captions]


def test_a_caption_that_grows_is_given_once_it_stands() -> None:
    growing = Growing()
    assert growing.take([shown(1, "Hel")], 10) == []
    assert growing.take([shown(1, "Hello")], 11) == []
    assert growing.take([shown(1, "Hello")], 12.5) == []
    (caption,) = growing.take([shown(1, "Hello")], 13)
    assert (caption.number, caption.speaker, caption.text, caption.at) == (1, "Ada", "Hello", 10)
    assert growing.take([shown(1, "Hello")], 20) == []


def test_what_is_added_to_a_caption_later_is_a_piece_of_its_own() -> None:
    growing = Growing()
    growing.take([shown(1, "Hello")], 10)
    growing.take([shown(1, "Hello")], 12)
    assert growing.take([shown(1, "Hello there")], 20) == []
    (caption,) = growing.take([shown(1, "Hello there")], 22)
    assert (caption.number, caption.text, caption.at) == (2, "there", 20)


def test_a_caption_that_leaves_the_page_is_finished() -> None:
    growing = Growing()
    growing.take([shown(1, "one"), shown(2, "two")], 10)
    assert texts(growing.take([shown(2, "two")], 10.1)) == ["one"]
    assert texts(growing.take([], 10.2)) == ["two"]
    assert growing.take([], 30) == []


def test_nobody_waits_for_the_end_of_a_long_speech() -> None:
    growing = Growing()
    assert growing.take([shown(1, "a" * 900)], 10) == []
    assert texts(growing.take([shown(1, "a" * 1100)], 10.5)) == ["a" * 1100]
    assert growing.take([shown(1, "a" * 1100 + "b")], 11) == []


def test_at_the_end_what_is_not_finished_is_given_too() -> None:
    growing = Growing()
    assert texts(growing.take([shown(1, "Good"), shown(2, "")], 10, all_of_it=True)) == ["Good"]


def test_finished_captions_are_given_once() -> None:
    finished = Finished()
    assert texts(finished.take([shown(4, "a"), shown(5, "b")], 0)) == ["a", "b"]
    assert texts(finished.take([shown(5, "b"), shown(6, "c")], 0)) == ["c"]


def test_a_list_of_participants_that_cannot_be_read_does_not_make_a_bot_lonely() -> None:
    settings = BotSettings(
        meeting_id=1, connection_id="", callback_url="", callback_secret="", platform="framed", native_meeting_id="abc",
        meeting_url="", bot_name="Scribe", alone_seconds=10,
    )  # fmt: skip
    company = Company(settings)
    company.see(Scene([], []), 0)
    assert company.ends()[0] > 1e9
    company.see(Scene([Person("Scribe", bot=True)], []), 5)
    assert company.ends() == (15, "alone")
    company.see(Scene([Person("Scribe", bot=True), Person("Ada")], []), 7)
    assert company.ends()[0] > 1e9


def test_every_platform_has_its_driver_and_only_the_local_one_is_called_verified() -> None:
    assert set(PLATFORMS) == set(get_args(PlatformName))
    assert [name for name, platform in PLATFORMS.items() if platform.verified] == ["local"]


def test_a_kind_of_bot_that_is_not_known_is_refused_at_the_servers_start(tmp_path: Path) -> None:
    with pytest.raises(TenureError, match="must be `http`, `browser`"):
        Settings.read({"TENURE_MEETINGS_BOT": "htpp"}, base_url="http://127.0.0.1:1", admin_key="k", folder=tmp_path)


@asynccontextmanager
async def a_meeting(told: asyncio.Queue[str]) -> AsyncIterator[str]:
    """Serve a meeting in a frame; give its URL."""

    async def show(request: web.Request) -> web.Response:
        text = (
            MEETING.read_text()
            if request.path == "/client"
            else "<iframe id=client src=/client width=900 height=500></iframe>"
        )
        return web.Response(text=text, content_type="text/html")

    async def hear(request: web.Request) -> web.Response:
        told.put_nowait(await request.text())
        return web.Response()

    app = web.Application()
    app.router.add_post("/told", hear)
    app.router.add_get("/{path:.*}", show)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.mark.skipif(chromium.find() is None and not os.environ.get("CI"), reason="needs the package chromium")
async def test_a_driver_goes_through_a_meeting_as_its_platform_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told: asyncio.Queue[str] = asyncio.Queue()
    async with a_meeting(told) as url:
        settings = BotSettings(
            meeting_id=1, connection_id="", callback_url="", callback_secret="", platform="framed",
            native_meeting_id="abc", meeting_url=url, bot_name="Scribe",
        )  # fmt: skip
        executable = chromium.find()
        assert executable is not None
        driver = Browser(FRAMED, settings, executable)
        try:
            await driver.open()
            await driver.join()
            assert [await told.get(), await told.get()] == ["muted", "Scribe asks with 2 devices"]
            assert not (await driver.look()).inside

            await act(driver, "admit()")
            scene = await driver.look()
            assert (scene.inside, scene.participants) == (True, [Person("Ada"), Person("Scribe", bot=True)])

            await act(driver, "say('Hel')")
            assert (await driver.look()).captions == []
            await act(driver, "grow('Hello')")
            assert (await driver.look()).captions == []
            await act(driver, "say('')")
            assert texts((await driver.look()).captions) == ["Hello"]

            picture = await driver.picture()
            assert picture is not None
            assert picture.startswith(b"\x89PNG")
            await driver.leave()
            with pytest.raises(Over, match="left"):
                await driver.look()
        finally:
            await driver.close()


async def act(driver: Browser, script: str) -> Any:
    """Have something happen in the meeting."""
    assert driver._page is not None
    return await driver._page.frames[1].evaluate(script)
