"""The runtime in which each bot is a container, on Docker or on Podman's service.

The engine itself holds what must outlive us: a container's name is taken once, so a bot is created at most once; its
label says whose it is; and an ended container stays, with its exit code and its log, until it is forgotten. What is
kept in memory follows the engine's events, and is compared with a look at all containers each time that these are
listened to anew: at the start, after the engine was away, and once a minute.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tenure.services.meetings.runtimes import logs
from tenure.services.meetings.runtimes.container_answers import Container
from tenure.services.meetings.runtimes.container_engine import NOT_FOUND, ContainerEngine, EngineAway, EngineRefused
from tenure.services.meetings.runtimes.container_settings import settings_of
from tenure.services.meetings.runtimes.runtime import Process, RuntimeAway, RuntimeFailed, check_name
from tenure.services.meetings.runtimes.settings import Made

LABEL = "tenure.meetings"
"""The label of every bot's container; its value is the installation's id."""

NAME = "TENURE_BOT_NAME"
FIRST_LOOK_SECONDS = 3.0
LOOK_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 2.0
KILLED_SECONDS = 30.0
MOST_OF_A_REASON = 1000
LEAST_SECRET = 8
MOST_OF_A_KEPT_LOG = 8 * 1024 * 1024


class Known:
    """One container of ours: starting, running or ended."""

    def __init__(self) -> None:
        self.ready, self.ended = asyncio.Event(), asyncio.Event()
        self.exit_code: int | None = None
        self.cause = ""


class Containers:
    """Runs bots as containers. The installation's id and the logs of ended bots lie in `folder`."""

    def __init__(self, folder: Path, engine: ContainerEngine, made: Made) -> None:
        self._folder, self._engine, self._made = folder, engine, made
        self._known: dict[str, Known] = {}
        self._changed, self._tried = asyncio.Event(), asyncio.Event()
        self._away = f"the container engine at {engine.address} was not reached yet"
        self._watching: asyncio.Task[None] | None = None
        self._installation = ""

    async def __aenter__(self) -> Self:
        """Find what runs, if the engine answers; otherwise go on trying."""
        self._installation = await asyncio.to_thread(installation, self._folder)
        self._watching = asyncio.create_task(self._watch(), name="watches containers")
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_SECONDS):
                await self._tried.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; what runs, runs on."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._engine.close()

    async def start(self, name: str, environment: Mapping[str, str]) -> None:
        """Create and start a container, once per name."""
        check_name(name)
        if name in self._known:
            return
        known = self._known[name] = Known()
        try:
            await self._start(name, environment)
        except (EngineAway, EngineRefused) as error:
            self._known.pop(name, None)
            raise RuntimeFailed(_without(environment, str(error))) from error
        except BaseException:
            # What came of it is found by the next look: one that runs is listed, one that does not is removed.
            self._known.pop(name, None)
            raise
        finally:
            known.ready.set()

    async def end(self, name: str, *, grace_seconds: float) -> None:
        """SIGTERM to the first process, SIGKILL to all after the grace."""
        known = self._known.get(name)
        if known is None:
            return
        await known.ready.wait()
        if known.ended.is_set():
            return
        for signal, seconds in (("SIGTERM", grace_seconds), ("SIGKILL", KILLED_SECONDS)):
            try:
                await self._signal(name, signal)
            except EngineAway as error:
                raise RuntimeAway(str(error)) from error
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await known.ended.wait()
                    return
        raise RuntimeAway(f"the container engine did not end {name} in {KILLED_SECONDS:g} seconds")

    async def bots(self) -> list[Process]:
        """Give all containers of ours."""
        if self._away:
            raise RuntimeAway(self._away)
        return [
            Process(name, running=not known.ended.is_set(), exit_code=known.exit_code, cause=known.cause)
            for name, known in self._known.items()
        ]

    async def forget(self, name: str) -> None:
        """Keep the log of an ended container, then remove the container."""
        known = self._known.get(name)
        if known is None or not known.ended.is_set():
            return
        try:
            log = await self._engine.log(name, most_bytes=MOST_OF_A_KEPT_LOG)
            if log:
                await asyncio.to_thread(logs.keep, self._folder, name, log)
            await self._engine.remove(name)
        except OSError as error:
            raise RuntimeAway(f"the log of {name} can't be kept: {error.strerror}") from error
        except (EngineAway, EngineRefused) as error:
            raise RuntimeAway(str(error)) from error
        self._known.pop(name, None)

    async def log(self, name: str) -> str:
        """Give the last 64 KiB of what a bot wrote."""
        try:
            there = await self._engine.log(name, most_bytes=logs.MOST_OF_A_LOG) if name in self._known else b""
        except EngineAway as error:
            raise RuntimeAway(str(error)) from error
        # Its container may have been removed a moment ago: then the log was kept.
        return there.decode(errors="replace") or await asyncio.to_thread(logs.tail, self._folder, name)

    async def changed(self) -> None:
        """Return as soon as a container has ended, or the engine came back, since the last call."""
        await self._changed.wait()
        self._changed.clear()

    async def prune(self, *, older_than_seconds: float) -> None:
        """Remove the logs of forgotten bots that were last written so long ago."""
        before, known = time.time() - older_than_seconds, set(self._known)
        await asyncio.to_thread(logs.prune, self._folder, before=before, known=known)

    # ------------------------------------------------------------------------------------ starting

    async def _start(self, name: str, environment: Mapping[str, str]) -> None:
        labels, podman = {LABEL: self._installation}, await self._engine.is_podman()
        settings = settings_of(self._made, {**environment, NAME: name}, labels, podman=podman)
        try:
            await self._engine.create(name, settings)
        except EngineRefused as refusal:
            # Docker answers 409 to a name that is taken, and Podman 500: so look.
            if (found := await self._engine.get(name)) is None:
                raise await self._explained(refusal) from refusal
            if found.labels.get(LABEL) != self._installation:
                raise EngineRefused(409, f"the name {name} is taken by a container that is not ours") from refusal
            if found.was_started:
                await self._note(found)
                return
            # It was left by a server that was killed in between, and may have been told an older address.
            await self._engine.remove(name)
            await self._engine.create(name, settings)
        try:
            await self._engine.start(name)
        except (EngineAway, EngineRefused):
            with suppress(EngineAway, EngineRefused):  # what can't be removed now is removed by the next look
                await self._engine.remove(name)
            raise

    async def _explained(self, refusal: EngineRefused) -> EngineRefused:
        image = self._made.image
        if refusal.status != NOT_FOUND or "image" not in str(refusal).lower():
            return refusal
        command, hint = "docker", ""
        if await self._engine.is_podman():
            command = "podman"
            hint = "" if "/" in image else f"; one that was built here is called localhost/{image} by Podman's service"
        return EngineRefused(
            refusal.status,
            f"the container engine has no image {image}: `{command} pull {image}`, or build it with "
            f"`{command} build -t {image} -f images/meetings-bot/Containerfile .`{hint}",
        )

    async def _signal(self, name: str, signal: str) -> None:
        try:
            await self._engine.signal(name, signal)
        except EngineRefused:
            # Podman refuses one that is ending just now: its end is seen here, or told by an event.
            await self._look_at(name)

    # ------------------------------------------------------------------------------------ watching

    async def _watch(self) -> None:
        """Follow the engine's events for ever."""
        wait = 0.1
        while True:
            try:
                await self._follow()
                wait = 0.1
            except (EngineAway, EngineRefused) as error:
                wait = 0.1 if not self._away else min(wait * 2, LONGEST_WAIT_SECONDS)
                self._away = str(error)
                self._tried.set()
                await asyncio.sleep(wait)

    async def _follow(self) -> None:
        """Listen, look, and follow what happens; after a minute it is time to look again."""
        async with self._engine.events() as events:
            # Listened to first, looked at then: what ends from now on is in one of the two.
            await self._look()
            if self._away:
                self._away = ""
                self._changed.set()
            self._tried.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    async for name, attributes in events:
                        if name in self._known or attributes.get(LABEL) == self._installation:
                            await self._look_at(name)

    async def _look(self) -> None:
        # Only what was there before the look may be missed by it, and only what nobody starts may be removed.
        before = [name for name, known in self._known.items() if known.ready.is_set()]
        found = {container.name: container for container in await self._engine.find(f"{LABEL}={self._installation}")}
        for name in before:
            if name not in found:
                self._note_end(name, None)
        for container in found.values():
            with suppress(EngineRefused):  # the trouble of one is not that of the others
                await self._note(container)

    async def _look_at(self, name: str) -> None:
        known = self._known.get(name)
        with suppress(EngineRefused):  # as above; the look within a minute finds what this one missed
            container = await self._engine.get(name)
            if container is not None:
                await self._note(container)
            elif known is not None and known.ready.is_set():
                self._note_end(name, None)

    async def _note(self, container: Container) -> None:
        name = container.name
        if not container.was_started:
            if name not in self._known:
                await self._engine.remove(name)
            return
        if name not in self._known:
            self._known[name] = Known()
            self._known[name].ready.set()
        if container.has_ended and not self._known[name].ended.is_set():
            self._note_end(name, container if container.exit_code is not None else await self._engine.get(name))

    def _note_end(self, name: str, container: Container | None) -> None:
        known = self._known.get(name)
        if known is None or known.ended.is_set():
            return
        if container is None:
            known.cause = "its container was removed by somebody else"
        else:
            known.exit_code = container.exit_code
            known.cause = "its memory was used up" if container.out_of_memory else ""
        known.ended.set()
        self._changed.set()


def installation(folder: Path) -> str:
    """Give the id by which the containers of this folder's servers are told from others; it is made once."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "installation"
    if not path.exists():
        draft = folder / f"installation.{secrets.token_hex(4)}"
        draft.write_text(secrets.token_hex(8))
        with suppress(FileExistsError):  # two servers that start at once agree on one
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


def _without(environment: Mapping[str, str], reason: str) -> str:
    """Give the reason without any value of the environment, which an engine may repeat, quoted or not."""
    for value in environment.values():
        if len(value) >= LEAST_SECRET:
            reason = reason.replace(value, "…").replace(json.dumps(value)[1:-1], "…")
    return reason[:MOST_OF_A_REASON]
