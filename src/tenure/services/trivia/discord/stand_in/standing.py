"""The stand-in whole: its world, its HTTP API, its gateway, its people, and what may go wrong."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from starlette.routing import Route as Path
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from tenure.services.trivia.discord.stand_in.acting import People
from tenure.services.trivia.discord.stand_in.faults import Fault, Faults, Kind
from tenure.services.trivia.discord.stand_in.gateway.connection import AUTHENTICATION_FAILED, Connection
from tenure.services.trivia.discord.stand_in.gateway.sessions import (
    INVALID_SESSION,
    PRIVILEGED,
    RECONNECT,
    Close,
    Hub,
)
from tenure.services.trivia.discord.stand_in.limits import Limits
from tenure.services.trivia.discord.stand_in.rest.calls import Answer, Call, Route
from tenure.services.trivia.discord.stand_in.rest.serving import Rest
from tenure.services.trivia.discord.stand_in.world import World

HEARTBEAT_SECONDS = 41.25


class StandIn:
    """One Discord of our own. `url` is where it is served; see the package for how to start and to control it."""

    def __init__(
        self,
        *,
        token: str | None = None,
        bot: str = "Trivia",
        rate_limits: bool = True,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        first_seconds: float = 3.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.token = token or secrets.token_urlsafe(54)
        self.url = ""
        self.world = World(clock, self.token, bot, first_seconds)
        self.limits = Limits(self.world.now, on=rate_limits)
        self.faults = Faults()
        self.rest = Rest(self.world, self.limits, self.faults)
        self.hub = Hub(self.world, lambda: self.gateway_url)
        self.people = People(self.world, self.hub)
        self._heartbeat_seconds = heartbeat_seconds
        self.world.listeners.append(self.hub.hear)

    @property
    def api_url(self) -> str:
        """What `https://discord.com/api/v10` is replaced with."""
        return f"{self.url}/api/v10"

    @property
    def gateway_url(self) -> str:
        """What `wss://gateway.discord.gg/` is replaced with."""
        return f"ws{self.url.removeprefix('http')}/gateway/"

    def routes(self) -> list[Path | WebSocketRoute]:
        """Give the routes of the API and of the gateway."""
        own = (
            Route("GET", "/gateway", self._gateway, with_bot_token=False),
            Route("GET", "/gateway/bot", self._gateway),
        )
        return [*self.rest.routes(own), WebSocketRoute("/gateway/", self._connect)]

    async def _gateway(self, _: Call) -> Answer:
        starts = {
            "total": 1000,
            "remaining": 1000 - self.hub.identified,
            "reset_after": 86_400_000,
            "max_concurrency": 1,
        }
        return Answer({"url": self.gateway_url, "shards": 1, "session_start_limit": starts})

    async def _connect(self, socket: WebSocket) -> None:
        await Connection(self.hub, socket, self._heartbeat_seconds).run()

    # ------------------------------------------------------------------------------------ misbehaving

    def fail(
        self,
        kind: Kind,
        route: str = "*",
        *,
        times: int | None = 1,
        status: int = 503,
        code: int = 0,
        seconds: float = 1.0,
    ) -> Fault:
        """Let a fault of `faults.KINDS` happen to the next request that fits, or to as many as `times` says."""
        fault = Fault(kind, route, times=times, status=status, code=code, seconds=seconds)
        self.faults.plan(fault)
        return fault

    def behave(self) -> None:
        """Let nothing go wrong any more. Rights, guilds and messages stay as they are."""
        self.faults.clear()
        self.world.revoked, self.world.refused_intents = False, 0
        self.hub.audible.set()

    def limit(self, *, on: bool = True) -> None:
        """Count requests and refuse too many, or let everything pass. What was used is forgotten."""
        self.limits.on = on
        self.limits.reset()

    def advance(self, seconds: float) -> None:
        """Let time pass: of nonces, of rate limits, and of interactions."""
        self.world.advance(seconds)

    def forget_nonces(self) -> None:
        """Let the window of every nonce be over."""
        self.world.nonces.clear()

    def revoke(self) -> None:
        """Revoke the bot's token: 401 for every request, and its connections are closed with 4004."""
        self.world.revoked = True
        self.hub.to_all(Close(AUTHENTICATION_FAILED, "Authentication failed."))

    def restore(self) -> None:
        """Let the token be valid again."""
        self.world.revoked = False

    def refuse_intents(self, intents: int = PRIVILEGED) -> None:
        """Let nobody have granted these privileged intents: who asks for them is closed with 4014."""
        self.world.refused_intents = intents

    def drop(self, code: int | None = None) -> int:
        """End the gateway's connections, without a word or with a close code; give how many."""
        return self.hub.to_all(Close(code))

    def reconnect(self) -> int:
        """Ask all connections to come again and resume, as before a server goes down; give how many."""
        return self.hub.to_all({"op": RECONNECT, "t": None, "s": None, "d": None})

    def invalidate(self, *, resumable: bool = False) -> int:
        """Tell all sessions that they are no longer valid; give how many."""
        told = self.hub.to_all({"op": INVALID_SESSION, "t": None, "s": None, "d": resumable})
        if not resumable:
            self.hub.forget()
        return told

    def mute(self, *, on: bool = True) -> None:
        """Let the gateway say nothing, not even to heartbeats, though connections stay; or speak again."""
        (self.hub.audible.clear if on else self.hub.audible.set)()
