"""The API as a table: each endpoint with who may call it, what it takes and what it does.

The OpenAPI page and the table of rights in the tests follow from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tenure.services.meetings.api import inputs, views
from tenure.services.meetings.api.reading import read_body, read_id, read_number
from tenure.services.meetings.api.rejections import Absent
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.attendance import NO_MEETING
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.service import MeetingsService

Who = Literal["user", "admin"]
MOST_LISTED = 1000
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. `handle` gets the request, and for users who they are."""

    method: str
    path: str
    who: Who
    summary: str
    handle: Callable[..., Awaitable[Response]]
    body: type[Any] | None = None
    status: int = 200
    queries: tuple[str, ...] = ()


def json(content: object, status: int = 200) -> Response:
    """Answer with JSON that nobody keeps."""
    return Response(
        msgspec.json.encode(content),
        status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


class UserApi:
    """What users call, with their X-API-Key."""

    def __init__(self, service: MeetingsService) -> None:
        self._attendance, self._accounts = service.attendance, service.accounts
        self._views = Views(service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        bot, meeting = "/bots/{platform}/{native_meeting_id}", "/meetings/{platform}/{native_meeting_id}"
        return [
            Endpoint("POST", "/bots", "user", "Ask for a bot in a meeting", self.ask, inputs.BotWanted, 201),
            Endpoint("GET", "/bots/status", "user", "List your running bots", self.status),
            Endpoint("DELETE", bot, "user", "Have a bot leave", self.stop, None, 202),
            Endpoint(
                "PUT",
                bot + "/config",
                "user",
                "Change a bot's settings",
                self.configure,
                inputs.BotConfig,
                202,
            ),
            Endpoint("GET", "/meetings", "user", "List your meetings", self.list, queries=("limit", "before")),
            Endpoint("PATCH", meeting, "user", "Describe a meeting", self.describe, inputs.MeetingChanged),
            Endpoint("DELETE", meeting, "user", "Redact a meeting that is over", self.redact),
            Endpoint(
                "GET",
                "/transcripts/{platform}/{native_meeting_id}",
                "user",
                "Read what was said",
                self.transcript,
                queries=("meeting_id",),
            ),
            Endpoint("PUT", "/user/webhook", "user", "Set your webhook's URL", self.webhook, inputs.WebhookWanted),
        ]

    async def ask(self, request: Request, user: User) -> Response:
        """Reserve a bot."""
        wanted = await read_body(request, inputs.BotWanted)
        return json(self._views.meeting(await self._attendance.request(user, wanted)), 201)

    async def status(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """List running bots."""
        return json({"running_bots": [self._views.bot(m) for m in await self._attendance.running(user)]})

    async def stop(self, request: Request, user: User) -> Response:
        """Stop a bot."""
        return json({"message": await self._attendance.stop(user, *_named(request))}, 202)

    async def configure(self, request: Request, user: User) -> Response:
        """Reconfigure a bot."""
        config = await read_body(request, inputs.BotConfig)
        await self._attendance.reconfigure(user, *_named(request), config)
        return json({"message": "The bot is told its new settings."}, 202)

    async def list(self, request: Request, user: User) -> Response:
        """List meetings."""
        limit = read_number(request, "limit", default=MOST_LISTED, most=MOST_LISTED, least=1)
        before = read_number(request, "before", default=None, most=2**53)
        found = await self._attendance.meetings(
            user, limit=limit or MOST_LISTED, before=None if before is None else str(before)
        )
        return json({"meetings": [self._views.meeting(m) for m in found]})

    async def describe(self, request: Request, user: User) -> Response:
        """Describe a meeting."""
        changed = await read_body(request, inputs.MeetingChanged)
        return json(self._views.meeting(await self._attendance.describe(user, *_named(request), changed.data)))

    async def redact(self, request: Request, user: User) -> Response:
        """Redact a meeting."""
        await self._attendance.redact(user, *_named(request))
        return json({"message": "The meeting's content was deleted; its row stays, without names and words."})

    async def transcript(self, request: Request, user: User) -> Response:
        """Read a transcript."""
        id = read_number(request, "meeting_id", default=None, most=2**53)
        found = await self._attendance.transcript(user, *_named(request), None if id is None else str(id))
        return json(self._views.transcript(found))

    async def webhook(self, request: Request, user: User) -> Response:
        """Set the webhook's URL."""
        wanted = await read_body(request, inputs.WebhookWanted)
        return json(views.user(await self._accounts.post_to(user, wanted.webhook_url)))


class AdminApi:
    """What admins call, with the X-Admin-API-Key."""

    def __init__(self, service: MeetingsService) -> None:
        self._accounts, self._attendance, self._runtime = (
            service.accounts,
            service.attendance,
            service.runtime,
        )
        self._views = Views(service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        user = "/admin/users/{user_id}"
        return [
            Endpoint("POST", "/admin/users", "admin", "Make a user", self.create, inputs.UserWanted, 201),
            Endpoint("GET", "/admin/users", "admin", "List users", self.page, queries=("skip", "limit")),
            Endpoint("GET", "/admin/users/email/{email}", "admin", "Find a user by e-mail", self.by_email),
            Endpoint("GET", user, "admin", "Read a user", self.get),
            Endpoint("PATCH", user, "admin", "Change a user", self.change, inputs.UserChanged),
            Endpoint("POST", user + "/tokens", "admin", "Make a key for a user", self.new_token, None, 201),
            Endpoint("DELETE", user + "/tokens/{token_id}", "admin", "Revoke a key", self.revoke, None, 204),
            Endpoint(
                "POST",
                "/admin/meetings/{meeting_id}/finish",
                "admin",
                "End a stuck meeting",
                self.finish,
                inputs.Finish,
            ),
            Endpoint("GET", "/admin/meetings/{meeting_id}/log", "admin", "Read what a bot wrote", self.log),
        ]

    async def create(self, request: Request) -> Response:
        """Make a user, or give the one that has this e-mail address."""
        user, new = await self._accounts.create(await read_body(request, inputs.UserWanted))
        return json(views.user(user), 201 if new else 200)

    async def page(self, request: Request) -> Response:
        """List users."""
        skip = read_number(request, "skip", default=0, most=1_000_000)
        limit = read_number(request, "limit", default=100, most=MOST_LISTED)
        found = await self._accounts.page(skip=skip or 0, limit=limit or 0)
        return json([views.user(user) for user in found])

    async def by_email(self, request: Request) -> Response:
        """Find a user by e-mail address."""
        return json(views.user(await self._accounts.by_email(request.path_params["email"])))

    async def get(self, request: Request) -> Response:
        """Read a user."""
        return json(views.user(await self._accounts.get(read_id(request, "user_id"))))

    async def change(self, request: Request) -> Response:
        """Change a user."""
        changed = await read_body(request, inputs.UserChanged)
        return json(views.user(await self._accounts.change(read_id(request, "user_id"), changed)))

    async def new_token(self, request: Request) -> Response:
        """Make a key."""
        return json(views.token(*await self._accounts.new_token(read_id(request, "user_id"))), 201)

    async def revoke(self, request: Request) -> Response:
        """Revoke a key."""
        await self._accounts.revoke(read_id(request, "user_id"), read_id(request, "token_id"))
        return Response(status_code=204)

    async def finish(self, request: Request) -> Response:
        """Force-finish a meeting."""
        finish = await read_body(request, inputs.Finish)
        meeting = await self._attendance.finish(read_id(request, "meeting_id"), finish.reason)
        return json(self._views.meeting(meeting))

    async def log(self, request: Request) -> Response:
        """Read the last part of a bot's log."""
        meeting = await self._attendance.by_id(read_id(request, "meeting_id"))
        return Response(await self._runtime.log(meeting.container), media_type="text/plain; charset=utf-8")


def _named(request: Request) -> tuple[str, str]:
    """Give platform and id as the path names them; what can't be one is as absent as what is foreign."""
    platform, native_id = request.path_params["platform"], request.path_params["native_meeting_id"]
    if not native_id.isprintable() or len(native_id) > LONGEST_ID:
        raise Absent(NO_MEETING)
    return platform, native_id
