"""One connection to the gateway: hello, identify or resume, heartbeats, and the close codes."""

from __future__ import annotations

import asyncio
import zlib
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from tenure.services.trivia.discord.stand_in import shapes
from tenure.services.trivia.discord.stand_in.gateway.sessions import (
    GUILD_MEMBERS,
    HEARTBEAT,
    HEARTBEAT_ACK,
    HELLO,
    IDENTIFY,
    INVALID_SESSION,
    PRESENCE,
    PRIVILEGED,
    REQUEST_MEMBERS,
    RESUME,
    VOICE,
    Close,
    Hub,
    Sent,
    Session,
)
from tenure.services.trivia.discord.stand_in.refusals import Json

UNKNOWN_ERROR, UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4000, 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, RATE_LIMITED, SESSION_TIMED_OUT = 4005, 4007, 4008, 4009
INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4012, 4013, 4014
MOST_SENT, SENT_SECONDS, LONGEST_SENT = 120, 60.0, 4096
KNOWN_INTENTS = (1 << 26) - 1
ENDED_IN_ORDER = (1000, 1001)


class Ended(Exception):  # noqa: N818  no error
    """The connection is to be closed with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(slots=True)
class Connection:
    """One WebSocket of the bot."""

    hub: Hub
    socket: WebSocket
    heartbeat_seconds: float
    outgoing: asyncio.Queue[Sent] = field(default_factory=asyncio.Queue)
    session: Session | None = None
    _sent_at: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_SENT))
    _packer: Any = None

    async def run(self) -> None:
        """Serve it until it ends."""
        await self.socket.accept()
        if self.socket.query_params.get("compress") == "zlib-stream":
            self._packer = zlib.compressobj()
        hello = {"heartbeat_interval": round(self.heartbeat_seconds * 1000), "_trace": []}
        self.outgoing.put_nowait({"op": HELLO, "t": None, "s": None, "d": hello})
        sending = asyncio.create_task(self._send_all())
        reading = asyncio.create_task(self._read_all())
        for_good = False
        try:
            await asyncio.wait((sending, reading), return_when=asyncio.FIRST_COMPLETED)
            for_good = reading.done() and reading.result() in ENDED_IN_ORDER
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)
            if self.session is not None:
                self.hub.leave(self.session, self.outgoing, for_good=for_good)

    # ------------------------------------------------------------------------------------ what is sent

    async def _send_all(self) -> None:
        while True:
            sent = await self.outgoing.get()
            if isinstance(sent, Close):
                return await self._close(sent)
            await self.hub.audible.wait()
            with suppress(WebSocketDisconnect, RuntimeError):  # the reading side hears of it
                await self._send(sent)

    async def _send(self, sent: Json) -> None:
        text = msgspec.json.encode(sent)
        if self._packer is None:
            await self.socket.send_text(text.decode())
        else:
            packed: bytes = self._packer.compress(text) + self._packer.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(packed)

    async def _close(self, close: Close) -> None:
        if close.code is None:
            self.socket.scope["state"]["cut"](False)
        elif self.socket.application_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):
                await self.socket.close(close.code, close.reason)

    # ------------------------------------------------------------------------------------ what is heard

    async def _read_all(self) -> int:
        """Read until the end, and give the code that the client closed with."""
        try:
            while True:
                async with asyncio.timeout(self.heartbeat_seconds * 2):
                    text = await self._receive()
                self._hear(text)
        except WebSocketDisconnect as left:
            return left.code
        except Ended as ended:
            await self._close(Close(ended.code, ended.reason))
        except TimeoutError:
            await self._close(Close(SESSION_TIMED_OUT, "Session timed out."))
        return 0

    async def _receive(self) -> str:
        heard = await self.socket.receive()
        if heard["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(heard.get("code", 1006))
        text = heard.get("text")
        if text is None or len(text) > LONGEST_SENT:
            raise Ended(DECODE_ERROR, "Error while decoding payload.")
        return str(text)

    def _hear(self, text: str) -> None:
        self._count()
        try:
            heard = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            raise Ended(DECODE_ERROR, "Error while decoding payload.") from None
        op, data = heard.get("op"), heard.get("d")
        if op == HEARTBEAT:
            self.outgoing.put_nowait({"op": HEARTBEAT_ACK, "t": None, "s": None, "d": None})
        elif op in (IDENTIFY, RESUME):
            self._begin(op, data)
        elif op not in (PRESENCE, VOICE, REQUEST_MEMBERS):
            raise Ended(UNKNOWN_OPCODE, "Unknown opcode.")
        elif self.session is None:
            raise Ended(NOT_AUTHENTICATED, "Not authenticated.")
        elif op == REQUEST_MEMBERS and isinstance(data, dict):
            self._members(self.session, data)

    def _count(self) -> None:
        now = self.hub.world.now()
        if len(self._sent_at) == MOST_SENT and now - self._sent_at[0] < SENT_SECONDS:
            raise Ended(RATE_LIMITED, "You are being rate limited.")
        self._sent_at.append(now)

    def _begin(self, op: int, data: Any) -> None:
        if self.session is not None:
            raise Ended(ALREADY_AUTHENTICATED, "Already authenticated.")
        if not isinstance(data, dict):
            raise Ended(DECODE_ERROR, "Error while decoding payload.")
        world = self.hub.world
        if world.revoked or str(data.get("token", "")).removeprefix("Bot ") != world.token:
            raise Ended(AUTHENTICATION_FAILED, "Authentication failed.")
        self.session = self._resumed(data) if op == RESUME else self._identified(data)

    def _identified(self, data: Json) -> Session:
        intents = data.get("intents")
        if self.socket.query_params.get("v") not in ("9", "10"):
            raise Ended(INVALID_VERSION, "Invalid API version.")
        if not isinstance(intents, int) or not 0 <= intents <= KNOWN_INTENTS:
            raise Ended(INVALID_INTENTS, "Invalid intent(s).")
        if intents & PRIVILEGED & self.hub.world.refused_intents:
            raise Ended(DISALLOWED_INTENTS, "Disallowed intent(s).")
        return self.hub.identify(intents, self.outgoing)

    def _resumed(self, data: Json) -> Session | None:
        sequence = data.get("seq") or 0
        if not isinstance(sequence, int):
            raise Ended(DECODE_ERROR, "Error while decoding payload.")
        session = self.hub.resume(str(data.get("session_id")), sequence, self.outgoing)
        if session is None:
            self.outgoing.put_nowait({"op": INVALID_SESSION, "t": None, "s": None, "d": False})
        return session

    def _members(self, session: Session, data: Json) -> None:
        world = self.hub.world
        guild = world.guilds.get(str(data.get("guild_id")))
        if guild is None or not guild.has_bot or not session.intents & GUILD_MEMBERS:
            return
        everybody = [world.member(guild, world.bot.id), *guild.members.values()]
        chunk = {
            "guild_id": guild.id,
            "members": [shapes.member(world, guild, one) for one in everybody],
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [],
            **({"nonce": data["nonce"]} if "nonce" in data else {}),
        }
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)
