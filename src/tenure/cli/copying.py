"""The commands that move a space to another engine: copy, unseal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Annotated

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

import tenure
from tenure.cli import own_store
from tenure.cli.looking import Flag, InSession
from tenure.cli.own_store import place_of, without_password
from tenure.cli.session import Session, UsageError, check_exists
from tenure.copying import Copied, Phase, Progress, copy_space, opened_for_copying
from tenure.opening import engine_of


async def copy(source: str, target: str, /, *, leave_open: Annotated[bool, Flag] = False, session: InSession) -> None:
    """Copy the space to another engine, with its history, numbers, op ids and messages, and prove the copy.

    Nothing may write to the space meanwhile, so it is sealed: programs that still try are refused. It stays sealed
    afterwards, since from then on the copy is the one that lives; `tenure unseal` is the way back. A copy that was
    killed is begun anew by the same command.

    Parameters
    ----------
    source
        URL of the store to copy from; or sqlite, valkey or postgres for the data folder's own.
    target
        URL of the store to copy to, likewise. Its space must be empty.
    leave_open
        Let the source be written again afterwards.
    """
    with ExitStack() as running:
        here, from_name = _opened(running, source, session)
        check_exists(here)
        there, to_name = _opened(running, target, session)
        if here == there:
            raise UsageError("source and target are the same store")
        with progress_of(session) as progress:
            async with opened_for_copying(here, there) as engines:
                copied = await copy_space(
                    *engines, session.space, names=(from_name, to_name), leave_open=leave_open, progress=progress
                )
    _conclude(session, copied, from_name, to_name, leave_open=leave_open)


def _opened(running: ExitStack, place: str, session: Session) -> tuple[str, str]:
    """Give the URL and the name of a store; the data folder's own server runs until the stack is left."""
    for engine in own_store.TITLES:
        if place == engine:
            return running.enter_context(own_store.running(engine, session.data)), str(place_of(engine, session.data))
    engine_of(place)  # which says what a URL may be
    return place, without_password(place)


async def unseal(*, session: InSession) -> None:
    """Let a space be written again that `tenure copy` sealed: the way back to it, or out of a copy that was killed."""
    async with tenure.open(session.url, space=session.space, actor=session.actor) as store:
        reason = await store.engine.sealed(session.space)
        await store.engine.seal(session.space, "")
    if session.output.as_json:
        session.output.json({"space": session.space, "sealed": reason or None})
    elif reason:
        session.output.say(f"the space {session.space!r} may be written again; it was sealed: {reason}", "green")
    else:
        session.output.say(f"the space {session.space!r} was not sealed")


# ------------------------------------------------------------------------------------------ printing

DOING: dict[Phase, str] = {
    "waiting": "waiting until the last sign of life of a sweeper is over",
    "copying": "copying",
    "indexing": "making the indexes",
    "verifying": "reading both sides and comparing",
}


@contextmanager
def progress_of(session: Session) -> Iterator[Progress]:
    """Show how far a copy is, on stderr, so that what is printed stays what was asked for."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Bar(*columns, console=console, disable=session.output.as_json or not console.is_terminal) as bar:
        task = bar.add_task("opening", total=None)

        def show(phase: Phase, done: int, whole: int | None) -> None:
            bar.update(task, description=DOING[phase], completed=done, total=whole)

        yield show


def _conclude(session: Session, copied: Copied, source: str, target: str, *, leave_open: bool) -> None:
    if session.output.as_json:
        told = {"space": copied.space, "from": source, "to": target, "sealed": not leave_open}
        session.output.json({**told, "numbers": copied.numbers, "digests": copied.digests})
        return
    columns = ("what", "number", "digest, alike on both sides")
    session.output.table(columns, [(sort, number, copied.digests[sort]) for sort, number in copied.numbers.items()])
    session.output.say("")
    session.output.pairs([("from", source), ("to", target)])
    session.output.say(f"the space {copied.space!r} is copied, and every index of the copy is right", "green")
    if not leave_open:
        session.output.say("the source is sealed: `tenure unseal --store …` lets it be written again", "dim")
