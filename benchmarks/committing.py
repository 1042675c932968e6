"""Measures how long a matcher's commit of 100 matches takes on each engine, while 10,000 more people wait.

Run as `python -m benchmarks.committing`; writes `benchmarks/results/committing.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

import uvloop
from benchmarks.report import Result, save

import tenure
from tenure import Applied, Change, Claim, Lifecycle, Store, hours
from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.stand import ENGINES, Stand, stand_of
from tenure.matching.entrants import Proposal
from tenure.matching.lifecycle import Matchmaker
from tenure.services.bots.lifecycle import Pool, Ticket, kinds
from tenure.services.bots.offers import entrant_of, offer
from tenure.web.garbage import settle

KINDS: tuple[type[Lifecycle], ...] = tuple(dict.fromkeys((*kinds, Matchmaker)))
WAITING, COMMITS, WARMING, MATCHES = 10_000, 50, 10, 100
MANY = 1000
PAUSE_SECONDS = 0.02
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "valkey": "Valkey"}
GOALS = {f"{NAMES[engine]}, half of the commits (ms)": "≤ 20" for engine in ("postgres", "valkey")}
HOW = """Each of 100 matches is a transaction of its own, under a beat of the matcher's claim: a match is created, and
two tickets are reserved as they were read. All go to the store at once, after a pause in which nothing happens. The
garbage collector is set as in a process that serves."""


async def fill(store: Store, number: int) -> None:
    """Let so many people wait in one pool."""
    dice = random.Random(number)  # noqa: S311  # nosec B311  not a secret
    await store.apply(Pool.create("pool", mode="duel", region="here", places=2 * number))
    now = await store.now()
    for start in range(0, number, MANY):
        names = [f"t{place}" for place in range(start, min(start + MANY, number))]
        made = await store.submit(
            [
                Ticket.create(
                    name, pool="pool", rating=dice.gauss(1500, 300), queued_at=now, players=(name,), patience=hours(1)
                )
            ]
            for name in names
        )
        if not all(isinstance(verdict, Applied) for verdict in made):
            raise RuntimeError("not everybody may wait")


async def queue(store: Store) -> list[Ticket]:
    """Read who waits."""
    found: list[Ticket] = []
    while page := await store.find(Ticket.queued, per="pool", after=found[-1] if found else None):
        found += page
    return found


async def matches(store: Store, claim: Claim[Matchmaker], tickets: Sequence[Ticket]) -> list[list[Change[Any]]]:
    """Give the transactions that pair neighbours."""
    pool, now, guard = await store.get(Pool, "pool"), await store.now(), Matchmaker.beat(claim)
    made: list[list[Change[Any]]] = []
    for one, two in zip(tickets[::2], tickets[1::2], strict=True):
        first, second = entrant_of(one), entrant_of(two)
        proposal = Proposal(teams=((first,), (second,)), gap=abs(one.rating - two.rating))
        records = {first.key: one, second.key: two}
        made.append([guard, *offer(secrets.token_hex(8), pool, proposal, records, now)])
    return made


async def measure(stand: Stand) -> dict[str, float]:
    """Commit again and again on one engine."""
    settle()
    name, waits = NAMES[stand.engine], list[float]()
    async with tenure.open(await stand.fresh(), *KINDS) as store, store.sweeping():
        await fill(store, WAITING + 2 * MATCHES * (WARMING + COMMITS))
        tickets = iter(await queue(store))
        await store.apply(Matchmaker.create("pool"))
        claim = (await store.apply(Matchmaker.begin("pool"))).claim
        client = server = 0.0
        for number in range(WARMING + COMMITS):
            asked = await matches(store, claim, [next(tickets) for _ in range(2 * MATCHES)])
            await asyncio.sleep(PAUSE_SECONDS)
            before, began = (time.process_time(), stand.server_cpu()), time.perf_counter()
            verdicts = await store.submit(asked)
            ended = time.perf_counter()
            if not all(isinstance(verdict, Applied) for verdict in verdicts):
                raise RuntimeError("a match was refused")
            if number >= WARMING:
                waits.append((ended - began) * 1000)
                client, server = client + time.process_time() - before[0], server + stand.server_cpu() - before[1]
    cuts = quantiles(waits, n=100)
    return {
        f"{name}, half of the commits (ms)": cuts[49],
        f"{name}, 99 % of the commits (ms)": cuts[98],
        f"{name}, our processors' time for a commit (ms)": client / COMMITS * 1000,
        f"{name}, the server's processors' time for a commit (ms)": server / COMMITS * 1000,
    }


def one_round(folder: Path) -> dict[str, float]:
    """Measure on a fresh store of each engine."""
    figures: dict[str, float] = {}
    for engine in ENGINES:
        with stand_of(engine, folder) as stand:
            figures |= uvloop.run(measure(stand))
    return figures


def main() -> None:
    """Measure, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = [one_round(folder_on_disk()) for _ in range(parser.parse_args().rounds)]
    save(Result.plain("committing", "A commit of 100 matches", {"how": HOW}), rounds, GOALS)


if __name__ == "__main__":
    main()
