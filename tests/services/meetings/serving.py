"""A real server in a process of its own, with real bots, for tests that kill things."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import requests
from tests.services.meetings.making import ADMIN_KEY

from tenure.services.meetings.runtimes import proc

T = TypeVar("T")
SCRIPT = Path(__file__).with_name("server.py")
USUAL = {
    "TENURE_MEETINGS_STAND_IN": "1",
    # Most of these tests are of bots as such: those of browsers say that they want one.
    "TENURE_MEETINGS_BOT": "http",
    # The page that bots join is the server's own, which may be away or busy for long.
    "TENURE_MEETINGS_JOIN_TIMEOUT_SECONDS": "240",
}
LOOK_AGAIN_SECONDS = 0.02
"""Whoever looks without a pause takes the time of what it waits for."""


class Server:
    """One server on a folder and a store; it may be killed and started again."""

    def __init__(self, folder: Path, store: str, **environment: str) -> None:
        self.folder, self._store, self._environment = folder, store, {**USUAL, **environment}
        self.url, self._process, self.keys = "", subprocess.Popen[str].__new__(subprocess.Popen), dict[int, str]()
        self.http = requests.Session()
        # Bound and never listening: while the server is away, nobody else on this machine is given its port.
        self._taken = socket.socket()
        self._taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._taken.bind(("127.0.0.1", 0))

    def start(self) -> None:
        """Start it, each time on the same port."""
        port = str(self._taken.getsockname()[1])
        self._process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self.folder), port, self._store],
            env={**os.environ, **self._environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://")

    def send(self, number: signal.Signals) -> None:
        """Send a signal and wait for the server's end."""
        self._process.send_signal(number)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self.http.close()

    def close(self) -> None:
        """Give the port back."""
        self._taken.close()

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def call(self, method: str, path: str, body: Any = None, *, user: int | None = None) -> Any:
        """Call the API as the admin or as a user."""
        headers = {"X-Admin-API-Key": ADMIN_KEY} if user is None else {"X-API-Key": self.keys[user]}
        answer = self.http.request(method, self.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def room(self, room: str, step: str, **body: Any) -> Any:
        """Take a step in a room of the local meeting page."""
        answer = self.http.post(f"{self.url}/local-meeting/{room}/{step}", json=body, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def a_user(self, bots: int = 5) -> int:
        number: int = self.call("POST", "/admin/users", {"email": "ada@example.org", "max_concurrent_bots": bots})["id"]
        self.keys[number] = self.call("POST", f"/admin/users/{number}/tokens")["token"]
        return number

    def ask(self, user: int, native_id: str = "demo", platform: str = "local", **more: Any) -> Any:
        return self.call("POST", "/bots", {"platform": platform, "native_meeting_id": native_id, **more}, user=user)

    def meeting(self, user: int, native_id: str = "demo") -> Any:
        listed = self.call("GET", "/meetings", user=user)["meetings"]
        return next(m for m in listed if m["native_meeting_id"] == native_id)

    def log(self, number: int) -> str:
        """Give what the bot of a meeting wrote."""
        headers = {"X-Admin-API-Key": ADMIN_KEY}
        return self.http.get(f"{self.url}/admin/meetings/{number}/log", headers=headers, timeout=30).text

    def until(self, user: int, status: str, native_id: str = "demo") -> Any:
        """Wait until a meeting has come to a status."""
        return until(lambda: self.meeting(user, native_id), lambda meeting: meeting["status"] == status)

    def bots(self) -> dict[str, int]:
        """Give the bots whose processes live, with their numbers."""
        found = {}
        for path in (self.folder / "bots").glob("*/process.json"):
            with suppress(OSError, msgspec.MsgspecError):
                note = msgspec.json.decode(path.read_bytes())
                if note.get("pid") and proc.started(note["pid"]) == note["started"]:
                    found[path.parent.name] = note["pid"]
        return found


def until(look: Callable[[], T], fits: Callable[[T], bool]) -> T:
    """Look until it fits; the test's time-out is the limit."""
    while not fits(found := look()):
        time.sleep(LOOK_AGAIN_SECONDS)
    return found


@contextmanager
def a_server(folder: Path, store: str = "", **environment: str) -> Iterator[Server]:
    """Run a server, on SQLite if no store is named; nothing of it is left afterwards."""
    server = Server(folder, store or f"sqlite:///{folder}/store.db", **environment)
    server.start()
    try:
        yield server
    finally:
        if server.lives:
            server.send(signal.SIGINT)
        for pid in server.bots().values():
            os.killpg(pid, signal.SIGKILL)
        server.close()
