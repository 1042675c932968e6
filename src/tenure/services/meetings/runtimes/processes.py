"""The runtime that needs nothing installed: each bot is an operating-system process of its own.

Each has its own session and process group, so that a signal to the server's terminal does not reach it and all of
it ends together. What is known of a bot lies in `FOLDER/NAME/process.json`, written before the process is there:
a server that was killed at any step leaves nothing that its successor can't find. Linux only: it rests on /proc
and on process descriptors.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess  # nosec B404  each bot is a process of its own
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from tenure.services.meetings.runtimes import logs, proc
from tenure.services.meetings.runtimes.runtime import Process, RuntimeFailed, check_name

NAME = "TENURE_BOT_NAME"
"""The setting that marks a bot's process as ours."""

INHERITED = (
    *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "SSL_CERT_FILE"),
    *("TENURE_MEETINGS_BOT", "TENURE_MEETINGS_BROWSER", "TENURE_MEETINGS_BROWSER_SANDBOX"),
)


class Note(msgspec.Struct):
    """What is written down of a bot. No `pid` yet means that it was about to be started."""

    boot: str
    pid: int | None = None
    started: int | None = None
    ended: bool = False
    exit_code: int | None = None


class Known:
    """One bot of ours, running or ended."""

    def __init__(self, note: Note, child: subprocess.Popen[bytes] | None = None) -> None:
        self.note, self.child = note, child
        self.ready, self.ended = asyncio.Event(), asyncio.Event()
        self.descriptor: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group, if its leader is still the process that we know."""
        pid = self.note.pid
        if pid is not None and proc.started(pid) == self.note.started:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)


class Processes:
    """Runs bots as processes. `command` is what is run; its state and logs lie in `folder`."""

    def __init__(self, folder: Path, command: Sequence[str]) -> None:
        self._folder, self._command = folder, list(command)
        self._known: dict[str, Known] = {}
        self._changed = asyncio.Event()
        self._boot = proc.boot()

    async def __aenter__(self) -> Self:
        """Find again what runs, and note the end of what does not."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in self._folder.glob("*/process.json"):
            self._find_again(path.parent.name, path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop watching; what runs, runs on."""
        for known in self._known.values():
            self._unwatch(known)
            if known.child is not None and known.child.returncode is None:
                known.child.returncode = 0  # tells Popen, which would warn, that nobody is to wait for it here

    async def start(self, name: str, environment: Mapping[str, str]) -> None:
        """Start a bot, once per name."""
        check_name(name)
        if name not in self._known:
            known = self._known[name] = Known(Note(self._boot))
            # Shielded: a process that is there must be noted, even if nobody waits for it any more.
            await asyncio.shield(asyncio.ensure_future(self._start(name, known, environment)))

    async def end(self, name: str, *, grace_seconds: float) -> None:
        """SIGTERM to the group, SIGKILL after the grace."""
        known = self._known.get(name)
        if known is None:
            return
        await known.ready.wait()
        known.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace_seconds):
                await known.ended.wait()
        known.signal(signal.SIGKILL)
        await known.ended.wait()

    async def bots(self) -> list[Process]:
        """Give all bots that are not forgotten."""
        return [
            Process(name, running=not known.note.ended, exit_code=known.note.exit_code)
            for name, known in self._known.items()
        ]

    async def forget(self, name: str) -> None:
        """Stop listing an ended bot; its log stays, and nothing else of it."""
        known = self._known.get(name)
        if known is not None and known.note.ended:
            del self._known[name]
            await asyncio.to_thread(logs.keep_alone, self._folder, name)

    async def log(self, name: str) -> str:
        """Give the last 64 KiB of what a bot wrote."""
        return await asyncio.to_thread(logs.tail, self._folder, name)

    async def changed(self) -> None:
        """Return as soon as a bot has ended since the last call."""
        await self._changed.wait()
        self._changed.clear()

    async def prune(self, *, older_than_seconds: float) -> None:
        """Remove the logs of forgotten bots that were last written so long ago."""
        before, known = time.time() - older_than_seconds, set(self._known)
        await asyncio.to_thread(logs.prune, self._folder, before=before, known=known)

    # ------------------------------------------------------------------------------------ starting

    async def _start(self, name: str, known: Known, environment: Mapping[str, str]) -> None:
        try:
            known.child = await asyncio.to_thread(self._spawn, name, known.note, environment)
        except OSError as error:
            del self._known[name]
            (self._folder / name / "process.json").unlink(missing_ok=True)
            known.note.ended = True
            known.ready.set()
            known.ended.set()
            raise RuntimeFailed(f"the bot's process could not be started: {error.strerror}") from error
        known.note.pid, known.note.started = known.child.pid, proc.started(known.child.pid)
        with suppress(OSError):  # on a full disk: a server that comes next finds it by its name
            self._write(name, known.note)
        self._watch(name, known)

    def _spawn(self, name: str, note: Note, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        folder = self._folder / name
        folder.mkdir(mode=0o700, exist_ok=True)
        self._write(name, note)
        inherited = {key: os.environ[key] for key in INHERITED if key in os.environ}
        log = os.open(logs.path_of(self._folder, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603  # nosec B603  the command is the server's own
                self._command,
                env={**inherited, **environment, NAME: name},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
            )
        finally:
            os.close(log)

    def _find_again(self, name: str, path: Path) -> None:
        try:
            note = msgspec.json.decode(path.read_bytes(), type=Note)
        except (OSError, msgspec.MsgspecError):
            note = Note(self._boot)
        if note.pid is None and not note.ended:
            note.pid = proc.started_with(f"{NAME}={name}", path.parent)
            note.started = None if note.pid is None else proc.started(note.pid)
            if note.started is None:
                path.unlink()  # it was about to be started, and never was
                return
            self._write(name, note)
        known = self._known[name] = Known(note)
        alive = note.boot == self._boot and note.pid is not None and note.started is not None
        if note.ended or not alive or proc.started(note.pid or 0) != note.started:
            self._note_end(name, known, note.exit_code)
        else:
            self._watch(name, known)

    # -------------------------------------------------------------------------------------- ending

    def _watch(self, name: str, known: Known) -> None:
        known.ready.set()
        try:
            known.descriptor = os.pidfd_open(known.note.pid or 0)
        except ProcessLookupError:
            self._after_end(name, known)
            return
        asyncio.get_running_loop().add_reader(known.descriptor, self._after_end, name, known)

    def _unwatch(self, known: Known) -> None:
        if known.descriptor is not None:
            asyncio.get_running_loop().remove_reader(known.descriptor)
            os.close(known.descriptor)
            known.descriptor = None

    def _after_end(self, name: str, known: Known) -> None:
        self._unwatch(known)
        leader = known.note.pid or 0
        if known.child is not None:
            # Before it is reaped: until then nobody else can have this number, so the group is surely ours.
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
            self._note_end(name, known, known.child.wait())
            return
        if proc.started(leader) is None and proc.in_session(leader):
            with suppress(ProcessLookupError):
                os.killpg(leader, signal.SIGKILL)
        self._note_end(name, known, None)

    def _note_end(self, name: str, known: Known, exit_code: int | None) -> None:
        known.note.ended, known.note.exit_code = True, exit_code
        known.ready.set()
        known.ended.set()
        self._changed.set()
        with suppress(OSError):
            self._write(name, known.note)

    def _write(self, name: str, note: Note) -> None:
        path = self._folder / name / "process.json"
        draft = path.with_suffix(".draft")
        draft.write_bytes(msgspec.json.encode(note))
        draft.replace(path)
