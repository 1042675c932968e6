"""The command line in this process: `tenure("list", "Bot")` gives exit code, output and errors."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.serving import up

from tenure.cli.application import run

__all__ = ["up"]

KINDS = """
from datetime import datetime

from tenure import (CLAIMANT, HOLDER, SWEEPER, End, Lifecycle, Limit, State, days, end_of, field, hours, lease,
                    minutes, parent, seconds, serial)


class Match(Lifecycle):
    first: str
    starts_at: datetime | None = None

    offered = State(initial=True)
    running = State()
    over = End(keep=days(1))

    start = offered.to(running)
    settle = running.to(over)


class Spark(Lifecycle):
    lit = State(initial=True)
    out = End(keep=days(1))

    fade = lit.to(out, by=SWEEPER, after=seconds(0))


class Bot(Lifecycle):
    number: int = serial()
    pool: str = field()
    rating: int = field(default=1000)
    match: str | None = parent(Match, default=None)
    tags: list[str] = []
    until: datetime | None = field(default=None)

    idle = State(initial=True)
    queued = State(rank=rating, per=pool)
    matched = State(has=match, under=Match.offered)
    playing = State(has=match)
    retired = End(keep=hours(1))

    enqueue = idle.to(queued)
    withdraw = queued.to(idle, after=minutes(5))

    @queued.to(matched)
    def reserve(self, match: str) -> None: ...

    requeue = matched.to(queued, after=end_of(match))
    begin = matched.to(playing, by=CLAIMANT)

    @playing.to(idle, by=HOLDER)
    def finish(self, rating: int) -> None: ...

    abandon = playing.to(idle, by=SWEEPER, after=lease(seconds=30))
    retire = (idle | queued).to(retired)

    @idle.stay()
    def tag(self, tags: list[str], until: datetime | None = None) -> None: ...

    ready = Limit(at_most=2, per=pool, over=queued | matched | playing)
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)

    @property
    def lines(self) -> list[Any]:
        return [msgspec.json.decode(line) for line in self.out.splitlines()]


Tenure = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module of kinds, and no settings of the machine."""
    (tmp_path / "kinds_of_a_test.py").write_text(KINDS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("TENURE_STORE", "TENURE_DATA", "TENURE_ADMIN_KEY", "HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for name in [name for name in sys.modules if name.endswith("_of_a_test")]:
        del sys.modules[name]


@pytest.fixture
def bare(folder: Path, capsys: pytest.CaptureFixture[str]) -> Tenure:
    """The command line without a module."""
    del folder

    def call(*arguments: str) -> Result:
        capsys.readouterr()
        code = run(arguments)
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return call


@pytest.fixture
def url(folder: Path) -> str:
    return f"sqlite://{folder / 'store.db'}"


@pytest.fixture
def tenure(bare: Tenure, url: str) -> Tenure:
    """The command line with the kinds above, on a store of its own."""
    return lambda *arguments: bare(*arguments, "--module", "kinds_of_a_test", "--store", url)


@pytest.fixture
def stranger(bare: Tenure, url: str) -> Tenure:
    """The same store, for one who has no class of these kinds."""
    return lambda *arguments: bare(*arguments, "--store", url)
