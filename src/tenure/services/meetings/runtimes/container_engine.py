"""What we ask of a container engine, which is Docker or Podman's service: a few calls of the Docker Engine API.

Plain HTTP by aiohttp: the events must be listened to before the first look, and a log may hold any bytes. Of what
engines answer, only what Docker and Podman both say is used.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import aiohttp
import msgspec

from tenure.services.meetings.runtimes.container_answers import Container, Event, Inspected, Listed, Version
from tenure.services.meetings.runtimes.settings import Address

T = TypeVar("T")
CALL = aiohttp.ClientTimeout(total=50, sock_connect=5)
ANSWER_SECONDS = 10
STREAM = aiohttp.ClientTimeout(total=None, sock_connect=5)
UNREACHED = (aiohttp.ClientError, OSError)  # a time-out is an OSError
NOT_FOUND, NOT_RUNNING, ERRORS = 404, 409, 400
MOST_OF_AN_EVENT = 1024 * 1024
FRAME = 8


class EngineAway(Exception):  # noqa: N818  what happened is the name
    """The container engine can't be reached, or did not answer in time."""


class EngineRefused(Exception):  # noqa: N818  what happened is the name
    """The container engine answered, and did not do it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ContainerEngine:
    """A container engine at an address. Every call raises `EngineAway`, those that change something `EngineRefused`."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._session: aiohttp.ClientSession | None = None
        self._version, self._is_podman = "", False

    async def close(self) -> None:
        """Close what is open; the next call opens it again."""
        if self._session is not None:
            await self._session.close()
        self._session, self._version = None, ""

    async def is_podman(self) -> bool:
        """Tell whether it is Podman's service; Docker's daemon otherwise."""
        await self._open()
        return self._is_podman

    async def create(self, name: str, settings: Mapping[str, object]) -> None:
        """Create a container, which does not run yet."""
        await self._call("POST", "containers/create", {"name": name}, msgspec.json.encode(settings))

    async def start(self, name: str) -> None:
        """Start a container; one that runs stays as it is."""
        await self._call("POST", f"containers/{name}/start")

    async def signal(self, name: str, signal: str) -> None:
        """Signal the first process of a container, if it still runs."""
        await self._call("POST", f"containers/{name}/kill", {"signal": signal}, ignoring=(NOT_FOUND, NOT_RUNNING))

    async def remove(self, name: str) -> None:
        """Remove a container with all that it wrote, running or not."""
        await self._call("DELETE", f"containers/{name}", {"force": "true", "v": "true"}, ignoring=(NOT_FOUND,))

    async def find(self, label: str) -> list[Container]:
        """Give all containers with a label (`NAME=VALUE`), the ended ones too, without their exit codes."""
        labelled = msgspec.json.encode({"label": [label]}).decode()
        answer = await self._call("GET", "containers/json", {"all": "true", "filters": labelled})
        found = self._read(answer, list[Listed])
        return [Container(one.names[0].lstrip("/"), one.state.lower(), one.labels or {}) for one in found if one.names]

    async def get(self, name: str) -> Container | None:
        """Give one container; None if it is not there."""
        answer = await self._call("GET", f"containers/{name}/json", ignoring=(NOT_FOUND,))
        if not answer:
            return None
        found = self._read(answer, Inspected)
        state, labels = found.state, found.config.labels or {}
        return Container(found.name.lstrip("/"), state.status.lower(), labels, state.exit_code, state.out_of_memory)

    async def log(self, name: str, *, most_bytes: int) -> bytes:
        """Give the end of what a container wrote, in both of its outputs; empty if it is not there.

        All of it is asked for, which the container's own limit bounds: of its last lines Podman mixes up the pieces.
        """
        asked = {"stdout": "true", "stderr": "true"}
        session, url = await self._open()
        try:
            async with session.get(f"{url}/containers/{name}/logs", params=asked, timeout=CALL) as got:
                return await _last(got.content, most_bytes) if got.status < ERRORS else b""
        except UNREACHED as error:
            raise EngineAway(self._told(error)) from error

    @asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[tuple[str, Mapping[str, str]]]]:
        """Listen to what happens to containers, from now on: each one's name, with its attributes and labels.

        The end of the events is `EngineAway`. The engine is not asked to leave any out: Podman's events of ended
        containers have lacked their labels, and its names of actions are its own.
        """
        asked = {"filters": '{"type":["container"]}'}
        session, url = await self._open()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                stream = await session.get(f"{url}/events", params=asked, timeout=STREAM)
            async with stream:
                if stream.status >= ERRORS:
                    raise EngineAway(f"{self.address} answered {stream.status} to listening")
                yield _names(stream)
        except UNREACHED as error:
            raise EngineAway(self._told(error)) from error
        finally:
            self._version = ""  # what comes back may be another one

    # ------------------------------------------------------------------------------------ inside

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        ignoring: tuple[int, ...] = (),
    ) -> bytes:
        session, url = await self._open()
        try:
            headers = {} if body is None else {"Content-Type": "application/json"}
            async with session.request(
                method, f"{url}/{path}", params=query, data=body, headers=headers, timeout=CALL
            ) as got:
                answer = await got.read()
        except UNREACHED as error:
            raise EngineAway(self._told(error)) from error
        if got.status < ERRORS:
            return answer
        message = _message(answer)
        # Of one that is just being removed, Podman says so with status 500.
        status = NOT_FOUND if "no such container" in message.lower() else got.status
        if status in ignoring:
            return b""
        raise EngineRefused(status, message)

    async def _open(self) -> tuple[aiohttp.ClientSession, str]:
        try:
            if self._session is None:
                self._session = aiohttp.ClientSession(connector=_connector(self.address))
            if not self._version:
                async with self._session.get(f"{self.address.url}/version", timeout=CALL) as got:
                    version = self._read(await got.read(), Version)
                self._is_podman = any("Podman" in part.name for part in version.components or ())
                self._version = f"v{version.api_version}"
        except UNREACHED as error:
            raise EngineAway(self._told(error)) from error
        return self._session, f"{self.address.url}/{self._version}"

    def _read(self, answer: bytes, form: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=form)
        except msgspec.MsgspecError as error:
            raise EngineAway(f"what is at {self.address} does not answer as a container engine ({error})") from error

    def _told(self, error: Exception) -> str:
        return f"the container engine at {self.address} can't be reached ({type(error).__name__})"


