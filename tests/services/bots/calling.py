"""The API of bots called in-process, on a service with explicit time."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from tests.services.bots.making import KEY, World, a_world

from tenure.services.bots.api.http import create_app

ADMIN = {"X-Admin-API-Key": "the-admins-key"}
BACKEND = {"X-API-Key": "the-backends-key"}
REPORT = {"Authorization": f"Bearer {KEY}"}


@dataclass
class Answer:
    """An answer over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def detail(self) -> str:
        found = self.json["detail"]
        assert isinstance(found, str)
        return found


@dataclass
class Caller:
    """A world, and its API."""

    world: World
    app: Starlette

    async def call(
        self, method: str, path: str, body: bytes | object = b"", headers: Mapping[str, str] = ADMIN
    ) -> Answer:
        """Call the application as a server would."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": target,
            "raw_path": target.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers.items()],
            "scheme": "http",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 1),
        }
        sent: list[Any] = []
        received = [{"type": "http.request", "body": data, "more_body": False}]

        async def receive() -> Any:
            return received.pop() if received else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        names = {n.decode(): v.decode() for n, v in start["headers"]}
        return Answer(start["status"], names, b"".join(m.get("body", b"") for m in sent[1:]))

    async def get(self, path: str, headers: Mapping[str, str] = BACKEND) -> Any:
        """Read something that is there."""
        answer = await self.call("GET", path, headers=headers)
        assert answer.status == 200, answer.body
        return answer.json

    async def post(self, path: str, body: object = b"", headers: Mapping[str, str] = BACKEND) -> Any:
        """Do something that can be done."""
        answer = await self.call("POST", path, body, headers)
        assert answer.status < 300, answer.body
        return answer.json

    async def position(self) -> int:
        return await self.world.store.position()


@asynccontextmanager
async def a_caller(**settings: Any) -> AsyncIterator[Caller]:
    """Make a service with its API, called by nobody yet."""
    async with a_world(key=BACKEND["X-API-Key"], **settings) as world:
        yield Caller(world, create_app(world.service))
