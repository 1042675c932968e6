"""The world as a `Riot` in the same process: no network, so that a long time can be simulated.

It says the same as the client does that asks the stand-in over HTTP.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from tenure.services.games.results import Title
from tenure.services.games.riot.contract import (
    Account,
    ActiveGame,
    KeyRefused,
    Limited,
    Malformed,
    Match,
    OfAnotherKey,
    RiotAway,
    RiotError,
)
from tenure.services.games.riot.routing import (
    UnknownPlatform,
    account_region,
    match_region,
    platform_of_match,
    read_platform,
)
from tenure.services.games.riot.stand_in.endpoints import ACCOUNT, ACCOUNT_OF, ACTIVE, MATCH, MATCH_IDS
from tenure.services.games.riot.stand_in.faults import Fault, Faults
from tenure.services.games.riot.stand_in.limits import Limits, TooMany
from tenure.services.games.riot.stand_in.playing import Game, Player
from tenure.services.games.riot.stand_in.scoring import lol_scores, tft_scores
from tenure.services.games.riot.stand_in.world import World

RETRY_SECONDS = 5.0
"""What is waited for where an answer does not say it."""
LIMITED_OF = {"application": "application", "method": "method", "service": "service", "none": "service"}
"""What is in trouble where an answer does not say it is something behind."""


class Direct:
    """What a client with this key is answered, whatever goes wrong."""

    def __init__(
        self, world: World, key: str | None = None, *, faults: Faults | None = None, limits: Limits | None = None
    ) -> None:
        self.world = world
        self.faults, self.limits = faults or Faults(world.now), limits or Limits(world.now)
        self.counted: Counter[str] = Counter()
        """How often each endpoint was asked."""
        self.fetched: Counter[str] = Counter()
        """How often each match was given."""
        self.use(world.keys.current if key is None else key)

    def use(self, key: str) -> None:
        """Use this key from now on."""
        self.key = key
        self.key_mark = hashlib.sha256(key.encode()).hexdigest()[:12]

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        """Look an account up by its name and tag."""
        found = self._ask(ACCOUNT, account_region, platform)
        player = self.world.account(f"{game_name}#{tag_line}")
        if player is None or not found:
            return None
        return Account(puuid=self.world.keys.puuid(self.key, player), game_name=player.name, tag_line=player.tag)

    async def account_of(self, platform: str, puuid: str) -> Account | None:
        """Look an account up by its puuid."""
        found, player = self._ask(ACCOUNT_OF, account_region, platform), self._player(puuid)
        if self.world.account(player.riot_id) is not player or not found:
            return None
        return Account(puuid=puuid, game_name=player.name, tag_line=player.tag)

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        """Give the game in which a player is shown."""
        found = self._ask(ACTIVE[title], read_platform, platform)
        player = self._player(puuid)
        game = self.world.active(player, title) if player.platform == read_platform(platform) else None
        if game is None or not found:
            return None
        loaded = self.world.now() >= game.started_at
        return ActiveGame(
            match_id=game.match_id,
            queue_id=None if game.anonymous else game.queue_id,
            started_at=self._moment(game.started_at) if loaded else None,
        )

    async def match(self, match_id: str, title: Title) -> Match | None:
        """Give a game that is over."""
        found = self._ask(MATCH[title], _region_of_match, match_id)
        game = self.world.match(match_id)
        if game is None or game.title != title or not found:
            return None
        self.fetched[match_id] += 1
        scores = lol_scores(game) if title == "lol" else tft_scores(game)
        players = {self.world.keys.puuid(self.key, one.player): one for one in scores if one.player}
        results = {puuid: one.result(game) for puuid, one in players.items()}
        return Match(
            match_id=match_id,
            title=title,
            started_at=self._moment(game.started_at),
            duration_seconds=int(game.ended_at - game.started_at),
            queue_id=game.queue_id,
            results=results,
            raw=_raw(game, list(results)),
            names={puuid: (one.name, one.tag) for puuid, one in players.items()},
        )

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        """Give the ids of all of a player's games that began since then, the newest first."""
        found = self._ask(MATCH_IDS[title], match_region, platform)
        player = self._player(puuid)
        listed = self.world.listed(player, title, since=since.timestamp(), most=len(player.games[title]))
        return [game.match_id for game in listed if found]

    def _ask(self, endpoint: str, route: Callable[[str], str], routed: str) -> bool:
        """Raise what goes wrong with a request; tell whether what there is may be found."""
        try:
            host = route(routed)
        except UnknownPlatform as problem:
            raise RiotError(str(problem)) from None
        self.counted[endpoint] += 1
        if self.key not in self.world.keys.valid:
            raise KeyRefused("the API key is wrong or expired: give another one", status=403)
        fault = self.faults.next_for(endpoint, host)
        if fault:
            _fail(fault)
        try:
            self.limits.take(self.key, host, endpoint)
        except TooMany as problem:
            raise Limited(str(problem), retry_after=problem.retry_after, of=problem.of) from None
        return fault is None or fault.kind != "not_found"

    def _player(self, puuid: str) -> Player:
        player = self.world.keys.player(self.key, puuid)
        if player is None:
            raise OfAnotherKey("the puuid is one of another API key: look the player up by name", status=400)
        return player

    def _moment(self, at: float) -> datetime:
        """Give a moment as a timestamp of the world, which is in milliseconds."""
        return datetime.fromtimestamp(round(self.world.stamp(at) * 1000) / 1000, UTC)


def _region_of_match(match_id: str) -> str:
    return match_region(platform_of_match(match_id))


def _raw(game: Game, puuids: list[str]) -> str:
    metadata = {"dataVersion": "2", "matchId": game.match_id, "participants": puuids}
    return msgspec.json.encode({"metadata": metadata}).decode()


def _fail(fault: Fault) -> None:
    """Raise what a client makes of a fault. One who waits long enough is answered: there is no time in here."""
    if fault.kind == "limit":
        raise Limited("too much was asked for", retry_after=fault.seconds or RETRY_SECONDS, of=LIMITED_OF[fault.of])
    if fault.kind == "malformed":
        raise Malformed("the answer is not understood")
    if fault.kind == "status":
        raise RiotAway(f"it answered {fault.status}", status=fault.status)
    if fault.kind == "cut":
        raise RiotAway("the connection ended without an answer")
