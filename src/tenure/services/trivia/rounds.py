"""Rounds: the questions that are asked one after another at one slot, and who leads."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from tenure import Store
from tenure.services.trivia.chat.contract import Standing
from tenure.services.trivia.counting import Counting, received_at
from tenure.services.trivia.lifecycle import Answer, Game

MOST_STANDINGS = 25


class Tally(msgspec.Struct, kw_only=True):
    """What a member has in a round, and by which of all answers they came there."""

    name: str
    points: int = 0
    turn: int = 0


class Rounds:
    """Reads rounds."""

    def __init__(self, store: Store) -> None:
        self._store, self._counting = store, Counting(store)

    async def games(self, game: Game) -> list[Game]:
        """Give the games of a game's round, in their order, as far as they are kept."""
        stem = game.id.rpartition(".")[0]
        ids = [f"{stem}.{number}" for number in range(1, game.of + 1)]
        found = await self._store.get_many(Game, ids)
        return [found[id] for id in ids if id in found]

    async def standings(self, game: Game) -> tuple[Standing, ...]:
        """Give who leads a round up to this game: by points, and among equals whoever came there first."""
        games = [each for each in await self.games(game) if each.number <= game.number]
        return tallied([answer for each in games for answer in await self._counting.counted(each)])


def tallied(answers: Sequence[Answer]) -> tuple[Standing, ...]:
    """Give who has points by these answers, the first ones. Of equals whoever came there first is before."""
    tallies: dict[str, Tally] = {}
    for turn, answer in enumerate(sorted(answers, key=received_at)):
        if answer.points:
            tally = tallies.setdefault(answer.member, Tally(name=answer.name))
            tally.name, tally.points, tally.turn = answer.name, tally.points + answer.points, turn
    order = sorted(tallies.items(), key=lambda entry: (-entry[1].points, entry[1].turn))
    return tuple(
        Standing(member=member, name=tally.name, points=tally.points) for member, tally in order[:MOST_STANDINGS]
    )
