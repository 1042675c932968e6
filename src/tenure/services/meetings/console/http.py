"""The meetings page over HTTP. It works without its script; that only makes it live."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tenure import OutcomeUnknown, Refused, Unavailable
from tenure.http.reading import read_id, read_number
from tenure.http.rejections import Invalid, NotNow, Rejected
from tenure.pages.entrance import Entrance, to
from tenure.pages.forms import read_form, read_text
from tenure.pages.rendering import HEADERS
from tenure.pages.sessions import check_origin, path_of, root_of
from tenure.pages.streaming import answer
from tenure.services.meetings.api.inputs import BotWanted
from tenure.services.meetings.api.views import Views
from tenure.services.meetings.console import reading
from tenure.services.meetings.console.access import Access, Viewer
from tenure.services.meetings.console.acting import DONE, RULES, Acting
from tenure.services.meetings.console.reading import Reading, Wanted
from tenure.services.meetings.console.rendering import ASSETS, TEMPLATES
from tenure.services.meetings.console.streams import Streams
from tenure.services.meetings.following import Cursor
from tenure.services.meetings.lifecycle import Meeting
from tenure.services.meetings.platforms import PLATFORMS
from tenure.services.meetings.runtimes.runtime import RuntimeAway
from tenure.services.meetings.service import MeetingsService

CONSOLE_PATH = "/console"
MOST_ON_A_PAGE = 1000
ON_A_PAGE = 50
SIGN = {
    "key_is": "API key",
    "wrong_is": "That is no valid key.",
    "where": "Your own key shows your meetings; the admin's key shows all. An admin makes users and their keys.",
}
PAGE = {"service": "Meetings", "assets": ASSETS, "back": "To the meetings"}
Page = Callable[[Request, Viewer], Awaitable[Response]]


def console_routes(service: MeetingsService) -> list[BaseRoute]:
    """Give the page's routes, to be mounted anywhere."""
    return Console(service).routes()


