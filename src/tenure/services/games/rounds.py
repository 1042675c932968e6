"""Turns over a lot, and requests several at a time: what the loops have in common."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from datetime import timedelta
from typing import Any, TypeVar

from tenure import Applied, Exists, NotUnder, Stale, StateOf, Store, Transaction, Turn, WrongState, seconds
from tenure.services.games.lots import LOTS, phase_of
from tenure.services.games.riot.contract import KeyRefused, Limited
from tenure.store.keeping import Loop

T = TypeVar("T")

AT_A_TIME = 500
REFUSED_PAUSE = seconds(60)
"""How long a lot's turns pause where Riot refuses the API key: so long nobody asks in vain."""

LONGEST_PAUSE = 120.0
OVERTAKEN = Stale | WrongState | Exists | NotUnder
"""Refusals by which another process was faster, or the player was removed: the next turn sees how things are."""


def poller_of(name: str, lot: int) -> str:
    """Give the name of a lot's poller."""
    return f"games/{name}/{lot}"


def loops_of(
    store: Store, name: str, period: timedelta, work: Callable[[int, Turn], Awaitable[None]], *, resumes: bool = True
) -> dict[str, Loop]:
    """Give a loop for each lot, that does its work each period; each goes on until it is cancelled."""

    def loop_of(lot: int) -> Loop:
        poller = poller_of(name, lot)
        return lambda: turns_of(
            store, period, poller, lambda turn: work(lot, turn), phase=phase_of(lot), resumes=resumes
        )

    return {f"{name} {lot}": loop_of(lot) for lot in range(LOTS)}


async def turns_of(
    store: Store,
    period: timedelta,
    poller: str,
    work: Callable[[Turn], Awaitable[None]],
    *,
    phase: float | None = None,
    resumes: bool = True,
) -> None:
    """Work at each turn of a poller. What Riot refuses as a whole puts the next turn off; nothing is lost by that.

    Work that `resumes` does in its next turn what it left undone, so that this turn may come before its time.
    """
    turns: Any = store.every(period, poller, phase=phase)
    async with aclosing(turns):
        async for turn in turns:
            try:
                await work(turn)
            except (KeyRefused, Limited) as refusal:
                again_at = await store.now() + pause_for(refusal)
                turn.next_at = again_at if resumes else max(again_at, turn.at + period)


def pause_for(refusal: KeyRefused | Limited) -> timedelta:
    """Give how long nothing more is asked after Riot refused as a whole."""
    if isinstance(refusal, Limited):
        return seconds(min(max(refusal.retry_after, 1.0), LONGEST_PAUSE))
    return REFUSED_PAUSE


async def for_each(items: Iterable[T], work: Callable[[T], Awaitable[None]], *, at_once: int) -> None:
    """Work on each item, several at once. After an error nothing more is begun, and the first one is raised."""
    waiting, errors = iter(items), list[Exception]()

    async def go_on() -> None:
        for item in waiting:
            if errors:
                return
            try:
                await work(item)
            except Exception as error:  # noqa: BLE001  raised below, when the others have ended
                errors.append(error)

    await asyncio.gather(*(go_on() for _ in range(at_once)))
    if errors:
        raise errors[0]


async def submit(store: Store, transactions: list[Transaction]) -> list[bool]:
    """Submit transactions, and tell which were made. Being overtaken is fine; any other refusal is raised."""
    if not transactions:
        return []
    verdicts = await store.submit(transactions)
    for verdict in verdicts:
        if not isinstance(verdict, Applied | OVERTAKEN):
            raise verdict
    return [isinstance(verdict, Applied) for verdict in verdicts]


async def pages(store: Store, state: StateOf[Any], lot: int) -> AsyncIterator[list[Any]]:
    """Give the records of a lot in a state, page by page, in the order in which they are due."""
    page = await store.find(state, per=lot, limit=AT_A_TIME)
    while page:
        yield page
        page = await store.find(state, per=lot, limit=AT_A_TIME, after=page[-1]) if len(page) == AT_A_TIME else []
