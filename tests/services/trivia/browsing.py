"""The players' page on a real port of this loop, and people with browsers without a script."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import aiohttp
from starlette.applications import Starlette
from starlette.routing import Mount
from tests.services.trivia.chat_behaviour import SOURCES, Played, Said, Seen
from tests.services.trivia.closings import START
from yarl import URL

from tenure import Store, testing
from tenure.http.serving import bind
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.contract import Chat
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMessage
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.chat.page.http import create_app
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Guild
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.questions.choosing import Choosing
from tenure.web.serving import serving

ADMIN_KEY = "the-admins-key"
HOME, GENERAL, OTHER = "home", "general", "other"


@dataclass
class Person:
    """Somebody with a browser of their own."""

    site: Site
    client: aiohttp.ClientSession
    token: str = ""
    ops: Any = field(default_factory=lambda: itertools.count(10**8))

    async def get(self, path: str, **headers: str) -> aiohttp.ClientResponse:
        return await self.ask("GET", path, headers=headers)

    async def send(self, path: str, form: dict[str, str], **headers: str) -> aiohttp.ClientResponse:
        return await self.ask("POST", path, data=form, headers=headers)

    async def ask(self, method: str, path: str, **settings: Any) -> aiohttp.ClientResponse:
        url = URL(f"{self.site.address}{path}", encoded=True)
        answer = await self.client.request(method, url, allow_redirects=False, **settings)
        await answer.read()
        return answer

    async def join(self, name: str, *, admin_key: str = "", guild: str = HOME) -> aiohttp.ClientResponse:
        return await self.send(f"/{guild}/join", {"name": name, "admin_key": admin_key})

    async def page(self, path: str = f"/{HOME}/{GENERAL}") -> str:
        answer = await self.get(path)
        assert answer.status == 200, await answer.text()
        return await answer.text()

    async def form_token(self) -> str:
        """Give the token that a page of theirs carries; it is the same as long as the key is."""
        if not self.token:
            found = re.search(r'name="form_token" value="([0-9a-f]+)"', await self.page())
            assert found
            self.token = found[1]
        return self.token

    async def do(self, step: str, channel: str = GENERAL, **form: str) -> aiohttp.ClientResponse:
        """Send a form of a channel's page, as its script does."""
        return await self._send_form(f"{channel}/{step}", form, "application/json")

    async def do_without_script(self, step: str, **form: str) -> aiohttp.ClientResponse:
        """Send a form of the page, as a browser does."""
        return await self._send_form(f"{GENERAL}/{step}", form, "text/html")

    async def _send_form(self, path: str, form: dict[str, str], accept: str) -> aiohttp.ClientResponse:
        return await self.send(f"/{HOME}/{path}", {"form_token": await self.form_token(), **form}, Accept=accept)

    async def do_in_guild(self, step: str) -> aiohttp.ClientResponse:
        """Press one of the page's buttons that has nothing to do with the channel."""
        return await self._send_form(step, {}, "text/html")

    async def write(self, line: str, channel: str = GENERAL, *, op: str = "") -> tuple[int, str | None]:
        """Write a line, and give the status and what only this person is told."""
        answer = await self.do("write", channel, line=line, op=op or str(next(self.ops)))
        html = (await answer.json())["html"]
        return answer.status, None if html is None else text_of(html)

    async def press(self, game: str, letter: str, channel: str = GENERAL) -> tuple[int, dict[str, Any]]:
        """Press a button."""
        answer = await self.do("press", channel, press=f"{game}:{letter}")
        return answer.status, await answer.json()

    async def messages(self, channel: str = GENERAL) -> list[Seen]:
        """Give the messages on the page."""
        return read_messages(await self.page(f"/{HOME}/{channel}"))

    @asynccontextmanager
    async def stream(self, channel: str = GENERAL) -> AsyncIterator[Stream]:
        """Open the page's stream."""
        url = f"{self.site.address}/{HOME}/{channel}/live"
        async with self.client.get(url, timeout=aiohttp.ClientTimeout(total=100)) as answer:
            yield Stream(answer)


