"""What players in rooms say at given instants, and how long each message takes to the other side."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Literal, NamedTuple

from benchmarks.battles.players import Heard, Player
from benchmarks.battles.rooms import Room

Way = Literal["signal", "say"]

STRAGGLERS_SECONDS = 5.0
"""How long is waited for what is still under way at the end; what comes later has not arrived."""

ALL = 100
HALF, MOST, ARRIVED = "half take at most (ms)", "99 % take at most (ms)", "of 100 arrived"
LATE = "99 % are said late by at most (ms)"


@dataclass
class Said:
    """What was said, and of each message that arrived how long it took; `late` is how late we said it ourselves."""

    number: int = 0
    waits: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Give the waits in milliseconds from the instant at which each message was to be said."""
        waits, late = quantiles(self.waits, n=ALL), quantiles(self.late, n=ALL)
        return {
            HALF: waits[49] * 1000,
            MOST: waits[98] * 1000,
            ARRIVED: ALL * len(self.waits) / self.number,
            LATE: late[98] * 1000,
        }


async def talk(rooms: Sequence[Room], way: Way, *, a_second: float, seconds: float) -> Said:
    """Let the players of each room take turns in saying so many messages a second, heard or not."""
    said, began = Said(), time.perf_counter() + 0.1
    instants = _instants(rooms, a_second, seconds)
    with _listening(rooms, said, way):
        for after, room, number in instants:
            due = began + after
            left = due - time.perf_counter()
            if left > 0:
                await asyncio.sleep(left)
            say(room.players[number % 2], room.battle, way, f"{due:.6f}", number)
            said.number += 1
            said.late.append(time.perf_counter() - due)
        await _stragglers(said)
    return said


def say(player: Player, battle: str, way: Way, text: str, number: int) -> None:
    """Say one message in either way."""
    if way == "signal":
        player.say(type="signal", battle=battle, data=text)
    else:
        # An instant is nobody else's, so that the id is new however often players talk.
        player.say(type="say", battle=battle, id=f"{number}-{text.replace('.', '-')}", text=text)


def _instants(rooms: Sequence[Room], a_second: float, seconds: float) -> list[tuple[float, Room, int]]:
    """Give when each message is said: each room begins somewhere within its first interval."""
    dice, found = random.Random(len(rooms)), list[tuple[float, Room, int]]()  # noqa: S311  # nosec B311  the same each time
    for room in rooms:
        begins = dice.random() / a_second
        found += [(begins + number / a_second, room, number) for number in range(round(a_second * seconds))]
    return sorted(found, key=lambda one: one[0])


@contextmanager
def _listening(rooms: Sequence[Room], said: Said, way: Way) -> Iterator[None]:
    """Note what the others' messages took, while the body runs."""

    def signalled(_player: Player, heard: Heard) -> None:
        if heard.type == "signal":
            said.waits.append(time.perf_counter() - float(heard.data))

    def logged(player: Player, heard: Heard) -> None:
        if heard.name == "say" and heard.fields.player != player.name:
            said.waits.append(time.perf_counter() - float(heard.fields.text))

    for player in (player for room in rooms for player in room.players):
        player.notice = signalled if way == "signal" else logged
    try:
        yield
    finally:
        for player in (player for room in rooms for player in room.players):
            player.notice = None


async def _stragglers(said: Said) -> None:
    last = time.perf_counter() + STRAGGLERS_SECONDS
    while len(said.waits) < said.number and time.perf_counter() < last:  # noqa: ASYNC110  as simple as it needs to be
        await asyncio.sleep(0.05)


class Rate(NamedTuple):
    """So many messages in all, and so many a second."""

    number: int
    a_second: float


async def rate(rooms: Sequence[Room], seconds: float) -> Rate:
    """Let each player say one thing after the other into the log, each answered, for so many seconds."""
    began, answered = time.perf_counter(), 0

    async def one(room: Room, player: Player) -> None:
        nonlocal answered
        while (now := time.perf_counter() - began) < seconds:
            text = f"{began + now:.6f}"
            await player.ask("say", text.replace(".", "-"), battle=room.battle, text=text)
            answered += 1

    await asyncio.gather(*(one(room, player) for room in rooms for player in room.players))
    return Rate(answered, answered / (time.perf_counter() - began))