async def _names(stream: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, Mapping[str, str]]]:
    rest = b""
    async for part in stream.content.iter_any():
        *lines, rest = (rest + part).split(b"\n")
        if len(rest) > MOST_OF_AN_EVENT:
            raise aiohttp.ClientPayloadError("an event without end")
        for line in filter(None, lines):
            attributes = _event(line).actor.attributes
            yield attributes.get("name", ""), attributes
    raise aiohttp.ClientPayloadError("the events ended")


def _event(line: bytes) -> Event:
    try:
        return msgspec.json.decode(line, type=Event)
    except msgspec.MsgspecError as error:
        raise aiohttp.ClientPayloadError(str(error)) from error


async def _last(log: aiohttp.StreamReader, most_bytes: int) -> bytes:
    """Give the end of a log. Eight bytes stand before each part of it: which output it is of, and its length."""
    kept = bytearray()
    with suppress(asyncio.IncompleteReadError):
        while True:
            frame = await log.readexactly(FRAME)
            kept += await log.readexactly(int.from_bytes(frame[4:], "big"))
            del kept[:-most_bytes]
    return bytes(kept)


def _message(answer: bytes) -> str:
    try:
        return str(msgspec.json.decode(answer)["message"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return answer[:300].decode(errors="replace")


def _connector(address: Address) -> aiohttp.BaseConnector:
    # A connection for each call: none that an engine closed as it was restarted is taken for a live one.
    if address.socket is not None:
        return aiohttp.UnixConnector(str(address.socket), force_close=True)
    trusted = True if address.certificates is None else _trusting(address.certificates)
    return aiohttp.TCPConnector(ssl=trusted, force_close=True)


def _trusting(certificates: Path) -> ssl.SSLContext:
    """Give what Docker's own client uses: `ca.pem`, and `cert.pem` with `key.pem` for who we are."""
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    trusted.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    return trusted
