"""The rules of the local game: a duel in rounds, told by its moves alone.

In each round every seat chooses a number from 1 to 9; who chooses none in time has chosen 0. A team's number is the
sum of its seats'. The highest number gets the point, unless exactly one team is one below it: then that one gets it.
Where several are highest, nobody does. After five rounds the points give the places.
"""

from __future__ import annotations

from collections.abc import Sequence

from tenure.services.bots.game.lifecycle import Choice, Round

ROUNDS = 5
LEAST, MOST = 1, 9
Seats = Sequence[Sequence[str]]


def is_complete(seats: Seats, chosen: Sequence[Choice]) -> bool:
    """Tell whether every seat has chosen."""
    return {choice.seat for choice in chosen} == {seat for team in seats for seat in team}


def scored(seats: Seats, chosen: Sequence[Choice]) -> Round:
    """Give the round that these choices make."""
    return Round(tuple(chosen), _winner(seats, chosen))


def points(seats: Seats, rounds: Sequence[Round]) -> tuple[int, ...]:
    """Give each team's points."""
    return tuple(sum(played.winner == team for played in rounds) for team in range(len(seats)))


def places(seats: Seats, rounds: Sequence[Round]) -> tuple[int, ...]:
    """Give each team's place, from 1; teams with equal points share theirs."""
    won = points(seats, rounds)
    return tuple(1 + sum(other > own for other in won) for own in won)


def _winner(seats: Seats, chosen: Sequence[Choice]) -> int | None:
    numbers = {choice.seat: choice.number for choice in chosen}
    sums = [sum(numbers.get(seat, 0) for seat in team) for team in seats]
    highest = max(sums)
    just_below = [team for team, total in enumerate(sums) if total == highest - 1]
    if len(just_below) == 1:
        return just_below[0]
    return sums.index(highest) if sums.count(highest) == 1 else None
