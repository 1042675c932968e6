"""WebSockets that are pinged only while they are silent, and many of them at one moment.

A server that wakes for each of five hundred connections by itself does little else: one wake costs more than a ping.
"""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

MOMENTS_SECONDS = 5.0
"""How far apart the moments are at which connections are looked at."""


class Connection(WebSocketsSansIOProtocol):
    """One WebSocket of the server. What its other side says is as good a sign of life as its answer to a ping."""

    _spoke_at = 0.0

    def handle_text(self, event: Frame) -> None:
        """Take a message, and note when it came."""
        self._spoke_at = self.loop.time()
        super().handle_text(event)

    def schedule_ping(self) -> None:
        """Look again at the last moment at which the silence from now on is no longer than the interval."""
        self._look_at(self._moment_after(self.loop.time()))

    def send_keepalive_ping(self) -> None:
        """Ping, unless there was a message meanwhile: then look again when that was the interval ago."""
        moment = self._moment_after(self._spoke_at)
        if moment > self.loop.time():
            self._look_at(moment)
        else:
            super().send_keepalive_ping()

    def _moment_after(self, silent_since: float) -> float:
        due = silent_since + (self.ping_interval or 0.0)
        return due - due % min(MOMENTS_SECONDS, self.ping_interval or MOMENTS_SECONDS)

    def _look_at(self, moment: float) -> None:
        self.ping_timer = self.loop.call_at(moment, self.send_keepalive_ping)
