"""The client of your game: each call is tried again after a failure, and not made at all while the game is down."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
import stamina

from tenure.services.bots.game.breaker import Breaker, BreakerState, Open
from tenure.services.bots.game.contract import Opening, RoomOpened, RoomSeen, is_room_url

T = TypeVar("T")

MOST_OF_AN_ANSWER = 64 * 1024
AGAIN = frozenset({408, 425, 429})
"""Answers below 500 that say: not now."""


class GameAway(Exception):  # noqa: N818  it says what is so
    """The game can't be reached, or its breaker is open. Nothing is known of what it did; a repeat is safe."""


class GameRefused(Exception):  # noqa: N818  an answer
    """The game has turned the call down for good; `status` and `reason` are its own."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"the game answered {status}: {reason}")
        self.status, self.reason = status, reason


class CallFailed(Exception):  # noqa: N818  one try of several
    """One try failed; never says more of the address than its path."""


class GameApi:
    """One session with the game at a URL. Every call is idempotent by the match's id, so tries may overlap."""

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        tries: int = 3,
        try_seconds: float = 5.0,
        pause_seconds: float = 0.2,
        threshold: int = 5,
        open_seconds: float = 10.0,
    ) -> None:
        self.url, self.key = url.rstrip("/"), key
        self._tries, self._try_seconds, self._pause_seconds = tries, try_seconds, pause_seconds
        self._breaker = Breaker("game", threshold=threshold, open_seconds=open_seconds, answers=GameRefused)
        self._http: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<GameApi {self.url} {self.breaker}>"

    async def __aenter__(self) -> Self:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        limits = aiohttp.ClientTimeout(total=self._try_seconds)
        # No cookies, no environment: what is sent is what stands here.
        self._http = aiohttp.ClientSession(headers=headers, timeout=limits, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    @property
    def breaker(self) -> BreakerState:
        """How the breaker stands: `open` means that no call is made for a while, `half-open` that one tries."""
        return self._breaker.state

    @property
    def available(self) -> bool:
        """Whether it makes sense to deploy bots and to begin matches."""
        return self.breaker == "closed"

    async def open(self, match: str, opening: Opening) -> str:
        """Open the room of a match and give its URL. Raises `GameAway`, `GameRefused`."""
        body = await self._call("PUT", _room(match), msgspec.json.encode(opening))
        return self._decoded(body, RoomOpened).room

    async def look(self, match: str) -> RoomSeen | None:
        """Look at a room; None if the game knows none. Raises `GameAway`, `GameRefused`."""
        try:
            return self._decoded(await self._call("GET", _room(match)), RoomSeen)
        except GameRefused as refusal:
            if refusal.status == 404:  # noqa: PLR2004  not found
                return None
            raise

    async def close(self, match: str) -> None:
        """Close the room of a match that was broken off; one that isn't there is closed. Raises as `open` does."""
        try:
            await self._call("DELETE", _room(match))
        except GameRefused as refusal:
            if refusal.status not in (404, 410):
                raise

    async def probe(self) -> None:
        """Ask whether the game is there, so that an open breaker closes though nothing is to be done."""
        try:
            await self._call("GET", "/health", tries=1)
        except GameRefused:
            return  # a game without this page is there all the same

    # ------------------------------------------------------------------------------------ inside

    async def _call(self, method: str, path: str, body: bytes = b"", *, tries: int | None = None) -> bytes:
        again = stamina.retry_context(
            on=CallFailed,
            attempts=tries or self._tries,
            wait_initial=self._pause_seconds,
            wait_max=self._pause_seconds * 10,
            wait_jitter=self._pause_seconds,
        )
        try:
            async for attempt in again:
                with attempt:
                    async with self._breaker.call():
                        return await self._once(method, path, body)
        except Open:
            raise GameAway("the game failed again and again, so it is not called for some seconds") from None
        except CallFailed as failure:
            raise GameAway(str(failure)) from None
        raise AssertionError("tries end by an answer or an error")

    async def _once(self, method: str, path: str, body: bytes) -> bytes:
        if self._http is None:
            raise RuntimeError("a GameApi is used inside `async with`")
        more: dict[str, Any] = {"data": body, "headers": {"Content-Type": "application/json"}} if body else {}
        try:
            async with self._http.request(method, self.url + path, allow_redirects=False, **more) as answer:
                content = await answer.content.read(MOST_OF_AN_ANSWER + 1)
                while not answer.content.at_eof() and len(content) <= MOST_OF_AN_ANSWER:
                    content += await answer.content.read(MOST_OF_AN_ANSWER + 1 - len(content))
        except TimeoutError:
            raise CallFailed(f"{method} {path}: no answer within {self._try_seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed(f"{method} {path}: {type(error).__name__}") from None
        return _judged(method, path, answer.status, content)

    def _decoded(self, body: bytes, form: type[T]) -> T:
        try:
            return _checked(msgspec.json.decode(body, type=form))
        except (ValueError, RecursionError):
            wanted = ", ".join(msgspec.json.schema_components([form])[1][form.__name__]["properties"])
            raise GameRefused(200, f"its answer is not as agreed: it must be an object with {wanted}") from None


def _room(match: str) -> str:
    return f"/rooms/{quote(match, safe='')}"


def _judged(method: str, path: str, status: int, content: bytes) -> bytes:
    """Give the content of a good answer."""
    if status >= 500 or status in AGAIN:  # noqa: PLR2004  the server's own faults
        raise CallFailed(f"{method} {path}: answered {status}")
    if not 200 <= status < 300:  # noqa: PLR2004  done
        raise GameRefused(status, _reason(content))
    if len(content) > MOST_OF_AN_ANSWER:
        raise GameRefused(status, f"its answer is larger than {MOST_OF_AN_ANSWER} bytes")
    return content


def _reason(content: bytes) -> str:
    try:
        detail = msgspec.json.decode(content, type=dict[str, Any]).get("detail", "")
    except (ValueError, RecursionError):
        detail = ""
    return str(detail)[:200] or "it gave no reason"


def _checked(answer: T) -> T:
    if isinstance(answer, RoomOpened) and not is_room_url(answer.room):
        raise ValueError("no URL")
    if isinstance(answer, RoomSeen) and (answer.state == "over") != (answer.places is not None):
        raise ValueError("places go with the state `over`")
    return answer


async def probing(game: GameApi, seconds: float = 1.0) -> None:
    """Probe for ever while the breaker isn't closed: nobody else calls then, so nothing else would close it."""
    while True:
        await asyncio.sleep(seconds)
        if not game.available:
            try:
                await game.probe()
            except GameAway:
                continue
