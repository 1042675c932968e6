"""The contract of the API, as its callers see it."""

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.services.meetings.making import World, a_world

from tenure import Claim
from tenure.services.meetings.lifecycle import Meeting, Segment, Token
from tenure.services.meetings.screenshots import PNG

MEETING = "/meetings/google_meet/abc"
BOT = "/bots/google_meet/abc"
TRANSCRIPT = "/transcripts/google_meet/abc"
SHOTS = MEETING + "/screenshots"


def heard(number: int, text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"segment_id": str(number), "text": text, "start": number, "end": number, "at": 1e9 + number, **more}


async def test_a_new_bot_is_reserved_with_its_containers_name() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = (await world.ask(user, bot_name="Ada", language="en", task="translate", passcode="x y")).json
        assert meeting["status"] == "reserved"
        assert meeting["bot_container_id"].startswith(f"vexa-bot-{meeting['id']}-")
        assert meeting["constructed_meeting_url"] == "https://meet.google.com/abc"
        assert (meeting["start_time"], meeting["end_time"], meeting["data"]) == (None, None, {})
        await world.work()
        settings = world.bots.started[meeting["bot_container_id"]]
        assert (settings.bot_name, settings.language, settings.task, settings.passcode) == (
            "Ada",
            "en",
            "translate",
            "x y",
        )
        assert (settings.platform, settings.meeting_url) == ("google_meet", "https://meet.google.com/abc")


async def test_a_stand_in_sends_every_platform_to_the_local_page() -> None:
    async with a_world(stand_in=True) as world:
        user = await world.a_user()
        meeting = (await world.ask(user)).json
        await world.work()
        settings = world.bots.started[meeting["bot_container_id"]]
        assert settings.platform == "local"
        assert settings.meeting_url == meeting["page_url"] == "http://127.0.0.1:1/local-meeting/google_meet-abc"
        assert meeting["constructed_meeting_url"] == "https://meet.google.com/abc"


async def test_zero_bots_means_none() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=0)
        assert "limit reached (0)" in (await world.ask(user)).detail


async def test_a_limit_that_is_raised_lets_more_in_and_one_that_is_lowered_ends_nobody() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        await world.a_bot(user)
        assert (await world.ask(user, "other")).status == 429
        await world.admin_call("PATCH", f"/admin/users/{user}", {"max_concurrent_bots": 2})
        assert (await world.ask(user, "other")).status == 201
        await world.admin_call("PATCH", f"/admin/users/{user}", {"max_concurrent_bots": 0})
        assert len((await world.user_call(user, "GET", "/bots/status")).json["running_bots"]) == 2
        assert (await world.ask(user, "third")).status == 429


async def test_stopping_works_in_every_state_and_is_no_error_when_it_is_over() -> None:
    async with a_world() as world:
        user = await world.a_user()
        for state in ("reserved", "starting", "active", "stopping"):
            bot = await world.a_bot(user, state, state=state)
            answer = await world.user_call(user, "DELETE", f"/bots/google_meet/{state}")
            assert (answer.status, "message" in answer.json) == (202, True)
            await bot.tell("exited", exit_code=143, reason="terminated")
            meeting = await world.meeting(user, state)
            assert (meeting["status"], meeting["end_reason"]) == ("completed", "stopped")
            assert (await world.user_call(user, "DELETE", f"/bots/google_meet/{state}")).status == 202
        assert (await world.user_call(user, "DELETE", "/bots/google_meet/never")).status == 404


@pytest.mark.parametrize("order", ["it joins first", "it is stopped first", "at once"])
async def test_a_bot_that_joins_while_it_is_stopped_is_stopped_and_its_events_say_both(order: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, "m", state="starting")
        joins, stops = bot.tell("joined"), world.user_call(user, "DELETE", "/bots/google_meet/m")
        if order == "at once":
            joined, stopped = await asyncio.gather(joins, stops)
        elif order == "it joins first":
            joined, stopped = await joins, await stops
        else:
            stopped, joined = await stops, await joins
        assert (stopped.status, joined.status) == (202, 200)
        assert (await world.meeting(user, "m"))["status"] == "stopping"
        (record,) = await world.store.find(Meeting.stopping)
        happened = [event.name for event in await world.store.history(Meeting, record.id)]
        assert happened[-1] == "stop"
        if "joined" in happened:
            assert (order != "it is stopped first", happened[-2]) == (True, "joined")
        else:  # then that moved nothing, and it hears that it is to leave
            assert (order != "it joins first", joined.json["status"]) == (True, "stopping")
            assert [command["action"] for command in joined.json["commands"]] == ["leave"]


