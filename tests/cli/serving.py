"""`tenure up` as a real process, for tests to call and to end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 60
"""For what surely comes: a slow machine takes its time for it."""
SECONDS_TO_START = PATIENCE_SECONDS
SECONDS_TO_END = 40
"""What is held up does not end at all. That the parts of an end are five seconds together is seen where they stand."""
PATIENCE = """
from tenure.cli import main
from tenure.services.meetings import service
from tenure.web import hosting

service.SHUT_DOWN_SECONDS = hosting.SHUT_DOWN_SECONDS = 1000
main()
"""
# One whose end waits for its services until somebody does not want to wait.
PATIENT = ("-c", PATIENCE)


@dataclass
class Up:
    process: subprocess.Popen[str]
    address: str
    printed: str
    log: Path

    @property
    def key(self) -> str:
        found = re.search(r"admin key +(\S+)", self.printed)
        assert found is not None
        return found[1]

    def call(self, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.address + path, data, named)  # noqa: S310  our own address
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read())

    def read(self, path: str) -> str:
        """Read a page, or figures."""
        address = self.address + path
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310  our own address
            text: str = answer.read().decode()
            return text

    def services(self) -> Any:
        """Give what the services say of themselves; where the store answers late, none can for a moment."""
        return until(lambda: self.call("/health")[1].get("services"))

    def end(self, number: signal.Signals = signal.SIGINT) -> float:
        """Send a signal and give how many seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(PATIENCE_SECONDS)
        return time.monotonic() - began

    def bots(self) -> list[int]:
        """Give the processes that were told this server's address; a dead one has no environment."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and int(folder.name) != self.process.pid:
                try:
                    environment = (folder / "environ").read_bytes()
                except OSError:
                    continue
                if b"BOT_CONFIG" in environment and self.address.encode() in environment:
                    found.append(int(folder.name))
        return found

    def ask_for_a_bot(self) -> int:
        """Ask for a bot as a user does, and give its process once it attends."""
        admin = {"X_Admin_API_Key": self.key}
        assert self.call("/admin/users", {"email": "me@example.org"}, **admin)[0] == 201
        token = self.call("/admin/users/1/tokens", {}, **admin)[1]["token"]
        wanted = {"platform": "local", "native_meeting_id": "demo"}
        assert self.call("/bots", wanted, X_API_Key=token)[0] == 201
        until(lambda: self.call("/api/records/Meeting/1", **admin)[1]["state"] == "active")
        (bot,) = self.bots()
        return bot


def until(look: Callable[[], Any]) -> Any:
    """Look again and again until something another process does is there, and give what was found."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < last, "it did not happen in time"
        time.sleep(0.02)
    return found


Start = Callable[..., Up]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Start]:
    """Start servers, and end those that are still there."""
    started: list[Up] = []

    def start(
        *arguments: str,
        command: tuple[str, ...] = ("up",),
        program: tuple[str, ...] = ("-m", "tenure.cli"),
        **environment: str,
    ) -> Up:
        log = tmp_path / f"log-{len(started)}"
        settings = {k: v for k, v in os.environ.items() if not k.startswith("TENURE_") and k not in {"HOST", "PORT"}}
        settings["TENURE_MEETINGS_BOT"] = "http"
        port = () if "PORT" in environment else ("--port", "0")
        with log.open("w") as err:
            process = subprocess.Popen(
                [sys.executable, *program, *command, *port, *arguments],
                cwd=tmp_path, env=settings | environment, stdout=subprocess.PIPE, stderr=err, text=True,
            )  # fmt: skip
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if "Ctrl-C" in line:
                break
        address = re.search(r"Tenure is up at (\S+)", printed)
        server = Up(process, address[1] if address else "", printed, log)
        started.append(server)
        assert address, log.read_text()
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        if server.process.stdout is not None:
            server.process.stdout.close()
        for bot in server.bots() if server.address else []:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(bot, signal.SIGKILL)
