"""What users ask of bots, with their X-API-Key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import TEXT, Endpoint, json, text
from tenure.http.reading import read_body
from tenure.services.meetings.api import inputs
from tenure.services.meetings.api.endpoints import named
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.lifecycle import User
from tenure.services.meetings.service import MeetingsService

BOT = "/bots/{platform}/{native_meeting_id}"
WHICH = ("meeting_id",)


class BotsApi:
    """Bots: asked for, told what to do, sent away."""

    def __init__(self, service: MeetingsService) -> None:
        self._attendance, self._archive, self._runtime = service.attendance, service.archive, service.runtime
        self._views = Views(service.settings)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        wanted, config, moved = inputs.BotWanted, inputs.BotConfig, inputs.Rescheduled
        return [
            Endpoint("POST", "/bots", "user", "Ask for a bot in a meeting, now or later", self.ask, wanted, 201),
            Endpoint("GET", "/bots/status", "user", "List your running bots", self.status),
            Endpoint("PATCH", BOT, "user", "Move a scheduled bot to another time", self.reschedule, moved, 200, WHICH),
            Endpoint("DELETE", BOT, "user", "Have a bot leave, or cancel it", self.stop, None, 202, WHICH),
            Endpoint("PUT", BOT + "/config", "user", "Change a bot's settings", self.configure, config, 202, WHICH),
            Endpoint("POST", BOT + "/pause", "user", "Have a bot capture nothing", self.pause, None, 202, WHICH),
            Endpoint("POST", BOT + "/resume", "user", "Have a bot capture again", self.resume, None, 202, WHICH),
            Endpoint("GET", BOT + "/log", "user", "Read what a bot wrote", self.log, queries=WHICH, gives=TEXT),
        ]

    async def ask(self, request: Request, user: User) -> Response:
        """Reserve a bot, or plan one."""
        meeting, new = await self._attendance.request(user, await read_body(request, inputs.BotWanted))
        return json(self._views.meeting(meeting), 201 if new else 200)

    async def status(self, request: Request, user: User) -> Response:  # noqa: ARG002
        """List running bots."""
        return json({"running_bots": [self._views.bot(m) for m in await self._attendance.running(user)]})

    async def reschedule(self, request: Request, user: User) -> Response:
        """Move a scheduled bot."""
        platform, native_id, id = named(request)
        wanted = await read_body(request, inputs.Rescheduled)
        meeting = await self._attendance.reschedule(user, platform, native_id, wanted.join_at, id)
        return json(self._views.meeting(meeting))

    async def stop(self, request: Request, user: User) -> Response:
        """Stop a bot."""
        return json({"message": await self._attendance.stop(user, *named(request))}, 202)

    async def configure(self, request: Request, user: User) -> Response:
        """Reconfigure a bot."""
        platform, native_id, id = named(request)
        await self._attendance.reconfigure(user, platform, native_id, await read_body(request, inputs.BotConfig), id)
        return json({"message": "The bot is told its new settings."}, 202)

    async def pause(self, request: Request, user: User) -> Response:
        """Pause a bot."""
        await self._attendance.pause(user, *named(request))
        return json({"message": "The bot is told to capture nothing until it is resumed."}, 202)

    async def resume(self, request: Request, user: User) -> Response:
        """Resume a bot."""
        await self._attendance.resume(user, *named(request))
        return json({"message": "The bot is told to capture again."}, 202)

    async def log(self, request: Request, user: User) -> Response:
        """Read the last part of a bot's log."""
        meeting = await self._archive.named(user, *named(request))
        return text(await self._runtime.log(meeting.container))
