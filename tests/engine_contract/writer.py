"""A process that writes until it is killed: `writer.py URL TURN` prints each acknowledged move."""

from __future__ import annotations

import asyncio
import sys

from tests.engine_contract.kinds import KINDS, Bot

import tenure
from tenure import Applied, Store


async def write(store: Store, writer: int) -> None:
    number = 0
    while True:
        number += 1
        moves = [[Bot.rate(f"b{(writer + n) % 10}", rating=number)] for n in range(20)]
        made = [verdict.records[0] for verdict in await store.submit(moves) if isinstance(verdict, Applied)]
        sys.stdout.write("".join(f"{bot.id} {bot.version}\n" for bot in made))
        sys.stdout.flush()


async def main(url: str, turn: str) -> None:
    async with tenure.open(url, *KINDS, space="tests", actor=f"writer {turn}") as store, store.sweeping():
        await asyncio.gather(*(write(store, writer) for writer in range(4)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
