"""Meetings live over a WebSocket: the protocol, nothing missed and nothing twice, tenants apart, junk, the end."""

import asyncio
import json
import logging
import os
import re
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from threading import Thread
from typing import Any

import jsonschema
import pytest
from tests.places import ENGINES, KEPT, Place
from tests.services.meetings.making import ADMIN_KEY, VEXA, Bot, World, a_world
from tests.services.meetings.serving import a_server
from tests.services.meetings.sockets import Port, Socket, a_port, check
from websockets.sync.client import connect as sync_connect

from tenure import Unavailable, minutes
from tenure.services.meetings.api import socket as socket_of_api
from tenure.services.meetings.api import websocket
from tenure.services.meetings.archive import Archive
from tenure.services.meetings.following import Feed
from tenure.services.meetings.lifecycle import Meeting

STATUSES = {
    "reserved": "requested", "starting": "joining", "active": "active", "stopping": "stopping",
}  # fmt: skip

golden = pytest.mark.skipif(
    not VEXA.exists() and not os.environ.get("CI"), reason="the public schemas are not beside this checkout"
)


@asynccontextmanager
async def a_place(**settings: Any) -> AsyncIterator[tuple[World, Port]]:
    async with a_world(**settings) as world, a_port(world) as port:
        yield world, port


def heard(number: int, text: str | None = None, speaker: str = "Ada") -> dict[str, Any]:
    return {
        "segment_id": str(number), "text": text or f"word {number}", "start": number * 1.0, "end": number + 0.5,
        "at": 1.8e9 + number, "speaker": speaker, "language": "en",
    }  # fmt: skip


async def say(bot: Bot, *numbers: int) -> None:
    answer = await bot.tell("transcript", segments=[heard(n) for n in numbers])
    assert answer.status == 200, answer.body


def example(name: str) -> Any:
    return json.loads((VEXA / "golden" / f"{name}.json").read_text())


# ------------------------------------------------------------------------------------ the protocol


@golden
async def test_the_public_examples_are_spoken_word_by_word() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user, "g5-ws-gate-room")
        async with port.socket(user) as socket:
            await socket.say(example("SubscribeRequest.subscribe"))
            assert await socket.hear() == example("Subscribed.ack")
            assert (await socket.hear())["type"] == "meeting.status"
            await socket.say(example("UnsubscribeRequest.unsubscribe"))
            assert await socket.hear() == {**example("Subscribed.ack"), "type": "unsubscribed"}
            await socket.say({"action": "sing"})
            assert await socket.hear() == example("Error.unknown-action")
        async with port.socket(None) as socket:
            assert await socket.hear() == example("Error.missing-key")
            assert (await socket.closed())[0] == 4401


@golden
async def test_frames_have_the_fields_of_the_public_examples() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, "abc-defg-hij", state="active")
        async with port.socket(user) as one, port.socket(user) as other:
            await one.ask("subscribe", "abc-defg-hij")
            status = await one.hear()
            expected = example("MeetingStatus.active")
            assert {**status, "cursor": "", "ts": expected["ts"]} == {
                **expected, "cursor": "", "user_id": user, "meeting": {**expected["meeting"], "id": 1},
            }  # fmt: skip
            await other.ask("subscribe", "abc-defg-hij", bundles=True)
            await other.hear()
            await say(bot, 1)
            segment, bundle = await one.hear(), await other.hear()
            assert set(example("TranscriptionSegment.live")) <= set(segment)
            assert set(example("Transcript.bundle")) <= set(bundle)
            assert set(example("Transcript.bundle")["confirmed"][0]) <= set(bundle["confirmed"][0])


@pytest.mark.parametrize("state", list(STATUSES))
async def test_the_present_status_comes_right_after_the_subscription(state: str) -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user, state=state)
        async with port.socket(user) as socket:
            assert await socket.follow() == STATUSES[state]
            await socket.pong()