async def test_settings_reach_a_bot_that_comes_or_attends_only() -> None:
    async with a_world() as world:
        user = await world.a_user()
        assert (await world.user_call(user, "PUT", BOT + "/config", {"task": "translate"})).status == 404
        bot = await world.a_bot(user, state="starting")
        assert (await world.user_call(user, "PUT", BOT + "/config", {})).status == 422
        assert (await world.user_call(user, "PUT", BOT + "/config", {"task": "translate"})).status == 202
        running = (await world.user_call(user, "GET", "/bots/status")).json["running_bots"]
        assert [b["task"] for b in running] == ["translate"]
        await world.user_call(user, "DELETE", BOT)
        assert (await world.user_call(user, "PUT", BOT + "/config", {"task": "translate"})).status == 409
        await bot.tell("exited", exit_code=0)
        assert (await world.user_call(user, "PUT", BOT + "/config", {"task": "translate"})).status == 409


async def test_times_of_a_meeting_are_its_joining_and_its_end() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        meeting = await world.meeting(user)
        assert (meeting["start_time"], meeting["end_time"]) == ("2026-01-01T00:00:00Z", None)
        await bot.tell("exited", exit_code=0, reason="meeting_ended")
        meeting = await world.meeting(user)
        assert (meeting["end_time"], meeting["end_reason"]) == ("2026-01-01T00:00:00Z", "meeting_ended")


async def test_meetings_are_listed_newest_first_in_pages() -> None:
    async with a_world() as world:
        user = await world.a_user(bots=20)
        for number in range(12):
            await world.ask(user, f"m{number}")
        seen: list[str] = []
        page = (await world.user_call(user, "GET", "/meetings?limit=5")).json["meetings"]
        while page:
            seen += [m["native_meeting_id"] for m in page]
            page = (await world.user_call(user, "GET", f"/meetings?limit=5&before={page[-1]['id']}")).json["meetings"]
        assert seen == [f"m{number}" for number in range(11, -1, -1)]


async def test_what_a_user_writes_about_a_meeting_is_merged_live_and_over() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await world.user_call(user, "PATCH", MEETING, {"data": {"name": "Weekly", "participants": ["Ada"]}})
        await bot.tell("exited", exit_code=0)
        answer = await world.user_call(user, "PATCH", MEETING, {"data": {"notes": "n", "languages": ["en"]}})
        assert answer.json["data"] == {"name": "Weekly", "participants": ["Ada"], "notes": "n", "languages": ["en"]}
        assert (await world.user_call(user, "PATCH", MEETING, {"data": {}})).status == 422
        assert (await world.user_call(user, "PATCH", "/meetings/local/none", {"data": {"name": "x"}})).status == 404


async def test_two_who_write_about_a_meeting_at_once_lose_nothing() -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.a_bot(user)
        answers = await asyncio.gather(
            *(world.user_call(user, "PATCH", MEETING, {"data": {key: value}}) for key, value in WRITINGS.items())
        )
        assert {a.status for a in answers} == {200}
        assert (await world.meeting(user))["data"] == WRITINGS


WRITINGS = {"name": "a", "notes": "b", "participants": ["c"], "languages": ["de"]}


async def test_a_transcript_holds_each_segment_once_and_in_order() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        assert (await world.user_call(user, "GET", TRANSCRIPT)).json["segments"] == []
        await bot.tell("transcript", segments=[heard(2, speaker="Ada", language="en")])
        await bot.tell("transcript", segments=[heard(1), heard(2, "said again")])
        segments = (await world.user_call(user, "GET", TRANSCRIPT)).json["segments"]
        assert [(s["segment_id"], s["text"], s["speaker"]) for s in segments] == [
            ("1", "hello", None),
            ("2", "hello", "Ada"),
        ]


async def test_a_segment_that_comes_after_the_end_is_not_kept() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await world.admin_call("POST", f"/admin/meetings/{bot.settings.meeting_id}/finish", {})
        assert (await bot.tell("transcript", segments=[heard(1)])).status == 409
        assert (await world.user_call(user, "GET", TRANSCRIPT)).json["segments"] == []


