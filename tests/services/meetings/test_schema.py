"""Our answers against the public description of the API that its clients were written for."""

import json
import os
from typing import Any

import jsonschema
import pytest
from tests.services.meetings.making import VEXA, a_world

from tenure import minutes

RENAMED = {
    "scheduled": "requested",
    "called": "requested",
    "reserved": "requested",
    "starting": "joining",
    "waiting": "awaiting_admission",
}

pytestmark = pytest.mark.skipif(
    not VEXA.exists() and not os.environ.get("CI"), reason="the public schemas are not beside this checkout"
)


def check(answer: Any, name: str) -> None:
    """Check an answer, with those of our states that have another name in that later API called so."""
    page = json.loads((VEXA / "api.schema.json").read_text())
    schema = {"$ref": f"#/components/schemas/{name}", "components": page["components"]}
    jsonschema.Draft202012Validator(schema).validate(renamed(answer))


def renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: RENAMED.get(v, v) if k == "status" else renamed(v) for k, v in value.items()}
    return [renamed(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("state", ["reserved", "starting", "active", "stopping", "completed", "failed"])
async def test_meetings_lists_status_and_transcripts_fit_the_public_schema(state: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        asked = await world.ask(user, "first")
        check(asked.json, "MeetingResponse")
        over = {"completed": 0, "failed": 1}
        bot = await world.a_bot(user, state="active" if state in over else state)
        if state == "active":
            heard = {"segment_id": "1", "text": "x", "start": 0.5, "end": 1.5, "at": 1e9}
            await bot.tell("transcript", segments=[heard])
        if state in over:
            await bot.tell("exited", exit_code=over[state], reason="r")
        assert (await world.meeting(user))["status"] == state
        for path, name in (
            ("/meetings", "MeetingListResponse"),
            ("/bots/status", "BotStatusResponse"),
            ("/transcripts/google_meet/abc", "TranscriptionResponse"),
        ):
            answer = await world.user_call(user, "GET", path)
            check(answer.json, name)


@pytest.mark.parametrize("state", ["scheduled", "called", "waiting"])
async def test_a_planned_and_a_waiting_meeting_fit_the_public_schema(state: str) -> None:
    async with a_world() as world:
        user = await world.a_user(bots=1)
        bot = await world.a_bot(user, state="starting")
        if state == "waiting":
            await bot.tell("waiting")
        else:
            planned = await world.ask(user, "later", join_at="2026-01-01T00:01:00Z", deduplication_key="k")
            check(planned.json, "MeetingResponse")
        if state == "called":
            await world.store.advance(minutes(1))
        listed = await world.user_call(user, "GET", "/meetings")
        assert state in {m["status"] for m in listed.json["meetings"]}
        check(listed.json, "MeetingListResponse")
        check((await world.user_call(user, "GET", "/bots/status")).json, "BotStatusResponse")


async def test_a_redacted_meeting_fits_the_public_schema() -> None:
    async with a_world() as world:
        user = await world.a_user()
        bot = await world.a_bot(user)
        await bot.tell("exited", exit_code=0)
        await world.user_call(user, "DELETE", "/meetings/google_meet/abc")
        check((await world.user_call(user, "GET", "/meetings")).json, "MeetingListResponse")


def test_the_schema_finds_a_wrong_answer() -> None:
    with pytest.raises(jsonschema.ValidationError):
        check({"meetings": [{"id": "one"}]}, "MeetingListResponse")