async def test_each_change_of_status_comes_once_with_who_ended_it_and_why() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.ask(user)
        async with port.socket(user) as socket:
            assert await socket.follow() == "requested"
            await world.work()
            (settings,) = world.bots.started.values()
            bot = Bot(world, settings)
            await bot.tell("started")
            await bot.tell("joined")
            await bot.tell("heartbeat")
            await world.user_call(user, "PUT", "/bots/google_meet/abc/config", {"language": "de"})
            await world.user_call(user, "DELETE", "/bots/google_meet/abc")
            await bot.tell("exited", exit_code=0)
            frames = [await socket.hear() for _ in range(4)]
            assert [f["payload"]["status"] for f in frames] == ["joining", "active", "stopping", "completed"]
            assert frames[-1]["payload"]["data"] == {"ended_by": f"user:{user}", "end_reason": "stopped"}
            await socket.pong()


async def test_a_failure_says_its_reason() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user)
        async with port.socket(user) as socket:
            await socket.follow()
            await bot.tell("exited", exit_code=1, reason="join_refused")
            frame = await socket.hear()
            assert frame["payload"] == {
                "status": "failed", "data": {"ended_by": "bot", "end_reason": "join_refused"},
            }  # fmt: skip


async def test_a_deadline_that_passes_is_told_as_every_other_change() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user, state="active")
        async with port.socket(user) as socket:
            await socket.follow()
            await world.store.advance(minutes(3))
            frame = await socket.hear()
            assert frame["payload"]["data"] == {"ended_by": "sweeper", "end_reason": "stale_active_timeout"}


async def test_a_segment_says_what_the_transcript_says() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with port.socket(user) as socket:
            await socket.follow()
            await bot.tell("transcript", segments=[heard(7, "grüße 👋", "Zoë")])
            frame = await socket.hear()
            (kept,) = (await world.user_call(user, "GET", "/transcripts/google_meet/abc")).json["segments"]
            for name in ("segment_id", "text", "speaker", "language", "absolute_start_time", "completed"):
                assert frame[name] == kept[name], name
            assert (frame["start_time"], frame["end_time"]) == (7.0, 7.5)


async def test_one_socket_follows_many_meetings_and_leaves_one_of_them() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        one, two = await world.a_bot(user, "one", state="active"), await world.a_bot(user, "two", state="active")
        async with port.socket(user) as socket:
            assert len((await socket.ask("subscribe", "one", "two"))["meetings"]) == 2
            assert [(await socket.hear())["meeting"]["native_id"] for _ in range(2)] == ["one", "two"]
            assert (await socket.ask("unsubscribe", "one", "unknown"))["meetings"] == [
                {"platform": "google_meet", "native_id": "one"}
            ]
            await say(one, 1)
            await say(two, 2)
            assert (await socket.hear())["meeting"]["native_id"] == "two"
            await socket.pong()


# ------------------------------------------------------------------------------------ nothing missed, nothing twice


async def test_who_comes_again_with_the_cursor_misses_nothing_and_hears_nothing_twice() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user)
        async with port.socket(user) as socket:
            await socket.follow()
            await bot.tell("started")
            await bot.tell("joined")
            await say(bot, 1, 2)
            for _ in range(4):
                await socket.hear()
            cursor = socket.cursors["abc"]
        await say(bot, 3)
        await bot.tell("exited", exit_code=0)
        async with port.socket(user) as socket:
            await socket.ask("subscribe", "abc", after={"abc": cursor})
            assert (await socket.hear())["text"] == "word 3"
            assert (await socket.hear())["payload"]["status"] == "completed"
            cursor = socket.cursors["abc"]
        async with port.socket(user) as socket:
            await socket.ask("subscribe", "abc", after={"abc": cursor})
            await socket.pong()


@pytest.mark.parametrize("engine", ENGINES)
async def test_under_concurrent_writes_and_reconnects_each_word_comes_once_and_in_order(
    place_of: Callable[[str], Place], engine: str
) -> None:
    async with a_place(url=place_of(engine).fresh()) as (world, port):
        user = await world.a_user()
        bots = {name: await world.a_bot(user, name, state="active") for name in ("one", "two")}
        words: dict[str, list[str]] = {name: [] for name in bots}
        last, after = 120, dict[str, str]()

        async def talk(bot: Bot) -> None:
            for number in range(1, last, 3):
                await say(bot, number, number + 1, number + 2)

        async with port.socket(user) as socket:
            for name in bots:
                await socket.follow(name)
            after = socket.cursors
        talking = [asyncio.create_task(talk(bot)) for bot in bots.values()]
        while any(len(heard) < last for heard in words.values()):
            async with port.socket(user) as socket:
                await socket.ask("subscribe", *bots, after=after)
                for _ in range(17):
                    if all(len(heard) == last for heard in words.values()):
                        break
                    frame = await socket.hear()
                    words[frame["meeting"]["native_id"]].append(frame["text"])
                after |= socket.cursors
        await asyncio.gather(*talking)
        assert words == {name: [f"word {n}" for n in range(1, last + 1)] for name in bots}


