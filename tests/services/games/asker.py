"""A process that asks the stand-in as much as it is let: `python asker.py STORE API KEY SECONDS AT_ONCE`."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable

import tenure
from tenure.pacing.lifecycle import Budget
from tenure.pacing.pacer import Pacer
from tenure.services.games.riot.client import RiotClient
from tenure.services.games.riot.contract import Limited


async def ask(store_url: str, api: str, key: str, for_seconds: float, at_once: int) -> Counter[str]:
    """Ask for games and matches, some at a time, and count the answers by status, and what was put off."""
    counted: Counter[str] = Counter()
    async with tenure.open(store_url, Budget, space="games") as store, RiotClient(key, Pacer(store), api=api) as riot:
        account = await riot.account("na1", "Ada", "1")
        assert account is not None
        puuid = account.puuid
        # So all limits are known: until they are, less is asked.
        await riot.active_game("na1", puuid, "lol")
        await riot.match("NA1_1", "lol")
        riot.answers.clear()
        print("ready", flush=True)  # noqa: T201  to who started it
        await asyncio.to_thread(sys.stdin.readline)
        until = time.monotonic() + for_seconds

        async def go_on(ask: Callable[[], Awaitable[object]]) -> None:
            while time.monotonic() < until:
                try:
                    await ask()
                except Limited:
                    counted["put off"] += 1

        games = [go_on(lambda: riot.active_game("na1", puuid, "lol")) for _ in range(at_once)]
        matches = [go_on(lambda: riot.match("NA1_1", "lol")) for _ in range(at_once)]
        await asyncio.gather(*games, *matches)
        for (_, status), number in riot.answers.items():
            counted[str(status)] += number
    return counted


if __name__ == "__main__":
    store, api, key, for_seconds, at_once = sys.argv[1:]
    print(json.dumps(asyncio.run(ask(store, api, key, float(for_seconds), int(at_once)))))  # noqa: T201  to who started it
