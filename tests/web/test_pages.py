"""The dashboard's pages as they are sent: what they show, what they escape, what an operator may do."""

import asyncio
import json
import re
from html import unescape
from typing import Any

from tenure import Retry, seconds
from tenure.web.live import MOST_STREAMS

EVIL = "<script>alert(1)</script>\"'&`"


def token_of(page: str) -> str:
    return page.partition('name="form_token" value="')[2].partition('"')[0]


async def test_the_first_page_shows_each_kind_with_its_counts(site: Any, club: Any) -> None:
    async with site(links={"Meeting page": "/local-meeting/"}) as s:
        await s.store.apply(club.create("c"))
        await s.log_in()
        page = await s.page("/")
        assert '<b data-count="Club/open">1</b>' in page
        assert '<b data-count="Guest/inside">0</b>' in page
        assert 'href="/local-meeting/"' in page


async def test_a_kind_shows_its_diagram_and_its_records(site: Any, club: Any) -> None:
    async with site() as s:
        for number in range(60):
            await s.store.apply(club.create(f"c{number:02}"))
        await s.store.apply(club.close("c00"))
        await s.log_in()
        page = await s.page("/dashboard/kinds/Club")
        assert 'class="diagram"' in page
        assert page.count('class="id"') == 50
        assert ">c59<" in page
        following = re.search(r'rel="next" href="([^"]+)"', page)
        assert following is not None
        rest = await s.page(following[1].replace("&amp;", "&"))
        assert rest.count('class="id"') == 9
        assert ">c01<" in rest
        assert ">c00<" in await s.page("/dashboard/kinds/Club?state=closed")
        assert (await s.page("/dashboard/kinds/Club?every=1&newest_first=0")).count('class="id"') == 50


