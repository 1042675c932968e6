"""Which outside addresses a user may have us call: only public ones, whatever way they are written.

A name that is public now may resolve elsewhere later. So who calls it vets the resolved address again, and connects
to the one it vetted.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from asyncio import timeout, wrap_future
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit

Resolve = Callable[[str], Awaitable[list[str]]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LONGEST = 2000
_NAME = re.compile(r"(?=.{4,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_INSIDE = (
    "localhost",
    "local",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "arpa",
    "test",
    "invalid",
)
# Where nobody is, or only who is near: the standard library takes these for public ones, at least in some versions.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network) for network in ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")
)
_WRAPPED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class UnsafeUrl(ValueError):  # noqa: N818  what is wrong is the name
    """A URL that we don't call; the message says why, without repeating it."""


class Names:
    """Asks the system for hosts' addresses.

    Its resolver blocks, for long where a name server is silent. So each question has a thread of its own that nobody
    waits for at the end, a host that is being asked for is not asked for again, and no more than some are asked for at
    once: whoever names a silent host holds up nobody else, neither here nor in the program's other threads.
    """

    def __init__(self, *, seconds: float = 2, most: int = 64) -> None:
        self._seconds, self._most = seconds, most
        self._asked: dict[str, Future[list[str]]] = {}

    async def __call__(self, host: str) -> list[str]:
        """Give a host's addresses; none if it has none or the answer takes long."""
        asked = self._asked.get(host)
        if asked is None:
            if len(self._asked) >= self._most:
                return []
            asked = Future()
            asked.set_running_or_notify_cancel()  # from here on, who gives up takes it from nobody else
            thread = Thread(target=self._ask, args=(host, asked), name="asks for a name", daemon=True)
            self._asked[host] = asked
            try:
                thread.start()
            except RuntimeError:  # the system gives no more threads
                del self._asked[host]
                return []
        try:
            async with timeout(self._seconds):
                return await wrap_future(asked)
        except TimeoutError:
            return []

    def _ask(self, host: str, asked: Future[list[str]]) -> None:
        try:
            found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError):
            found = []
        del self._asked[host]
        asked.set_result(list(dict.fromkeys(found)))


resolve = Names()
"""The system's own resolver, as all of this process share it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Which addresses may be called, and who resolves names; with `private`, those of a closed network too."""

    resolve: Resolve = resolve
    private: bool = False

    def check_url(self, url: str) -> str:
        """Check a URL's form and give its host. Raises `UnsafeUrl`."""
        host = _check_form(url)
        if not self.private:
            _check_host(host)
        return host

    async def check_resolved(self, url: str) -> None:
        """Check a URL and every address that its host has now.

        A host that does not resolve passes: no call can be made to it, and whoever calls it later vets it again.
        """
        await self.addresses(self.check_url(url))

    async def addresses(self, host: str) -> list[str]:
        """Give a host's addresses, if every one of them may be called. Raises `UnsafeUrl`."""
        found = await self.resolve(host)
        for address in found:
            self.check_address(address)
        return found

    def check_address(self, address: str) -> None:
        """Raise `UnsafeUrl` unless this address may be called."""
        if not self.private:
            _check_public(ipaddress.ip_address(address.partition("%")[0]))


def _check_form(url: str) -> str:
    """Check that a URL can mean only one thing, and give its host. Raises `UnsafeUrl`."""
    if len(url) > LONGEST or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        raise UnsafeUrl(f"the URL must be 1 to {LONGEST} printable ASCII characters, without spaces and backslashes")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise UnsafeUrl("the URL can't be read: write it as https://host/path") from None
    if parts.scheme not in ("http", "https"):
        raise UnsafeUrl("the URL must begin with https:// or http://")
    if "@" in parts.netloc or parts.fragment:
        raise UnsafeUrl("the URL must not hold a user name, a password or a #fragment")
    if port == 0 or "%" in host:
        raise UnsafeUrl("the URL's host or port is not usable")
    if not host:
        raise UnsafeUrl("the URL must name a host")
    return host


def _check_host(host: str) -> None:
    literal = _literal(host)
    if literal is not None:
        _check_public(literal)
    elif not _NAME.fullmatch(host) or host.rsplit(".", 1)[-1] in _INSIDE:
        raise UnsafeUrl("the URL's host must be a public name or address")


def _check_public(address: Address) -> None:
    """Raise `UnsafeUrl` unless the address is public."""
    for inner in (address, *_wrapped(address)):
        listed = any(inner in network for network in _NOT_PUBLIC)
        if listed or not inner.is_global or inner.is_multicast or inner.is_reserved:
            raise UnsafeUrl("the URL leads to a private, local or reserved address")


def _literal(host: str) -> Address | None:
    """Read an address in every notation that a system's resolver takes, such as 127.1 and 0x7f000001."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _wrapped(address: Address) -> list[Address]:
    """Give the IPv4 addresses to which an IPv6 address leads by mapping, translation or a tunnel."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if any(address in network for network in _WRAPPED):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in found if inner is not None]
