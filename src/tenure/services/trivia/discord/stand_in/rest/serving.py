"""The HTTP API whole: who may, how much, what goes wrong on purpose, and errors as Discord writes them."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from tenure.services.trivia.discord.stand_in.faults import Fault, Faults
from tenure.services.trivia.discord.stand_in.limits import FOLLOW_UPS, Invalid, Limited, Limits
from tenure.services.trivia.discord.stand_in.refusals import Json, Refusal, no_json, no_such_route, unauthorized
from tenure.services.trivia.discord.stand_in.rest import commands, interactions, messages, reading
from tenure.services.trivia.discord.stand_in.rest.calls import Answer, Call, Route
from tenure.services.trivia.discord.stand_in.world import World

VERSIONS = ("v10", "v9")
ROUTES: tuple[Route, ...] = (*reading.ROUTES, *messages.ROUTES, *commands.ROUTES, *interactions.ROUTES)
MAJOR = ("channel", "guild", "token")
"""Parts of a path that have rate limits of their own."""
ALWAYS = {"Via": "1.1 stand-in", "Server": "stand-in"}
"""Real answers pass a proxy: clients take a 429 without `Via` for a ban."""

Cut = Callable[[bool], None]
"""Ends a connection at once: in order, or by a reset."""


@dataclass(slots=True)
class Rest:
    """The HTTP API of one stand-in."""

    world: World
    limits: Limits
    faults: Faults
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    """Set at the end: nobody is slow any more."""
    counted: Counter[str] = field(default_factory=Counter)
    """Answers by route and status, such as `POST /channels/{channel}/messages 200`."""
    invalid: Invalid = field(init=False)

    def __post_init__(self) -> None:
        self.invalid = Invalid(self.world.now)

    def routes(self, more: tuple[Route, ...] = ()) -> list[Path]:
        """Give the routes for the application."""
        paths = sorted({route.path for route in (*ROUTES, *more)}, key=lambda path: "{" in path)
        by_path = {path: {one.method: one for one in (*ROUTES, *more) if one.path == path} for path in paths}
        return [
            Path(f"/api/{version}{path}", self._serve(by_path[path]), methods=list(METHODS))
            for version in VERSIONS
            for path in paths
        ] + [Path("/api/{rest:path}", self._nothing, methods=list(METHODS))]

    def _serve(self, by_method: dict[str, Route]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            route = by_method.get(request.method)
            if route is None:
                return written(405, {"message": "405: Method Not Allowed", "code": 0})
            response = (
                banned(self.invalid.banned_for) if self.invalid.banned_for else await self._answered(route, request)
            )
            self.invalid.note(response.status_code, response.headers.get("X-RateLimit-Scope"))
            self.counted[f"{route.name} {response.status_code}"] += 1
            return response

        return serve

    async def _nothing(self, _: Request) -> Response:
        return refused(no_such_route())

    async def _answered(self, route: Route, request: Request) -> Response:
        path = "/" + request.url.path.removeprefix("/api/").partition("/")[2]
        fault = self.faults.next_for(f"{request.method} {path}")
        if fault is not None and (broken := await self._before(fault, request)) is not None:
            return broken
        headers: dict[str, str] = {}
        try:
            self._authorise(route, request)
            headers = self.limits.take(route.name, self._major(route, request))
            answer = await route.handler(await self._call(request))
        except Limited as limited:
            return written(429, limited.body, limited.headers)
        except Refusal as refusal:
            return refused(refusal, headers)
        if fault is not None:
            return await self._after(fault, request, answer, headers)
        return written(answer.status, answer.body, headers)

    def _authorise(self, route: Route, request: Request) -> None:
        if route.with_bot_token:
            given = request.headers.get("authorization", "")
            if self.world.revoked or given != f"Bot {self.world.token}":
                raise unauthorized()

    def _major(self, route: Route, request: Request) -> str:
        asked = self.world.interactions.get(request.path_params.get("token", ""))
        if route.name == FOLLOW_UPS and asked is not None:
            return f"channel:{asked.channel}"
        return "+".join(f"{name}:{request.path_params[name]}" for name in MAJOR if name in request.path_params)

    async def _call(self, request: Request) -> Call:
        body: Any = None
        if request.method in ("POST", "PUT", "PATCH"):
            try:
                body = msgspec.json.decode(await _body(request) or b"{}")
            except msgspec.DecodeError:
                raise no_json() from None
        return Call(self.world, request.path_params, request.query_params, body)

    # ------------------------------------------------------------------------------------ misbehaving

    async def _before(self, fault: Fault, request: Request) -> Response | None:
        if fault.kind in ("cut", "reset"):
            return cut(request, by_reset=fault.kind == "reset")
        if fault.kind == "ban":
            return banned(fault.seconds)
        if fault.kind in ("limit", "global_limit"):
            scope = "global" if fault.kind == "global_limit" else "shared"
            limited = Limited(fault.seconds, scope=scope)
            return written(429, limited.body, limited.headers)
        if fault.kind == "status":
            return _failed(fault)
        if fault.kind == "slow":
            return await self._pause(fault, request)
        return None

    async def _pause(self, fault: Fault, request: Request) -> Response | None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ending.wait(), fault.seconds)
            return cut(request, by_reset=False)
        return None

    async def _after(self, fault: Fault, request: Request, answer: Answer, headers: dict[str, str]) -> Response:
        if fault.kind == "lose_reply":
            return cut(request, by_reset=False)
        if fault.kind == "slow_reply" and (ended := await self._pause(fault, request)) is not None:
            return ended
        if fault.kind == "garbage":
            return Response(b'{"id": ', answer.status, {**ALWAYS, **headers}, "application/json")
        return written(answer.status, answer.body, headers)


def banned(seconds: float) -> Response:
    """Answer as the network before the API does: no JSON, and no `Via`."""
    headers = {"Retry-After": str(math.ceil(seconds)), "Server": "stand-in"}
    return Response("error code: 1015", 429, headers, "text/html")


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def _failed(fault: Fault) -> Response:
    phrase = HTTPStatus(fault.status).phrase
    if fault.status >= 500:  # noqa: PLR2004  the server's own faults
        # Such an answer often comes from what stands before the API, and is no JSON then.
        return Response(f"<html>{fault.status} {phrase}</html>", fault.status, ALWAYS, "text/html")
    return written(fault.status, {"message": phrase, "code": fault.code})


async def _body(request: Request) -> bytes:
    """Give the JSON of a body, which comes in a form of several parts if files are sent along."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(415, 0, "the stand-in takes no files")
    return await request.body()


def cut(request: Request, *, by_reset: bool) -> Response:
    """End the connection without an answer; nobody hears the one that is given."""
    end: Cut = request.scope["state"]["cut"]
    end(by_reset)
    return Response(status_code=499)


def written(status: int, body: Json | list[Any] | None, headers: dict[str, str] | None = None) -> Response:
    """Write an answer as JSON; without a body it has none."""
    content = b"" if body is None else msgspec.json.encode(body)
    every = {**ALWAYS, **(headers or {})}
    return Response(content, status, every, None if body is None else "application/json")


def refused(refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
    """Write an error as Discord does."""
    return written(refusal.status, refusal.body, headers)
