"""The commands that only look: show, list, history, explain, watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from tenure.cli.output import Output, fields, instant, text
from tenure.cli.session import Session, UsageError
from tenure.explaining import Explanation, PlainEvent, PlainRecord, Possible
from tenure.web.reading import Reader

InSession = Annotated[Session, Parameter(parse=False)]
Flag = Parameter(negative=(), show_default=False)
OneAtLeast = Parameter(validator=Number(gte=1))


async def show(kind: str, id: str, /, *, session: InSession) -> None:
    """Show one record: state, version, fence, holder, times and fields.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    id
        The record's id.
    """
    async with session.reader() as reader:
        print_record(session.output, await reader.record(kind, id))


async def list_records(
    kind: str,
    /,
    *,
    state: str | None = None,
    under: str | None = None,
    limit: Annotated[int, OneAtLeast] = 50,
    after: str | None = None,
    newest_first: Annotated[bool, Flag] = False,
    session: InSession,
) -> None:
    """List records of a kind, in the order of creation; of one state in that state's own order.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    state
        Only records in this state.
    under
        Only records that belong to this parent: its id, or KIND/ID.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    newest_first
        In reverse order.
    """
    async with session.reader() as reader:
        parent = None if under is None else _parent(reader, kind, under)
        found = await reader.records(
            kind, state=state, parent=parent, most=limit, after=after, newest_first=newest_first
        )
        if not found:
            await session.check_space(reader.store)
    if session.output.as_json:
        session.output.json_lines(found)
        return
    rows = [(r.id, r.state, r.version, r.holder, instant(r.changed_at), fields(r.fields)) for r in found]
    session.output.table(("id", "state", "version", "holder", "changed", "fields"), rows)
    if len(found) == limit:
        session.output.say(f"more may follow: --after {found[-1].id}", "dim")


def _parent(reader: Reader, kind: str, under: str) -> tuple[str, str]:
    kinds = {up for _, up in reader.table(kind).parents}
    named, slash, id = under.partition("/")
    if slash and named in kinds:
        return named, id
    if len(kinds) != 1:
        known = ", ".join(sorted(kinds)) or "none"
        raise UsageError(f"{kind} has {len(kinds)} kinds of parent ({known}): pass KIND/ID to --under")
    return kinds.pop(), under


async def history(
    kind: str, id: str, /, *, after: int = 0, limit: Annotated[int, OneAtLeast] = 1000, session: InSession
) -> None:
    """Show a record's events, the oldest first; they outlive the record.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    id
        The record's id.
    after
        Only events after this version.
    limit
        At most so many.
    """
    async with session.reader() as reader:
        events = await reader.history(kind, id, after=after, most=limit)
        if not events and not after:
            await reader.row(kind, id)  # which says that there is none
    if session.output.as_json:
        session.output.json_lines(events)
        return
    rows = [
        (e.version, instant(e.at), e.transition, e.source, e.target, e.by, e.fence or None, e.why, fields(e.fields))
        for e in events
    ]
    columns = ("version", "at", "transition", "from", "to", "by", "fence", "why", "fields")
    session.output.table(columns, rows)


async def explain(kind: str, id: str, transition: str | None = None, /, *values: str, session: InSession) -> None:
    """Explain why a record is in its state, and what may happen next; with TRANSITION: why not.

    Parameters
    ----------
    kind
        The kind, such as Meeting.
    id
        The record's id.
    transition
        Say whether this transition would be made now, and if not, why.
    values
        What would ride along, each as name=value; without, only what is known without them is looked at.
    """
    async with session.reader() as reader:
        if transition is not None:
            answer = await reader.why_not(kind, id, transition, pairs(values))
            unknown = answer.reason == "unknown_transition"
            if session.output.as_json:
                session.output.json(answer)
            elif not unknown:
                session.output.say(answer.message, "green" if answer.allowed else "yellow")
            if unknown:
                raise UsageError("" if session.output.as_json else answer.message)
            return
        explanation = await reader.explain(kind, id)
    if session.output.as_json:
        session.output.json(explanation)
    else:
        _print_explanation(session.output, explanation)


def _print_explanation(output: Output, explanation: Explanation) -> None:
    output.say(explanation.summary)
    output.say(explanation.outlook)
    if explanation.slots:
        output.say(f"It holds a slot of: {', '.join(explanation.slots)}.")
    if explanation.next:
        output.say("")
        rows = [
            (p.transition, p.target or "(stays)", _maker(p), ", ".join(p.takes), p.at, p.when) for p in explanation.next
        ]
        output.table(("may come", "to", "by", "takes", "by itself at", "that is"), rows)


def _maker(possible: Possible) -> str:
    return possible.by + (", tells the holder" if possible.tells else "")


async def watch(
    kind: str | None = None,
    id: str | None = None,
    /,
    *,
    after: int | None = None,
    limit: Annotated[int | None, OneAtLeast] = None,
    session: InSession,
) -> None:
    """Print events as they come, until Ctrl-C.

    Parameters
    ----------
    kind
        Only events of this kind.
    id
        Only events of this record.
    after
        Begin after this position of the space (for a record: after this version); 0 begins with the oldest.
    limit
        End after so many events.
    """
    async with session.reader() as reader:
        if kind is not None:
            reader.table(kind)
        left = limit
        async for event in reader.watch(kind, id, after=after):
            print_event(session.output, event)
            left = None if left is None else left - 1
            if left is not None and left <= 0:
                return


def pairs(values: Sequence[str]) -> dict[str, str]:
    """Take each name=value apart."""
    found: dict[str, str] = {}
    for value in values:
        name, equals, given = value.partition("=")
        if not equals or not name:
            raise UsageError(f"{value!r} is no name=value")
        if name in found:
            raise UsageError(f"{name} is given twice")
        found[name] = given
    return found


# --------------------------------------------------------------------------------------- printing


def print_record(output: Output, record: PlainRecord) -> None:
    """Print one record."""
    if output.as_json:
        output.json(record)
        return
    about = msgspec.structs.asdict(record)
    about.pop("fields")
    output.pairs((name.replace("_", " "), value) for name, value in about.items())
    output.say("")
    output.pairs(record.fields.items())


def print_event(output: Output, event: PlainEvent) -> None:
    """Print one event on one line."""
    if output.as_json:
        output.json(event)
        return
    parts: Sequence[object] = (
        instant(event.at),
        f"{event.kind}/{event.id}",
        f"v{event.version}",
        event.transition,
        f"{event.source or '·'} → {event.target}",
        f"by {event.by}",
        f"because {event.why}" if event.why else "",
        fields(event.fields),
    )
    output.say("  ".join(text(part) for part in parts if part))