@pytest.mark.parametrize("engine", KEPT)
async def test_what_a_bot_reports_to_one_server_is_heard_at_another(
    place_of: Callable[[str], Place], engine: str
) -> None:
    url = place_of(engine).fresh()
    async with a_world(url=url) as here, a_world(url=url) as there, a_port(there) as port:
        user = await here.a_user()
        there.keys.update(here.keys)
        bot = await here.a_bot(user, state="active")
        async with port.socket(user) as socket:
            assert await socket.follow() == "active"
            await say(bot, 1)
            assert (await socket.hear())["text"] == "word 1"
            await here.admin_call("DELETE", f"/admin/users/{user}/tokens/1")
            assert (await socket.closed())[0] == 4401


@pytest.mark.parametrize("engine", ENGINES)
async def test_status_and_words_written_while_somebody_subscribes_come_once(
    place_of: Callable[[str], Place], engine: str
) -> None:
    async with a_place(url=place_of(engine).fresh()) as (world, port):
        user = await world.a_user()
        bot, listeners, all_listen = await world.a_bot(user), list[int](), asyncio.Event()

        async def live() -> None:
            await bot.tell("started")
            await bot.tell("joined")
            for number in range(1, 40):
                await say(bot, number)
            await all_listen.wait()  # however fast it was: who comes later must hear the last word too
            await say(bot, 40)

        async def listen(delay: int) -> None:
            for _ in range(delay):
                await asyncio.sleep(0)
            async with port.socket(user) as socket:
                seen, numbers = [await socket.follow()], list[int]()
                listeners.append(delay)
                if len(listeners) == 8:
                    all_listen.set()
                while not numbers or numbers[-1] < 40:
                    frame = await socket.hear()
                    if frame["type"] == "meeting.status":
                        seen.append(frame["payload"]["status"])
                    else:
                        numbers.append(int(frame["segment_id"]))
                way = ["requested", "joining", "active"]
                assert seen == way[way.index(seen[0]) :]
                assert numbers == list(range(numbers[0], 41))

        await asyncio.gather(live(), *(listen(delay * 30) for delay in range(8)))


async def test_what_happens_while_the_status_is_read_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    by_id = Archive.by_id
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="starting")

        async def late(archive: Archive, id: str) -> Meeting:
            before = world.service.feed._position
            await bot.tell("joined")
            await say(bot, 1)
            while world.service.feed._position < before + 2:
                await asyncio.sleep(0)
            return await by_id(archive, id)

        monkeypatch.setattr(Archive, "by_id", late)
        async with port.socket(user) as socket:
            assert await socket.follow() == "active"
            assert (await socket.hear())["text"] == "word 1"
            await socket.pong()


async def test_a_cursor_of_an_earlier_bot_of_the_same_name_begins_anew() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        first = await world.a_bot(user)
        async with port.socket(user) as socket:
            await socket.follow()
            cursor = socket.cursors["abc"]
        await first.tell("exited", exit_code=0)
        await world.a_bot(user)
        async with port.socket(user) as socket:
            await socket.ask("subscribe", "abc", after={"abc": cursor})
            frame = await socket.hear()
            assert (frame["payload"]["status"], frame["meeting"]["id"]) == ("requested", 2)


async def test_a_cursor_of_a_time_that_was_undone_is_refused() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user)
        async with port.socket(user) as socket:
            answer = await socket.ask("subscribe", "abc", after={"abc": f"1.{10**17}.1"})
            assert answer["meetings"]
            refusal = await socket.hear()
            assert refusal["error"] == "invalid_subscribe_payload"
            assert "set back" in refusal["details"]
            assert await socket.follow() == "requested"


