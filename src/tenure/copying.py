"""Moves a space from one engine to another, whole, and proves it.

    seal the source → seal the target → copy in parts → make the indexes → read both again and compare → open the target

While the source is sealed nobody can write it, whichever process; programs get `Unavailable` with the reason. The
target stays sealed until all of it is proved. So a copy that was killed leaves either a target that nobody can take
for a whole one, and the next copy begins it anew, or a finished one. The source is never changed but for its seal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

import msgspec

from tenure.core.engine import Engine
from tenure.core.errors import TenureError
from tenure.core.kinds import Kinds
from tenure.core.pieces import ClockPiece, Part, Tallies, sort_of
from tenure.core.table import Table
from tenure.opening import open_engine, open_tables
from tenure.store.timing import Clock, SystemClock

PIECES_AT_ONCE = 1000
UNFINISHED = "a copy into it is not finished"
"""How the reason begins for which a target is sealed; a space that is sealed so may be begun anew."""

BEING_COPIED = "it is being copied to"
"""How the reason begins for which a source is sealed meanwhile; after a copy that was killed it stands there still."""

LOOK_AGAIN_SECONDS = 0.5

Phase = Literal["waiting", "copying", "indexing", "verifying"]
Progress = Callable[[Phase, int, int | None], None]
"""Called with what is done, how many pieces of it, and of how many, if that is known."""


class CopyFailed(TenureError):  # noqa: N818
    """The space was not copied. The source is as it was; the target's space is empty."""


class Copied(msgspec.Struct, frozen=True):
    """What was copied: how many pieces of each sort, and the digest of each, alike on both sides."""

    space: str
    numbers: dict[str, int]
    digests: dict[str, str]


@asynccontextmanager
async def opened_for_copying(source: str, target: str) -> AsyncIterator[tuple[Engine, Engine]]:
    """Open two engines with the kinds that the source was last opened with, by their tables alone.

    Raises `CopyFailed` where the target has another declaration of one of them: opening it would replace that.
    """
    async with _closing(await open_engine(source, ())) as engine:
        declared = await engine.declarations()
    tables = [msgspec.json.decode(declaration, type=Table) for declaration in declared.values()]
    async with _closing(await open_engine(target, ())) as engine:
        known = await engine.declarations()
    differing = sorted(table.kind for table in tables if known.get(table.kind, table.plain) != table.plain)
    if differing:
        raise CopyFailed(
            f"the target knows {', '.join(differing)} by another declaration: open both stores with the same build "
            f"of your program first, or take another target"
        )
    async with _closing(await open_tables(source, Kinds(tables))) as here:
        async with _closing(await open_tables(target, Kinds(tables))) as there:
            yield here, there


@asynccontextmanager
async def _closing(engine: Engine) -> AsyncIterator[Engine]:
    try:
        yield engine
    finally:
        await engine.close()


async def copy_space(
    source: Engine,
    target: Engine,
    space: str,
    *,
    names: tuple[str, str],
    leave_open: bool = False,
    clock: Clock | None = None,
    progress: Progress = lambda *_: None,
) -> Copied:
    """Copy a space and prove the copy. Raises `CopyFailed`, with the target empty again and the source as it was.

    `names` are what the seals call source and target. The source stays sealed afterwards, so that no program that
    was forgotten writes what nobody reads any more, unless it is to be left open.
    """
    clock = clock or SystemClock()
    if space not in await source.spaces():
        raise CopyFailed(f"{names[0]} has no space {space!r}; it has {', '.join(await source.spaces()) or 'none'}")
    await _take(target, space, names[1])
    before = await source.sealed(space)
    if not before:
        await _until_at_rest(source, space, names[0], clock, progress)
    if before.startswith(BEING_COPIED):
        before = ""  # by a copy that was killed
    await source.seal(space, f"{BEING_COPIED} {names[1]}; if that copy has ended, copy it again")
    try:
        await target.seal(space, f"{UNFINISHED}; copy {names[0]} again")
        tallies = await _copy(source, target, space, clock, progress)
        await _verify(source, target, space, tallies, clock, progress)
    except BaseException as error:
        await _give_up(source, target, space, before, error)
        raise
    await source.seal(space, "" if leave_open else f"it was moved to {names[1]}")
    await target.seal(space, "")
    counted = sorted(tallies.by_sort.items())
    return Copied(space, {sort: t.number for sort, t in counted}, {sort: t.digest for sort, t in counted})


