"""How the demo's bots play: `tenure bots runner --player examples.demo.players:Skilled`."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

from examples.demo.skill import choose, skill_of

from tenure.services.bots.runner.play import Game

PACE_SECONDS = float(os.environ.get("DEMO_PACE_SECONDS", "1"))


class Skilled:
    """Plays as well as its name says, and takes its time."""

    def __init__(self) -> None:
        self._chance = random.Random()  # noqa: S311  a game, no secret

    async def play(self, game: Game) -> None:
        """Play a match to its end."""
        table = await _ask(game, "GET", game.room)
        while table["state"] == "playing":
            if game.seat in table["chosen"]:
                table = await _ask(game, "GET", f"{game.room}?seen={table['version']}")
                continue
            await asyncio.sleep(PACE_SECONDS * self._chance.uniform(0.3, 1.2))
            number = choose(skill_of(game.seat), self._chance)
            move = {"seat": game.seat, "round": table["round"], "number": number}
            table = await _ask(game, "POST", f"{game.room}/moves", json=move)


async def _ask(game: Game, method: str, url: str, **more: Any) -> Any:
    async with game.http.request(method, url, headers=game.headers, **more) as answer:
        if answer.status == 409:  # noqa: PLR2004  the round ended meanwhile: look again
            return await _ask(game, "GET", game.room)
        answer.raise_for_status()
        return await answer.json()
