"""A browser without a script, before a page for operators: it logs in, and fills in the forms that it is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import aiohttp
from yarl import URL

ADMIN_KEY = "the-admins-key"
CONSOLE = "/console"


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
