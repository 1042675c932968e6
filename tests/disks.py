"""Disks of a test's own, which can be small, and whose power can be cut."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tenure.servers import Server

NEEDS = "a disk of its own takes root, a loop device and the programs for a file system"


class Disk:
    """A file system on a loop device: what is in its image is what it has sent to the device."""

    def __init__(self, place: Path, image: Path) -> None:
        self.place, self.image = place, image

    def without_power(self, server: Server, copy: Path) -> None:
        """Stop a server, copy the image as a power loss would leave it, and end the server.

        What the file system still holds in memory is not in the copy: only what was synced surely is.
        """
        everybody = [server.process.pid, *_children_of(server.process.pid)]
        for process in everybody:
            os.kill(process, signal.SIGSTOP)
        _run("cp", "--sparse=always", str(self.image), str(copy))
        for process in everybody:
            os.kill(process, signal.SIGKILL)
        server.kill()
        while any(Path(f"/proc/{process}").exists() for process in everybody):
            time.sleep(0.01)  # a file system that is in use can't be let go

    def fill(self) -> Path:
        """Leave no room at all; gives the file to be removed for that to end."""
        ballast = self.place / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for _ in range(2):
                with suppress(OSError):
                    while True:
                        file.write(bytes(1 << 16))
                os.fsync(file)  # only with this is there room where something was removed just now
        return ballast


@contextmanager
def a_disk(folder: Path, name: str, megabytes: int = 0) -> Iterator[Disk]:
    """Mount the image of this name in a folder; it is made anew if a size is given. Skips where that is not allowed."""
    image, place = folder / f"{name}.image", folder / name
    if os.geteuid() or not all(map(shutil.which, ("losetup", "mkfs.ext4", "mount"))):
        pytest.skip(NEEDS)
    if megabytes:
        image.touch()
        os.truncate(image, megabytes << 20)
        _run("mkfs.ext4", "-q", "-F", "-m", "0", str(image))
    place.mkdir()
    if not _mounts(image, place):
        pytest.skip(NEEDS)
    place.chmod(0o711)
    try:
        yield Disk(place, image)
    finally:
        _run("umount", str(place))


def _children_of(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _mounts(image: Path, place: Path) -> bool:
    mount = ["mount", "-o", "loop", str(image), str(place)]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
