"""Whether the log was written to is told by its file's time: an idle store asks SQLite nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tenure.engines.sqlite.connection import LogWatch

LONG_AGO = 1_700_000_000 * 10**9


@pytest.fixture
def log(tmp_path: Path) -> Path:
    log = tmp_path / "store.db-wal"
    log.write_bytes(b"frame")
    os.utime(log, ns=(LONG_AGO, LONG_AGO))
    return log


def test_a_log_that_was_seen_has_not_moved_until_it_is_written_to(log: Path) -> None:
    watch = LogWatch(log.with_name("store.db"))
    assert [watch.moved(), watch.moved(), watch.moved()] == [True, False, False]
    os.utime(log, ns=(LONG_AGO, LONG_AGO + 10**9))
    assert [watch.moved(), watch.moved()] == [True, False]


def test_a_log_that_was_written_just_now_is_looked_at_again(log: Path) -> None:
    """A second write in the same tick of the file system's clock leaves the same time behind."""
    watch = LogWatch(log.with_name("store.db"))
    soon = time.time_ns() + 10**7
    os.utime(log, ns=(soon, soon))
    assert [watch.moved(), watch.moved()] == [True, True]


def test_where_there_is_no_log_sqlite_is_asked(tmp_path: Path) -> None:
    watch = LogWatch(tmp_path / "store.db")
    assert [watch.moved(), watch.moved()] == [True, True]


def test_a_log_that_was_made_anew_has_moved(log: Path) -> None:
    watch = LogWatch(log.with_name("store.db"))
    watch.moved()
    other = log.with_suffix(".new")
    other.write_bytes(b"frame")
    os.utime(other, ns=(LONG_AGO, LONG_AGO))
    other.replace(log)
    assert watch.moved()
