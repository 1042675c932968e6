"""A real receiver of webhooks on this machine, for tests: it keeps what came, and answers as it is told."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from tests.services.meetings.making import Bot, World

from tenure import NEXT, days
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery

HEARD = {"segment_id": "1", "text": "hello", "start": 0.5, "end": 1.5, "at": 1e9}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Received:
    """One request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> Any:
        return json.loads(self.body)

    @property
    def id(self) -> str:
        return str(self.envelope["event_id"])


@dataclass
class Receiver:
    """What came so far, and how the next ones are answered."""

    url: str = ""
    port: int = 0
    received: list[Received] = field(default_factory=list)
    status: int = 200
    text: str = "thanks"
    headers: dict[str, str] = field(default_factory=dict)
    answer: Answer | None = None

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.received]

    def of(self, event_type: str) -> list[Received]:
        return [request for request in self.received if request.envelope["event_type"] == event_type]

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.received.append(Received(request.path, dict(request.headers), await request.read()))
        if self.answer is not None:
            return await self.answer(request)
        return web.Response(status=self.status, text=self.text, headers=self.headers)


@asynccontextmanager
async def a_receiver(**given: Any) -> AsyncIterator[Receiver]:
    """Run a receiver on a free port of the loopback address."""
    receiver = Receiver(**given)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.port = runner.addresses[0][1]
    receiver.url = f"http://127.0.0.1:{receiver.port}/hook?key=1"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def a_webhook(world: World, user: int, receiver: Receiver) -> str:
    """Send a user's events to a receiver, and give the secret."""
    answer = await world.user_call(user, "PUT", "/user/webhook", {"webhook_url": receiver.url})
    assert answer.status == 200, answer.body
    return str(answer.json["webhook_secret"])


async def a_told_meeting(world: World, receiver: Receiver, state: str = "reserved") -> tuple[int, Bot]:
    """Make a user with a webhook and one bot in a state."""
    user = await world.a_user()
    await a_webhook(world, user, receiver)
    return user, await world.a_bot(user, state=state)


async def one_event(world: World, receiver: Receiver) -> int:
    """Make a user with a webhook and one event to tell: a bot planned for next year, so that no other follows."""
    user = await world.a_user()
    await a_webhook(world, user, receiver)
    await world.store.apply(
        Meeting.create_in(
            Meeting.scheduled,
            NEXT,
            user=str(user),
            platform="local",
            native_id="x",
            deduplication_key="x",
            run="r",
            bot_name="b",
            join_at=await world.store.now() + days(365),
        )
    )
    return user


async def tell(world: World) -> None:
    """Make and post all that is due now."""
    webhooks = world.service.webhooks
    while await world.store.deliver_once(Meeting.tell_state, webhooks.make) + await world.store.deliver_once(
        WebhookDelivery.post, webhooks.send
    ):
        pass


async def deliveries(world: World, user: int, query: str = "") -> list[Any]:
    """Give a user's deliveries as the API lists them."""
    answer = await world.user_call(user, "GET", f"/user/webhook/deliveries{query}")
    assert answer.status == 200, answer.body
    found: list[Any] = answer.json["deliveries"]
    return found