async def test_a_record_shows_who_when_and_why(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        held = await s.store.acting("door").apply(guest.enter("g"), why="her name is on the list")
        await s.log_in()
        page = await s.page("/dashboard/records/Guest/g")
        for text in (
            "her name is on the list",
            "door",
            f"fence {held.fence}",
            "vanish",
            "2 min after the holder",
            "Ada",
        ):
            assert text in page
        assert 'href="/dashboard/records/Club/c"' in page
        assert "leave" in page
        assert "leaves `waiting`" not in page
        page = await s.page("/dashboard/records/Guest/g?transition=enter")
        assert "<code>enter</code> leaves <code>waiting</code>" in page


async def test_everything_is_escaped(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create(EVIL))
        await s.store.acting(EVIL).apply(guest.create(EVIL, club=EVIL, name=EVIL, about={EVIL: EVIL}), why=EVIL)
        await s.store.apply(guest.enter(EVIL), op="op-1")
        await s.log_in()
        record = "/dashboard/records/Guest/%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%27%26%60"
        for path in (
            "/", "/dashboard/kinds/Guest", "/dashboard/due", "/dashboard/limits", "/dashboard/messages",
            f"{record}?notice=<script>alert(1)</script>&transition=<script>",
            "/dashboard/kinds/Club?state=<script>alert(1)</script>", "/dashboard/kinds/<script>alert(1)",
        ):  # fmt: skip
            answer = await s.get(path) if "%3C" not in path else await s.get_as_it_is(path.replace("<", "%3C"))
            text = await answer.text()
            assert "<script>" not in text.replace("<script src=", "")
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
        assert "&lt;script&gt;alert(1)" in await (await s.get_as_it_is(record)).text()


async def test_no_page_holds_a_style_or_script_of_its_own(site: Any, club: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.log_in()
        for path in ("/", "/dashboard/kinds/Club", "/dashboard/records/Club/c", "/dashboard/login"):
            page = await s.page(path)
            assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", page)


async def test_a_button_makes_a_transition_of_the_version_that_was_seen(site: Any, club: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.log_in()
        page = await s.page("/dashboard/records/Club/c")
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page))
        assert form["transition"] == "close"
        answer = await s.post("/dashboard/apply", data={**form, "version": "9"})
        assert "changed+meanwhile" in answer.headers["Location"]
        answer = await s.post("/dashboard/apply", data=form)
        assert answer.status == 303
        assert (await s.store.get(club, "c")).state == club.closed
        (_, event) = await s.store.history(club, "c")
        assert event.by == "dashboard"


async def test_a_form_takes_the_parameters_of_a_transition(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        await s.log_in()
        page = await s.page("/dashboard/records/Guest/g")
        assert '<input name="value:name" required' in page
        form = {"form_token": token_of(page), "kind": "Guest", "id": "g", "version": "1", "transition": "rename"}
        await s.post("/dashboard/apply", data={**form, "value:name": "Eve"})
        assert (await s.store.get(guest, "g")).name == "Eve"


async def test_only_what_anyone_may_make_has_a_button(site: Any, club: Any, guest: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        await s.log_in()
        buttons = re.findall(r'name="transition" value="(\w+)"', await s.page("/dashboard/records/Guest/g"))
        assert sorted(buttons) == ["give_up", "rename"]
        await s.store.apply(guest.enter("g"))
        assert 'name="transition"' not in await s.page("/dashboard/records/Guest/g")


async def test_a_message_that_was_given_up_is_sent_again(site: Any, club: Any, guest: Any) -> None:
    async def fail(_: object) -> None:
        raise ValueError("the door is stuck")

    async with site() as s:
        await s.store.apply(club.create("c"))
        await s.store.apply(guest.create("g", club="c", name="Ada"))
        await s.store.apply(guest.enter("g"))
        await s.store.deliver_once(guest.greet, fail, retry=Retry(give_up=seconds(0)))
        await s.log_in()
        page = await s.page("/dashboard/messages")
        assert "ValueError: the door is stuck" in page
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.partition("/dashboard/resend")[2]))
        assert (await s.post("/dashboard/resend", data={**form, "form_token": "x"})).status == 403
        assert (await s.post("/dashboard/resend", data={**form, "effect": "x"})).status == 422
        answer = await s.post("/dashboard/resend", data=form)
        assert "1+messages+are+sent+again" in answer.headers["Location"]
        assert "given up" not in await s.page("/dashboard/messages")


async def test_a_form_of_another_site_does_nothing(site: Any, club: Any) -> None:
    async with site() as s:
        await s.store.apply(club.create("c"))
        form = {"kind": "Club", "id": "c", "version": "1", "transition": "close"}
        assert (await s.post("/dashboard/apply", data=form)).headers["Location"].startswith("/dashboard/login")
        await s.log_in()
        for token in ({}, {"form_token": "x"}, {"form_token": "é"}):
            assert (await s.post("/dashboard/apply", data={**form, **token})).status in {403, 422}
        assert (await s.store.get(club, "c")).version == 1


async def test_a_malformed_form_is_refused(site: Any) -> None:
    async with site() as s:
        await s.log_in()
        token = token_of(await s.page("/"))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for body in (b"\xff", b"a=%ff", b"&".join(b"a=1" for _ in range(200)), f"form_token={token}".encode()):
            assert (await s.post("/dashboard/apply", data=body, headers=headers)).status in {403, 422}


async def test_an_id_leads_to_its_record(site: Any) -> None:
    async with site() as s:
        await s.log_in()
        answer = await s.get("/dashboard/go?kind=Club&id=a%2Fb%20c%3F")
        assert answer.headers["Location"] == "/dashboard/records/Club/a%2Fb%20c%3F?space=main"


async def test_a_page_hears_what_happens(site: Any, club: Any) -> None:
    async with site() as s:
        await s.log_in()
        async with s.client.get(s.address + "/dashboard/live") as stream:
            name, data = await next_event(stream)
            assert (name, data["counts"]["Club"]["open"]) == ("counts", 0)
            await s.store.acting("door").apply(club.create("c"))
            name, data = await next_event(stream)
            assert (name, data["counts"]["Club"]["open"]) == ("change", 1)
            assert [(e["id"], e["transition"], e["by"]) for e in data["events"]] == [("c", "create", "door")]
            s.closing.set()
            assert await stream.content.read() == b""


async def test_a_page_hears_also_of_what_happened_before_its_stream_began_and_who_comes_again_nothing_twice(
    site: Any, club: Any
) -> None:
    async with site() as s:
        await s.log_in()
        found = re.search(r'data-stream="([^"]+)"', await s.page("/"))
        assert found is not None
        address = s.address + unescape(found[1])
        await s.store.apply(club.create("c"))
        told, number = await events_of(s, address, 2)
        assert [(name, [e["id"] for e in data.get("events", [])]) for name, data in told] == [
            ("counts", []), ("change", ["c"]),
        ]  # fmt: skip
        await s.store.apply(club.create("d"))
        told, number = await events_of(s, address, 2, **{"Last-Event-ID": number})
        assert [e["id"] for e in told[1][1]["events"]] == ["d"]
        async with s.client.get(address, headers={"Last-Event-ID": number}) as stream:
            assert (await next_event(stream))[0] == "counts"
            await s.store.apply(club.create("e"))
            _, data = await next_event(stream)
            assert [e["id"] for e in data["events"]] == ["e"]
        assert (await s.get("/dashboard/live?after=x")).status == 422
        later = f"{s.address}/dashboard/live?after=999999999999999999"
        assert [name for name, _ in (await events_of(s, later, 1))[0]] == ["counts"]


async def events_of(s: Any, address: str, number: int, **headers: str) -> tuple[list[tuple[str, Any]], str]:
    """Give the first events of a stream, and the number of the last one."""
    async with s.client.get(address, headers=headers) as stream:
        told, last = list[tuple[str, Any]](), ""
        for _ in range(number):
            name, data, last = await next_numbered_event(stream)
            told.append((name, data))
    return told, last


async def test_streams_are_for_those_who_are_logged_in_and_are_bounded(site: Any) -> None:
    async with site() as s:
        assert (await s.get("/dashboard/live")).status == 401
        await s.log_in()
        streams = [await s.client.get(s.address + "/dashboard/live") for _ in range(MOST_STREAMS)]
        await asyncio.gather(*(next_event(stream) for stream in streams))
        assert (await s.get("/dashboard/live")).status == 503
        for stream in streams:
            stream.close()


async def next_event(stream: Any) -> tuple[str, Any]:
    """Read one server-sent event."""
    name, data, _ = await next_numbered_event(stream)
    return name, data


async def next_numbered_event(stream: Any) -> tuple[str, Any, str]:
    """Read one, with the number that a browser gives back when it comes again; signs of life are passed over."""
    while (line := (await stream.content.readline()).decode()).startswith(":"):
        assert await stream.content.readline() == b"\n"
    lines = [line, *[(await stream.content.readline()).decode() for _ in range(3)]]
    assert [line.partition(":")[0] for line in lines] == ["event", "id", "data", "\n"]
    name, number, data = (line.partition(": ")[2].strip() for line in lines[:3])
    return name, json.loads(data), number
