"""Turns over a lot, its records page by page, and what is written of it: what the loops have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from tenure import (
    Applied,
    Exists,
    NotUnder,
    Refused,
    Stale,
    StateOf,
    Store,
    Transaction,
    Turn,
    Verdict,
    WrongState,
    seconds,
)
from tenure.services.games.lots import LOTS, phase_of
from tenure.services.games.riot.contract import KeyRefused
from tenure.store.keeping import Loop

AT_A_TIME = 500
REFUSED_PAUSE = seconds(60)
"""How long a lot's turns pause where Riot refuses the API key: so long nobody asks in vain."""

OVERTAKEN = Stale | WrongState | Exists | NotUnder
"""Refusals by which another process was faster, or the player was removed: the next turn sees how things are."""


def poller_of(name: str, lot: int) -> str:
    """Give the name of a lot's poller."""
    return f"games/{name}/{lot}"


def loops_of(
    store: Store, name: str, period: timedelta, work: Callable[[int, Turn], Awaitable[None]]
) -> dict[str, Loop]:
    """Give a loop for each lot, that does its work each period; each goes on until it is cancelled."""

    def loop_of(lot: int) -> Loop:
        poller = poller_of(name, lot)
        return lambda: turns_of(store, period, poller, lambda turn: work(lot, turn), phase=phase_of(lot))

    return {f"{name} {lot}": loop_of(lot) for lot in range(LOTS)}


async def turns_of(
    store: Store,
    period: timedelta,
    poller: str,
    work: Callable[[Turn], Awaitable[None]],
    *,
    phase: float | None = None,
) -> None:
    """Work at each turn of a poller. That Riot refuses the API key puts the next one off; nothing is lost by that."""
    turns: Any = store.every(period, poller, phase=phase)
    async with aclosing(turns):
        async for turn in turns:
            try:
                await work(turn)
            except KeyRefused:
                turn.next_at = await store.now() + REFUSED_PAUSE


async def submit(store: Store, transactions: list[Transaction]) -> list[bool]:
    """Submit transactions, and tell which were made. Being overtaken is fine; any other refusal is raised."""
    return [isinstance(verdict, Applied) for verdict in await tried(store, transactions)]


async def tried(
    store: Store, transactions: list[Transaction], *, besides: type[Refused] | None = None
) -> Sequence[Verdict]:
    """Submit transactions, and give the verdicts. Any refusal is raised but being overtaken, and this one besides."""
    if not transactions:
        return []
    verdicts = await store.submit(transactions)
    for verdict in verdicts:
        fine = isinstance(verdict, Applied | OVERTAKEN) or (besides is not None and isinstance(verdict, besides))
        if isinstance(verdict, BaseException) and not fine:
            raise verdict
    return verdicts


async def pages(store: Store, state: StateOf[Any], lot: int, limit: int = AT_A_TIME) -> AsyncIterator[list[Any]]:
    """Give the records of a lot in a state, page by page, in the order in which they are due."""
    page = await store.find(state, per=lot, limit=limit)
    while page:
        yield page
        page = await store.find(state, per=lot, limit=limit, after=page[-1]) if len(page) == limit else []


async def due_pages(
    store: Store, state: StateOf[Any], lot: int, by: datetime, limit: int = AT_A_TIME
) -> AsyncIterator[list[Any]]:
    """Give those of a lot in a state who are due by then, page by page; those who stay due come once."""
    async for page in pages(store, state, lot, limit):
        if due := [each for each in page if each.due_at <= by]:
            yield due
        if len(due) < len(page):
            return
