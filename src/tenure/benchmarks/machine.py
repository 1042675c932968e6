"""On what it ran: the machine, the disk, and what processes have cost so far."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

SYNCS = 100
IN_MEMORY = ("tmpfs", "ramfs")
SPIN = """
import time
began = time.perf_counter()
for number in range(10_000_000):
    pass
print(time.perf_counter() - began)
"""


def machine(folder: Path) -> dict[str, Any]:
    """Say on what it runs; the disk is that of the folder."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "cores_at_once": round(cores_at_once(), 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "msgspec": msgspec.__version__,
        "fsync_ms": round(sync_milliseconds(folder), 3),
        "load_before": round(os.getloadavg()[0], 1),
    }


def sync_milliseconds(folder: Path) -> float:
    """Measure how long the folder's disk takes to keep 4 KiB."""
    spent: list[float] = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - began)
    return median(spent) * 1000


def cores_at_once() -> float:
    """Measure how much work all processors do at once, by what one of them does alone.

    It is less than their number where they are two halves of one, or where other guests of the machine work too.
    """
    (alone,) = _spun(1)
    return sum(alone / one for one in _spun(os.cpu_count() or 1))


def _spun(processes: int) -> list[float]:
    """Let so many processes do the same work at once, and give how long each took."""
    command = [sys.executable, "-S", "-c", SPIN]
    spinning = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(processes)]  # noqa: S603
    return [float(process.communicate()[0]) for process in spinning]


def folder_on_disk() -> Path:
    """Give a folder to make temporary ones in: the system's own, unless that is kept in memory only."""
    usual = Path(tempfile.gettempdir()).resolve()
    return Path.cwd() if _file_system(usual) in IN_MEMORY else usual


def _file_system(path: Path) -> str:
    """Name the kind of file system that a folder is on; nothing if the system does not tell."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    lines = [line.split() for line in mounts.read_text().splitlines()]
    above = [(place, kind) for _, place, kind, *_ in lines if path.is_relative_to(place)]
    return max(above, key=lambda found: len(found[0]), default=("", ""))[1]


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    found = [line for line in lines if line.startswith("model name")]
    return found[0].partition(":")[2].strip() if found else platform.machine()


def cpu_seconds(process: int) -> float:
    """Give what a process and all its children, ended ones too, have cost so far; 0 where the system tells nothing."""
    ticks, children = 0, _children()
    processes = [process]
    while processes:
        number = processes.pop()
        ticks += _ticks(number)
        processes += children.get(number, [])
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: Path | str) -> list[str]:
    """Read what the system tells of a process, from its state on."""
    try:
        return (Path("/proc") / process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ticks(process: int) -> int:
    user_to_waited_for = _stat(str(process))[11:15]
    return sum(map(int, user_to_waited_for))


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        if stat := _stat(place.name):
            found.setdefault(int(stat[1]), []).append(int(place.name))
    return found


def summed_up(rounds: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Give the median, the lowest and the highest of each figure."""
    found: dict[str, dict[str, float]] = {}
    for name in rounds[0]:
        values = [figures[name] for figures in rounds]
        found[name] = {"median": median(values), "lowest": min(values), "highest": max(values)}
    return found
