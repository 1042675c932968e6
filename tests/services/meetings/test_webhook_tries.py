"""When what is posted to webhooks is tried again, and what neither kills nor slow receivers undo."""

import asyncio
import dataclasses
import itertools
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from tests.places import KEPT, Place
from tests.services.meetings.making import a_world
from tests.services.meetings.receiving import HEARD, a_receiver, a_told_meeting, a_webhook, deliveries, one_event, tell

from tenure import Delivery, days, hours, minutes, seconds, testing
from tenure.services.meetings.lifecycle import Meeting, User
from tenure.services.meetings.service import kinds
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery
from tenure.services.meetings.webhooks.sending import Sender
from tenure.services.meetings.webhooks.service import Webhooks
from tenure.webhooks.addresses import Guard
from tenure.webhooks.posting import Poster

SENDER = Path(__file__).with_name("webhook_sender.py")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


# ------------------------------------------------------------------------------------ tried again


async def test_a_failed_post_is_tried_again_with_the_same_bytes_until_it_is_taken() -> None:
    async with a_receiver(status=503) as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        await tell(world)
        await world.store.advance(seconds(1))
        await tell(world)
        assert len(receiver.received) == 1  # not before its time
        receiver.status = 204
        await world.store.advance(seconds(5))
        await tell(world)
        await world.store.advance(hours(5))
        await tell(world)
        first, second = receiver.received
        assert (first.id, first.body) == (second.id, second.body)
        (delivery,) = await deliveries(world, user)
        assert (delivery["state"], delivery["attempts"], delivery["last_try"]["status"]) == ("delivered", 2, 204)


async def test_tries_come_ever_more_slowly_for_a_day_and_then_it_is_given_up() -> None:
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        began, waits = await world.store.now(), list[timedelta]()
        await tell(world)
        while (delivery := (await deliveries(world, user))[0])["state"] == "waiting":
            wait = instant(delivery["next_try_at"]) - await world.store.now()
            waits.append(wait)
            await world.store.advance(wait)
            await tell(world)
        assert delivery["state"] == "given_up"
        assert await world.store.now() - began == days(1)
        assert len(set(receiver.ids)) == 1
        assert len(receiver.received) == delivery["attempts"] == len(waits) + 1
        for number, wait in enumerate(waits[:-1]):
            longest = min(seconds(5) * 2**number, hours(1))
            assert longest / 2 <= wait <= longest
        assert len(set(waits)) > len(waits) / 2  # jittered; by chance two of them are alike
        whole = (await world.user_call(user, "GET", f"/user/webhook/deliveries/{delivery['event_id']}")).json
        assert len(whole["tries"]) == 10
        assert {t["status"] for t in whole["tries"]} == {500}
        await world.store.advance(days(2))
        await tell(world)
        assert len(receiver.received) == delivery["attempts"]


async def test_what_waited_for_a_day_because_nothing_ran_gets_its_try() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        await world.store.advance(days(3))
        await tell(world)
        (first,) = await deliveries(world, user, "?state=delivered&limit=1")
        assert first["attempts"] == 1


@pytest.mark.parametrize(("asked", "waited"), [("120", 120), ("86400", 3600), ("x", None), ("-5", None)])
async def test_a_receiver_may_ask_for_patience_up_to_an_hour(asked: str, waited: int | None) -> None:
    async with a_receiver(status=429, headers={"Retry-After": asked}) as receiver:
        async with a_world(webhook_private=True) as world:
            user = await one_event(world, receiver)
            await tell(world)
            (delivery,) = await deliveries(world, user)
            wait = (instant(delivery["next_try_at"]) - await world.store.now()).total_seconds()
            assert wait == waited if waited else 2.5 <= wait <= 5


async def test_a_receiver_may_name_the_instant_of_the_next_try() -> None:
    async with a_receiver(status=503) as receiver, a_world(webhook_private=True) as world:
        at = await world.store.now() + minutes(10)
        receiver.headers["Retry-After"] = at.strftime("%a, %d %b %Y %H:%M:%S GMT")
        user = await one_event(world, receiver)
        await tell(world)
        assert instant((await deliveries(world, user))[0]["next_try_at"]) == at


async def test_410_gives_up_at_once() -> None:
    async with a_receiver(status=410) as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        await tell(world)
        assert [d["state"] for d in await deliveries(world, user)] == ["given_up"]


async def test_a_webhook_that_was_switched_off_gets_nothing_that_still_waits() -> None:
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        await tell(world)
        assert (await world.user_call(user, "DELETE", "/user/webhook")).status == 204
        await world.store.advance(minutes(1))
        await tell(world)
        assert len(receiver.received) == 1
        (delivery,) = await deliveries(world, user)
        assert (delivery["state"], delivery["last_try"]["error"]) == ("given_up", "the webhook is switched off")


