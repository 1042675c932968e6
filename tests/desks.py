"""A browser without a script, before a page for operators: it logs in, and fills in the forms that it is shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import aiohttp
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from yarl import URL

from tenure.http.serving import bind
from tenure.web.serving import serving

ADMIN_KEY = "the-admins-key"
CONSOLE = "/console"


@asynccontextmanager
async def served(app: ASGIApp, closing: asyncio.Event) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Serve an application on a port of this loop, and give its address and who looks at it; `closing` ends streams."""
    taken = bind("127.0.0.1", 0)
    jar = aiohttp.CookieJar(unsafe=True)
    async with serving(app, taken), aiohttp.ClientSession(cookie_jar=jar) as client:
        yield f"http://127.0.0.1:{taken.getsockname()[1]}", client
        closing.set()


@dataclass
class Operator:
    """Somebody at a page of a server at this address."""

    address: str
    client: aiohttp.ClientSession

    def url(self, path: str) -> str:
        """Give where something of the page is."""
        return f"{self.address}{CONSOLE}{path}"

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await self._ask("GET", path, headers=headers)

    async def send(self, path: str, form: dict[str, str], **headers: str) -> aiohttp.ClientResponse:
        return await self._ask("POST", path, data=form, headers=headers)

    async def _ask(self, method: str, path: str, **settings: Any) -> aiohttp.ClientResponse:
        url = URL(self.url(path), encoded=True)
        answer = await self.client.request(method, url, allow_redirects=False, **settings)
        await answer.read()
        return answer

    async def log_in(self, key: str = ADMIN_KEY) -> int:
        return (await self.send("/login", {"key": key})).status

    async def page(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([0-9a-f]+)"', await self.page("/"))
        assert found
        return found[1]

    async def pressed(self, path: str, **form: str) -> str:
        """Fill in a form, and give the path to which it leads."""
        answer = await self.send(path, {"form_token": await self.form_token(), **form})
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"].removeprefix(CONSOLE)

    async def done(self, path: str, **form: str) -> str:
        """Fill in a form, follow where it leads, and give the notice that is shown there."""
        page = await self.page(await self.pressed(path, **form))
        found = re.search(r'<div class="notice" role="status">(.*?)</div>', page)
        return unescape(found[1]) if found else ""

    async def refused(self, path: str, **form: str) -> tuple[int, str]:
        """Fill in a form, and give the status and what is said is wrong."""
        answer = await self.send(path, {"form_token": await self.form_token(), **form})
        found = re.search(r'<div class="notice bad" role="alert">(.*?)</div>', await answer.text())
        return answer.status, unescape(re.sub(r"</?code>", "`", found[1])) if found else ""

    async def refused_to_strangers(self, routes: Iterable[BaseRoute]) -> set[str]:
        """Go to each route, and give the paths of those that lead whoever has not logged in to the form, or refuse."""
        kept = set[str]()
        for route in [route for route in routes if isinstance(route, Route)]:
            path, is_form = re.sub(r"\{[^}]+\}", "x", route.path), "POST" in (route.methods or ())
            answer = await self.send(path, {}) if is_form else await self.get(path)
            to_the_form = answer.headers.get("Location", "").startswith(f"{CONSOLE}/login")
            if answer.status == 401 or (answer.status == 303 and to_the_form):
                kept.add(route.path)
        return kept - OPEN

    async def sends_without_token(self, path: str) -> None:
        """Fill in a form as another site would, and see that it is refused."""
        for form in ({}, {"form_token": "0" * 64}, {"form_token": "é"}):
            assert (await self.send(path, form)).status in {403, 422}, path
        token = {"form_token": await self.form_token()}
        assert (await self.send(path, token, **{"Sec-Fetch-Site": "cross-site"})).status == 403, path


OPEN = {"/login", "/assets/{name}"}
"""What of a page is there for who has not logged in."""


def paths_of(routes: Iterable[BaseRoute]) -> set[str]:
    """Give the paths of a page that are for who has logged in."""
    return {route.path for route in routes if isinstance(route, Route)} - OPEN
