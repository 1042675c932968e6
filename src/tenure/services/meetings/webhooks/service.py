"""Webhooks put together: what makes deliveries of meetings' changes, what posts them, and what users ask of them."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable

from tenure import Delivery, Exists, NotFound, Refused, StateOf, Store, WrongState, seconds
from tenure.http.rejections import Absent, Conflict, TooMany
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.lifecycle import Meeting, Segment, User
from tenure.services.meetings.settings import Settings
from tenure.services.meetings.webhooks.envelope import Envelope, envelopes, sample
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery
from tenure.services.meetings.webhooks.sending import Busy, Sender
from tenure.webhooks.addresses import Guard
from tenure.webhooks.posting import Outcome, Poster

AT_ONCE = 128
WITHIN = seconds(30)
STATES = ("sending", "waiting", "delivered", "given_up")
EVERY = StateOf(WebhookDelivery, STATES)
NO_DELIVERY = "there is no such delivery"
NO_WEBHOOK = "you have no webhook: set its URL by PUT /user/webhook first"


class Webhooks:
    """Tells users' webhooks of their meetings."""

    def __init__(self, store: Store, settings: Settings, guard: Guard, *, sender: Sender | None = None) -> None:
        self._store, self._views = store, Views(settings)
        self._sender = sender or Sender(store, Poster(guard))

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """Give each loop by name; each goes on until it is cancelled."""
        deliver = self._store.deliver
        return {
            "make_webhooks": lambda: deliver(Meeting.tell_state, self.make),
            "send_webhooks": lambda: deliver(WebhookDelivery.post, self.send, within=WITHIN, at_once=AT_ONCE),
        }

    # ------------------------------------------------------------------------------------ effects

    async def make(self, effect: Delivery[Meeting]) -> None:
        """Make a meeting's change into what is posted, if its user has a webhook. A repeat finds it made."""
        meeting, event = effect.record, effect.event
        user = await self._store.get(User, meeting.user)
        if user.webhook_url is None:
            return
        over = event.target in Meeting.over
        has_words = over and bool(await self._store.find(Segment.kept, under=meeting.id, limit=1))
        found = envelopes(self._store.space_name, meeting, event, self._views, has_words=has_words)
        now = await self._store.now()
        verdicts = await self._store.acting("webhooks").submit(
            [
                [
                    WebhookDelivery.create(
                        envelope.id,
                        user=user.id,
                        meeting=meeting.id,
                        event_type=envelope.event_type,
                        since=now,
                        body=envelope.body,
                    )
                ]
                for envelope in found
            ]
        )
        for verdict in verdicts:
            if isinstance(verdict, Refused) and not isinstance(verdict, Exists):
                raise verdict

    async def send(self, effect: Delivery[WebhookDelivery]) -> None:
        """Post one delivery."""
        await self._sender.send(effect)

    # ------------------------------------------------------------------------------------ what users ask for

    async def deliveries(
        self, user: User, *, limit: int, before: str | None = None, state: str | None = None
    ) -> list[WebhookDelivery]:
        """Give the user's deliveries, newest first, those before one, those in a state."""
        after = None if before is None else await self.one(user, before)
        states = EVERY if state is None else StateOf(WebhookDelivery, (state,))
        return await self._store.find(states, under=user, newest_first=True, limit=limit, after=after)

    async def one(self, user: User, id: str) -> WebhookDelivery:
        """Give one of the user's deliveries. Raises `Absent`."""
        try:
            delivery = await self._store.get(WebhookDelivery, id)
        except NotFound:
            raise Absent(NO_DELIVERY) from None
        if delivery.user != user.id or delivery.state not in EVERY:
            raise Absent(NO_DELIVERY)
        return delivery

    async def resend(self, user: User, id: str) -> WebhookDelivery:
        """Post a delivery again, with the same id and bytes, and a whole day of tries."""
        delivery = await self.one(user, id)
        if user.webhook_url is None:
            raise Conflict(NO_WEBHOOK)
        try:
            return await self._store.acting(f"user:{user.id}").apply(
                WebhookDelivery.resend(delivery.id, since=await self._store.now())
            )
        except NotFound:
            raise Absent(NO_DELIVERY) from None
        except WrongState:
            raise Conflict("it is being sent just now: look at it again in a moment") from None

    async def test(self, user: User) -> tuple[Envelope, Outcome]:
        """Post a test event at once, and give what came back."""
        if user.webhook_url is None:
            raise Conflict(NO_WEBHOOK)
        envelope = sample(f"evt_{secrets.token_hex(16)}", await self._store.now())
        try:
            return envelope, await self._sender.post(user, envelope.body)
        except Busy:
            raise TooMany("your webhook is still answering earlier events: try again in a moment") from None
