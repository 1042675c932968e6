"""A user's webhook, what was and will be posted to it, and what the user used."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body, read_choice, read_id, read_number
from tenure.http.rejections import Absent
from tenure.services.meetings.api import inputs, views
from tenure.services.meetings.api.endpoints import MOST_LISTED
from tenure.services.meetings.lifecycle import Usage, User
from tenure.services.meetings.service import MeetingsService
from tenure.services.meetings.webhooks.lifecycle import WebhookDelivery
from tenure.services.meetings.webhooks.service import NO_DELIVERY, STATES
from tenure.webhooks.posting import Outcome

EVENT_ID = re.compile(r"evt_[0-9a-f]{32}")
PAGE = 100
MONTHS, MOST_MONTHS = 12, 120
Json = dict[str, Any]


class WebhooksApi:
    """What users ask about their webhook, with their X-API-Key."""

    def __init__(self, service: MeetingsService) -> None:
        self._accounts, self._webhooks = service.accounts, service.webhooks

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        webhook, deliveries = "/user/webhook", "/user/webhook/deliveries"
        one = deliveries + "/{event_id}"
        listed, texts = ("limit",), ("before", "state")
        return [
            Endpoint("GET", webhook, "user", "Read your webhook's settings", self.webhook),
            Endpoint("PUT", webhook, "user", "Set your webhook's URL", self.set_webhook, inputs.WebhookWanted),
            Endpoint("DELETE", webhook, "user", "Switch your webhook off", self.switch_off, None, 204),
            Endpoint("POST", webhook + "/secret", "user", "Take another secret", self.new_secret),
            Endpoint("POST", webhook + "/test", "user", "Post a test event now", self.test),
            Endpoint(
                "GET", deliveries, "user", "List your events", self.deliveries, queries=listed, text_queries=texts
            ),
            Endpoint("GET", one, "user", "Read an event and its tries", self.delivery),
            Endpoint("POST", one + "/resend", "user", "Send an event again", self.resend, None, 202),
        ]

    async def webhook(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """Show where events go. The secret is not shown again."""
        return json({"webhook_url": user.webhook_url, "signed": user.webhook_secret is not None})

    async def set_webhook(self, request: Request, user: User) -> Response:
        """Set where events go."""
        changed, secret = await self._accounts.post_to(user, await read_body(request, inputs.WebhookWanted))
        return json({**views.user(changed), **({} if secret is None else {"webhook_secret": secret})})

    async def switch_off(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """Switch the webhook off."""
        await self._accounts.post_to(user, inputs.WebhookWanted(webhook_url=None))
        return Response(status_code=204)

    async def new_secret(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """Replace the secret."""
        return json({"webhook_secret": await self._accounts.new_webhook_secret(user)})

    async def test(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """Post a test event."""
        envelope, outcome = await self._webhooks.test(user)
        return json({"delivered": outcome.taken, **_outcome(outcome), "envelope": msgspec.Raw(envelope.body.encode())})

    async def deliveries(self, request: Request, user: User) -> Response:
        """List deliveries."""
        limit = read_number(request, "limit", default=PAGE, most=MOST_LISTED, least=1)
        before = request.query_params.get("before")
        found = await self._webhooks.deliveries(
            user,
            limit=limit or PAGE,
            before=None if before is None else _event_id(before),
            state=read_choice(request, "state", STATES),
        )
        return json({"deliveries": [_delivery(delivery) for delivery in found]})

    async def delivery(self, request: Request, user: User) -> Response:
        """Read one delivery."""
        return json(_whole(await self._webhooks.one(user, _event_id(request.path_params["event_id"]))))

    async def resend(self, request: Request, user: User) -> Response:
        """Send one delivery again."""
        return json(_delivery(await self._webhooks.resend(user, _event_id(request.path_params["event_id"]))), 202)


class UsageApi:
    """What a user used: for the user, and for admins."""

    def __init__(self, service: MeetingsService) -> None:
        self._accounts, self._usage = service.accounts, service.usage

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        path, of_user, months = "/user/usage", "/admin/users/{user_id}/usage", ("months",)
        return [
            Endpoint("GET", path, "user", "Read what you used", self.usage, queries=months),
            Endpoint("GET", of_user, "admin", "Read what a user used", self.usage_of, queries=months),
        ]

    async def usage(self, request: Request, user: User) -> Response:
        """Read one's own usage."""
        return await self._answer(request, user)

    async def usage_of(self, request: Request) -> Response:
        """Read a user's usage."""
        return await self._answer(request, await self._accounts.get(read_id(request, "user_id")))

    async def _answer(self, request: Request, user: User) -> Response:
        months = read_number(request, "months", default=MONTHS, most=MOST_MONTHS, least=1)
        return json({"usage": [_used(usage) for usage in await self._usage.of(user, months or MONTHS)]})


# ------------------------------------------------------------------------------------ views


def _delivery(delivery: WebhookDelivery) -> Json:
    return {
        "event_id": delivery.id,
        "event_type": delivery.event_type,
        "meeting_id": int(delivery.meeting),
        "state": delivery.state.name,
        "attempts": delivery.attempts,
        "last_try": delivery.tries[-1] if delivery.tries else None,
        "next_try_at": delivery.try_at,
        "created_at": delivery.created_at,
        "updated_at": delivery.changed_at,
    }


def _whole(delivery: WebhookDelivery) -> Json:
    envelope = msgspec.Raw(delivery.body.encode())
    return {**_delivery(delivery), "tries": delivery.tries, "envelope": envelope}


def _outcome(outcome: Outcome) -> Json:
    return {
        "status": outcome.status,
        "error": outcome.error,
        "milliseconds": outcome.milliseconds,
        "answer": outcome.answer,
    }


def _used(usage: Usage) -> Json:
    return {"month": usage.month, "meetings": usage.meetings, "bot_seconds": usage.bot_seconds}


def _event_id(text: str) -> str:
    if not EVENT_ID.fullmatch(text):
        raise Absent(NO_DELIVERY)
    return text
