"""A process that matches one pool until it is ended: `chaos_matcher URL NAME` prints what each look made."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import tenure
from tenure import Change, Lifecycle
from tenure.matching.entrants import Proposal
from tenure.matching.lifecycle import Matchmaker
from tenure.matching.matcher import Matcher, Round, Source
from tenure.services.bots.lifecycle import Pool, Ticket, kinds
from tenure.services.bots.offers import entrant_of, offer

KINDS: tuple[type[Lifecycle], ...] = tuple(dict.fromkeys((*kinds, Matchmaker)))
SPACE, POOL = "tests", "pool"


def tell(ran: Round) -> None:
    sys.stdout.write(f"{ran.leads:d} {len(ran.matches)} {ran.conflicts} {sum(ran.commits):.4f} {ran.waiting}\n")
    sys.stdout.flush()


async def main(url: str, name: str) -> None:
    async with tenure.open(url, *KINDS, space=SPACE, actor=name) as store, store.sweeping():
        pool = await store.get(Pool, POOL)

        def offered(proposal: Proposal, records: Mapping[str, Any], now: datetime) -> list[Change[Any]]:
            return offer(secrets.token_hex(8), pool, proposal, records, now)

        await Matcher(
            store, POOL, per=POOL, rules=pool.rules, sources=[Source(Ticket.queued, entrant_of)], offer=offered,
            told=tell,
        ).run()  # fmt: skip


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
