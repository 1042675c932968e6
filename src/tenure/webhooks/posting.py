"""One POST to an address that a user named: only to public ones, once, in bounded time, and reading a bounded answer.

The address that was vetted is the one that is connected to: names are resolved here and nowhere else, and the socket
itself is refused a private address, however it came there. The tempting wrong version resolves the name, checks what
it finds, and lets the HTTP client resolve it once more: a name server that answers differently the second time leads
it inside.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tenure.webhooks.addresses import Guard, UnsafeUrl

LONGEST_SECONDS = 10.0
ANSWER_SECONDS = 2.0
MOST_OF_AN_ANSWER = 2048
USER_AGENT = "Tenure-Webhooks/1"
# The first that fits is told: those that are special cases of others stand before them.
ERRORS: dict[type[Exception], str] = {
    aiohttp.ClientConnectorDNSError: "the host has no address",
    aiohttp.ClientConnectorCertificateError: "the host's certificate is not valid for it",
    aiohttp.ClientSSLError: "no TLS connection could be made",
    aiohttp.ClientConnectorError: "the connection was refused or could not be made",
    aiohttp.ServerDisconnectedError: "the connection was closed without an answer",
}
AddressInfo = tuple[int, int, int, str, tuple[object, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a POST: a status and the beginning of the answer, or an error in words for the webhook's owner."""

    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""
    retry_after: str = ""

    @property
    def taken(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  the class of success

    @property
    def gone(self) -> bool:
        """Whether the receiver says that it wants nothing ever again."""
        return self.status == 410  # noqa: PLR2004

    def seconds_asked(self, now: datetime) -> float:
        """Give how long the receiver asks us to wait (`Retry-After`); 0 if it does not."""
        if self.retry_after.isascii() and self.retry_after.isdecimal():
            return float(self.retry_after[:9])
        try:
            return max(0.0, (parsedate_to_datetime(self.retry_after) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return 0.0


class Poster:
    """Posts to outside addresses."""

    def __init__(
        self,
        guard: Guard,
        *,
        seconds: float = LONGEST_SECONDS,
        answer_seconds: float = ANSWER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._guard, self._clock = guard, clock
        self._seconds, self._answer_seconds = seconds, answer_seconds

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Post once. Whatever goes wrong is in the outcome."""
        began = self._clock()
        try:
            self._guard.check_url(url)
            async with asyncio.timeout(self._seconds) as limit, self._session() as session:
                async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                    limit.reschedule(None)  # it answered in time; the rest of it has a time of its own
                    text = await self._beginning(answer)
        except (UnsafeUrl, aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Outcome(milliseconds=self._since(began), error=self._told(error))
        retry_after = answer.headers.get("Retry-After", "").strip()
        return Outcome(milliseconds=self._since(began), status=answer.status, answer=text, retry_after=retry_after)

    def _session(self) -> aiohttp.ClientSession:
        """Make a session for one post: no cookie, no connection, no address and no proxy is shared with another."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Vetting(self._guard), socket_factory=self._socket),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def _beginning(self, answer: aiohttp.ClientResponse) -> str:
        """Read the beginning of an answer; that it comes slowly or breaks off does not undo its status."""
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._answer_seconds):
                while size < MOST_OF_AN_ANSWER and (part := await answer.content.read(MOST_OF_AN_ANSWER - size)):
                    parts.append(part)
                    size += len(part)
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass
        return b"".join(parts).decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def _socket(self, info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        self._guard.check_address(str(address[0]))
        return socket.socket(family, kind, protocol)

    def _since(self, began: float) -> int:
        return round((self._clock() - began) * 1000)

    def _told(self, error: Exception) -> str:
        """Say what went wrong without any address of ours."""
        if isinstance(error, UnsafeUrl):
            return str(error)
        if isinstance(error, TimeoutError):
            return f"no answer within {self._seconds:g} seconds"
        told = (words for kind, words in ERRORS.items() if isinstance(error, kind))
        return next(told, f"the exchange failed ({type(error).__name__})")


class _Vetting(AbstractResolver):
    """Resolves names for one POST, and gives addresses only if every one of them may be called."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Give a host's addresses."""
        found = await self._guard.addresses(host)
        if not found:
            raise OSError("the host has no address")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
            if family in (socket.AF_UNSPEC, socket.AF_INET6 if ":" in address else socket.AF_INET)
        ]

    async def close(self) -> None:
        """Nothing is held."""
