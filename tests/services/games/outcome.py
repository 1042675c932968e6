"""What came of a simulated time: each game that was played is held against its record, its history and its events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields

from tenure import Store, minutes
from tenure.services.games.games import game_id
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.publishing import CORRECTED, FINISHED, Told
from tenure.services.games.riot.stand_in.playing import Game

SOON = minutes(5).total_seconds()


@dataclass
class Seen:
    """What came of it. A record is one game of one tracked player; `lost` and `twice` tell those that are wrong."""

    games: int = 0
    records: int = 0
    completed: int = 0
    soon: int = 0
    """Results within five minutes of the game's end."""
    in_time: int = 0
    """Records of which Riot itself had the result within five minutes."""
    retried: int = 0
    abandoned: int = 0
    corrected: int = 0
    without_result: int = 0
    """Games of which Riot never has the result, though it lists them: they stay abandoned, with their error."""
    events: int = 0
    events_again: int = 0
    """How often an event was posted again, under its one id."""
    fetched: int = 0
    fetched_again: int = 0
    """How often a match was fetched that had been fetched before."""
    kills: int = 0
    cut_short: int = 0
    """Kills in the midst of a turn."""
    keys: int = 1
    found_by: Counter[str] = field(default_factory=Counter)
    platforms: Counter[str] = field(default_factory=Counter)
    storms: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)

    def so_far(self) -> str:
        """Give what is known before the end."""
        return (
            f"{self.games} games, {self.events} events, {self.events_again} again, {self.fetched} matches, "
            f"{self.fetched_again} again, {self.kills} kills, {self.keys} keys, {self.faults.total()} faults"
        )

    def lines(self) -> str:
        """Give it line by line."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return "\n".join(f"{name}: {dict(each) if isinstance(each, Counter) else each}" for name, each in shown.items())


class Judge:
    """Looks at what is in the store and what was told, and notes it."""

    def __init__(self, seen: Seen, store: Store, taken: Iterable[Told]) -> None:
        self._seen, self._store = seen, store
        self._told: dict[str, dict[str, Told]] = defaultdict(dict)
        for told in taken:
            seen.events_again += told.id in self._told[told.game]
            self._told[told.game][told.id] = told

    async def look(self, played: Iterable[Game], players: dict[tuple[str, str], TrackedPlayer], now: float) -> None:
        """Hold every game that is over against what there is. Players go by Riot id in small letters, and platform."""
        for game in played:
            self._seen.games += 1
            assert game.ended_at <= now, "all were to be over"
            for each in game.players:
                player = players[each.riot_id.casefold(), each.platform]
                if game.title in player.titles:
                    await self._record(game, player)
        self._seen.events = sum(map(len, self._told.values()))

    async def _record(self, game: Game, player: TrackedPlayer) -> None:
        seen, id = self._seen, game_id(player.id, game.match_id)
        seen.records += 1
        seen.platforms[player.platform] += 1
        record = (await self._store.get_many(TrackedGame, [id])).get(id)
        told = list(self._told[id].values())
        if record is None:
            seen.lost.append(f"{id}: there is no record of it")
        elif game.lost:
            self._without_result(record, told)
        elif record.state != TrackedGame.completed or not told:
            seen.lost.append(f"{id}: {record}, told {told}")
        else:
            await self._completed(game, record, told)

    def _without_result(self, record: TrackedGame, told: list[Told]) -> None:
        self._seen.without_result += 1
        if record.state != TrackedGame.abandoned or record.last_error is None or told:
            self._seen.lost.append(f"{record.id}: it has no result, and yet {record}, told {told}")

    async def _completed(self, game: Game, record: TrackedGame, told: list[Told]) -> None:
        seen, ended_at = self._seen, game.ended_at
        names = [event.name for event in await self._store.history(TrackedGame, record.id)]
        late = "abandon" in names
        seen.completed += 1
        seen.in_time += game.result_at - ended_at <= SOON
        seen.soon += record.entered_at.timestamp() - ended_at <= SOON
        seen.retried += "retry" in names
        seen.abandoned += late
        seen.corrected += names.count("correct")
        seen.found_by[record.found_by] += 1
        right = ["correct"] if late else ["complete"]
        if [name for name in names if name in ("complete", "correct")] != right:
            seen.twice.append(f"{record.id}: {names}")
        if [each.type for each in told] != [CORRECTED if late else FINISHED]:
            seen.twice.append(f"{record.id}: told {told}")
        if told[0].result != record.result or told[0].duration_seconds != int(game.ended_at - game.started_at):
            seen.twice.append(f"{record.id}: told {told[0]}, and it is {record}")