async def test_a_cursor_that_is_too_old_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.meetings.following.MOST_READ_AGAIN", 3)
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with port.socket(user) as socket:
            await socket.follow()
            cursor = socket.cursors["abc"]
            await say(bot, 1, 2, 3, 4)
            for _ in range(4):
                await socket.hear()
            await socket.ask("subscribe", "abc", after={"abc": cursor})
            for _ in range(3):
                await socket.hear()
            assert "read the transcript" in (await socket.hear())["details"]


async def test_what_was_redacted_is_not_told_to_who_comes_again() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with port.socket(user) as socket:
            await socket.follow()
            cursor = socket.cursors["abc"]
        await say(bot, 1)
        await bot.tell("exited", exit_code=0)
        assert (await world.user_call(user, "DELETE", "/meetings/google_meet/abc")).status == 200
        async with port.socket(user) as socket:
            # Its name is gone too, so it can't be asked for any more.
            assert (await socket.ask("subscribe", "abc", after={"abc": cursor}))["meetings"] == []
            await socket.pong()


# ------------------------------------------------------------------------------------ who may hear what


async def test_an_acknowledgement_names_only_the_callers_own_meetings() -> None:
    async with a_place() as (world, port):
        owner, other = await world.a_user(), await world.a_user()
        bot = await world.a_bot(owner, "theirs", state="active")
        await world.a_bot(other, "mine")
        async with port.socket(other) as socket:
            answer = await socket.ask("subscribe", "mine", "theirs", "absent")
            assert [m["native_id"] for m in answer["meetings"]] == ["mine"]
            await socket.hear()
            await say(bot, 1)
            await bot.tell("exited", exit_code=0)
            await socket.pong()


async def test_a_cursor_opens_no_door_to_a_foreign_meeting() -> None:
    async with a_place() as (world, port):
        owner, other = await world.a_user(), await world.a_user()
        bot = await world.a_bot(owner, state="active")
        await world.a_bot(other)
        async with port.socket(owner) as socket:
            await socket.follow()
            cursor = socket.cursors["abc"]
        await say(bot, 1)
        async with port.socket(other) as socket:
            await socket.ask("subscribe", "abc", after={"abc": cursor})
            assert (await socket.hear())["meeting"]["id"] == 2
            await socket.pong()


@pytest.mark.parametrize("key", ["tnr_bad", ADMIN_KEY, "k%C3%A9"])
async def test_a_wrong_key_is_turned_away(key: str) -> None:
    async with a_place() as (_, port), port.socket(None, query=f"?api_key={key}") as socket:
        frame = await socket.hear()
        assert (frame["error"], frame["status"]) == ("authorization_service_error", 401)
        assert key not in json.dumps(frame)
        assert (await socket.closed())[0] == 4401


async def test_a_session_of_the_page_alone_opens_no_socket() -> None:
    async with a_place() as (_, port):
        headers = {"Cookie": "tenure_meetings=admin.9999999999.x.y", "Origin": "https://elsewhere.example"}
        async with port.socket(None, headers=headers) as socket:
            assert (await socket.hear())["error"] == "missing_api_key"


async def test_the_key_in_the_query_works_and_no_log_line_shows_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.INFO, logger="uvicorn.error")  # another server of this process may have silenced it
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user)
        key = world.keys[user]
        async with port.socket(None, query=f"?api_key={key}") as socket:
            assert await socket.follow() == "requested"
        async with port.socket(None, query="?api_key=tnr_wrong_but_secret") as socket:
            await socket.closed()
        server = "".join(r.getMessage() for r in caplog.records if r.name.startswith(("uvicorn", "tenure")))
    assert "/ws" in server, "the server's own line is what could have shown it"
    assert key not in server
    assert "tnr_wrong" not in server


async def test_a_revoked_key_closes_its_sockets_at_once_and_no_others() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        extra = (await world.admin_call("POST", f"/admin/users/{user}/tokens")).json
        async with port.socket(user) as kept, port.socket(None, query=f"?api_key={extra['token']}") as ended:
            await ended.pong()
            await world.admin_call("DELETE", f"/admin/users/{user}/tokens/{extra['id']}")
            assert await ended.closed() == (4401, "the API key was revoked")
            await kept.pong()


