"""What is written while pages are open, as server-sent events: read once per process, whoever looks.

`begin` gives the latest messages to a page that comes or comes again, `message` one that is new or shown anew,
`outlook` who leads. A page that reads too slowly, and one whose member's key was revoked, comes again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from tenure import Event, OutcomeUnknown, Store, Unavailable
from tenure.pages.streaming import SIGN_OF_LIFE, SIGN_OF_LIFE_SECONDS, Room, event
from tenure.services.trivia.chat.contract import Answered
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember, ChatMessage
from tenure.services.trivia.lifecycle import Registration

MOST_STREAMS = 2000
MOST_WAITING = 200
"""How many events may wait for one page."""

WATCHED = (ChatMessage, ChatMember, ChatChannel, Registration)


class Stream:
    """One open page."""

    def __init__(self, member: ChatMember, channel: str) -> None:
        self.member, self.guild, self.channel = member.id, member.guild, channel
        self._waiting: asyncio.Queue[str | None] = asyncio.Queue()

    def say(self, text: str) -> None:
        """Send an event; a page that reads too slowly is ended."""
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put_nowait(text)
        else:
            self.end()

    def end(self) -> None:
        """End it. The browser comes again, and begins anew."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self) -> str | None:
        """Take what comes next, or a sign of life if nothing happens; None at the end."""
        try:
            async with asyncio.timeout(SIGN_OF_LIFE_SECONDS):
                return await self._waiting.get()
        except TimeoutError:
            return SIGN_OF_LIFE


class Following:
    """The pages that hear what is written from `begun` on, and the task that tells them."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.begun = asyncio.Event()
        self.task: asyncio.Task[None] | None = None


class Live:
    """The open pages of one process. As long as there is one, the store's events are followed.

    `message` makes of a message, and `outlook` of a guild's id, what is shown.
    """

    def __init__(
        self,
        store: Store,
        closing: asyncio.Event,
        *,
        message: Callable[[ChatMessage], str],
        outlook: Callable[[str], Awaitable[str]],
    ) -> None:
        self._store, self._closing, self._message, self._outlook = store, closing, message, outlook
        self.room = Room(MOST_STREAMS)
        self._following: Following | None = None

    async def stream(
        self, member: ChatMember, channel: str, begin: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[str]:
        """Give a page what happens in its channel; `begin` reads what it begins with."""
        stream = Stream(member, channel)
        with self.room.taken():
            following = self._follow(stream)
            try:
                # What is written from here on is told, then what is there is read: it may come twice, but never not.
                await following.begun.wait()
                yield event("begin", await begin())
                while (text := await stream.next()) is not None:
                    yield text
            except (Unavailable, OutcomeUnknown):
                return
            finally:
                self._leave(following, stream)

    def _follow(self, stream: Stream) -> Following:
        if self._following is None:
            self._following = Following()
            self._following.task = asyncio.create_task(self._run(self._following), name="tells open pages")
        self._following.streams.add(stream)
        return self._following

    def _leave(self, following: Following, stream: Stream) -> None:
        following.streams.discard(stream)
        if not following.streams and following.task is not None:
            following.task.cancel()
            self._forget(following)

    def _forget(self, following: Following) -> None:
        """Let the next page begin another one."""
        if self._following is following:
            self._following = None

    async def _run(self, following: Following) -> None:
        """Tell until the server closes, or telling fails: then each page comes again, and another one begins."""
        ending = asyncio.create_task(self._closing.wait(), name="waits for the end of pages")
        telling = asyncio.create_task(self._tell_all(following), name="follows what is written")
        try:
            await asyncio.wait([ending, telling], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._forget(following)
            for task in (ending, telling):
                task.cancel()
            _, error = await asyncio.gather(ending, telling, return_exceptions=True)
            if isinstance(error, Exception):
                self._store.log.warning("pages_begin_anew", error=type(error).__name__, said=str(error))
            for stream in following.streams:
                stream.end()
            following.begun.set()

    async def _tell_all(self, following: Following) -> None:
        position = await self._store.position()
        following.begun.set()
        async for told in self._store.feed(*WATCHED, after=position):
            if told.kind is ChatMessage:
                await self._tell(told.id, following.streams)
            elif told.kind is Registration:
                await self._tell_what_comes(told.id, following.streams)
            else:
                _end_those_of(told, following.streams)

    async def _tell(self, id: str, streams: set[Stream]) -> None:
        here = [stream for stream in streams if stream.channel == id.rpartition("/")[0]]
        message = (await self._store.get_many(ChatMessage, [id])).get(id) if here else None
        if message is None:
            return
        said = event("message", {"html": self._message(message)})
        for stream in here:
            stream.say(said)
        if isinstance(message.post, Answered):
            await self._tell_outlook(here[0].guild, streams)

    async def _tell_what_comes(self, id: str, streams: set[Stream]) -> None:
        """Tell those of a registration's guild that something is planned otherwise."""
        registration = (await self._store.get_many(Registration, [id])).get(id)
        if registration is not None and any(stream.guild == registration.guild for stream in streams):
            await self._tell_outlook(registration.guild, streams)

    async def _tell_outlook(self, guild: str, streams: set[Stream]) -> None:
        said = event("outlook", {"html": await self._outlook(guild)})
        for stream in streams:
            if stream.guild == guild:
                stream.say(said)


def _end_those_of(told: Event[ChatMember | ChatChannel], streams: set[Stream]) -> None:
    """End the pages of a member, or in a channel, of which something has changed: who looks is looked at again."""
    for stream in streams:
        if told.id == (stream.member if told.kind is ChatMember else stream.channel):
            stream.end()
