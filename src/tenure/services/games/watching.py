"""How the service is: what Riot answers, when each lot was last looked at, and what waits for how long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenure import Poller, StateOf, minutes
from tenure.services.games.games import EVERY
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.lots import LOTS
from tenure.services.games.rounds import poller_of
from tenure.services.games.service import GamesService

LATE_AFTER = minutes(5)
"""How long something may be due that nothing holds up before that is a trouble: its turn, and one taken over."""

TORN_FOR = minutes(10)
"""For how long it is said that players were taken away by another API key."""

STEPS: dict[str, StateOf[Any]] = {
    "look up accounts": TrackedPlayer.named,
    "look for unknown accounts": TrackedPlayer.unknown,
    "read lists of matches": TrackedPlayer.tracked,
    "fetch results": TrackedGame.awaiting,
    "ask again for results": TrackedGame.abandoned,
}
"""What is done when it is due, by the state in which players and games wait for it."""


class Waits(msgspec.Struct, frozen=True):
    """How many are in the state in which they wait for a step, and by how many seconds the first of them is late."""

    number: int
    late_seconds: float


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen. `reasons` is empty if all is well. `asked` and `failed` are this process's own counts."""

    status: str
    reasons: tuple[str, ...]
    tracks: bool
    players: dict[str, int]
    games: dict[str, int]
    waiting: dict[str, Waits]
    events: str
    """Where results are told."""
    looked_at_seconds_ago: float | None
    """How long ago the turn of detection began that is longest ago, of all lots; None before the first one."""
    asked: dict[str, int]
    failed: dict[str, int]


class Watching:
    """Looks at the service. What was late before the first look is given time from that look on."""

    def __init__(self, service: GamesService) -> None:
        self._service, self._store = service, service.store
        self._since: datetime | None = None

    async def look(self) -> Seen:
        """Look at everything now."""
        service, now = self._service, await self._store.now()
        self._since = self._since or now
        counts = await self.counts()
        steps = await self.steps(counts, now)
        looked = await self._looked_at(now)
        reasons = [
            *([service.trouble] if service.trouble else []),
            *self._late(steps, now),
            *self._unlooked(counts, looked, now),
            *self._torn(now),
        ]
        return Seen(
            status="failing" if reasons else "ok",
            reasons=tuple(reasons),
            tracks=service.settings.tracks,
            players=counts["players"],
            games=counts["games"],
            waiting=steps,
            events=await service.publishing.way(),
            looked_at_seconds_ago=looked,
            asked=dict(service.asking.asked),
            failed=dict(service.asking.failed),
        )

    async def counts(self) -> dict[str, dict[str, int]]:
        """Count players and games by state, those without any too."""
        players, games = await self._store.count(TrackedPlayer), await self._store.count(TrackedGame)
        return {
            "players": {name: players.get(name, 0) for name in TrackedPlayer.live.names},
            "games": {name: games.get(name, 0) for name in EVERY.names},
        }

    async def steps(self, counts: dict[str, dict[str, int]], now: datetime) -> dict[str, Waits]:
        """Tell for each step how many wait for it, and how late the first of them is."""
        found = {}
        for step, state in STEPS.items():
            number = counts["players" if state.kind is TrackedPlayer else "games"][state.name]
            found[step] = Waits(number, await self._late_by(state, now) if number else 0.0)
        return found

    # ------------------------------------------------------------------------------------ inside

    async def _late_by(self, state: StateOf[Any], now: datetime) -> float:
        due: list[datetime] = [
            first.due_at for lot in range(LOTS) for first in await self._store.find(state, per=lot, limit=1)
        ]
        return max([0.0, *((now - at).total_seconds() for at in due)])

    async def _looked_at(self, now: datetime) -> float | None:
        names = [poller_of("detection", lot) for lot in range(LOTS)]
        turns = [poller.began_at for poller in (await self._store.get_many(Poller, names)).values()]
        return max(((now - began_at).total_seconds() for began_at in turns if began_at is not None), default=None)

    def _late(self, steps: dict[str, Waits], now: datetime) -> list[str]:
        """Say what nobody does. What was late before we looked may have waited for this very server."""
        looked_for = (now - (self._since or now)).total_seconds()
        return [
            f"nobody came to {step}: the first of {waits.number} is late by {waits.late_seconds:.0f} seconds"
            for step, waits in steps.items()
            if min(waits.late_seconds, looked_for) > LATE_AFTER.total_seconds()
        ]

    def _unlooked(self, counts: dict[str, dict[str, int]], looked: float | None, now: datetime) -> list[str]:
        """Say that players are not looked at, where that goes on for some periods."""
        allowed: timedelta = max(LATE_AFTER, 3 * self._service.settings.detection_interval)
        looked_for = now - (self._since or now)
        if not counts["players"]["tracked"] or looked_for <= allowed:
            return []
        if looked is not None and looked <= allowed.total_seconds():
            return []
        return ["some lots of players are not looked at: no process that tracks has had their turn for long"]

    def _torn(self, now: datetime) -> list[str]:
        """Say that another process asks with another API key, by which the same players are looked up ever again."""
        at = self._service.detection.taken_away_at
        if at is None or now - at > TORN_FOR:
            return []
        return ["a process of this store asks with another API key: give all of them the same one"]