async def test_a_key_that_is_revoked_while_a_socket_opens_opens_none(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = Feed.joined

    async with a_place() as (world, port):
        user = await world.a_user()

        @asynccontextmanager
        async def late(feed: Feed, follower: Any) -> AsyncIterator[None]:
            await world.admin_call("DELETE", f"/admin/users/{user}/tokens/1")
            async with joined(feed, follower):
                yield

        monkeypatch.setattr(Feed, "joined", late)
        async with port.socket(user) as socket:
            assert (await socket.hear())["status"] == 401


# ------------------------------------------------------------------------------------ limits and junk


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ("null", "invalid_json"),
        ("NaN", "invalid_json"),
        ('{"action": "ping', "invalid_json"),
        (b'{"action": "ping"}', "invalid_json"),
        ("[" * 20_000, "invalid_json"),
        ("{}", "unknown_action"),
        ('{"action": ["subscribe"]}', "unknown_action"),
        ('{"action": null}', "unknown_action"),
        ('{"action": "subscribe"}', "invalid_subscribe_payload"),
        ('{"action": "subscribe", "meetings": []}', "invalid_subscribe_payload"),
        ('{"action": "subscribe", "meetings": [{"platform": "zoom"}]}', "invalid_subscribe_payload"),
        ('{"action": "subscribe", "meetings": [{"platform": 1, "native_id": "x"}]}', "invalid_subscribe_payload"),
        ('{"action": "subscribe", "meetings": "abc"}', "invalid_subscribe_payload"),
        ('{"action": "unsubscribe"}', "invalid_unsubscribe_payload"),
        ('{"action": "unsubscribe", "meetings": [3]}', "invalid_unsubscribe_payload"),
    ],
)
async def test_junk_is_answered_and_the_socket_goes_on(sent: str | bytes, code: str) -> None:
    async with a_place() as (world, port):
        async with port.socket(await world.a_user()) as socket:
            await socket.say(sent)
            assert (await socket.hear())["error"] == code
            await socket.pong()


@pytest.mark.parametrize("name", ["\\u0000", "\\ud800", "../../x", "x" * 200, "", "ü"])
async def test_a_name_that_no_meeting_can_have_is_absent(name: str) -> None:
    async with a_place() as (world, port):
        async with port.socket(await world.a_user()) as socket:
            await socket.say(f'{{"action": "subscribe", "meetings": [{{"platform": "zoom", "native_id": "{name}"}}]}}')
            frame = await socket.hear()
            assert frame.get("error") == "invalid_json" or frame["meetings"] == []
            await socket.pong()


def junk(random: Random) -> str:
    """Make a message that is nearly right: a request of which something was exchanged, or text that was cut."""
    odd = [
        "",
        0,
        -1,
        1e300,
        None,
        True,
        [],
        {},
        "\x00",
        "x" * 300,
        "\U0001f44b",
        [[]],
        {"platform": {}},
        "1.2.3",
        "subscribe",
    ]
    request: dict[str, Any] = {
        "action": random.choice(["subscribe", "unsubscribe", "ping", "sing"]),
        "meetings": [{"platform": "google_meet", "native_id": "abc", "after": f"1.{random.randrange(10**18)}.1"}],
    }
    for _ in range(random.randrange(3)):
        target = random.choice([request, request, *(m for m in request.get("meetings", []) if isinstance(m, dict))])
        target[random.choice([*target, "bundles", "more"])] = random.choice(odd)
        if not isinstance(request.get("meetings"), list):
            break
    text = json.dumps(request)
    return text[: random.randrange(len(text))] if random.random() < 0.2 else text


async def test_whatever_is_sent_is_answered_in_the_protocols_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_of_api, "MOST_MISTAKES", 10**9)
    random = Random(11)  # noqa: S311  a seed, so that a failure comes again
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user)
        async with port.socket(user) as socket:
            for _ in range(20):
                for _ in range(100):
                    await socket.say(junk(random))
                await socket.say({"action": "unsubscribe", "meetings": []})
                while await socket.hear() != {"type": "unsubscribed", "meetings": []}:
                    pass
        async with port.socket(user) as socket:
            assert await socket.follow() == "requested"


async def test_too_much_junk_closes_the_socket() -> None:
    async with a_place() as (world, port), port.socket(await world.a_user()) as socket:
        for _ in range(socket_of_api.MOST_MISTAKES):
            await socket.say("junk")
            assert (await socket.hear())["error"] == "invalid_json"
        assert (await socket.closed())[0] == 1008