async def _give_up(source: Engine, target: Engine, space: str, before: str, error: BaseException) -> None:
    """Empty the target and let the source be as it was; what can't be done now is told, and the next copy does it."""
    try:
        await target.erase(space)
        await target.seal(space, "")
        await source.seal(space, before)
    except TenureError as another:
        error.add_note(f"What was copied could not be taken back ({another}): copy again, which begins anew.")


async def _take(target: Engine, space: str, name: str) -> None:
    """Take the target's space, which must be empty, or what a copy has left that was killed."""
    if (await target.sealed(space)).startswith(UNFINISHED):
        await target.erase(space)
    async for part in _parts(target, space):
        found = next((piece for piece in part.pieces if not isinstance(piece, ClockPiece)), None)
        if found is not None:
            raise CopyFailed(
                f"the space {space!r} of {name} is not empty, it has {sort_of(found)} already: take another target"
            )


async def _until_at_rest(source: Engine, space: str, name: str, clock: Clock, progress: Progress) -> None:
    """Wait until the last sign of life of a sweeper is over. Raises `CopyFailed` where there comes another one."""
    first = await source.time(space, clock())
    while not (time := await source.time(space, clock())).in_outage:
        if time.swept_at != first.swept_at:
            raise CopyFailed(
                f"a program is at work in the space {space!r} of {name}: end `tenure up` and all others that use it, "
                f"then copy it"
            )
        progress("waiting", 0, None)
        await clock.sleep(LOOK_AGAIN_SECONDS)


async def _copy(source: Engine, target: Engine, space: str, clock: Clock, progress: Progress) -> Tallies:
    tallies = Tallies()
    async for part in _parts(source, space):
        if part.pieces:
            await target.load(space, part.pieces)
        tallies.add(part.pieces)
        progress("copying", tallies.number, None)
    progress("indexing", 0, None)
    await target.index(space, clock())
    return tallies


async def _verify(
    source: Engine, target: Engine, space: str, tallies: Tallies, clock: Clock, progress: Progress
) -> None:
    """Read the copy, and the source once more, whole; compare, and audit the copy's indexes."""
    whole, done = 2 * tallies.number, 0
    for engine, complaint in ((target, "the copy is not what was copied"), (source, "somebody wrote to the source")):
        again = Tallies()
        async for part in _parts(engine, space):
            again.add(part.pieces)
            progress("verifying", done + again.number, whole)
        done += again.number
        differences = tallies.differences(again)
        if differences:
            raise CopyFailed(f"{complaint}: {'; '.join(differences)}")
    here, there = await _clock_of(source, space), await _clock_of(target, space)
    if there.sequence < here.sequence or there.read_at < here.read_at:
        raise CopyFailed(f"the clock of the copy is behind: {there}, and not {here}")
    found = await target.audit(space, repair=False, now=clock())
    if found:
        raise CopyFailed(f"{len(found)} indexes of the copy are wrong, such as {found[0]}")


async def _clock_of(engine: Engine, space: str) -> ClockPiece:
    part = await engine.dump(space, "", PIECES_AT_ONCE)
    return next(piece for piece in part.pieces if isinstance(piece, ClockPiece))


async def _parts(engine: Engine, space: str) -> AsyncIterator[Part]:
    mark: str | None = ""
    while mark is not None:
        part = await engine.dump(space, mark, PIECES_AT_ONCE)
        yield part
        mark = part.mark