class Stream:
    """The events of an open page."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status, self._answer = answer.status, answer

    async def next(self) -> tuple[str, dict[str, Any]] | None:
        """Take the next event; None at the end."""
        name = ""
        async for line in self._answer.content:
            text = line.decode().strip()
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                return name, json.loads(text.removeprefix("data: "))
        return None


@dataclass
class Site:
    """A guild with two channels whose page is served, over a store whose time stands still."""

    store: Store
    chat: Chat
    address: str
    closing: asyncio.Event
    people: list[aiohttp.ClientSession] = field(default_factory=list)

    @property
    def played(self) -> Played:
        return Played(Web(self, {}))

    def person(self) -> Person:
        """Let somebody come with a browser that knows nothing yet."""
        self.people.append(aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)))
        return Person(self, self.people[-1])

    async def member(self, name: str, *, manages: bool = False) -> Person:
        """Let somebody join."""
        person = self.person()
        joined = await person.join(name, admin_key=ADMIN_KEY if manages else "")
        assert joined.status == 303, await joined.text()
        return person


@asynccontextmanager
async def a_site(*, path: str = "") -> AsyncIterator[Site]:
    """Give a site whose page is at a path. At the end the store's indexes must be right."""
    async with testing.store(*kinds, space="trivia", at=START) as store:
        await store.apply(Guild.create(HOME, chat="web", name="Home"))
        for channel in (GENERAL, OTHER):
            await Channels(store).create(HOME, channel)
        taken, closing, chat = bind("127.0.0.1", 0), asyncio.Event(), WebChat(store)
        page = create_app(store, parts_of(store, chat), admin_key=ADMIN_KEY, closing=closing)
        app = Starlette(routes=[Mount(path, app=page)]) if path else page
        site = Site(store, chat, f"http://127.0.0.1:{taken.getsockname()[1]}{path}", closing)
        async with serving(app, taken):
            try:
                yield site
            finally:
                closing.set()
                for client in site.people:
                    await client.close()
        assert list(await store.engine.audit("trivia", repair=False)) == []


def parts_of(store: Store, chat: Chat) -> Callable[[str], Parts]:
    """Give what gives the parts by which somebody acts."""
    return lambda actor: Parts(store.acting(actor), {chat.name: chat}, Choosing(store, SOURCES))


class Web:
    """The web chat as a scene of the behaviour suite."""

    guild, channel, other_channel = HOME, GENERAL, OTHER

    def __init__(self, site: Site, people: dict[str, Person]) -> None:
        self.store, self.chat, self._site, self._people = site.store, site.chat, site, people

    async def seen(self, channel: str) -> list[Seen]:
        messages = await self._people["bob"].messages(channel)
        return [Seen(await self._id_of(channel, seen.id), seen.text, seen.letters) for seen in messages]

    async def _id_of(self, channel: str, number: str) -> str:
        found = await self.store.find(ChatMessage.said, under=await self.store.get(ChatChannel, f"{HOME}/{channel}"))
        (id,) = (message.id for message in found if str(message.number) == number)
        return id

    async def press(self, who: str, channel: str, message: str, game: str, letter: str) -> Said:  # noqa: ARG002
        _, said = await self._people[who].press(game, letter, channel)
        return Said(text_of(said["html"]), private=True)

    async def write(self, who: str, channel: str, command: str, **options: str | int) -> Said:
        before = len(await self.seen(channel))
        line = " ".join([f"/trivia {command}", *(f"{name}:{value}" for name, value in options.items())])
        _, told = await self._people[who].write(line, channel)
        if told is not None:
            assert len(await self.seen(channel)) == before
            return Said(told, private=True)
        return Said((await self.seen(channel))[-1].text, private=False)

    async def forbid(self, channel: str) -> None:
        await Channels(self.store).close(HOME, channel)

    async def allow(self, channel: str) -> None:
        await Channels(self.store).reopen(HOME, channel)

    async def restart(self) -> None:
        self.chat = WebChat(self.store)


@asynccontextmanager
async def a_web_scene() -> AsyncIterator[Web]:
    """Give the scene, with its two people."""
    async with a_site() as site:
        people = {"ada": await site.member("ada", manages=True), "bob": await site.member("bob")}
        yield Web(site, people)


async def revoke(site: Site, name: str) -> None:
    """Make somebody's key worthless."""
    members = Members(site.store)
    (member,) = [each for each in await members.list(HOME) if each.name == name]
    await members.revoke(HOME, member.id)


# ------------------------------------------------------------------------------------ reading pages


class Words(HTMLParser):
    """The visible text of some HTML, line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in {"br", "p", "li", "div"}:
            self.text += "\n"


def text_of(html: str) -> str:
    """Give the visible text of some HTML."""
    words = Words()
    words.feed(html)
    return words.text.strip()


def read_messages(html: str) -> list[Seen]:
    """Give the messages of a page; their ids here are their numbers."""
    listed = html.partition('<ol id="messages"')[2].partition('<form id="write"')[0]
    return [_seen(part) for part in re.split(r'(?=<li class="message [a-z]+" id="m\d+")', listed)[1:]]


def _seen(html: str) -> Seen:
    number = re.search(r'id="m(\d+)"', html)
    assert number
    letters = re.findall(r'<button[^>]*data-letter="(\w)"(?![^>]* disabled)', html)
    return Seen(number[1], text_of(html), "".join(letters))
