"""The players that ship, for the local game: one that chooses by chance, and one that follows a script."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Literal

import aiohttp
import msgspec

from tenure.services.bots.game import duel
from tenure.services.bots.runner.play import Game

LOOK = aiohttp.ClientTimeout(total=40)


class View(msgspec.Struct, frozen=True):
    """What a player needs to know of the table."""

    state: Literal["playing", "over", "closed"]
    version: int
    round: int
    chosen: tuple[str, ...]


class RandomPlayer:
    """Chooses by chance."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self._chance = chance or random.Random()  # noqa: S311  a game, no secret

    async def play(self, game: Game) -> None:
        """Play a match to its end."""
        await play_duel(game, lambda _: self._chance.randint(duel.LEAST, duel.MOST))


class ScriptedPlayer:
    """Chooses the next number of a script in each round, and begins again where that ends."""

    def __init__(self, numbers: Sequence[int] = (5, 6, 7, 8, 9)) -> None:
        self._numbers = tuple(numbers)

    async def play(self, game: Game) -> None:
        """Play a match to its end."""
        await play_duel(game, lambda turn: self._numbers[(turn - 1) % len(self._numbers)])


async def play_duel(game: Game, choose: Callable[[int], int]) -> None:
    """Play at a table of the local game, from how it stands; `choose` gives the number for a round."""
    view = await _ask(game, "GET", game.room)
    while view.state == "playing":
        if game.seat in view.chosen:
            view = await _ask(game, "GET", f"{game.room}?seen={view.version}")
            continue
        move = {"seat": game.seat, "round": view.round, "number": choose(view.round)}
        moved = await _ask(game, "POST", f"{game.room}/moves", json=move)
        # Where the table did not change the round has just ended: wait for the next one.
        same = moved.version == view.version
        view = await _ask(game, "GET", f"{game.room}?seen={moved.version}") if same else moved


async def _ask(game: Game, method: str, url: str, **more: Any) -> View:
    async with game.http.request(method, url, headers=game.headers, timeout=LOOK, **more) as answer:
        if answer.status == 409:  # noqa: PLR2004  the round ended while this was under way
            return await _ask(game, "GET", game.room)
        answer.raise_for_status()
        return msgspec.json.decode(await answer.read(), type=View)
