"""The sockets of one server put together: who attends, who is let in, and by which transports."""

from __future__ import annotations

import secrets
import time

from starlette.routing import BaseRoute

from tenure import Store
from tenure.services.battles.counting import Counting
from tenure.services.battles.isolation import Isolation
from tenure.services.battles.playing import Playing
from tenure.services.battles.presence import Presence
from tenure.services.battles.queueing import Queue
from tenure.services.battles.rooms import Rooms
from tenure.services.battles.settings import Settings
from tenure.services.battles.sockets.attending import Attendance
from tenure.services.battles.sockets.entrance import Entrance
from tenure.services.battles.sockets.limits import Limits
from tenure.services.battles.sockets.socketio import SocketIO
from tenure.services.battles.sockets.tokens import Tokens
from tenure.services.battles.sockets.websocket import WebSockets


class Sockets:
    """All sockets of one server. Rates of what comes in are counted by this machine's clock, and nothing else is."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        presence: Presence,
        queue: Queue,
        playing: Playing,
        rooms: Rooms,
        isolation: Isolation,
        limits: Limits | None = None,
        counting: Counting | None = None,
    ) -> None:
        self.tokens = Tokens((settings.token_key or secrets.token_urlsafe(32)).encode())
        self._attendance = Attendance(store, presence, queue, playing, rooms, mode=lambda: isolation.mode)
        isolation.told = self._attendance.tell_mode
        self.entrance = Entrance(
            self._attendance.attend,
            self.tokens,
            now=store.now,
            clock=time.monotonic,
            log=store.log,
            origins=settings.origins,
            limits=limits,
            counting=counting,
        )
        self.socketio = SocketIO(self.entrance)

    @property
    def sessions(self) -> int:
        """How many are open."""
        return len(self.entrance.sessions)

    def routes(self) -> list[BaseRoute]:
        """Give the routes of all transports."""
        return [WebSockets(self.entrance).route(), self.socketio.route()]

    async def close(self) -> None:
        """Send everybody away, while the server still serves: they come again to another one, and resume."""
        self.entrance.close()
        await self.socketio.close()

    async def gone(self) -> None:
        """Wait for nobody any more, once the server has ended."""
        await self._attendance.close()
