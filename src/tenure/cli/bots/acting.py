"""What the commands of bots share: the store with all kinds of the service, and how things are printed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from tenure.cli.output import Output
from tenure.cli.session import Session
from tenure.services.bots.api.views import Json
from tenure.services.bots.kinds import kinds
from tenure.services.bots.parts import Parts
from tenure.store.store import Store

HIDDEN = ("rules", "counts")


class Acting(NamedTuple):
    """The store, and what can be done on it as the one who called the command."""

    store: Store
    by: Parts


@asynccontextmanager
async def acting(session: Session, *, may_create: bool = False) -> AsyncIterator[Acting]:
    """Open the store as the user of the command line."""
    async with session.store_of(kinds, may_create=may_create) as store:
        yield Acting(store, Parts(store))


def print_one(output: Output, shown: Json) -> None:
    """Print one thing: names with their values, or one JSON object."""
    if output.as_json:
        output.json(shown)
        return
    flat = {name: value for name, value in shown.items() if name not in HIDDEN}
    for name in HIDDEN:
        for inner, value in (shown.get(name) or {}).items():
            flat[f"{name}: {inner}"] = value
    output.pairs((name.replace("_", " "), value) for name, value in flat.items())


def print_list(output: Output, shown: Sequence[Json], columns: Sequence[str]) -> None:
    """Print a list: a table with these columns, or one JSON object a line."""
    if output.as_json:
        output.json_lines(shown)
        return
    output.table([column.replace("_", " ") for column in columns], [[_cell(one[c]) for c in columns] for one in shown])


def _cell(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value


def print_more(output: Output, records: Sequence[Any], limit: int) -> None:
    """Say how a list goes on, if it may."""
    if records and len(records) == limit and not output.as_json:
        output.say(f"more may follow: --after {records[-1].id}", "dim")
