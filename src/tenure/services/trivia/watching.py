"""How the service is: its chats, its sources, and what waits for which step, for how long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenure import StateOf, Store
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.service import TriviaService

LATE_AFTER = timedelta(minutes=2)
"""How long a step may wait that nothing holds up before that is a trouble: some tries, and another to take over."""

STEPS: dict[str, StateOf[Game]] = {
    "post question": Game.asked,
    "count answers": Game.closing,
    "post results": Game.scored,
    "tidy": Game.posted,
}
"""The steps of a game that are taken at once, by the state in which it waits for them."""

MOST_LOOKED_AT = 1000
Counts = dict[str, dict[str, int]]


class Waits(msgspec.Struct, frozen=True):
    """How many wait for a step, and how long the one has waited that waits longest, of the first 1,000."""

    number: int
    oldest_seconds: float | None = None


class ChatSeen(msgspec.Struct, frozen=True):
    """A chat, and what is wrong with it as a whole; empty if nothing is."""

    trouble: str


class SourceSeen(msgspec.Struct, frozen=True):
    """A source of questions: how many it has at hand, and why its last call failed; empty if it did not."""

    questions: int
    trouble: str


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen. `reasons` is empty if all is well.

    What is held waits for its chat to take it, or for a question; that is some guild's trouble, and no reason.
    """

    status: str
    reasons: tuple[str, ...]
    asks: bool
    chats: dict[str, ChatSeen]
    sources: dict[str, SourceSeen]
    games: dict[str, int]
    held: dict[str, int]
    waiting: dict[str, Waits]


class Watching:
    """Looks at the service. What was late before the first look is given time from that look on."""

    def __init__(self, service: TriviaService) -> None:
        self._service, self._store = service, service.store
        self._since: datetime | None = None

    async def look(self) -> Seen:
        """Look at everything now."""
        service = self._service
        self._since = self._since or await self._store.now()
        counts = await self.counts()
        steps = await self.steps(counts)
        reasons = [*([service.trouble] if service.trouble else []), *await self._late(steps)]
        return Seen(
            status="failing" if reasons else "ok",
            reasons=tuple(reasons),
            asks=service.settings.asks,
            chats={name: ChatSeen(chat.trouble) for name, chat in service.chats.items()},
            sources={each.name: SourceSeen(each.questions, each.trouble) for each in service.sources.listed()},
            games=counts["games"],
            held=await self._held(counts),
            waiting=steps,
        )

    async def counts(self) -> Counts:
        """Count guilds, registrations and games by state."""
        return {
            "guilds": await _counted(self._store, Guild.known),
            "registrations": await _counted(self._store, Registration.live),
            "games": await _counted(self._store, Game.active),
        }

    async def steps(self, counts: Counts) -> dict[str, Waits]:
        """Tell for each step what waits for it. Costs what waits, whatever is open."""
        now, games = await self._store.now(), counts["games"]
        asking = [each.entered_at for each in await self._due() if each.trouble is None]
        found = {"ask": _waits(len(asking), asking, now)}
        for step, state in STEPS.items():
            number = games.get(state.names[0], 0)
            waiting = await self._store.find(state, limit=MOST_LOOKED_AT) if number else []
            found[step] = _waits(number, [game.entered_at for game in waiting], now)
        return found

    # ------------------------------------------------------------------------------------ inside

    async def _due(self) -> list[Registration]:
        return await self._store.find(Registration.due, limit=MOST_LOOKED_AT)

    async def _held(self, counts: Counts) -> dict[str, int]:
        slots = sum(each.trouble is not None for each in await self._due())
        games = counts["games"]
        return {"questions": games.get("held", 0), "results": games.get("withheld", 0), "slots": slots}

    async def _late(self, steps: dict[str, Waits]) -> list[str]:
        """Say which steps nobody takes. One that was late before we looked may have waited for this very server."""
        now = await self._store.now()
        looked_for = (now - (self._since or now)).total_seconds()
        return [
            f"nobody came to {step} for {waits.number}, the first of them since {waits.oldest_seconds:.0f} seconds"
            for step, waits in steps.items()
            if waits.oldest_seconds is not None and min(waits.oldest_seconds, looked_for) > LATE_AFTER.total_seconds()
        ]


async def _counted(store: Store, states: StateOf[Any]) -> dict[str, int]:
    """Count records in each of some states, those without any too."""
    counts = await store.count(states.kind)
    return {name: counts.get(name, 0) for name in states.names}


def _waits(number: int, since: Sequence[datetime], now: datetime) -> Waits:
    oldest = max(((now - each).total_seconds() for each in since), default=None)
    return Waits(number, None if oldest is None else max(oldest, 0.0))
