"""What bots wrote: one file for each, `FOLDER/NAME/output.log`, whatever the bot ran in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

MOST_OF_A_LOG = 64 * 1024
FILE = "output.log"


def path_of(folder: Path, name: str) -> Path:
    """Give where the log of a bot is."""
    return folder / name / FILE


def keep(folder: Path, name: str, log: bytes) -> None:
    """Write the log of a bot that has ended, whole or not at all. Raises `OSError`."""
    path = path_of(folder, name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(log)
    draft.replace(path)


def tail(folder: Path, name: str) -> str:
    """Give the last 64 KiB of a log; empty where there is none."""
    try:
        with path_of(folder, name).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - MOST_OF_A_LOG))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def keep_alone(folder: Path, name: str) -> None:
    """Remove what a bot that was killed left beside its log, such as a browser's profile."""
    for path in (folder / name).glob("*"):
        if path.name == FILE:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def prune(folder: Path, *, before: float, known: Collection[str]) -> None:
    """Remove the logs last written before an instant (seconds since 1970), but those of the bots that are known."""
    for log in folder.glob(f"*/{FILE}"):
        with suppress(OSError):  # what somebody else removed meanwhile
            if log.parent.name not in known and log.stat().st_mtime < before:
                shutil.rmtree(log.parent, ignore_errors=True)