class Console:
    """The routes."""

    def __init__(self, service: MeetingsService) -> None:
        self._service = service
        settings = service.settings
        self._access = Access(
            service.accounts, server_key=settings.server_key, admin_key=settings.admin_key, now=time.time
        )
        self._reading, self._acting = Reading(service.store, service.archive, service.screenshots), Acting(service)
        self._streams, self._views = Streams(service.store, service.feed), Views(settings)
        self._entrance = Entrance(self._access.sessions, self._access.who_has, _login)

    def routes(self) -> list[BaseRoute]:
        """Give all routes; but for logging in and the assets, each needs a session."""
        one = "/meetings/{meeting_id}"
        gets = {
            "/": self.list, "/live": self.live, "/new": self.new, one: self.one, f"{one}/live": self.live_one,
            f"{one}/log": self.log, f"{one}/screenshots/{{screenshot_id}}": self.screenshot,
        }  # fmt: skip
        posts = {"/new": self.ask, f"{one}/{{action}}": self.act}
        return [
            Route("/assets/{name}", ASSETS.serve, methods=["GET"]),
            *self._entrance.routes(),
            *(Route(path, self._guarded(page), methods=["GET"]) for path, page in gets.items()),
            *(Route(path, self._guarded(page), methods=["POST"]) for path, page in posts.items()),
        ]

    # ------------------------------------------------------------------------------------ the pages

    async def list(self, request: Request, viewer: Viewer, notice: str = "", status: int = 200) -> Response:
        """List meetings."""
        before = read_number(request, "before", default=None, most=10**17)
        wanted = Wanted(
            state=read_text(request, "state"),
            user=read_text(request, "user") if viewer.is_admin else None,
            platform=read_text(request, "platform"),
            before=None if before is None else str(before),
            limit=read_number(request, "limit", default=ON_A_PAGE, most=MOST_ON_A_PAGE, least=1) or ON_A_PAGE,
        )
        listed = await self._reading.listed(viewer, wanted)
        values = {
            "wanted": wanted, "listed": listed, "groups": reading.GROUPS, "platforms": PLATFORMS,
            "kept": {n: v for n, v in (("user", wanted.user), ("platform", wanted.platform)) if v},
            "stream": "/live", "over": Meeting.over.names, "name_of": reading.name_of,
        }  # fmt: skip
        return self._render(request, viewer, "list.html", values, notice=notice, status=status)

    async def one(self, request: Request, viewer: Viewer, notice: str = "", status: int = 200) -> Response:
        """Show one meeting."""
        every_word = request.query_params.get("words") == "all"
        whole = await self._reading.whole(viewer, read_id(request, "meeting_id"), every_word=every_word)
        meeting = whole.meeting
        values = {
            "whole": whole, "meeting": meeting, "shown": self._views.meeting(meeting),
            "stream": f"/meetings/{meeting.id}/live?after={whole.cursor}" if meeting.state not in Meeting.over else "",
            "is_planned": meeting.state in Meeting.planned, "is_live": meeting.state in Meeting.live,
            "is_attending": meeting.state in Meeting.attending, "is_over": meeting.state in Meeting.over,
            "may_stop": meeting.state in Meeting.planned or meeting.state in Meeting.attending,
            "is_redacted": meeting.data.get("redacted") is True, "name_of": reading.name_of,
        }  # fmt: skip
        return self._render(request, viewer, "meeting.html", values, notice=notice, status=status)

    async def new(self, request: Request, viewer: Viewer, notice: str = "", status: int = 200) -> Response:
        """Show the form that asks for a bot."""
        form = await read_form(request) if request.method == "POST" else dict(request.query_params)
        filled = {name: value for name, value in form.items() if name in FILLED_AGAIN}
        values = {"filled": filled, "platforms": PLATFORMS, "settings": self._service.settings}
        return self._render(request, viewer, "new.html", values, notice=notice, status=status)

    async def log(self, request: Request, viewer: Viewer) -> Response:
        """Show the last part of what a bot wrote."""
        meeting, _ = await self._reading.one(viewer, read_id(request, "meeting_id"))
        try:
            text = await self._service.runtime.log(meeting.container)
        except RuntimeAway:
            raise NotNow("what runs the bots can't be reached just now: try again in a moment") from None
        return PlainTextResponse(text or "The bot wrote nothing, or its log was removed.\n", headers=HEADERS)

    async def screenshot(self, request: Request, viewer: Viewer) -> Response:
        """Show what a bot saw."""
        meeting, _ = await self._reading.one(viewer, read_id(request, "meeting_id"))
        number = read_id(request, "screenshot_id")
        picture = await self._service.screenshots.read(meeting, int(number or 0))
        return Response(picture, media_type="image/png", headers=HEADERS)

    # ------------------------------------------------------------------------------------ liveness

    async def live(self, request: Request, viewer: Viewer) -> Response:  # noqa: ARG002
        """Stream that something has changed in the list."""
        return self._stream(lambda: self._streams.of_all(viewer))

    async def live_one(self, request: Request, viewer: Viewer) -> Response:
        """Stream what happens in a meeting after a cursor: that of the page, or where the browser's stream broke."""
        meeting, _ = await self._reading.one(viewer, read_id(request, "meeting_id"))
        kept = request.headers.get("Last-Event-ID") or request.query_params.get("after", "")
        cursor = Cursor.read(kept)
        if cursor is None or cursor.meeting != meeting.id:
            raise Invalid("`after` must be the cursor of this meeting's page")
        return self._stream(lambda: self._streams.of_one(viewer, cursor))

    def _stream(self, make: Callable[[], AsyncIterator[str]]) -> Response:
        if self._streams.room.is_full:
            raise NotNow("too many pages are open: close some")
        return answer(make())

    # ------------------------------------------------------------------------------------ what is done

    async def ask(self, request: Request, viewer: Viewer) -> Response:
        """Ask for a bot; what is wrong is said above the form, which is filled in as it was."""
        try:
            meeting, done = await self._acting.ask(viewer, await read_form(request))
        except Rejected as no:
            return await self.new(request, viewer, no.detail, no.status)
        return to(request, f"/meetings/{meeting.id}", done=done)

    async def act(self, request: Request, viewer: Viewer) -> Response:
        """Make a step with a meeting; what is wrong is said on its page."""
        meeting, _ = await self._reading.one(viewer, read_id(request, "meeting_id"))
        try:
            done = await self._acting.act(viewer, request.path_params["action"], meeting, await read_form(request))
        except Rejected as no:
            return await self.one(request, viewer, no.detail, no.status)
        except Refused:
            return await self.one(request, viewer, CHANGED, 409)
        return to(request, f"/meetings/{meeting.id}", done=done)

    # ------------------------------------------------------------------------------------ the frame

    def _guarded(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            viewer = await self._access.viewer(request)
            if viewer is None and path_of(request).endswith("/live"):
                return PlainTextResponse("log in again", 401, headers=HEADERS)  # a stream follows no redirect
            if viewer is None:
                return self._entrance.lead_in(request)
            try:
                if request.method == "POST":
                    check_origin(request)
                    self._access.sessions.check_form(viewer.session, (await read_form(request)).get("form_token", ""))
                return await page(request, viewer)
            except Rejected as no:
                return self._problem(request, viewer, no.detail, no.status)
            except (Unavailable, OutcomeUnknown):
                return self._problem(request, viewer, "the store can't be reached: try again in a moment", 503)

        return endpoint

    def _render(
        self,
        request: Request,
        viewer: Viewer,
        template: str,
        values: dict[str, Any],
        *,
        notice: str = "",
        status: int = 200,
    ) -> Response:
        frame = {
            **PAGE, "root": root_of(request), "viewer": viewer, "path": path_of(request),
            "form_token": self._access.sessions.form_token(viewer.session), "problem": notice,
            "notice": "" if notice else DONE.get(request.query_params.get("done", ""), ""),
        }  # fmt: skip
        return TEMPLATES.render(template, {**frame, **values}, status)

    def _problem(self, request: Request, viewer: Viewer, detail: str, status: int) -> Response:
        return self._render(request, viewer, "problem.html", {"detail": detail}, status=status)


CHANGED = "this was changed meanwhile: look again, then decide"
# What is filled in again after a mistake: all but the passcode, and the page's own fields.
FILLED_AGAIN = {*BotWanted.__struct_fields__, *RULES} - {"passcode"}


def _login(request: Request, *, target: str, wrong: bool) -> Response:
    values = {**PAGE, **SIGN, "root": root_of(request), "next": target, "wrong": wrong}
    return TEMPLATES.render("login.html", values, 401 if wrong else 200)
