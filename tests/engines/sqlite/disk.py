"""A disk that tells on SQLite: it logs every write and sync, it can fail, and it can lose power.

It stands between SQLite and the real files as its default VFS. What a power loss may leave is worked out from the log:
everything up to a file's last sync is there; of what was written since, any part may be, torn at sectors.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import apsw

SECTOR = 512
Survives = Literal["nothing", "a beginning", "anything", "everything"]
SURVIVES: tuple[Survives, ...] = ("nothing", "a beginning", "anything", "everything")


class Step(NamedTuple):
    """One thing done to a file; or, under the name of no file, an answer that was given."""

    file: str
    what: Literal["write", "truncate", "sync", "delete", "answer"]
    offset: int = 0
    data: bytes = b""
    answer: Any = None


class Disk(apsw.VFS):
    """Logs what is done to files in `log`, and calls `fault` before it, which may raise."""

    def __init__(self) -> None:
        self.log: list[Step] = []
        self.fault: Callable[[Step], None] | None = None
        super().__init__("a disk that tells", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file."""
        return File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        """Delete a file."""
        self.note(Step(Path(filename).name, "delete"))
        super().xDelete(filename, syncdir)

    def note(self, step: Step) -> None:
        """Log a step, unless it fails."""
        if self.fault is not None:
            self.fault(step)
        self.log.append(step)

    def answered(self, answer: object) -> None:
        """Log that somebody was told so."""
        self.log.append(Step("", "answer", answer=answer))


class File(apsw.VFSFile):
    """One open file of the disk."""

    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path or "temporary").name
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        """Write."""
        self._disk.note(Step(self._name, "write", offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        """Cut off."""
        self._disk.note(Step(self._name, "truncate", newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """Wait until what was written is kept."""
        self._disk.note(Step(self._name, "sync"))
        super().xSync(flags)


@contextmanager
def a_disk() -> Iterator[Disk]:
    """Let every connection that is opened in the body use this disk."""
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()


# ------------------------------------------------------------------------------------------ loss of power

Image = dict[str, bytearray | None]
T = TypeVar("T")


def after_power_loss(before: dict[str, bytes], log: list[Step], survives: Survives, chance: random.Random) -> Image:
    """Work out what the files hold if the power goes after the log's last step."""
    files: Image = {name: bytearray(content) for name, content in before.items()}
    unsynced: dict[str, list[Step]] = {}
    for step in log:
        if step.what == "sync":
            for earlier in unsynced.pop(step.file, []):
                _do(files, earlier)
        elif step.what != "answer":
            unsynced.setdefault(step.file, []).append(step)
    for steps in unsynced.values():
        for piece in _surviving([piece for step in steps for piece in _sectors(step)], survives, chance):
            _do(files, piece)
    return files


def _surviving(pieces: list[T], survives: Survives, chance: random.Random) -> list[T]:
    if survives == "nothing":
        return []
    if survives == "a beginning":
        return pieces[: chance.randint(0, len(pieces))]
    if survives == "anything":
        share = chance.random()
        return [piece for piece in pieces if chance.random() < share]
    return pieces


def _sectors(step: Step) -> Iterator[Step]:
    """Tear a write at the disk's sectors."""
    if step.what != "write":
        yield step
        return
    at, end = step.offset, step.offset + len(step.data)
    while at < end:
        upto = min(end, (at // SECTOR + 1) * SECTOR)
        yield step._replace(offset=at, data=step.data[at - step.offset : upto - step.offset])
        at = upto


def _do(files: Image, step: Step) -> None:
    content = files.get(step.file)
    if step.what == "delete":
        files[step.file] = None
        return
    if content is None:
        content = files[step.file] = bytearray()
    if step.what == "truncate":
        del content[step.offset :]
        return
    if len(content) < step.offset:
        content.extend(bytes(step.offset - len(content)))
    content[step.offset : step.offset + len(step.data)] = step.data
