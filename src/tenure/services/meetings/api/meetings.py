"""What users ask about their meetings, with their X-API-Key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import PNG, Endpoint, json, picture, written
from tenure.http.reading import read_body, read_id, read_number
from tenure.services.meetings.api import inputs, views
from tenure.services.meetings.api.endpoints import LARGEST_ID, MOST_LISTED, named
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.service import MeetingsService

MEETING = "/meetings/{platform}/{native_meeting_id}"
TRANSCRIPT = "/transcripts/{platform}/{native_meeting_id}"
SHOTS = MEETING + "/screenshots"
WHICH = ("meeting_id",)


class MeetingsApi:
    """Meetings: listed, read, described, redacted."""

    def __init__(self, service: MeetingsService) -> None:
        self._archive, self._screenshots = service.archive, service.screenshots
        self._views = Views(service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        changed = inputs.MeetingChanged
        return [
            Endpoint("GET", "/meetings", "user", "List your meetings", self.list, queries=("limit", "before")),
            Endpoint("GET", MEETING, "user", "Read a meeting", self.get, queries=WHICH),
            Endpoint("PATCH", MEETING, "user", "Describe a meeting", self.describe, changed, 200, WHICH),
            Endpoint("DELETE", MEETING, "user", "Redact a meeting that is over", self.redact, None, 200, WHICH),
            Endpoint("GET", TRANSCRIPT, "user", "Read what was said", self.transcript, queries=WHICH),
            Endpoint(
                "GET", SHOTS, "user", "List what the bot saw when something went wrong", self.shots, queries=WHICH
            ),
            Endpoint(
                "GET",
                SHOTS + "/{screenshot_id}",
                "user",
                "See one of these pictures",
                self.shot,
                queries=WHICH,
                gives=PNG,
            ),
        ]

    async def list(self, request: Request, user: User) -> Response:
        """List meetings."""
        limit = read_number(request, "limit", default=MOST_LISTED, most=MOST_LISTED, least=1)
        before = read_number(request, "before", default=None, most=LARGEST_ID)
        found = await self._archive.meetings(
            user, limit=limit or MOST_LISTED, before=None if before is None else str(before)
        )
        return json({"meetings": [written(self._views.meeting(m)) for m in found]})

    async def get(self, request: Request, user: User) -> Response:
        """Read a meeting."""
        return json(self._views.meeting(await self._archive.named(user, *named(request))))

    async def describe(self, request: Request, user: User) -> Response:
        """Describe a meeting."""
        platform, native_id, id = named(request)
        changed = await read_body(request, inputs.MeetingChanged)
        return json(self._views.meeting(await self._archive.describe(user, platform, native_id, changed.data, id)))

    async def redact(self, request: Request, user: User) -> Response:
        """Redact a meeting."""
        await self._archive.redact(user, *named(request))
        return json({"message": "The meeting's content was deleted; its row stays, without names and words."})

    async def transcript(self, request: Request, user: User) -> Response:
        """Read a transcript."""
        return json(self._views.transcript(await self._archive.transcript(user, *named(request))))

    async def shots(self, request: Request, user: User) -> Response:
        """List a meeting's screenshots."""
        found = await self._screenshots.of(await self._archive.named(user, *named(request)))
        return json({"screenshots": [views.screenshot(shot) for shot in found]})

    async def shot(self, request: Request, user: User) -> Response:
        """Show one screenshot."""
        meeting = await self._archive.named(user, *named(request))
        return picture(await self._screenshots.read(meeting, int(read_id(request, "screenshot_id") or 0)))
