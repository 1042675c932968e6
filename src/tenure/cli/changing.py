"""The commands that change something: apply, create, sweep, doctor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from tenure.cli.looking import Flag, InSession, pairs, print_record
from tenure.cli.session import Failed, Session, UsageError
from tenure.core.transitions import NEXT
from tenure.store.store import Store
from tenure.web.reading import Reader
from tenure.web.values import change_of, create_of

MOST_NAMED = 100
Text = Annotated[str, Parameter(show_default=False)]


async def apply(
    kind: str,
    id: str,
    transition: str,
    /,
    *values: str,
    op: Text = "",
    why: Text = "",
    expect: int | None = None,
    fence: int | None = None,
    session: InSession,
) -> None:
    """Make a transition of one record, and show the record that it leaves.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    id
        The record's id.
    transition
        The transition's name.
    values
        What rides along, each as name=value: text, or JSON where no text is wanted; null for nothing.
    op
        An op id: a repeat of it within ten minutes gives the first answer, and changes nothing again.
    why
        The reason; it goes into the event.
    expect
        Only if the record is at this version.
    fence
        Act as the holder under this fence; transitions of the holder need it.
    """
    async with session.store() as store:
        reader = await Reader.open(store)
        model = _own(reader, kind)
        change = change_of(model, id, transition, pairs(values), version=expect, fence=fence)
        await store.apply(change, op=op, why=why)
        print_record(session.output, await reader.record(kind, id))


async def create(
    kind: str, id: str, /, *values: str, state: Text = "", op: Text = "", why: Text = "", session: InSession
) -> None:
    """Create a record, and show it.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    id
        The record's id; NEXT lets the store number it, if the kind has a serial.
    values
        Its fields, each as name=value: text, or JSON where no text is wanted; null for nothing.
    state
        Where it begins, if not in the first initial state of its kind.
    op
        An op id: a repeat of it within ten minutes gives the first answer, and changes nothing again.
    why
        The reason; it goes into the event.
    """
    async with session.store(may_create=bool(session.modules)) as store:
        reader = await Reader.open(store)
        model = _own(reader, kind)
        change = create_of(model, NEXT if id == "NEXT" else id, pairs(values), state)
        record = await store.apply(change, op=op, why=why)
        print_record(session.output, await reader.record(kind, record.id))


def _own(reader: Reader, kind: str) -> type[object]:
    reader.table(kind)
    if not reader.is_known(kind):
        raise UsageError(
            f"{kind} is known from the store only, so it can be shown but not changed: name its module with --module"
        )
    return reader.store.kinds[kind]


async def sweep(*, session: InSession) -> None:
    """Make all transitions that are due in the space, once. A running `tenure up` does so by itself."""
    async with session.store() as store:
        made = await store.sweep()
    if session.output.as_json:
        session.output.json({"space": session.space, "made": made})
    else:
        session.output.say(f"{made} transitions were due and are made in the space {session.space!r}")


async def doctor(*, repair: Annotated[bool, Flag] = False, session: InSession) -> None:
    """Compute every index, limit and count again from the records, and say what differs and why.

    Nothing is written without --repair. Exit code 1 says that something differs.

    Parameters
    ----------
    repair
        Write what the records say over what differs.
    """
    async with session.store() as store:
        found = await store.engine.audit(session.space, repair=repair)
        left_out = await _left_out(store)
        remain = await store.engine.audit(session.space, repair=False) if repair else found
    if session.output.as_json:
        session.output.json(
            {"space": session.space, "differences": found, "repaired": repair, "remain": remain, "left_out": left_out}
        )
    else:
        rows = [(d.what, d.kind, d.id, d.found, d.expected, WHY.get(d.what, "")) for d in found[:MOST_NAMED]]
        if found:
            session.output.table(("where", "kind", "id", "it says", "records say", "which means"), rows)
        _conclude(session, len(found), len(remain), repair=repair, left_out=left_out)
    if remain:
        raise Failed("" if session.output.as_json else _advice(len(remain), repair=repair))


async def _left_out(store: Store) -> list[str]:
    return sorted(set(await store.engine.declarations()) - set(store.kinds))


def _conclude(session: Session, found: int, remain: int, *, repair: bool, left_out: Sequence[str]) -> None:
    say = session.output.say
    if not found:
        say(f"every index of the space {session.space!r} says what its records say", "green")
    elif found > MOST_NAMED:
        say(f"… and {found - MOST_NAMED} more; --json gives all")
    if found and repair:
        say(f"{found - remain} of {found} differences are repaired", "green")
    if left_out:
        say(f"left out, since their classes are not known here (see --module): {', '.join(left_out)}", "dim")


def _advice(remain: int, *, repair: bool) -> str:
    if repair:
        return f"{remain} differences can't be repaired from the records: look at them with `tenure history`"
    return f"{remain} places differ from the records; nothing was written: `tenure doctor --repair` mends them"


WHY = {
    "tenure_ranks": "a place in the order of a state that is missing, or of a record that left",
    "tenure_holders": "a slot of a limit that is held by nobody, or not counted",
    "tenure_slots": "a limit that allows more or fewer than it says",
    "tenure_children": "a parent that does not find its record, or finds one too many",
    "tenure_counts": "a wrong number in lists and metrics",
    "tenure_due": "a deadline that would be missed, or looked at for nothing",
    "tenure_events": "a version without its event",
}
