"""What Linux says about processes, so that a number that was used again is never taken for ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def boot() -> str:
    """Give this boot of the machine: process times count from it."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def started(pid: int) -> int | None:
    """Give when a process started, in clock ticks since boot; None if it is gone or waits to be reaped."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in "ZX" else int(fields[19])


def in_session(leader: int) -> list[int]:
    """List the processes of a session, apart from its leader."""
    found = []
    for pid in _all():
        fields = _stat(pid)
        if pid != leader and fields is not None and int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(pid)
    return found


def started_with(setting: str, folder: Path) -> int | None:
    """Find the session leader that was started in this folder with `NAME=value` in its environment."""
    for pid in _all():
        with suppress(OSError):
            environment = (PROC / str(pid) / "environ").read_bytes().split(b"\0")
            here = (PROC / str(pid) / "cwd").readlink() == folder.resolve()
            fields = _stat(pid)
            leads = fields is not None and int(fields[3]) == pid and fields[0] not in "ZX"
            if here and leads and setting.encode() in environment:
                return pid
    return None


def _all() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name, which may hold spaces and parentheses itself.
    return text[text.rindex(")") + 2 :].split()