async def test_a_message_that_is_too_large_closes_the_socket() -> None:
    async with a_place() as (world, port), port.socket(await world.a_user()) as socket:
        await socket.say("x" * 70_000)
        assert (await socket.closed())[0] == 1009


async def test_a_user_has_at_most_so_many_sockets_and_gets_their_places_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MOST_OF_A_USER", 2)
    async with a_place() as (world, port):
        user, other = await world.a_user(), await world.a_user()
        async with port.socket(user) as one:
            await one.pong()  # it is counted once it is served
            async with port.socket(user) as two:
                await two.pong()
                async with port.socket(user) as three:
                    frame = await three.hear()
                    assert (frame["status"], "2 sockets" in frame["detail"]) == (429, True)
                    assert (await three.closed())[0] == 1013
                await one.pong()
                await two.pong()
            async with port.socket(other) as theirs:
                await theirs.pong()
            await opened(port, user)


async def opened(port: Port, user: int) -> None:
    """Open a socket as soon as there is a place."""
    while True:
        async with port.socket(user) as again:
            await again.say({"action": "ping"})
            if (await again.hear())["type"] == "pong":
                return


async def test_a_process_has_at_most_so_many_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MOST_SOCKETS", 1)
    async with a_place() as (world, port):
        async with port.socket(await world.a_user()) as one:
            await one.pong()
            async with port.socket(await world.a_user()) as two:
                assert (await two.hear())["status"] == 429
            await one.pong()


async def test_a_socket_follows_at_most_so_many_meetings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_of_api, "MOST_MEETINGS", 2)
    async with a_place() as (world, port):
        user = await world.a_user()
        for name in ("one", "two", "three"):
            await world.a_bot(user, name)
        async with port.socket(user) as socket:
            await socket.follow("one")
            await socket.follow("two")
            assert "at most 2 meetings" in (await socket.ask("subscribe", "three"))["details"]
            await socket.ask("unsubscribe", "one")
            assert await socket.follow("three") == "requested"


async def test_who_reads_too_slowly_is_ended_and_loses_nothing_by_it() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with port.socket(user, max_queue=1, close_timeout=0.1) as slow, port.socket(user) as quick:
            await slow.follow()
            await quick.follow()
            cursor, number = slow.cursors["abc"], 0
            feed = world.service.feed
            while len(feed._followers) > 1:
                number += 1
                await bot.tell("transcript", segments=[heard(number * 100 + n, "x" * 5000) for n in range(100)])
                for _ in range(100):
                    await quick.hear()
        async with port.socket(user) as again:
            await again.ask("subscribe", "abc", after={"abc": cursor})
            ids = [(await again.hear())["segment_id"] for _ in range(number * 100)]
            assert ids == [str(i * 100 + n) for i in range(1, number + 1) for n in range(100)]
            await again.pong()


# ------------------------------------------------------------------------------------ the end, and the cost


async def test_sockets_are_closed_when_the_server_stops_after_the_last_news() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        await world.a_bot(user)
        async with port.socket(user) as one, port.socket(user) as two:
            await one.follow()
            await two.pong()
            await world.service.shut_down(keep=True)
            assert [(await s.closed())[0] for s in (one, two)] == [1001, 1001]
            async with port.socket(user) as late:
                assert (await late.closed())[0] == 1001


async def test_events_are_read_once_however_many_follow_and_not_at_all_if_nobody_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        read, engine = list[int](), world.store.engine
        feed = type(engine).feed

        async def counted(self: Any, *args: Any) -> Any:
            entries = await feed(self, *args)
            read.append(len(entries))
            return entries

        monkeypatch.setattr(type(engine), "feed", counted)
        await say(bot, 1)
        assert read == []
        sockets: list[Socket] = []
        async with AsyncExitStack() as stack:
            for _ in range(20):
                sockets.append(await stack.enter_async_context(port.socket(user)))
                await sockets[-1].follow()
            read.clear()
            await say(bot, 2)
            assert {(await s.hear())["text"] for s in sockets} == {"word 2"}
            assert sum(read) == 1


async def test_a_store_that_is_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.services.meetings.following.TRY_AGAIN_SECONDS", 0)
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        engine, away = world.store.engine, list[int]()
        feed = type(engine).feed

        async def failing(self: Any, *args: Any) -> Any:
            if len(away) < 3:
                away.append(1)
                raise Unavailable("the store is away")
            return await feed(self, *args)

        async with port.socket(user) as socket:
            await socket.follow()
            monkeypatch.setattr(type(engine), "feed", failing)
            await say(bot, 1)
            assert (await socket.hear())["text"] == "word 1"
            assert len(away) == 3