async def test_an_older_meeting_of_the_same_name_is_read_by_its_id() -> None:
    async with a_world() as world:
        user = await world.a_user()
        first = await world.a_bot(user, state="active")
        await first.tell("transcript", segments=[heard(1, "in the first")])
        await first.tell("exited", exit_code=0)
        await world.a_bot(user, state="active")
        assert (await world.user_call(user, "GET", TRANSCRIPT)).json["segments"] == []
        older = await world.user_call(user, "GET", f"{TRANSCRIPT}?meeting_id={first.settings.meeting_id}")
        assert [s["text"] for s in older.json["segments"]] == ["in the first"]
        assert (await world.user_call(user, "GET", f"{TRANSCRIPT}?meeting_id=99")).status == 404


async def test_deleting_a_meeting_that_is_over_leaves_its_row_and_no_word() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        await bot.tell("transcript", segments=[heard(1, "canary-text", speaker="canary-name")])
        await world.user_call(user, "PATCH", MEETING, {"data": {"notes": "canary-notes"}})
        assert (await world.user_call(user, "DELETE", MEETING)).status == 409
        await bot.tell("exited", exit_code=0)
        assert (await world.user_call(user, "DELETE", MEETING)).status == 200
        listed = (await world.user_call(user, "GET", "/meetings")).json["meetings"]
        assert [(m["id"], m["native_meeting_id"], m["data"]) for m in listed] == [
            (bot.settings.meeting_id, None, {"redacted": True})
        ]
        assert (await world.user_call(user, "GET", TRANSCRIPT)).status == 404
        assert (await world.user_call(user, "DELETE", MEETING)).status == 404
        assert "canary" not in await everything(world, str(bot.settings.meeting_id))


async def everything(world: World, id: str) -> str:
    records = [await world.store.get(Meeting, id), *await world.store.find(Segment.kept, under=id)]
    events = [event for r in records for event in await world.store.history(type(r), r.id)]
    return repr([*(record.fields() for record in records), *(event.fields for event in events)])


async def test_a_stuck_bot_is_finished_by_the_admin_and_its_process_ends() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="stopping")
        finish = f"/admin/meetings/{bot.settings.meeting_id}/finish"
        answer = await world.admin_call("POST", finish, {"reason": "stuck"})
        assert (answer.json["status"], answer.json["ended_by"], answer.json["end_reason"]) == (
            "failed",
            "admin",
            "forced",
        )
        await world.work()
        assert world.bots.ended == [answer.json["bot_container_id"]]
        assert (await world.admin_call("POST", finish, {})).status == 409
        assert (await world.admin_call("POST", "/admin/meetings/77/finish", {})).status == 404


async def test_the_log_of_a_bot_is_the_admins_to_read() -> None:
    async with a_world() as world:
        bot = await world.a_bot(await world.a_user())
        answer = await world.admin_call("GET", f"/admin/meetings/{bot.settings.meeting_id}/log")
        assert (answer.status, answer.body[:7]) == (200, b"log of ")


