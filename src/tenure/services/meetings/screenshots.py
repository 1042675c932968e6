"""What bots saw when something went wrong: pictures as files of the data folder, each with its record.

A record is made after its file: whatever is killed in between, who is listed has its picture, and a file that no
record vouches for is removed with the next pruning.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from contextlib import suppress
from pathlib import Path

from tenure import Exists, Store
from tenure.http.rejections import Absent, Conflict, Invalid, NotNow
from tenure.services.meetings.lifecycle import Meeting, Screenshot

PNG = b"\x89PNG\r\n\x1a\n"
MOST_PER_MEETING = 5
PAGE = 100
UNVOUCHED_SECONDS = PRUNE_SECONDS = 3600.0


class Screenshots:
    """The pictures of one server. Without a folder none is kept."""

    def __init__(self, store: Store, folder: Path | None) -> None:
        self._store, self._folder = store, folder

    async def keep(self, meeting: Meeting, picture: bytes, *, reason: str, op: str) -> Screenshot:
        """Keep a PNG with its meeting; a repeat with the same op id keeps it once. Raises a `Rejected`."""
        if not picture.startswith(PNG):
            raise Invalid("`picture` is not as wanted: it must be a PNG in base64, at most 2 MB")
        if meeting.state in Meeting.over and not meeting.native_id:
            raise Conflict("the meeting was deleted: nothing is kept of it")
        id = f"{meeting.id}.{hashlib.sha256(op.encode()).hexdigest()[:16]}"
        kept = await self.of(meeting)
        for found in kept:
            if found.id == id:
                return found
        if len(kept) >= MOST_PER_MEETING:
            raise Conflict(f"this meeting has {MOST_PER_MEETING} pictures already")
        try:
            await asyncio.to_thread(_write, self._path(id), picture)
        except OSError as error:
            self._store.log.warning("screenshot_not_kept", meeting=meeting.id, error=error.strerror)
            raise NotNow("the picture could not be kept: try again in a moment") from error
        with suppress(Exists):
            await self._store.acting(f"bot:{meeting.id}").apply(
                Screenshot.create(id, meeting=meeting.id, reason=reason, size=len(picture))
            )
        return await self._store.get(Screenshot, id)

    async def of(self, meeting: Meeting) -> list[Screenshot]:
        """Give what is kept of a meeting, oldest first."""
        found = await self._store.find(Screenshot.kept, under=meeting.id, limit=PAGE)
        return sorted((shot for shot in found if shot.size), key=lambda shot: shot.number)

    async def read(self, meeting: Meeting, number: int) -> bytes:
        """Give one picture of a meeting, as a PNG. Raises `Absent`."""
        for shot in await self.of(meeting):
            if shot.number == number:
                with suppress(OSError):
                    return await asyncio.to_thread(self._path(shot.id).read_bytes)
        raise Absent("there is no such screenshot")

    async def discard(self, screenshot: Screenshot) -> None:
        """Remove a picture's file, before its record is emptied: a repeat finds it gone already."""
        if self._folder is not None:
            await asyncio.to_thread(self._path(screenshot.id).unlink, missing_ok=True)

    async def run(self) -> None:
        """Prune each hour, until cancelled: each server its own folder."""
        while True:
            await self.prune()
            await asyncio.sleep(PRUNE_SECONDS)

    async def prune(self) -> None:
        """Remove files that no record vouches for any more. A fresh one may be about to get its record."""
        if self._folder is None:
            return
        names = await asyncio.to_thread(_older, self._folder, time.time() - UNVOUCHED_SECONDS)
        for start in range(0, len(names), PAGE):
            part = names[start : start + PAGE]
            shots = await self._store.get_many(Screenshot, part)
            for name in part:
                if name not in shots or not shots[name].size:
                    await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)

    def _path(self, id: str) -> Path:
        if self._folder is None:
            raise Conflict("no pictures are kept here")
        return self._folder / id


def _write(path: Path, picture: bytes) -> None:
    """Write all of it or nothing, for nobody else's eyes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(path.suffix + ".draft")
    draft.touch(mode=0o600)
    draft.write_bytes(picture)
    draft.replace(path)


def _older(folder: Path, than: float) -> list[str]:
    """List the files that were written before an instant."""
    found = []
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < than:
                    found.append(path.name)
    return found
