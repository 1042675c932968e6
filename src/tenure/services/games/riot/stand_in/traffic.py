"""Players who play by themselves: one game after the other, alone or together, as their habits are."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass
from itertools import count

from tenure.services.games.results import Title
from tenure.services.games.riot.stand_in.playing import Ending, Game, Player
from tenure.services.games.riot.stand_in.world import World

AHEAD_SECONDS, WAIT_SECONDS = 120.0, 300.0
"""How far ahead games are entered, and for how long one waits for somebody to play with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How long games and the pauses between them are, in seconds, and how often which games come."""

    game_seconds: tuple[float, float] = (1_200.0, 2_400.0)
    pause_seconds: tuple[float, float] = (30.0, 1_800.0)
    together_share: float = 0.2
    """How many games are played by two of them."""
    tft_share: float = 0.0
    remake_share: float = 0.02
    aborted_share: float = 0.005
    surrender_share: float = 0.2


QUICK = Habits(game_seconds=(60.0, 240.0), pause_seconds=(5.0, 60.0), tft_share=0.2, remake_share=0.1)
"""For who looks on: something happens all the time."""
REMAKE_SECONDS = 200.0


class Traffic:
    """Enters the games of a world's players ahead of its time; nothing runs in the background."""

    def __init__(self, world: World, habits: Habits = QUICK, *, seed: int = 0) -> None:
        self.on, self.habits = False, habits
        self._world, self._random = world, random.Random(seed)  # noqa: S311  nothing secret comes of it
        self._free: list[tuple[float, int, Player]] = []
        """Who is free again from when on; the number keeps players of one moment apart."""
        self._known = set[int]()
        self._order = count()

    def go_on(self, ahead_seconds: float = AHEAD_SECONDS) -> list[Game]:
        """Enter the games of all who are free within so many seconds from now; give them."""
        if not self.on:
            return []
        self._take_in_new_players()
        until, entered = self._world.now() + ahead_seconds, list[Game]()
        while self._free and self._free[0][0] < until:
            free_at, _, player = heapq.heappop(self._free)
            at = max(free_at, self._world.now())
            if self._world.account(player.riot_id) is not player:
                self._known.discard(player.number)  # they have gone
            elif busy := player.going_on(at):
                # Somebody let them play a game of which the end is not known yet.
                self._put_back(player, min(busy.ended_at, at + ahead_seconds))
            else:
                entered.append(self._play(player, at))
        return entered

    def _take_in_new_players(self) -> None:
        now = self._world.now()
        for player in self._world.players.values():
            if player.number not in self._known:
                self._known.add(player.number)
                self._put_back(player, now)

    def _play(self, player: Player, at: float) -> Game:
        players, habits = [player], self.habits
        if self._happens(habits.together_share) and (friend := self._friend(player, at)):
            friend_at, _, other = friend
            players, at = [player, other], max(at, friend_at)
        title: Title = "tft" if self._happens(habits.tft_share) else "lol"
        ending = self._ending()
        seconds = self._random.uniform(*habits.game_seconds)
        game = self._world.start(*(one.riot_id for one in players), title=title, at=at)
        ended_at = game.started_at + (min(seconds, REMAKE_SECONDS) if ending == "remake" else seconds)
        self._world.end(game.match_id, at=ended_at, ending=ending, won=self._happens(0.5))
        for one in players:
            self._put_back(one, ended_at)
        return game

    def _friend(self, player: Player, at: float) -> tuple[float, int, Player] | None:
        """Take who is free next, if that is soon and they play on the same platform."""
        if not self._free or self._free[0][0] > at + WAIT_SECONDS:
            return None
        free_at, _, friend = self._free[0]
        busy = friend.going_on(max(at, free_at))
        if friend.platform != player.platform or busy or self._world.account(friend.riot_id) is None:
            return None
        return heapq.heappop(self._free)

    def _put_back(self, player: Player, at: float) -> None:
        free_at = at + self._random.uniform(*self.habits.pause_seconds)
        heapq.heappush(self._free, (free_at, next(self._order), player))

    def _ending(self) -> Ending:
        drawn, habits = self._random.random(), self.habits
        for share, ending in (
            (habits.remake_share, "remake"),
            (habits.aborted_share, "aborted"),
            (habits.surrender_share, "surrender"),
        ):
            if drawn < share:
                return ending  # type: ignore[return-value]
            drawn -= share
        return "decided"

    def _happens(self, share: float) -> bool:
        return self._random.random() < share