async def test_a_user_reads_what_their_own_bot_wrote() -> None:
    async with a_world() as world:
        user = await world.a_user()
        meeting = (await world.ask(user)).json
        assert (await world.user_call(user, "GET", BOT + "/log")).body == b""
        await world.work()
        answer = await world.user_call(user, "GET", BOT + "/log")
        assert (answer.status, answer.body.decode()) == (200, f"log of {meeting['bot_container_id']}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_screenshots_are_listed_and_shown_to_their_user(tmp_path: Path) -> None:
    async with a_world(folder=tmp_path) as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        assert (await world.user_call(user, "GET", SHOTS)).json == {"screenshots": []}
        picture = PNG + b"what it saw"
        shown = await bot.tell("screenshot", reason="join_refused", picture=base64.b64encode(picture).decode())
        assert shown.status == 200, shown.body
        (shot,) = (await world.user_call(user, "GET", SHOTS)).json["screenshots"]
        assert (shot["meeting_id"], shot["reason"], shot["size"]) == (1, "join_refused", len(picture))
        answer = await world.user_call(user, "GET", f"{SHOTS}/{shot['id']}")
        assert (answer.status, answer.headers["content-type"], answer.body) == (200, "image/png", picture)
        assert answer.headers["x-content-type-options"] == "nosniff"
        for absent in ("99", "0", "x", "%2e%2e"):
            assert (await world.user_call(user, "GET", f"{SHOTS}/{absent}")).status == 404


async def test_beats_that_come_together_are_one_commit() -> None:
    async with a_world(beats_seconds=1000) as world:
        user = await world.a_user()
        bots = [await world.a_bot(user, f"m{number}", state="active") for number in range(5)]
        sizes: list[int] = []
        write = world.store.engine.write

        async def counted(space: str, transactions: Sequence[Any], now: int | None = None) -> Any:
            sizes.append(len(transactions))
            return await write(space, transactions, now)

        world.store.engine.write = counted  # type: ignore[method-assign]
        beats, together = asyncio.gather(*(bot.tell("heartbeat") for bot in bots)), world.service.callbacks._together
        while together._moment is None or len(together._moment._waiters) < len(bots):
            await asyncio.sleep(0)
        together._go_on()
        answers = await beats
        assert {a.json["status"] for a in answers} == {"active"}
        assert sizes == [5]


async def test_users_are_made_found_listed_and_changed() -> None:
    async with a_world() as world:
        first = await world.a_user(email="Ada@Example.org")
        again = await world.admin_call("POST", "/admin/users", {"email": "ada@example.org"})
        assert (again.status, again.json["id"]) == (200, first)
        for _ in range(4):
            await world.a_user()
        assert (await world.admin_call("GET", "/admin/users/email/ADA@example.org")).json["id"] == first
        assert (await world.admin_call("GET", "/admin/users/email/nobody@example.org")).status == 404
        listed = (await world.admin_call("GET", "/admin/users?skip=1&limit=2")).json
        assert [user["id"] for user in listed] == [2, 3]
        changed = await world.admin_call("PATCH", f"/admin/users/{first}", {"name": "Ada"})
        assert (changed.json["name"], changed.json["max_concurrent_bots"]) == ("Ada", 5)
        assert (await world.admin_call("PATCH", f"/admin/users/{first}", {})).status == 422
        assert (await world.admin_call("PATCH", "/admin/users/99", {"name": "x"})).status == 404


async def test_a_key_is_shown_once_kept_as_a_digest_and_worthless_once_revoked() -> None:
    async with a_world() as world:
        user = await world.a_user()
        token = (await world.admin_call("POST", f"/admin/users/{user}/tokens")).json
        record = await world.store.get(Token, str(token["id"]))
        events = await world.store.history(Token, record.id)
        assert token["token"] not in repr([record.fields(), *(event.fields for event in events)])
        world.keys[user] = token["token"]
        assert (await world.user_call(user, "GET", "/meetings")).status == 200
        assert (await world.admin_call("DELETE", f"/admin/users/{user}/tokens/{token['id']}")).status == 204
        assert (await world.user_call(user, "GET", "/meetings")).status == 401


async def test_a_webhook_goes_to_public_addresses_only() -> None:
    async with a_world() as world:
        user = await world.a_user()
        saved = await world.user_call(user, "PUT", "/user/webhook", {"webhook_url": "https://8.8.8.8/hook"})
        assert (saved.status, saved.json["webhook_url"]) == (200, "https://8.8.8.8/hook")
        for url in ("http://127.0.0.1/", "http://10.0.0.1", "file:///etc/passwd", "http://[::1]/"):
            refused = await world.user_call(user, "PUT", "/user/webhook", {"webhook_url": url})
            assert refused.status == 422
            assert url not in refused.detail


async def test_a_server_that_stops_takes_no_more_bots_and_has_all_leave() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bots = {name: await world.a_bot(user, name, state="active") for name in ("leaves", "stuck")}
        await world.ask(user, "waiting")
        world.bots.may_end.clear()
        stopping = asyncio.create_task(world.service.shut_down(keep=False))
        leave = await bots["leaves"].tell("commands")
        assert [c["action"] for c in leave.json["commands"]] == ["leave"]
        assert (await world.ask(user, "new")).status == 503
        await bots["leaves"].tell("exited", exit_code=0, reason="left")
        world.bots.may_end.set()
        await stopping
        found = {m["native_meeting_id"]: m for m in (await world.user_call(user, "GET", "/meetings")).json["meetings"]}
        assert {name: m["status"] for name, m in found.items()} == {
            "waiting": "completed",
            "leaves": "completed",
            "stuck": "failed",
        }
        assert {(m["end_reason"], m["ended_by"]) for m in found.values()} == {("server_shutdown", "server")}
        assert set(world.bots.graces) == {4}


async def test_a_server_that_is_replaced_leaves_its_bots_alone() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user, state="active")
        listening = asyncio.create_task(bot.tell("commands"))
        await asyncio.sleep(0)
        await world.service.shut_down(keep=True)
        assert (await listening).json == {"status": "active", "commands": []}
        assert world.bots.ended == []
        assert (await world.store.beat(Claim(Meeting, "1", int(bot.settings.connection_id.split("#")[1])))) == []
