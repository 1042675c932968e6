"""The demo as a real process: a match is settled, a question answered, a battle won; Ctrl-C leaves nothing behind."""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from examples.demo import __main__ as demo

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
LIVELY = (
    "--port", "0", "--people-per-minute", "240", "--pace-seconds", "0.02", "--bots", "2", "--bots-after-seconds", "0.2",
    "--seed", "1", "--without-meetings",
)  # fmt: skip
PATIENCE_SECONDS = 120
"""For each thing that surely comes."""


@contextmanager
def a_demo(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """Run a demo, and give it with its address and key. Its temporary folder lies in `folder`."""
    settings = {k: v for k, v in os.environ.items() if not k.startswith("TENURE_") and k not in {"HOST", "PORT"}}
    command = [sys.executable, "-m", "examples.demo", *LIVELY]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**settings, "TMPDIR": str(folder)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        printed = ""
        while "Ctrl-C" not in printed and (line := process.stdout.readline()):
            printed += line
        address, key = re.search(r"bots page +(\S+)/console/", printed), re.search(r"admin key +(\S+)", printed)
        assert address, printed
        assert key
        yield process, address[1], key[1]
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECONDS)
        process.stdout.close()


def ask(url: str, key: str) -> Any:
    request = urllib.request.Request(url, headers={"X-Admin-API-Key": key})  # noqa: S310  our own address
    with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
        return json.loads(answer.read())


def until(look: Callable[[], T], fits: Callable[[T], bool], what: str) -> T:
    """Look again and again until it fits, and give what was found."""
    last = time.monotonic() + PATIENCE_SECONDS
    while not fits(found := look()):
        assert time.monotonic() < last, f"{what} in time"
        time.sleep(0.05)
    return found


def is_with_a_bot(match: Any) -> bool:
    return any(seat["kind"] == "Bot" for team in match["teams"] for seat in team)


def processes_of(folder: Path) -> list[int]:
    """Give the processes that were told a path in this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in command:
                found.append(int(entry.name))
    return found


@pytest.mark.timeout(5 * PATIENCE_SECONDS)
def test_people_bots_and_members_play_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with a_demo(tmp_path) as (process, address, key):
        trivia, battles = address.replace("/bots", "/trivia"), address.replace("/bots", "/battles")
        until(
            lambda: ask(f"{address}/matches?state=over", key)["matches"],
            lambda matches: any(map(is_with_a_bot, matches)),
            "no match with a bot was settled",
        )
        assert ask(f"{address}/leaderboard?mode=duel", key)
        until(
            lambda: ask(f"{trivia}/guilds/home/leaderboard", key)["places"],
            bool,
            "no question was answered and closed",
        )
        over = until(
            lambda: ask(f"{battles}/battles?state=over", key)["battles"], bool, "no battle was played to its end"
        )
        assert set(over[0]["places"]) == {1, 2}
        assert len(ask(f"{battles}/health/stats", key)["instances"]) == 2
        assert len(processes_of(tmp_path)) >= 3  # both servers and the runner
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    assert processes_of(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
async def test_ctrl_c_sigterm_and_a_closed_terminal_end_it_in_good_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals
) -> None:
    ended = []

    async def run(*_: object) -> None:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            ended.append(number)

    monkeypatch.setattr(demo, "demo", run)
    # Whatever is not taken must not end the test's own process.
    before = signal.signal(signal.SIGHUP, lambda *_: pytest.fail("nobody took the signal"))
    try:
        assert await demo.until_ctrl_c(argparse.Namespace(), tmp_path) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
    assert ended == [number]
