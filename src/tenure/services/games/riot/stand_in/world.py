"""The world that the stand-in shows: accounts, games and keys, in a time of its own, with no network.

What is the case follows from the time alone: nothing runs in the background. A game may also be entered whole, with
its end, in the past or in the future.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence

from tenure.services.games.results import Title
from tenure.services.games.riot.routing import UnknownPlatform, read_platform
from tenure.services.games.riot.stand_in.delays import Chance, Delays
from tenure.services.games.riot.stand_in.keys import Keys
from tenure.services.games.riot.stand_in.playing import QUEUES, SEATS, Ending, Game, Player, Span

DEFAULT_KEY = "RGAPI-00000000-0000-4000-8000-000000000000"
FIRST_GAME = 5_000_000_000
MOST_LISTED = 100


class NotPossible(Exception):  # noqa: N818  it says what is wrong
    """What was asked of the world cannot be, such as a player in two games at once."""


class World:
    """All of it. `clock` gives seconds since 1970, and `advance` adds to it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        key: str = DEFAULT_KEY,
        seed: int = 0,
        delays: Delays | None = None,
        first_game: int = FIRST_GAME,
    ) -> None:
        self.delays = delays or Delays()
        self.keys = Keys(key)
        self.players: dict[str, Player] = {}
        """By `name#tag` in small letters."""
        self.games: dict[str, Game] = {}
        """By match id."""
        self.skew_seconds = 0.0
        """How far ahead the world's timestamps are of its clock."""
        self._clock, self._advanced = clock, 0.0
        self._numbers = itertools.count(first_game)
        self._chance = Chance(seed)

    # ------------------------------------------------------------------------------------------ time

    def now(self) -> float:
        """Give the time, in seconds since 1970."""
        return self._clock() + self._advanced

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._advanced += seconds

    def skew(self, seconds: float) -> None:
        """Let all timestamps be ahead by so much, or behind."""
        self.skew_seconds = seconds

    def stamp(self, at: float) -> float:
        """Give a moment as the world's timestamps have it."""
        return at + self.skew_seconds

    # --------------------------------------------------------------------------------------- players

    def add_player(self, riot_id: str, platform: str = "na1") -> Player:
        """Give somebody an account, or the one that they have. A Riot id is `Name#TAG`."""
        name, tag = _read_riot_id(riot_id)
        if riot_id.lower() not in self.players:
            self.players[riot_id.lower()] = player = Player(len(self.keys.players), name, tag, _platform(platform))
            self.keys.players.append(player)
        return self.players[riot_id.lower()]

    def player(self, riot_id: str) -> Player:
        """Give a player. Raises `NotPossible`."""
        if riot_id.lower() not in self.players:
            raise NotPossible(f"there is no player {riot_id!r}: add them first")
        return self.players[riot_id.lower()]

    def remove_player(self, riot_id: str) -> None:
        """Let an account not be found by its name any more."""
        del self.players[self.player(riot_id).riot_id.lower()]

    def rename(self, riot_id: str, to: str) -> Player:
        """Give a player another Riot id; the account stays the same."""
        player = self.player(riot_id)
        name, tag = _read_riot_id(to)
        if to.lower() in self.players:
            raise NotPossible(f"{to!r} is taken: choose another name")
        del self.players[riot_id.lower()]
        player.name, player.tag = name, tag
        self.players[to.lower()] = player
        return player

    # ----------------------------------------------------------------------------------------- games

    def start(
        self,
        *riot_ids: str,
        against: Sequence[str] = (),
        title: Title = "lol",
        queue_id: int | None = None,
        at: float | None = None,
        loading_seconds: float | None = None,
        hidden: bool | None = None,
        anonymous: bool | None = None,
    ) -> Game:
        """Let a game begin now, or at a moment. Those who are `against` are of the other team."""
        players = tuple(self.player(riot_id) for riot_id in (*riot_ids, *against))
        opened_at = _whole(self.now() if at is None else at)
        self._refuse_impossible(players, title, opened_at)
        if at is None:
            # Who begins to play now does not play what was entered for later.
            for later in [game for player in players for game in player.games_after(opened_at)]:
                self._forget(later)
        loading = self._chance.drawn(self.delays.loading) if loading_seconds is None else loading_seconds
        game = Game(
            platform=players[0].platform,
            number=next(self._numbers),
            title=title,
            queue_id=QUEUES[title] if queue_id is None else queue_id,
            players=players,
            against=len(riot_ids),
            opened_at=opened_at,
            started_at=_whole(opened_at + loading),
            hidden=self._chance.happens(self.delays.hidden_share) if hidden is None else hidden,
            anonymous=self._chance.happens(self.delays.anonymous_share) if anonymous is None else anonymous,
        )
        self.games[game.match_id] = game
        for player in players:
            player.join(game)
        return game

    def end(
        self,
        match_id: str,
        *,
        at: float | None = None,
        ending: Ending = "decided",
        won: bool | None = None,
        placement: int | None = None,
        result_seconds: float | None = None,
        listed_seconds: float | None = None,
        lingering_seconds: float | None = None,
        lost: bool | None = None,
    ) -> Game:
        """Let a game end now, or at a moment. `won` and `placement` are those of its first player."""
        game, delays = self.game(match_id), self.delays
        ended_at = _whole(self.now() if at is None else at)
        if ended_at < game.opened_at:
            raise NotPossible(f"game {match_id} has not begun then: end it later")
        game.ended_at, game.ending = ended_at, ending
        game.shown_again.clear()
        game.started_at = min(game.started_at, ended_at)
        game.won = self._chance.happens(0.5) if won is None else won
        game.placement = self._chance.placement() if placement is None else placement
        game.lost = self._chance.happens(delays.lost_share) if lost is None else lost
        game.result_at = ended_at + (self._chance.drawn(delays.result) if result_seconds is None else result_seconds)
        game.listed_at = ended_at + (self._chance.drawn(delays.listed) if listed_seconds is None else listed_seconds)
        self._chance.misshow(game, delays, lingering_seconds)
        return game

    def play(self, *riot_ids: str, at: float, seconds: float, title: Title = "lol", ending: Ending = "decided") -> Game:
        """Enter a game whole: when it begins, and how long it takes."""
        return self.end(self.start(*riot_ids, title=title, at=at).match_id, at=at + seconds, ending=ending)

    def game(self, match_id: str) -> Game:
        """Give a game. Raises `NotPossible`."""
        if match_id not in self.games:
            raise NotPossible(f"there is no game {match_id!r}")
        return self.games[match_id]

    def flap(self, riot_id: str, seconds: float, *, title: Title = "lol") -> None:
        """Let the game in which a player is not be shown for a while."""
        now = self.now()
        self._current(riot_id, title).absent.append(Span(now, now + seconds))

    def show_again(self, match_id: str, seconds: float) -> None:
        """Let a game that is over be shown for a while, also to those who are in the next one."""
        now = self.now()
        self.game(match_id).shown_again.append(Span(now, now + seconds))

    def lose(self, match_id: str, *, lost: bool = True) -> None:
        """Let a game's match never be there, though it is listed; or be there after all."""
        self.game(match_id).lost = lost

    def delay(self, match_id: str, seconds: float) -> None:
        """Let a game's match be there only after so many seconds from now."""
        self.game(match_id).result_at = self.now() + seconds

    def forget_before(self, at: float) -> int:
        """Forget the games that ended before a moment; give how many. A long simulation needs their memory."""
        old = [game for game in self.games.values() if game.ended_at < at]
        for game in old:
            self._forget(game)
        return len(old)

    # ----------------------------------------------------------------------------------------- looks

    def account(self, riot_id: str) -> Player | None:
        """Give whose account a Riot id is."""
        return self.players.get(riot_id.lower())

    def active(self, player: Player, title: Title) -> Game | None:
        """Give the game in which a player is shown now."""
        return player.shown(title, self.now())

    def match(self, match_id: str) -> Game | None:
        """Give a game whose match is there now."""
        game = self.games.get(match_id)
        return game if game and not game.lost and game.result_at <= self.now() else None

    def listed(self, player: Player, title: Title, *, since: float = 0.0, most: int = MOST_LISTED) -> list[Game]:
        """Give a player's games that are listed now and began at a timestamp or later, the newest first."""
        return [game for game, _ in zip(self._listed(player, title, since), range(most), strict=False)]

    def _listed(self, player: Player, title: Title, since: float) -> Iterator[Game]:
        now = self.now()
        for game in reversed(player.games[title]):
            if self.stamp(game.started_at) < since:
                return
            if game.listed_at <= now:
                yield game

    # ----------------------------------------------------------------------------------------- parts

    def _refuse_impossible(self, players: tuple[Player, ...], title: Title, at: float) -> None:
        if not 0 < len(players) <= SEATS[title]:
            raise NotPossible(f"a game of {title} has 1 to {SEATS[title]} players, not {len(players)}")
        if len(set(players)) < len(players) or len({player.platform for player in players}) > 1:
            raise NotPossible("the players of a game are different ones, of one platform")
        for player in players:
            if game := player.going_on(at):
                raise NotPossible(f"{player.riot_id} is in game {game.match_id}: end it first")

    def _forget(self, game: Game) -> None:
        if self.games.pop(game.match_id, None):
            for player in game.players:
                player.leave(game)

    def _current(self, riot_id: str, title: Title) -> Game:
        game = self.player(riot_id).going_on(self.now())
        if game is None or game.title != title:
            raise NotPossible(f"{riot_id} is in no game of {title}: start one first")
        return game


def _whole(at: float) -> float:
    """Give a moment in whole milliseconds, as all timestamps are; never a later one."""
    return math.floor(round(at * 1000, 3)) / 1000


def _read_riot_id(text: str) -> tuple[str, str]:
    name, _, tag = text.rpartition("#")
    if not (name and tag):
        raise NotPossible(f"{text!r} is no Riot id: write Name#TAG")
    return name, tag


def _platform(text: str) -> str:
    try:
        return read_platform(text)
    except UnknownPlatform as problem:
        raise NotPossible(str(problem)) from None
