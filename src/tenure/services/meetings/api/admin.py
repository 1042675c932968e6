"""What admins call, with the X-Admin-API-Key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import TEXT, Endpoint, json, text
from tenure.http.reading import read_body, read_id, read_number
from tenure.services.meetings.api import inputs, views
from tenure.services.meetings.api.endpoints import MOST_LISTED
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.service import MeetingsService

USER, MEETING = "/admin/users/{user_id}", "/admin/meetings/{meeting_id}"


class AdminApi:
    """Users and their keys; meetings that are stuck."""

    def __init__(self, service: MeetingsService) -> None:
        self._accounts, self._archive = service.accounts, service.archive
        self._attendance, self._runtime = service.attendance, service.runtime
        self._views = Views(service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        finish = inputs.Finish
        return [
            Endpoint("POST", "/admin/users", "admin", "Make a user", self.create, inputs.UserWanted, 201),
            Endpoint("GET", "/admin/users", "admin", "List users", self.page, queries=("skip", "limit")),
            Endpoint("GET", "/admin/users/email/{email}", "admin", "Find a user by e-mail", self.by_email),
            Endpoint("GET", USER, "admin", "Read a user", self.get),
            Endpoint("PATCH", USER, "admin", "Change a user", self.change, inputs.UserChanged),
            Endpoint("POST", USER + "/tokens", "admin", "Make a key for a user", self.new_token, None, 201),
            Endpoint("DELETE", USER + "/tokens/{token_id}", "admin", "Revoke a key", self.revoke, None, 204),
            Endpoint("POST", MEETING + "/finish", "admin", "End a stuck meeting", self.finish, finish),
            Endpoint("GET", MEETING + "/log", "admin", "Read what a bot wrote", self.log, gives=TEXT),
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
        meeting = await self._archive.by_id(read_id(request, "meeting_id"))
        return text(await self._runtime.log(meeting.container))