async def test_a_url_that_was_changed_gets_the_next_try() -> None:
    async with a_receiver(status=500) as old, a_receiver() as new, a_world(webhook_private=True) as world:
        user = await one_event(world, old)
        await tell(world)
        await world.user_call(user, "PUT", "/user/webhook", {"webhook_url": new.url})
        await world.store.advance(minutes(1))
        await tell(world)
        assert new.ids == old.ids


# ------------------------------------------------------------------------------------ killed, repeated, slow


async def test_an_effect_that_is_repeated_makes_nothing_twice() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        _, bot = await a_told_meeting(world, receiver, "active")
        await bot.tell("exited", exit_code=0)
        effects = list[Delivery[Meeting]]()

        async def make_and_die(effect: Delivery[Meeting]) -> None:
            effects.append(effect)
            await world.service.webhooks.make(effect)
            raise ConnectionError("killed before its word came")

        await world.store.deliver_once(Meeting.tell_state, make_and_die)
        made = await world.store.count(WebhookDelivery)
        await world.store.advance(seconds(20))
        await tell(world)
        assert len(effects) == 1  # the others wait in order behind it, and came with the repeat
        assert made == {"sending": 1}
        assert len(receiver.ids) == len(set(receiver.ids)) == 6


async def test_a_kill_between_the_post_and_its_note_sends_the_same_bytes_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    victims = list[Process]()

    async def kill(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        if len(receiver.received) == 1:
            victims[0].send_signal(signal.SIGKILL)
            await victims[0].wait()
        return web.Response()

    async with a_receiver(answer=kill) as receiver:
        async with testing.store(*kinds, url=url, space="meetings") as store:
            user = await store.apply(User.create("1", email="a@b", webhook_url=receiver.url, webhook_secret="s" * 16))
            meeting = await store.apply(
                Meeting.create(
                    "1", user=user.id, platform="local", native_id="x", deduplication_key="x", run="r", bot_name="b"
                )
            )
            settings = Settings(base_url="http://127.0.0.1:1", admin_key="a", server_key=b"b")
            webhooks = Webhooks(store, settings, Guard(private=True))
            assert await store.deliver_once(Meeting.tell_state, webhooks.make) == 1
        victims.append(await asyncio.create_subprocess_exec(sys.executable, str(SENDER), url))
        await victims[0].wait()
        assert victims[0].returncode == -signal.SIGKILL
        async with testing.store(*kinds, url=url, space="meetings") as store:
            webhooks = Webhooks(store, settings, Guard(private=True))
            assert await store.deliver_once(WebhookDelivery.post, webhooks.send) == 0  # its lease has not run out
            await store.advance(minutes(3))
            assert await store.deliver_once(WebhookDelivery.post, webhooks.send) == 1
            assert await store.deliver_once(WebhookDelivery.post, webhooks.send) == 0
            (delivered,) = await store.find(WebhookDelivery.delivered, under=meeting)
        first, second = receiver.received
        assert first.body == second.body
        assert first.id == second.id == delivered.id


async def test_a_sender_that_comes_late_neither_posts_what_is_delivered_nor_undoes_what_another_noted() -> None:
    async with a_receiver(status=500) as receiver, a_world(webhook_private=True) as world:
        user = await one_event(world, receiver)
        taken = list[Delivery[WebhookDelivery]]()

        async def take(effect: Delivery[WebhookDelivery]) -> None:
            taken.append(effect)
            await world.service.webhooks.send(effect)

        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        await world.store.deliver_once(WebhookDelivery.post, take)
        await world.store.advance(seconds(5))  # it is to be posted again, and another took it
        await world.service.webhooks.send(taken[0])
        (delivery,) = await deliveries(world, user)
        assert (len(receiver.received), delivery["state"], delivery["attempts"]) == (2, "sending", 1)
        receiver.status = 200
        await tell(world)
        late = await world.store.get(WebhookDelivery, delivery["event_id"])
        await world.service.webhooks.send(dataclasses.replace(taken[0], record=late))
        assert (len(receiver.received), late.state) == (3, WebhookDelivery.delivered)


async def test_a_slow_receiver_holds_up_nobody_else() -> None:
    never = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        await never.wait()
        return web.Response()

    async with a_receiver(answer=hang) as slow, a_receiver() as quick, a_world(webhook_private=True) as world:
        busy = await world.a_user(bots=40)
        await a_webhook(world, busy, slow)
        for number in range(40):
            await world.ask(busy, f"m{number}")
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        other, _ = await a_told_meeting(world, quick)
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        arrived = asyncio.Event()

        async def arrive(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
            arrived.set()
            return web.Response()

        quick.answer = arrive
        sender = Sender(world.store, Poster(Guard(private=True), seconds=100), patience_seconds=0.01)
        work = asyncio.create_task(world.store.deliver(WebhookDelivery.post, sender.send, at_once=16))
        await arrived.wait()
        assert len(slow.received) <= 8
        never.set()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        put_off = await deliveries(world, busy, "?state=waiting")
        assert put_off
        assert {(d["attempts"], d["last_try"]) for d in put_off} == {(0, None)}
        assert other != busy


async def test_who_was_found_to_be_slow_is_not_waited_for_again() -> None:
    may, ticks = asyncio.Event(), itertools.count(step=2)

    async def hang(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        if len(receiver.received) > 1:
            await may.wait()
        return web.Response()

    async with a_receiver(answer=hang) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user(bots=20)
        await a_webhook(world, user, receiver)
        for number in range(9):
            await world.ask(user, f"m{number}")
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        # By this clock each exchange takes 2 seconds or more; nobody has the patience of an hour.
        poster = Poster(Guard(private=True), seconds=100, clock=lambda: float(next(ticks)))
        sender = Sender(world.store, poster, patience_seconds=3600)
        round_of = asyncio.create_task(world.store.deliver_once(WebhookDelivery.post, sender.send))
        with world.store.bell(WebhookDelivery) as bell:
            while not await deliveries(world, user, "?state=delivered"):
                await bell.heard()
        while len(receiver.received) < 9:
            await deliveries(world, user)
        await world.ask(user, "late")
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        assert await world.store.deliver_once(WebhookDelivery.post, sender.send) == 1
        assert [d["attempts"] for d in await deliveries(world, user, "?state=waiting")] == [0]
        may.set()
        await round_of


async def test_what_was_put_off_for_a_busy_receiver_arrives_later() -> None:
    may = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
        await may.wait()
        return web.Response()

    async with a_receiver(answer=hang) as receiver, a_world(webhook_private=True) as world:
        user = await world.a_user(bots=12)
        await a_webhook(world, user, receiver)
        for number in range(12):
            await world.ask(user, f"m{number}")
        await world.store.deliver_once(Meeting.tell_state, world.service.webhooks.make)
        sender = Sender(world.store, Poster(Guard(private=True), seconds=100), patience_seconds=0.01)
        round_of = asyncio.create_task(world.store.deliver_once(WebhookDelivery.post, sender.send))
        with world.store.bell(WebhookDelivery) as bell:
            while len(await deliveries(world, user, "?state=waiting")) < 4:
                await bell.heard()
        may.set()
        await round_of
        await world.store.advance(minutes(2))
        await world.store.deliver_once(WebhookDelivery.post, sender.send)
        assert len(receiver.ids) == len(set(receiver.ids)) == 12
        assert await world.store.count(WebhookDelivery) == {"delivered": 12}


@pytest.mark.parametrize("engine", KEPT)
async def test_events_usage_and_retention_go_the_whole_way_on_each_engine(
    place_of: Callable[[str], Place], engine: str
) -> None:
    settings = {"webhook_private": True, "retention_days": 5}
    async with a_receiver(status=500) as receiver, a_world(url=place_of(engine).fresh(), **settings) as world:
        user, bot = await a_told_meeting(world, receiver, "active")
        await bot.tell("transcript", segments=[HEARD])
        await world.store.advance(seconds(20))
        await bot.tell("exited", exit_code=0)
        await tell(world)
        assert await world.store.count(WebhookDelivery) == {"waiting": 7}
        receiver.status = 200
        await world.store.advance(minutes(1))
        await tell(world)
        listed = await deliveries(world, user)
        assert [d["state"] for d in listed] == ["delivered"] * 7
        assert sorted(receiver.ids) == sorted([d["event_id"] for d in listed] * 2)
        first = await deliveries(world, user, "?limit=3")
        rest = await deliveries(world, user, f"?state=delivered&before={first[-1]['event_id']}")
        assert first + rest == listed
        assert await world.store.deliver_once(Meeting.count_usage, world.service.usage.count) == 1
        used = await world.user_call(user, "GET", "/user/usage")
        assert used.json == {"usage": [{"month": "2026-01", "meetings": 1, "bot_seconds": 20}]}
        resent = f"/user/webhook/deliveries/{listed[0]['event_id']}/resend"
        assert (await world.user_call(user, "POST", resent)).status == 202
        await tell(world)
        assert receiver.ids[-1] == listed[0]["event_id"]
        await world.store.advance(days(5))
        assert await world.service.retention.once() == 1
        await world.store.sweep()
        assert await world.store.count(WebhookDelivery) == {}
        assert await world.store.engine.audit(world.store.space_name, repair=False) == []


async def test_settled_deliveries_are_kept_for_thirty_days() -> None:
    async with a_receiver() as receiver, a_world(webhook_private=True) as world:
        user, bot = await a_told_meeting(world, receiver)
        await bot.tell("exited", exit_code=0)
        await tell(world)
        await world.store.advance(days(29))
        assert len(await deliveries(world, user)) == 3
        await world.store.advance(days(1) + seconds(1))
        assert await deliveries(world, user) == []
        assert await world.store.count(WebhookDelivery) == {}
