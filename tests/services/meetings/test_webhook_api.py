"""What users see of their webhook, and what they can do about it."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from tests.services.meetings.making import a_world
from tests.services.meetings.receiving import a_receiver, a_webhook, deliveries, tell

from tenure import days, seconds
from tenure.http.rejections import TooMany
from tenure.services.meetings.lifecycle import Meeting, User
from tenure.services.meetings.webhooks.sending import PER_USER, Sender
from tenure.services.meetings.webhooks.service import Webhooks
from tenure.webhooks.addresses import Guard
from tenure.webhooks.posting import Poster

WEBHOOK, DELIVERIES = "/user/webhook", "/user/webhook/deliveries"
URL = "https://8.8.8.8/hook"


# ------------------------------------------------------------------------------------ settings


async def test_a_secret_is_made_once_and_shown_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        first = await world.user_call(user, "PUT", WEBHOOK, {"webhook_url": URL})
        assert first.json["webhook_secret"].startswith("whsec_")
        assert first.json["webhook_url"] == URL
        again = await world.user_call(user, "PUT", WEBHOOK, {"webhook_url": URL + "/2"})
        assert "webhook_secret" not in again.json
        kept = await world.store.get(User, str(user))
        assert kept.webhook_secret == first.json["webhook_secret"]
        assert (await world.user_call(user, "GET", WEBHOOK)).json == {"webhook_url": URL + "/2", "signed": True}


async def test_a_secret_that_is_given_is_taken_and_never_shown() -> None:
    async with a_world() as world:
        user = await world.a_user()
        wanted = {"webhook_url": URL, "webhook_secret": "my-own-secret-of-mine"}
        answer = await world.user_call(user, "PUT", WEBHOOK, wanted)
        assert (answer.status, "webhook_secret" in answer.json) == (200, False)
        assert (await world.store.get(User, str(user))).webhook_secret == "my-own-secret-of-mine"


async def test_a_secret_is_replaced_on_request_and_shown_once() -> None:
    async with a_world() as world:
        user = await world.a_user()
        assert (await world.user_call(user, "POST", WEBHOOK + "/secret")).status == 409
        first = (await world.user_call(user, "PUT", WEBHOOK, {"webhook_url": URL})).json["webhook_secret"]
        second = (await world.user_call(user, "POST", WEBHOOK + "/secret")).json["webhook_secret"]
        assert first != second
        assert (await world.store.get(User, str(user))).webhook_secret == second


@pytest.mark.parametrize("how", ["null", "delete"])
async def test_a_webhook_is_switched_off_and_its_secret_is_forgotten(how: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        await world.user_call(user, "PUT", WEBHOOK, {"webhook_url": URL})
        if how == "null":
            assert (await world.user_call(user, "PUT", WEBHOOK, {"webhook_url": None})).json["webhook_url"] is None
        else:
            assert (await world.user_call(user, "DELETE", WEBHOOK)).status == 204
            assert (await world.user_call(user, "DELETE", WEBHOOK)).status == 204
        assert (await world.user_call(user, "GET", WEBHOOK)).json == {"webhook_url": None, "signed": False}
        assert (await world.store.get(User, str(user))).webhook_secret is None


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"webhook_url": ""},
        {"webhook_url": "http://127.0.0.1/"},
        {"webhook_url": URL, "webhook_secret": "short"},
        {"webhook_url": URL, "webhook_secret": "with spaces in between"},
        {"webhook_url": URL, "webhook_secret": "x" * 201},
        {"webhook_url": None, "webhook_secret": "my-own-secret-of-mine"},
        {"webhook_url": URL, "more": 1},
    ],
)
async def test_settings_that_do_not_fit_are_refused_with_advice(wanted: Any) -> None:
    async with a_world() as world:
        user = await world.a_user()
        answer = await world.user_call(user, "PUT", WEBHOOK, wanted)
        assert answer.status == 422
        assert "webhook" in answer.detail or "known" in answer.detail
        assert (await world.store.get(User, str(user))).webhook_url is None


# ------------------------------------------------------------------------------------ deliveries


async def test_deliveries_are_listed_newest_first_in_pages_and_by_state() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        bot = await world.a_bot(user, state="active")
        await tell(world)
        receiver.status = 500
        await bot.tell("exited", exit_code=0)
        await tell(world)
        listed = await deliveries(world, user)
        assert len(listed) == 6
        assert [d["state"] for d in listed] == ["waiting"] * 2 + ["delivered"] * 4
        pages = [await deliveries(world, user, "?limit=4")]
        pages.append(await deliveries(world, user, f"?limit=4&before={pages[0][-1]['event_id']}"))
        assert [d for page in pages for d in page] == listed
        waiting = await deliveries(world, user, "?state=waiting")
        assert waiting == listed[:2]
        assert {d["last_try"]["status"] for d in waiting} == {500}
        assert all(d["next_try_at"] for d in waiting)


async def test_one_delivery_shows_what_was_sent_and_what_came_back() -> None:
    async with a_receiver(status=400, text="no thanks") as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        await world.a_bot(user)
        await tell(world)
        (listed,) = await deliveries(world, user)
        whole = (await world.user_call(user, "GET", f"{DELIVERIES}/{listed['event_id']}")).json
        assert whole["envelope"] == receiver.received[0].envelope
        (made,) = whole["tries"]
        assert (made["status"], made["answer"]) == (400, "no thanks")
        assert made["milliseconds"] >= 0
        assert whole["event_type"] == "meeting.status_change"


@pytest.mark.parametrize("state", ["delivered", "given_up", "waiting"])
async def test_a_delivery_is_sent_again_on_request_with_the_same_bytes(state: str) -> None:
    status = {"delivered": 200, "given_up": 410, "waiting": 500}[state]
    async with a_receiver(status=status) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        await world.a_bot(user)
        await tell(world)
        (listed,) = await deliveries(world, user)
        assert listed["state"] == state
        receiver.status = 200
        answer = await world.user_call(user, "POST", f"{DELIVERIES}/{listed['event_id']}/resend")
        assert (answer.status, answer.json["state"]) == (202, "sending")
        assert (await world.user_call(user, "POST", f"{DELIVERIES}/{listed['event_id']}/resend")).status == 409
        await tell(world)
        assert [d["state"] for d in await deliveries(world, user)] == ["delivered"]
        first, second = receiver.received
        assert first.body == second.body


async def test_a_delivery_that_is_sent_again_has_a_whole_day_of_tries() -> None:
    async with a_receiver(status=410) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        bot = await world.a_bot(user)
        await bot.tell("exited", exit_code=1)
        await tell(world)
        await world.store.advance(days(2))
        newest = (await deliveries(world, user))[0]
        receiver.status = 500
        await world.user_call(user, "POST", f"{DELIVERIES}/{newest['event_id']}/resend")
        await tell(world)
        await world.store.advance(seconds(5))  # the first wait of a round, not the tenth
        await tell(world)
        again = (await deliveries(world, user))[0]
        assert (again["state"], again["attempts"]) == ("waiting", newest["attempts"] + 2)


async def test_nothing_is_sent_again_without_a_webhook() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        await world.a_bot(user)
        await tell(world)
        (listed,) = await deliveries(world, user)
        await world.user_call(user, "DELETE", WEBHOOK)
        answer = await world.user_call(user, "POST", f"{DELIVERIES}/{listed['event_id']}/resend")
        assert answer.status == 409
        assert "PUT /user/webhook" in answer.detail


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/resend")])
async def test_a_foreign_delivery_answers_as_an_absent_one(method: str, end: str) -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        owner, other = await world.a_user(), await world.a_user()
        await a_webhook(world, owner, receiver)
        await a_webhook(world, other, receiver)
        await world.a_bot(owner)
        await tell(world)
        (listed,) = await deliveries(world, owner)
        for id in (listed["event_id"], "evt_" + "0" * 32, "nonsense"):
            answer = await world.user_call(other, method, f"{DELIVERIES}/{id}{end}")
            assert (answer.status, answer.detail) == (404, "there is no such delivery")
        assert await deliveries(world, other) == []
        before = await world.user_call(other, "GET", f"{DELIVERIES}?before={listed['event_id']}")
        assert before.status == 404
        assert len(receiver.received) == 1


@pytest.mark.parametrize("query", ["?limit=0", "?limit=x", "?limit=1001", "?state=removed", "?state=", "?before=x"])
async def test_a_list_that_can_not_be_is_refused(query: str) -> None:
    async with a_world() as world:
        user = await world.a_user()
        assert (await world.user_call(user, "GET", DELIVERIES + query)).status in (404, 422)


async def test_a_redacted_meetings_events_are_withdrawn_with_all_that_they_said() -> None:
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        bot = await world.a_bot(user)
        await bot.tell("exited", exit_code=0)
        await tell(world)
        sent = len(receiver.received)
        (newest, *_) = await deliveries(world, user)
        assert (await world.user_call(user, "DELETE", "/meetings/google_meet/abc")).status == 200
        assert await deliveries(world, user) == []
        assert (await world.user_call(user, "GET", f"{DELIVERIES}/{newest['event_id']}")).status == 404
        await world.store.advance(days(1))
        await tell(world)
        assert len(receiver.received) == sent


# ------------------------------------------------------------------------------------ test events


async def test_a_test_event_is_posted_at_once_and_its_answer_shown() -> None:
    async with a_receiver(status=418, text="teapot") as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        assert (await world.user_call(user, "POST", WEBHOOK + "/test")).status == 409
        await a_webhook(world, user, receiver)
        answer = (await world.user_call(user, "POST", WEBHOOK + "/test")).json
        assert (answer["delivered"], answer["status"], answer["answer"]) == (False, 418, "teapot")
        assert answer["envelope"] == receiver.received[0].envelope
        receiver.status = 200
        assert (await world.user_call(user, "POST", WEBHOOK + "/test")).json["delivered"]
        assert len(set(receiver.ids)) == 2
        assert await world.store.count(Meeting) == {}


async def test_a_test_of_a_receiver_that_is_not_there_says_so() -> None:
    async with a_world(webhook_private=True) as world:
        user = await world.a_user()
        async with a_receiver() as receiver:
            await a_webhook(world, user, receiver)
        answer = (await world.user_call(user, "POST", WEBHOOK + "/test")).json
        assert (answer["delivered"], answer["status"]) == (False, None)
        assert answer["error"] == "the connection was refused or could not be made"


async def test_a_test_of_a_receiver_that_still_answers_others_is_refused_for_now() -> None:
    may = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        await may.wait()
        return web.Response()

    async with a_receiver(answer=hang) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user()
        await a_webhook(world, user, receiver)
        record, guard = await world.store.get(User, str(user)), Guard(private=True)
        sender = Sender(world.store, Poster(guard, seconds=100), patience_seconds=0.01)
        webhooks = Webhooks(world.store, world.service.settings, guard, sender=sender)
        tests = [asyncio.create_task(webhooks.test(record)) for _ in range(PER_USER)]
        while len(receiver.received) < PER_USER:
            await deliveries(world, user)
        with pytest.raises(TooMany, match="try again"):
            await webhooks.test(record)
        may.set()
        assert all(outcome.taken for _, outcome in await asyncio.gather(*tests))
