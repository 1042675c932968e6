"""What is posted to webhooks, to whom, and how it proves where it comes from: with a real receiver."""

import hashlib
import hmac
import json
import logging
import os
from typing import Any

import jsonschema
import pytest
from tests.services.meetings.making import VEXA, a_world
from tests.services.meetings.receiving import HEARD, a_receiver, a_told_meeting, a_webhook, deliveries, tell

from tenure import minutes, seconds
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery


def checked(envelope: Any) -> Any:
    """Check an envelope against the public schema."""
    schema = json.loads((VEXA / "webhook.schema.json").read_text())
    jsonschema.Draft202012Validator(
        {"$ref": "#/$defs/Envelope", **schema}, format_checker=jsonschema.FormatChecker()
    ).validate(envelope)
    return envelope


def verify(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Verify as a receiver would, knowing only the documented form."""
    signed = f"{headers['X-Webhook-Timestamp']}.".encode() + body
    expected = "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, headers["X-Webhook-Signature"])


# ------------------------------------------------------------------------------------ what is sent


needs_schemas = pytest.mark.skipif(
    not VEXA.exists() and not os.environ.get("CI"), reason="the public schemas are not beside this checkout"
)


@needs_schemas
async def test_each_change_is_told_in_an_envelope_of_the_public_form() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user, bot = await a_told_meeting(world, receiver, "active")
        await bot.tell("transcript", segments=[HEARD])
        await bot.tell("exited", exit_code=0, reason="left")
        await tell(world)
        told = [checked(request.envelope) for request in receiver.received]
        changes = [e["data"]["status_change"] for e in told if e["event_type"] == "meeting.status_change"]
        assert {(change["from"], change["to"]) for change in changes} == {
            (None, "reserved"), ("reserved", "starting"), ("starting", "active"), ("active", "completed"),
        }  # fmt: skip
        assert sorted(e["event_type"] for e in told if e["event_type"] != "meeting.status_change") == [
            "meeting.completed", "meeting.started", "transcription.ready",
        ]  # fmt: skip
        (completed,) = [e for e in told if e["event_type"] == "meeting.completed"]
        meeting = completed["data"]["meeting"]
        assert (meeting["status"], meeting["end_reason"], meeting["ended_by"]) == ("completed", "left", "bot")
        assert meeting["id"] == (await world.meeting(user))["id"]
        assert completed["data"]["status_change"]["transition_source"] == "bot_callback"
        (ready,) = [e for e in told if e["event_type"] == "transcription.ready"]
        transcript = await world.user_call(user, "GET", ready["data"]["path"])
        assert [segment["text"] for segment in transcript.json["segments"]] == ["hello"]


@needs_schemas
async def test_a_failed_bot_is_told_with_its_reason_and_stage() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        _, bot = await a_told_meeting(world, receiver, "starting")
        await bot.tell("exited", exit_code=1, reason="join_refused")
        await tell(world)
        (failed,) = [checked(request.envelope) for request in receiver.of("bot.failed")]
        assert failed["data"]["meeting"]["failure_stage"] == "starting"
        assert failed["data"]["status_change"]["reason"] == "join_refused"
        assert receiver.of("transcription.ready") == []
        assert receiver.of("meeting.completed") == []


@needs_schemas
def test_the_schema_finds_a_wrong_envelope() -> None:
    with pytest.raises(jsonschema.ValidationError):
        checked({"event_id": "evt_1", "event_type": "meeting.sang"})


async def test_an_envelope_shows_the_meeting_as_that_change_left_it() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        _, bot = await a_told_meeting(world, receiver)
        await world.store.advance(seconds(5))
        for step in ("started", "joined"):
            await bot.tell(step)
            await world.store.advance(seconds(5))
        await bot.tell("exited", exit_code=0, reason="left")
        await tell(world)  # only now, when all is over
        told = {r.envelope["data"]["meeting"]["status"]: r.envelope for r in receiver.of("meeting.status_change")}
        shown = {
            status: (m["start_time"] is not None, m["end_time"] is not None, m["end_reason"])
            for status, e in told.items()
            if (m := e["data"]["meeting"])
        }
        assert shown == {
            "reserved": (False, False, None),
            "starting": (False, False, None),
            "active": (True, False, None),
            "completed": (True, True, "left"),
        }
        assert all(e["created_at"] == e["data"]["meeting"]["updated_at"] for e in told.values())


async def test_nothing_is_made_for_a_user_without_a_webhook() -> None:
    async with a_world(webhook_private=True) as world:
        user = await world.a_user()
        await world.a_bot(user)
        await tell(world)
        assert await deliveries(world, user) == []
        assert await world.store.count(WebhookDelivery) == {}


async def test_every_user_gets_their_own_events_only() -> None:
    async with a_receiver() as one, a_receiver() as other, a_world(webhook_private=True) as world:
        users = [(await a_told_meeting(world, receiver))[0] for receiver in (one, other)]
        await tell(world)
        for user, receiver in zip(users, (one, other), strict=True):
            assert {r.envelope["data"]["meeting"]["user_id"] for r in receiver.received} == {user}


async def test_the_events_of_a_hundred_meetings_all_arrive_once_under_ids_of_their_own() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user(bots=100)
        await a_webhook(world, user, receiver)
        for number in range(100):
            bot = await world.a_bot(user, f"m{number}", state="active")
            await bot.tell("exited", exit_code=0)
        await tell(world)
        while (await world.store.count(WebhookDelivery))["delivered"] < 600:
            await world.store.advance(minutes(1))  # what was put off on a slow machine
            await tell(world)
        assert len(receiver.ids) == len(set(receiver.ids)) == 600
        assert await world.store.count(WebhookDelivery) == {"delivered": 600}


async def test_a_store_that_began_anew_gives_its_meetings_other_ids() -> None:
    async with a_receiver() as receiver:
        for moment in (0, 1):
            async with a_world(webhook_private=True) as world:
                await world.store.advance(seconds(moment))
                await a_told_meeting(world, receiver)
                await tell(world)
        first, second = receiver.received
        assert first.envelope["data"]["meeting"]["id"] == second.envelope["data"]["meeting"]["id"]
        assert first.id != second.id


# ------------------------------------------------------------------------------------ signed


async def test_a_post_is_signed_with_its_users_secret_and_nobody_elses() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        secret = await a_webhook(world, user, receiver)
        await world.a_bot(user)
        await tell(world)
        (post,) = receiver.received
        assert verify(secret, post.headers, post.body)
        assert not verify(secret, post.headers, post.body + b" ")
        assert not verify("whsec_another", post.headers, post.body)
        assert int(post.headers["X-Webhook-Timestamp"]) == int(world.now)
        assert post.headers["Content-Type"] == "application/json"


@needs_schemas
async def test_the_headers_fit_the_public_schema() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        await a_told_meeting(world, receiver)
        await tell(world)
        schema = json.loads((VEXA / "webhook.schema.json").read_text())
        jsonschema.Draft202012Validator({"$ref": "#/$defs/SignatureHeaders", **schema}).validate(
            receiver.received[0].headers
        )


async def test_a_secret_that_is_replaced_signs_the_next_try() -> None:
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user, _ = await a_told_meeting(world, receiver)
        await tell(world)
        rotated = (await world.user_call(user, "POST", "/user/webhook/secret")).json["webhook_secret"]
        await world.store.advance(minutes(1))
        await tell(world)
        first, second = receiver.received
        assert verify(rotated, second.headers, second.body)
        assert not verify(rotated, first.headers, first.body)
        assert first.body == second.body


async def test_no_secret_stands_in_an_answer_an_event_or_a_log_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    canary = "whsec_canary_canary_canary"
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        wanted = {"webhook_url": receiver.url, "webhook_secret": canary}
        answers = [await world.user_call(user, "PUT", "/user/webhook", wanted)]
        await world.a_bot(user)
        await tell(world)
        (event_id,) = [delivery["event_id"] for delivery in await deliveries(world, user)]
        paths = ("/user/webhook", "/user/webhook/deliveries", f"/user/webhook/deliveries/{event_id}")
        answers += [await world.user_call(user, "GET", path) for path in paths]
        answers.append(await world.admin_call("GET", f"/admin/users/{user}"))
        assert all(canary.encode() not in answer.body for answer in answers)
        events = await world.store.history(User, str(user)) + await world.store.history(WebhookDelivery, event_id)
        said = str([event.fields for event in events])
        assert canary not in said
        assert "native_meeting_id" not in said  # nor what was posted: it is redacted with its meeting
        assert canary not in caplog.text
        assert "webhook_posted" in caplog.text
        assert verify(canary, receiver.received[0].headers, receiver.received[0].body)
