"""Sockets for tests: the application on a real port of this loop, and a client that says what it hears."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import jsonschema
from tests.services.meetings.making import VEXA, World
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

from tenure.http.serving import bind
from tenure.web.serving import serving

SCHEMAS = {
    "subscribed": "Subscribed",
    "unsubscribed": "Unsubscribed",
    "transcription_segment": "TranscriptionSegment",
    "transcript": "Transcript",
    "meeting.status": "MeetingStatus",
    "error": "Error",
}
PATIENCE_SECONDS = 60


def check(frame: Any) -> Any:
    """Check a frame against the public schema of the protocol, where that is beside this checkout."""
    name = SCHEMAS.get(frame["type"])
    if name is not None and VEXA.exists():
        page = json.loads((VEXA / "ws.schema.json").read_text())
        jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": page["$defs"]}).validate(frame)
    return frame


@dataclass
class Socket:
    """A client's socket. Each frame is checked against the schema as it comes."""

    connection: ClientConnection
    cursors: dict[str, str] = field(default_factory=dict)

    async def say(self, frame: Any) -> None:
        await self.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    async def hear(self) -> Any:
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = check(json.loads(await self.connection.recv()))
        if "cursor" in frame:
            self.cursors[frame["meeting"]["native_id"]] = frame["cursor"]
        return frame

    async def ask(
        self, action: str, *native_ids: str, after: Mapping[str, str] | None = None, bundles: bool = False
    ) -> Any:
        """Send a request and give the first frame that answers."""
        cursors = after or {}
        meetings = [
            {"platform": "google_meet", "native_id": id, **({"after": cursors[id]} if id in cursors else {})}
            for id in native_ids
        ]
        await self.say({"action": action, "meetings": meetings, **({"bundles": True} if bundles else {})})
        return await self.hear()

    async def follow(self, native_id: str = "abc") -> str:
        """Subscribe to a meeting, and give the status that it has."""
        assert (await self.ask("subscribe", native_id))["meetings"]
        return str((await self.hear())["payload"]["status"])

    async def pong(self) -> None:
        """See that nothing else waits: the answer to a ping is the next that is heard."""
        await self.say({"action": "ping"})
        assert await self.hear() == {"type": "pong"}

    async def closed(self) -> tuple[int, str]:
        """Wait for the end, and give its code and reason."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            # The iteration ends by itself at a normal end only.
            with suppress(ConnectionClosedError):
                async for frame in self.connection:
                    check(json.loads(frame))
        return self.connection.close_code or 0, self.connection.close_reason or ""


@dataclass
class Port:
    """The application on a port."""

    world: World
    address: str

    @asynccontextmanager
    async def socket(
        self, user: int | None, *, query: str = "", headers: Mapping[str, str] | None = None, **settings: Any
    ) -> AsyncIterator[Socket]:
        """Open a socket as a user, with the key in the header; with none for None."""
        keys = {} if user is None else {"X-API-Key": self.world.keys[user]}
        url = self.address.replace("http", "ws") + "/ws" + query
        # Without a bound of its own queue the client notices at once that its socket is closed.
        settings = {"max_queue": None, "open_timeout": PATIENCE_SECONDS, "ping_interval": None, **settings}
        async with connect(url, additional_headers={**(headers or {}), **keys}, **settings) as connection:
            yield Socket(connection)


@asynccontextmanager
async def a_port(world: World) -> AsyncIterator[Port]:
    """Serve a world's application while the body runs."""
    taken = bind("127.0.0.1", 0)
    async with serving(world.app, taken):
        yield Port(world, f"http://127.0.0.1:{taken.getsockname()[1]}")
