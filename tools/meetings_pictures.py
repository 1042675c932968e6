"""Take the pictures of the meetings page that the docs show: `python tools/meetings_pictures.py`.

A real browser looks at a server of this process, furnished by the factories of the tests; its time stands still.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.services.meetings.making import ADMIN_KEY, World, a_world  # noqa: E402
from tests.services.meetings.sockets import a_port  # noqa: E402
from tools.pictures import CHROMIUM, FLAGS, FOLDER, take  # noqa: E402

from tenure import minutes, seconds  # noqa: E402

TALK = (
    ("Ada", "Good morning. Shall we begin with the release?"),
    ("Grace", "Yes. All tests are green since yesterday evening, on all three engines."),
    ("Ada", "And the migration?"),
    ("Grace", "Rehearsed twice on a copy. It takes four minutes, and the way back takes one."),
    ("Linus", "Then I propose Tuesday at ten, so that everybody is there if something is not as it should be."),
    ("Ada", "Tuesday at ten it is. I write it down."),
)


async def furnish(world: World) -> int:
    """Let three users have meetings of every sort, and give the first."""
    user, other = await world.a_user(email="ada@example.org"), await world.a_user(email="grace@example.org")
    await world.admin_call("PATCH", f"/admin/users/{user}", {"name": "Ada"})
    await world.admin_call("PATCH", f"/admin/users/{other}", {"name": "Grace"})
    refused = await world.a_bot(other, "kzj-grsa-cqf")
    await refused.tell("exited", exit_code=1, reason="join_refused")
    await world.store.advance(minutes(31))
    done = await world.a_bot(user, "standup", state="stopping")
    await done.tell("exited", exit_code=0)
    await world.ask(user, "4815162342", "zoom", join_at="2026-01-01T15:00:00Z")
    await world.store.advance(minutes(12))
    await world.a_bot(other, "design-review", state="starting")
    bot = await world.a_bot(user, "abc-defg-hij", state="starting")
    await world.store.advance(seconds(6))
    await bot.tell("joined")
    await world.user_call(user, "PATCH", "/meetings/google_meet/abc-defg-hij", {"data": {"name": "Weekly planning"}})
    for number, (speaker, text) in enumerate(TALK):
        await world.store.advance(seconds(11))
        segment = {"segment_id": str(number), "speaker": speaker, "text": text, "start": number * 11.0}
        await bot.tell("transcript", segments=[{**segment, "end": number * 11.0 + 5, "at": world.now}])
    return user


async def main() -> None:
    """Take all."""
    FOLDER.mkdir(exist_ok=True)
    async with a_world() as world, a_port(world) as port, async_playwright() as playwright:
        user = await furnish(world)
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, headless=False, args=FLAGS)
        wide: dict[str, Any] = {"viewport": {"width": 1120, "height": 560}}
        tall: dict[str, Any] = {"viewport": {"width": 1120, "height": 760}}
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 720}, "is_mobile": True, "color_scheme": "dark"}
        page, own, now = f"{port.address}/console", world.keys[user], world.now + 2
        await take(browser, f"{page}/", ADMIN_KEY, "meetings-list.png", now=now, **wide)
        await take(browser, f"{page}/meetings/5", own, "meetings-one.png", now=now, **tall)
        await take(browser, f"{page}/meetings/5", own, "meetings-phone.png", now=now, **phone)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
