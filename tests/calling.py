"""Applications called in-process, as a server would call them."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

ADMIN = {"X-Admin-API-Key": "the-admins-key"}
BACKEND = {"X-API-Key": "the-backends-key"}


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


async def call(
    app: ASGIApp, method: str, path: str, body: bytes | object = b"", headers: Mapping[str, str] | None = None
) -> Answer:
    """Call an application; a body that is no bytes goes as JSON."""
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
        "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in (headers or {}).items()],
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

    await app(scope, receive, send)
    start = sent[0]
    names = {n.decode(): v.decode() for n, v in start["headers"]}
    return Answer(start["status"], names, b"".join(m.get("body", b"") for m in sent[1:]))


class Calls:
    """Calls an API as its admin, or with the key of a backend; `app` is the application."""

    app: Starlette

    async def call(
        self, method: str, path: str, body: bytes | object = b"", headers: Mapping[str, str] = ADMIN
    ) -> Answer:
        """Call the application as a server would."""
        return await call(self.app, method, path, body, headers)

    async def get(self, path: str, headers: Mapping[str, str] = BACKEND) -> Any:
        """Read something that is there."""
        answer = await self.call("GET", path, headers=headers)
        assert answer.status == 200, answer.body
        return answer.json

    async def post(self, path: str, body: object = b"", headers: Mapping[str, str] = ADMIN) -> Any:
        """Do something that can be done."""
        answer = await self.call("POST", path, body, headers)
        assert answer.status < 300, answer.body
        return answer.json