async def test_a_feed_that_fails_ends_its_sockets_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        engine = world.store.engine
        feed = type(engine).feed

        async def failing(self: Any, *args: Any) -> Any:  # noqa: ARG001
            raise ValueError("a defect")

        async with port.socket(user) as kept:
            await kept.follow()
            monkeypatch.setattr(type(engine), "feed", failing)
            await say(bot, 1)
            assert (await kept.closed())[0] == 1011
            monkeypatch.setattr(type(engine), "feed", feed)
            async with port.socket(user) as socket:
                await socket.follow()
                await say(bot, 2)
                assert (await socket.hear())["text"] == "word 2"


async def test_a_store_that_was_set_back_ends_its_sockets_and_the_next_one_works() -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        async with port.socket(user) as ended:
            await ended.follow()
            feed = world.service.feed
            feed._position = 10**17
            assert feed._reading is not None
            assert feed._begun is not None
            feed._reading.cancel()
            feed._reading = asyncio.create_task(feed._read_for_ever(feed._begun))
            assert (await ended.closed())[0] == 1012
            async with port.socket(user) as socket:
                await socket.follow()
                await say(bot, 1)
                assert (await socket.hear())["text"] == "word 1"


def test_the_schema_finds_a_wrong_frame() -> None:
    if VEXA.exists():
        with pytest.raises(jsonschema.ValidationError):
            check({"type": "meeting.status", "payload": {}})


# ------------------------------------------------------------------------------------ for real


def example_of_the_docs() -> Any:
    """Give the function that the docs show."""
    text = (Path(__file__).parents[3] / "docs" / "services" / "meetings.md").read_text()
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "async def watch(" in b]
    module: dict[str, Any] = {}
    exec(block, module)  # noqa: S102  the page is ours
    return module["watch"]


async def test_the_example_of_the_docs_hears_it_all_though_its_socket_breaks_off(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with a_place() as (world, port):
        user = await world.a_user()
        bot = await world.a_bot(user)
        url = port.address.replace("http", "ws") + "/ws"
        watching = asyncio.create_task(example_of_the_docs()(url, world.keys[user], "google_meet", "abc"))
        lines: list[str] = []

        async def told(number: int) -> None:
            while len(lines) < number:
                lines.extend(capsys.readouterr().out.splitlines())
                await asyncio.sleep(0)

        async def break_off() -> None:
            (follower,) = world.service.feed._followers
            follower.end(1001, "gone for a moment")
            while follower in world.service.feed._followers:
                await asyncio.sleep(0)

        await told(1)
        await break_off()
        await bot.tell("started")
        await told(2)
        await break_off()
        await bot.tell("joined")
        await say(bot, 1)
        await bot.tell("exited", exit_code=0)
        await watching
        await told(5)
        steps = ["The bot is requested", "The bot is joining", "The bot is active"]
        assert lines == [*steps, "Ada says: word 1", "The bot is completed"]


def test_a_real_server_tells_the_last_news_and_goodbye_when_it_is_stopped(tmp_path: Path) -> None:
    with a_server(tmp_path) as server:
        user = server.a_user()
        server.ask(user)
        server.until(user, "active")
        headers = {"X-API-Key": server.keys[user]}
        url = server.url.replace("http", "ws") + "/ws"
        with sync_connect(url, additional_headers=headers, open_timeout=60, ping_interval=None) as socket:
            meeting = {"platform": "local", "native_id": "demo"}
            socket.send(json.dumps({"action": "subscribe", "meetings": [meeting]}))
            frames = [json.loads(socket.recv()) for _ in range(2)]
            assert frames[1]["payload"]["status"] == "active"
            stopping = Thread(target=server.send, args=(signal.SIGINT,))
            stopping.start()
            statuses = [json.loads(text)["payload"]["status"] for text in socket]
            stopping.join()
            # A bot that takes more than four seconds, on a slow machine, is ended.
            assert statuses in (["stopping", "completed"], ["stopping", "failed"])
            assert socket.close_code == 1001
