"""A running server, and the folder that it runs in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tenure.core.errors import Unavailable
from tenure.servers import launcher

START_SECONDS = 60.0
"""How long a server may take to answer: with much data it reads it all first."""

STOP_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.005
LOG_LINES_TOLD = 3


class ServerFailed(Unavailable):
    """A server of our own could not be started; the message says why, and what to do."""


class PortTaken(ServerFailed):
    """Another program listens at the port."""


class Folder:
    """What stands in a server's folder: its data, its log, its password, and who runs it.

    Two locks keep it to one server: `owner.lock` is held by the process that starts the server, `server.lock` by the
    server itself and its children. So whoever holds the first but not the second knows that a server was left behind
    by an owner that was killed. A lock goes with its process; a number in a file alone could be another's by now.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.data, self.log, self.url = self.path / "data", self.path / "server.log", self.path / "url"
        self.number = self.path / "server.pid"

    def prepare(self, owner: tuple[int, int] | None) -> None:
        """Make the folder, for its server's user and nobody else."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if owner is not None:
                os.chown(self.path, *owner)
            if not os.access(self.path, os.W_OK | os.X_OK):
                raise PermissionError(13, "not writable")
        except OSError as error:
            raise ServerFailed(
                f"{self.path} can't hold a server's data ({error.strerror}): make it writable, or take another folder"
            ) from error

    def write(self, name: str, text: str, owner: tuple[int, int] | None = None) -> Path:
        """Write a file that only its owner may read, whole or not at all."""
        path, draft = self.path / name, self.path / f"{name}.{os.getpid()}"
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(text)
        if owner is not None:
            os.chown(draft, *owner)
        return draft.replace(path)

    def log_lines(self) -> list[str]:
        """Give what the server wrote since it was started."""
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    def log_end(self) -> str:
        """Give the last lines of that as one."""
        return " / ".join(line.strip() for line in self.log_lines()[-LOG_LINES_TOLD:]) or "it wrote nothing"

    def last_number(self) -> int:
        """Give the number of the process that ran here last; 0 if none is known."""
        text = self.number.read_text().strip() if self.number.exists() else ""
        return int(text) if text.isdecimal() else 0


class Server:
    """A server that runs: `url` opens it. It ends with the body of `with`, with `stop()`, or with this process."""

    def __init__(
        self, folder: Folder, url: str, port: int, process: subprocess.Popen[bytes], end: signal.Signals, owner: int
    ) -> None:
        self.url, self.port, self.folder, self.process = url, port, folder.path, process
        self._files, self._end = folder, end
        self._owner: int | None = owner

    def stop(self) -> None:
        """Let it end cleanly, and make it end if that takes too long; its data is kept."""
        if self.process.poll() is None:
            self.process.send_signal(self._end)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would: the next server of the folder recovers."""
        self.process.kill()
        self.process.wait()
        self._files.url.unlink(missing_ok=True)
        if self._owner is not None:
            os.close(self._owner)
            self._owner = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def running_url(folder: Path) -> str | None:
    """Give the URL of the server that runs in a folder, whichever process started it; None if none does."""
    files = Folder(folder)
    try:
        url = files.url.read_text().strip()
        lock = os.open(files.path / "server.lock", os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return url
    finally:
        os.close(lock)
    return None


# ------------------------------------------------------------------------------------------ starting


def own(folder: Folder) -> int:
    """Take the folder for this process, and give the lock. Raises `ServerFailed` if another process runs a server."""
    lock = _lock(folder, "owner.lock")
    if lock is None:
        raise ServerFailed(
            f"another process runs a server in {folder.path} already: end that one, or open its URL, "
            f"which is in {folder.url}"
        )
    return lock


def take_place(folder: Folder, end: signal.Signals) -> int:
    """Give the lock that the next server holds; one that an owner left behind, when it was killed, is ended first."""
    for number in (0, end, signal.SIGKILL):
        if number and (left := folder.last_number()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(left, number)
        lock = _lock(folder, "server.lock", STOP_SECONDS if number else 0.0)
        if lock is not None:
            return lock
    raise ServerFailed(
        f"a server that was left behind in {folder.path} does not end: end its process {folder.last_number()}"
    )


def _lock(folder: Folder, name: str, seconds: float = 0.0) -> int | None:
    lock, last = os.open(folder.path / name, os.O_RDWR | os.O_CREAT, 0o600), time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= last:
                os.close(lock)
                return None
            time.sleep(LOOK_AGAIN_SECONDS)
        else:
            return lock


def launch(
    folder: Folder,
    command: Sequence[str],
    user: tuple[int, int] | None,
    end: signal.Signals,
    lock: int,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in the folder as this process's child, in a session of its own, so that Ctrl-C is ours alone.

    Begin it from a thread that lives as long as the program shall: it ends with that thread.
    """
    told = {
        "user": user,
        "parent": os.getpid(),
        "signal": int(end),
        "number_file": str(folder.number),
        "command": list(command),
    }
    with folder.log.open("wb") as log:
        folder.log.chmod(0o600)
        return subprocess.Popen(  # noqa: S603  the command is ours
            [sys.executable, "-I", "-S", launcher.__file__, json.dumps(told)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder.path, pass_fds=[lock],
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")} | dict(environment or {}),
            start_new_session=True,
        )  # fmt: skip


def until_ready(folder: Folder, process: subprocess.Popen[bytes], ready: Callable[[], bool], what: str) -> None:
    """Wait until the server answers. Raises `ServerFailed` if it ends before, or takes too long."""
    last = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None:
            raise failure(folder, process.returncode, what)
        if time.monotonic() > last:
            process.kill()
            process.wait()
            raise ServerFailed(
                f"{what} in {folder.path} does not answer after {START_SECONDS:.0f} s: {folder.log_end()}"
            )
        time.sleep(LOOK_AGAIN_SECONDS)


def failure(folder: Folder, code: int, what: str) -> ServerFailed:
    """Say why a program of the folder ended, and what to do."""
    told, end = "\n".join(folder.log_lines()), folder.log_end()
    if code == launcher.UNREACHABLE:
        return ServerFailed(
            f"{what} refuses to run as root, so it runs as another user here, who may not enter {end}: "
            f"run Tenure as a user of your own, or open that folder for others"
        )
    if "No space left" in told:
        return ServerFailed(
            f"{what} finds no space left below {folder.path}: free some, or take another folder ({end})"
        )
    if "already in use" in told:
        return PortTaken(f"{what} in {folder.path} finds its port taken: {end}")
    return ServerFailed(f"{what} in {folder.path} ended with code {code}: {end} (all of it is in {folder.log})")


def free_port() -> int:
    """Give a port of loopback that nobody listens at now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def check_port(port: int) -> None:
    """Raise `ServerFailed` if something listens at the port."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTaken(f"port {port} of 127.0.0.1 can't be taken ({error.strerror}): choose another") from None
