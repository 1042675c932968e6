"""Another process on the same file: `neighbour.py URL ORDER NUMBER`.

`change` makes so many changes, `create` as many records under one limit as it gets, `wake` one change per line that
it reads, `stay` none. It prints what came of it. All of them say `ready` first, and wait for a line.
"""

# ruff: noqa: T201  it speaks to the test that started it
from __future__ import annotations

import asyncio
import sys
import time

from tests.engine_contract.kinds import KINDS, Bot, Owner

import tenure
from tenure import LimitReached, Store

CALLERS = 16


async def line() -> str:
    """Read a line of what the parent writes."""
    return await asyncio.to_thread(sys.stdin.readline)


async def change(store: Store, number: int) -> None:
    """Make changes to records of its own and to one that all share."""
    me = store.actor
    await asyncio.gather(*(store.apply(Owner.create(f"{me}-{n}", email="e")) for n in range(CALLERS)))

    async def caller(first: int) -> None:
        for turn in range(first, number, CALLERS):
            await store.apply(Owner.allow("shared" if turn % 8 == 0 else f"{me}-{first}", most=turn), op=f"{me}/{turn}")

    began = time.perf_counter()
    await asyncio.gather(*(caller(n) for n in range(CALLERS)))
    print(f"{number / (time.perf_counter() - began):.0f}", flush=True)


async def create(store: Store, number: int) -> None:
    """Try to create so many records that count under one limit, and print how many it got."""
    made = 0

    async def caller(first: int) -> None:
        nonlocal made
        for turn in range(first, number, CALLERS):
            try:
                await store.apply(Bot.create(f"{store.actor}-{turn}", pool="p"), Bot.enqueue(f"{store.actor}-{turn}"))
            except LimitReached:
                continue
            made += 1

    await asyncio.gather(*(caller(n) for n in range(CALLERS)))
    print(made, flush=True)


async def wake(store: Store, number: int) -> None:
    """Make one change for each line, and print when it was made."""
    for turn in range(number):
        await line()
        await store.apply(Owner.allow("shared", most=turn))
        print(f"{time.monotonic():.6f}", flush=True)


async def stay(store: Store, number: int) -> None:
    """Do nothing but look for others."""
    del store, number


async def main(url: str, order: str, number: int, me: str) -> None:
    """Do what is ordered, then stay until the parent says so."""
    async with tenure.open(url, *KINDS, actor=me) as store:
        print("ready", flush=True)
        await line()
        await ORDERS[order](store, number)
        await line()


ORDERS = {"change": change, "create": create, "wake": wake, "stay": stay}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]))
