"""Where an engine is measured: a server or a file of its own, and what it takes to replay what a store sent there."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from tenure.core.errors import TenureError, Unavailable

Name = Literal["sqlite", "valkey", "postgres"]
ENGINES: tuple[Name, ...] = ("sqlite", "postgres", "valkey")

Unit = Any
"""What a store sent as one: a transaction's statements, or one call of a function."""


@dataclass(frozen=True)
class Heard:
    """What a store sent while one share of the records was worked on: first to warm up, then what is timed."""

    warming: Sequence[Unit]
    timed: Sequence[Unit]


class Ear(Protocol):
    """Hears what stores send that are opened while it listens."""

    async def heard(self) -> Sequence[Unit]:
        """Give what was sent since it was last asked."""
        ...


class ReplayDiffers(TenureError):  # noqa: N818  it says what happened, as the others do
    """What was replayed did not do what the store had done, so its time says nothing."""


class Stand(Protocol):
    """One engine, where it can be measured."""

    engine: Name
    durability: str
    raw: str
    """How what was sent is replayed without our Python."""
    naive: str
    """How it is replayed one change at a time."""
    by_hand: Mapping[str, Callable[[float], Awaitable[float]]]
    """By workload, where one would write simpler statements by hand: what makes such changes for so many seconds, each
    awaited, and gives how many a second. They are then the naive way."""
    shares: int
    """Over how many connections it is replayed at its fastest: each has records of its own."""

    async def versions(self) -> Mapping[str, str]:
        """Name the versions of the server and of its driver."""
        ...

    def server_cpu(self) -> float:
        """Give the seconds that the server's processors have spent so far; 0 if there is none."""
        ...

    async def fresh(self, of: str | None = None) -> str:
        """Give the URL of another store, empty or a copy of what is kept under this name. The one before is gone."""
        ...

    async def keep(self, url: str) -> str:
        """Keep how a store is now, and name that. Whoever has it open has not written since."""
        ...

    async def forget(self) -> None:
        """Keep nothing any more."""
        ...

    def listening(self, url: str) -> AbstractAsyncContextManager[Ear]:
        """Hear what a store sends that is opened at this URL meanwhile."""
        ...

    def batches(self, units: Sequence[Unit]) -> int:
        """Count those that were batches of changes."""
        ...

    async def replay(self, url: str, shares: Sequence[Heard]) -> float:
        """Send what was heard, each share in its order, as fast as can be, and give the seconds of what is timed."""
        ...

    async def replay_singly(self, url: str, share: Heard) -> float:
        """Send what was heard, each unit awaited through the plain driver; no two of them are of one record."""
        ...


@contextlib.contextmanager
def stand_of(engine: Name, within: Path) -> Iterator[Stand]:
    """Start an engine in a folder of its own, and end it."""
    folder = Path(tempfile.mkdtemp(prefix="tenure-bench-", dir=within))
    folder.chmod(0o711)  # a server under another user goes through it
    try:
        with _module(engine).stand(folder) as stand:
            yield stand
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _module(engine: Name) -> Any:
    """Import what measures an engine: only its own drivers need to be there."""
    try:
        return import_module(f"tenure.benchmarks.{engine}")
    except ModuleNotFoundError as error:
        raise Unavailable(
            f"{engine} can't be measured here, {error.name} is not installed: "
            f"pip install '/path/to/tenure[servers,{engine}]'"
        ) from None
