"""Measures a question that a thousand people answer within one second: how long each waits, and what counting takes.

Answers come at instants by chance, whether earlier ones are done or not, and the wait is counted from that instant. Run
as `python -m benchmarks.answering`; writes `benchmarks/results/answering.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import quantiles

import uvloop
from benchmarks.report import Result, save

import tenure
from tenure import Store, days, minutes
from tenure.benchmarks.machine import folder_on_disk
from tenure.benchmarks.stand import ENGINES, Name, Stand, stand_of
from tenure.services.trivia.answering import Answering
from tenure.services.trivia.counting import Counting
from tenure.services.trivia.games import Games
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.questions.question import Question

ANSWERS = 1_000
MEMBERS = 20_000
"""Of so many members others answer each time, so that some are on the boards already."""

NAMES: dict[Name, str] = {"sqlite": "SQLite", "postgres": "PostgreSQL", "valkey": "Valkey"}
HALF, MOST, COUNTED = "half wait at most (ms)", "99 % wait at most (ms)", "answers that are counted"
SPREAD, AT_ONCE, SPENT = "within a second", "all at once", "until all are counted (s)"
GOALS = {
    **{f"{name}, {SPREAD}: {MOST}": "≤ 250" for name in NAMES.values()},
    **{f"{name}, {SPREAD}: {COUNTED}": f"≥ {ANSWERS}" for name in NAMES.values()},
}
TITLE = f"{ANSWERS:,} answers to one question of trivia"
HOW = """Answers come at instants by chance within one second, whether earlier ones are done or not, and each waits
from its instant until it is acknowledged. Then they come *all at once*. Counting gives each its points and puts its
member on three boards, from the end of the window to the results."""
QUESTION = Question(
    key="sums/1", source="sums", text="What is 1 + 1?", choices=("1", "2", "3", "4"), correct=1, category="Sums",
    difficulty="easy",
)  # fmt: skip


async def settle(store: Store) -> None:
    """Make a guild and its registration."""
    await store.apply(
        Guild.create("home", chat="web", name="Home"),
        Registration.create(
            "daily",
            guild="home",
            name="daily",
            channel="general",
            schedule="daily 09:00",
            next_at=await store.now() + days(1),
        ),
    )


async def ask(store: Store, id: str) -> Game:
    """Open a question."""
    now = await store.now()
    game = Game.create(
        id, guild="home", registration="daily", channel="general", slot=now, question=QUESTION, window=minutes(5),
        closes_at=now + minutes(5),
    )  # fmt: skip
    await store.apply(game)
    return await store.apply(Game.announce(id, message="1"))


async def answer(store: Store, game: Game, members: Sequence[str], *, over_seconds: float) -> list[float]:
    """Let members answer at instants within so many seconds, and give how long each waited."""
    answering, dice = Answering(store), random.Random(game.id)  # noqa: S311  # nosec B311  the same each time
    begins = time.perf_counter() + 0.01

    async def one(member: str) -> float:
        due = begins + dice.random() * over_seconds
        await asyncio.sleep(due - time.perf_counter())
        submission = await answering.submit(game.id, member, member, dice.choice("ABCD"))
        if submission.code != "SUBMITTED":
            raise RuntimeError(f"an answer was not taken: {submission.code}")
        return time.perf_counter() - due

    return await asyncio.gather(*(one(member) for member in members))


async def count(store: Store, game: Game) -> dict[str, float]:
    """Close the question and count its answers."""
    await Games(store, {}).close(game.id)
    began = time.perf_counter()
    results = await Counting(store).count(await store.get(Game, game.id))
    return {SPENT: time.perf_counter() - began, COUNTED: results.answers}


async def measure_question(store: Store, name: str, dice: random.Random) -> dict[str, float]:
    """Measure one question."""
    members = [f"m{n}" for n in dice.sample(range(MEMBERS), ANSWERS)]
    game = await ask(store, f"daily.{name.replace(' ', '-')}.1")
    waits = quantiles(await answer(store, game, members, over_seconds=0.0 if name == AT_ONCE else 1.0), n=100)
    counted = await count(store, game)
    return {f"{name}: {HALF}": waits[49] * 1000, f"{name}: {MOST}": waits[98] * 1000} | {
        f"{name}: {figure}": value for figure, value in counted.items() if name == SPREAD
    }


async def measure_engine(stand: Stand, number: int) -> dict[str, float]:
    """Measure one engine once, on an empty store; what warms up is not told."""
    dice = random.Random(number)  # noqa: S311  # nosec B311  the same each time
    url = await stand.fresh()
    async with tenure.open(url, *kinds, space="trivia") as store, store.sweeping():
        await settle(store)
        await measure_question(store, "warming", dice)
        return {
            f"{NAMES[stand.engine]}, {figure}": value
            for name in (SPREAD, AT_ONCE)
            for figure, value in (await measure_question(store, name, dice)).items()
        }


async def measure(rounds: int) -> None:
    """Measure all engines in turn, and write the figures."""
    folder, versions, measured = folder_on_disk(), {"how": HOW}, list[dict[str, float]]()
    with ExitStack() as stack:
        stands = [stack.enter_context(stand_of(engine, folder)) for engine in ENGINES]
        for stand in stands:
            versions |= {**await stand.versions(), f"durability of {NAMES[stand.engine]}": stand.durability}
        result = Result.plain("answering", TITLE, versions)
        for number in range(rounds):
            figures: dict[str, float] = {}
            for stand in stands:
                figures |= await measure_engine(stand, number)
            measured.append(figures)
    save(result, measured, GOALS)


def main() -> None:
    """Measure each engine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    uvloop.run(measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
