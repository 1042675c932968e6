"""The bots page on a real port of this loop, and a browser without a script: it fills in the forms that it is shown."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any

import aiohttp
from tests.services.bots.making import World, a_world
from yarl import URL

from tenure.services.bots.api.http import create_app
from tenure.web.serving import bind, serving

ADMIN_KEY = "the-admins-key"


@dataclass
class Site:
    """A world whose page is served, and who looks at it."""

    world: World
    address: str
    client: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await self._ask("GET", path, headers=headers)

    async def send(self, path: str, form: dict[str, str], **headers: str) -> aiohttp.ClientResponse:
        return await self._ask("POST", path, data=form, headers=headers)

    async def _ask(self, method: str, path: str, **settings: Any) -> aiohttp.ClientResponse:
        url = URL(f"{self.address}/console{path}", encoded=True)
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

    async def done(self, path: str, **form: str) -> str:
        """Fill in a form, follow where it leads, and give the notice that is shown there."""
        answer = await self.send(path, {"form_token": await self.form_token(), **form})
        assert answer.status == 303, await answer.text()
        page = await self.page(answer.headers["Location"].removeprefix("/console"))
        found = re.search(r'<div class="notice" role="status">(.*?)</div>', page)
        return unescape(found[1]) if found else ""

    async def refused(self, path: str, **form: str) -> tuple[int, str]:
        """Fill in a form, and give the status and what is said is wrong."""
        answer = await self.send(path, {"form_token": await self.form_token(), **form})
        found = re.search(r'<div class="notice bad" role="alert">(.*?)</div>', await answer.text())
        return answer.status, unescape(re.sub(r"</?code>", "`", found[1])) if found else ""

    async def figures(self) -> None:
        """Let the figures read what has happened, as their loop does."""
        figures = self.world.service.figures
        figures._tallies, figures._pools, figures._entrants = {}, {}, {}
        await figures.read_back()
        await figures.look()


@asynccontextmanager
async def a_site(*, logged_in: bool = True, **settings: Any) -> AsyncIterator[Site]:
    """A world whose time stands still, served on a port."""
    async with a_world(**settings) as world:
        taken = bind("127.0.0.1", 0)
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        jar = aiohttp.CookieJar(unsafe=True)
        async with serving(create_app(world.service), taken), aiohttp.ClientSession(cookie_jar=jar) as client:
            site = Site(world, address, client)
            if logged_in:
                assert await site.log_in() == 303
            yield site
            world.service.closing.set()
