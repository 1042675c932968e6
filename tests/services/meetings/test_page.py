"""The local meeting page: what happens in its rooms, and the page itself in a real browser."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.browsers import PATIENCE_MILLISECONDS
from tests.calling import Answer
from tests.services.meetings.making import World, a_world
from tests.services.meetings.serving import a_server, until

from tenure import seconds

CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None)


class Person:
    """Somebody in a room."""

    def __init__(self, world: World, room: str, seat: Any) -> None:
        self.world, self.room, self.id = world, room, seat["id"]
        self.proof = {"participant": seat["participant"], "key": seat["key"]}

    async def do(self, step: str, **more: Any) -> Answer:
        return await self.world.call("POST", f"/local-meeting/{self.room}/{step}", {**self.proof, **more})

    async def sees(self, **more: Any) -> Any:
        return (await self.do("look", **more)).json


async def a_person(world: World, name: str = "Ada", room: str = "demo", *, bot: bool = False) -> Person:
    answer = await world.call("POST", f"/local-meeting/{room}/join", {"name": name, "bot": bot})
    assert answer.status == 200, answer.body
    return Person(world, room, answer.json)


async def test_who_is_in_a_room_sees_everybody_and_who_is_a_bot() -> None:
    async with a_world() as world:
        ada = await a_person(world)
        await a_person(world, "Scribe", bot=True)
        await a_person(world, "Eve", "another")
        assert [(p["name"], p["bot"]) for p in (await ada.sees())["participants"]] == [("Ada", False), ("Scribe", True)]


async def test_what_is_said_is_seen_once_and_in_order() -> None:
    async with a_world() as world:
        ada, eve = await a_person(world), await a_person(world, "Eve")
        for text in ("one", "two", "three"):
            await ada.do("say", text=text)
        captions = (await eve.sees())["captions"]
        assert [(c["speaker"], c["text"]) for c in captions] == [("Ada", t) for t in ("one", "two", "three")]
        await ada.do("say", text="four")
        assert [c["text"] for c in (await eve.sees(after=captions[-1]["number"]))["captions"]] == ["four"]


async def test_a_look_waits_until_there_is_something_new() -> None:
    async with a_world() as world:
        ada = await a_person(world)
        scene = await ada.sees()
        looking = asyncio.create_task(ada.sees(mark=scene["mark"], wait_seconds=10))
        await a_person(world, "Eve")
        assert [p["name"] for p in (await looking)["participants"]] == ["Ada", "Eve"]


async def test_who_is_kicked_learns_that_and_is_gone_for_the_others() -> None:
    async with a_world() as world:
        ada, eve = await a_person(world), await a_person(world, "Eve")
        assert (await ada.do("kick", who=eve.id)).status == 200
        assert ((await eve.sees())["inside"], (await eve.sees())["reason"]) == (False, "evicted")
        assert len((await ada.sees())["participants"]) == 1
        assert (await eve.do("say", text="but I")).status == 409
        assert (await ada.do("kick", who=eve.id)).status == 200


async def test_the_end_of_a_meeting_ends_it_for_all_and_frees_its_name() -> None:
    async with a_world() as world:
        ada, eve = await a_person(world), await a_person(world, "Eve")
        await ada.do("end")
        for person in (ada, eve):
            assert (await person.sees())["reason"] == "meeting_ended"
        await world.store.advance(seconds(1))
        assert (await eve.sees())["reason"] == "meeting_ended"
        again = await a_person(world)
        assert (len((await again.sees())["participants"]), (await again.sees())["captions"]) == (1, [])


async def test_who_stops_looking_is_gone_after_a_while_and_who_looks_is_not() -> None:
    async with a_world() as world:
        ada, eve = await a_person(world), await a_person(world, "Eve")
        for _ in range(5):
            await world.store.advance(seconds(10))
            await ada.sees()
        assert [p["name"] for p in (await ada.sees())["participants"]] == ["Ada"]
        assert (await eve.sees())["reason"] == "vanished"


async def test_leaving_twice_is_no_error() -> None:
    async with a_world() as world:
        ada = await a_person(world)
        assert [(await ada.do("leave")).status for _ in range(2)] == [200, 200]
        assert (await ada.sees())["reason"] == "left"


async def test_who_joins_again_since_the_answer_was_lost_has_one_seat() -> None:
    async with a_world() as world:
        body = {"name": "Scribe", "bot": True, "nonce": "0123456789abcdef"}
        first = await world.call("POST", "/local-meeting/demo/join", body)
        again = await world.call("POST", "/local-meeting/demo/join", body)
        assert again.json == first.json
        ada = await a_person(world)
        assert [p["name"] for p in (await ada.sees())["participants"]] == ["Scribe", "Ada"]
        await ada.do("end")
        later = await world.call("POST", "/local-meeting/demo/join", body)
        assert later.status == 200
        assert later.json != first.json, "the room of that name is another one by now"


async def test_many_who_come_at_once_meet_in_one_room_and_a_full_one_says_so() -> None:
    async with a_world() as world:
        calls = (world.call("POST", "/local-meeting/demo/join", {"name": f"p{n}"}) for n in range(205))
        answers = await asyncio.gather(*calls)
        assert sorted(a.status for a in answers) == [*[200] * 200, *[429] * 5]
        assert await world.store.count(world.store.kinds["Room"]) == {"open": 1}


# ------------------------------------------------------------------------------------ the waiting room


async def a_guarded_room(world: World) -> tuple[Person, Person]:
    """Give a host with the waiting room on, and somebody who waits."""
    ada = await a_person(world)
    assert (await ada.do("guard", on=True)).status == 200
    return ada, await a_person(world, "Eve", bot=True)


async def test_who_comes_to_a_guarded_room_waits_and_sees_nothing_until_admitted() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        await ada.do("say", text="before")
        seen = await eve.sees()
        assert (seen["inside"], seen["waiting"], seen["participants"], seen["captions"]) == (False, True, [], [])
        scene = await ada.sees()
        assert [p["name"] for p in scene["participants"]] == ["Ada"]
        assert [(p["name"], p["bot"]) for p in scene["knocking"]] == [("Eve", True)]

        looking = asyncio.create_task(eve.sees(mark=seen["mark"], wait_seconds=10))
        assert (await ada.do("admit", who=eve.id)).status == 200
        inside = await looking
        assert (inside["inside"], [c["text"] for c in inside["captions"]]) == (True, ["before"])
        assert (await ada.sees())["knocking"] == []


async def test_who_is_denied_learns_that_and_may_knock_again() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        assert (await ada.do("deny", who=eve.id)).status == 200
        assert (await eve.sees())["reason"] == "denied"
        assert (await ada.do("admit", who=eve.id)).status == 200
        assert (await eve.sees())["inside"] is False
        again = await a_person(world, "Eve", bot=True)
        assert (await again.sees())["waiting"]


async def test_who_waits_can_do_nothing_in_the_room() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        for step, more in (
            ("say", {"text": "x"}), ("kick", {"who": ada.id}), ("admit", {"who": eve.id}), ("deny", {"who": eve.id}),
            ("guard", {"on": False}), ("end", {}),
        ):  # fmt: skip
            answer = await eve.do(step, **more)
            assert (answer.status, "wait until somebody admits you" in answer.detail) == (409, True)
        assert (await ada.sees())["inside"]
        assert (await eve.sees())["waiting"]


async def test_nobody_is_admitted_from_another_room() -> None:
    async with a_world() as world:
        _, eve = await a_guarded_room(world)
        stranger = await a_person(world, "Mallory", "another")
        assert (await stranger.do("admit", who=eve.id)).status == 404
        assert (await eve.sees())["waiting"]


async def test_who_waits_is_let_in_when_the_waiting_room_is_switched_off() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        await ada.do("guard", on=False)
        assert (await eve.sees())["inside"]
        assert (await (await a_person(world, "Bob")).sees())["inside"]


async def test_the_first_person_in_a_guarded_room_without_anybody_is_its_host_and_a_bot_waits_for_one() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        await ada.do("leave")
        assert (await eve.sees())["waiting"]
        bob = await a_person(world, "Bob")
        assert [p["name"] for p in (await bob.sees())["knocking"]] == ["Eve"]
        await bob.do("admit", who=eve.id)
        assert (await eve.sees())["inside"]


async def test_who_waits_and_stops_looking_or_whose_meeting_ends_is_gone() -> None:
    async with a_world() as world:
        ada, eve = await a_guarded_room(world)
        bob = await a_person(world, "Bob")
        for _ in range(3):
            await world.store.advance(seconds(10))
            await ada.sees()
            await bob.sees()
        assert (await eve.sees())["reason"] == "vanished"
        await ada.do("end")
        await world.store.advance(seconds(1))
        assert (await bob.sees())["reason"] == "meeting_ended"


async def test_the_waiting_room_is_switched_once_however_often_it_is_said() -> None:
    async with a_world() as world:
        ada = await a_person(world)
        assert [(await ada.do("guard", on=on)).status for on in (True, True, False, False)] == [200] * 4
        assert (await ada.sees())["guarded"] is False


async def test_nobody_slips_in_while_the_waiting_room_is_switched_on() -> None:
    async with a_world() as world:
        ada = await a_person(world)
        guarding = asyncio.create_task(ada.do("guard", on=True))
        came = await asyncio.gather(*(a_person(world, f"p{number}") for number in range(20)))
        await guarding
        later = await a_person(world, "later")
        looks = [await person.sees() for person in came]
        assert all(look["inside"] or look["waiting"] for look in looks)
        assert (await later.sees())["waiting"]
        scene = await ada.sees()
        assert len(scene["participants"]) + len(scene["knocking"]) == 22


async def test_the_page_fetches_nothing_from_elsewhere() -> None:
    async with a_world() as world:
        for path in ("", "demo", "page.js", "page.css"):
            answer = await world.call("GET", f"/local-meeting/{path}")
            assert answer.status == 200
            assert b"//" not in answer.body.replace(b"// The", b"").replace(b"// back", b"") or path == "page.js"
            assert b"http" not in answer.body
            assert "default-src 'none'" in answer.headers["content-security-policy"]


# ------------------------------------------------------------------------------------ in a browser


@contextmanager
def a_browser() -> Iterator[Browser]:
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser
        finally:
            browser.close()


def a_tab(browser: Browser, url: str, problems: list[str], **options: Any) -> Page:
    page = browser.new_context(**options).new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    page.goto(url)
    return page


def join(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()


def test_people_and_a_bot_meet_in_a_browser(tmp_path: Path) -> None:
    problems: list[str] = []
    phone = {"viewport": {"width": 360, "height": 640}, "has_touch": True}
    with a_browser() as browser, a_server(tmp_path) as server:
        user = server.a_user()
        ada = a_tab(browser, f"{server.url}/local-meeting/", problems)
        ada.get_by_label("Room").fill("demo")
        ada.get_by_role("button", name="Open").click()
        join(ada, "Ada <b>Lovelace</b>")
        expect(ada.locator("#people li")).to_have_count(1)

        server.ask(user, bot_name="Scribe")
        expect(ada.locator("#people li", has_text="Scribe").locator(".badge")).to_have_text("bot")

        eve = a_tab(browser, f"{server.url}/local-meeting/demo", problems, **phone)
        join(eve, "Eve")
        expect(ada.locator("#people li")).to_have_count(3)
        eve.get_by_label("Say something").fill("Hello & <i>welcome</i>")
        eve.get_by_role("button", name="Say").click()
        expect(ada.locator("#captions li")).to_have_text(["EveHello & <i>welcome</i>"])
        assert eve.evaluate("document.documentElement.scrollWidth") <= 360

        ada.reload()
        expect(ada.locator("#people li")).to_have_count(3)
        expect(ada.locator("#captions li")).to_have_count(1)

        ada.get_by_role("button", name="Remove Scribe").click()
        meeting = server.until(user, "completed")
        assert (meeting["end_reason"], meeting["ended_by"]) == ("evicted", "bot")
        expect(ada.locator("#people li")).to_have_count(2)

        eve.get_by_role("button", name="End the meeting").click()
        for page in (ada, eve):
            expect(page.get_by_role("status")).to_have_text("The meeting has ended.")
            page.context.close()
    assert problems == []


def test_the_end_of_a_meeting_completes_its_bots_meeting(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        ada = server.room("demo", "join", name="Ada")
        server.room("demo", "end", participant=ada["participant"], key=ada["key"])
        assert server.until(user, "completed")["end_reason"] == "meeting_ended"


@pytest.mark.parametrize(
    ("step", "status", "reason"), [("admit", "completed", "meeting_ended"), ("deny", "failed", "denied")]
)
def test_a_bot_by_plain_http_waits_at_the_door_and_is_admitted_or_denied(
    tmp_path: Path, step: str, status: str, reason: str
) -> None:
    with a_server(tmp_path) as server:
        user = server.a_user()
        ada = server.room("demo", "join", name="Ada")
        proof = {"participant": ada["participant"], "key": ada["key"]}
        server.room("demo", "guard", **proof, on=True)
        server.ask(user)
        (bot,) = until(lambda: server.room("demo", "look", **proof)["knocking"], bool)
        server.until(user, "waiting")
        server.room("demo", step, **proof, who=bot["id"])
        if step == "admit":
            server.until(user, "active")
            server.room("demo", "end", **proof)
        assert server.until(user, status)["end_reason"] == reason
