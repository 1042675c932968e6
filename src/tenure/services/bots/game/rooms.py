"""Rooms follow matches: opened when a match starts, closed when it is broken off, and asked for a lost result."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

from tenure import Delivery, OutcomeUnknown, Retry, Store, Unavailable, WrongState, seconds
from tenure.services.bots.game.api import GameApi, GameAway, GameRefused, probing
from tenure.services.bots.game.contract import fits, opening_of
from tenure.services.bots.lifecycle import Match
from tenure.services.bots.refusals import NotThen, TryAgain, Unknown
from tenure.services.bots.settling import Settling

AGAIN = Retry(first=seconds(0.5), most=seconds(5))
FOR_A_DAY = Retry(first=seconds(1), most=seconds(60), give_up=timedelta(days=1))
NO_ROOM_FOR = seconds(60)
"""How long players wait for a room while the game is away; then their match is broken off, and they are free."""

LOOK_SECONDS = 10.0
LOOK_AFTER = seconds(20)
"""A match is looked at from this age on: most results come by report, and soon."""

AT_ONCE = 16
PAGE = 500

Loop = Callable[[], Awaitable[None]]


class Rooms:
    """Keeps the game's rooms in step with the matches."""

    def __init__(self, store: Store, game: GameApi, settling: Settling, report_to: Callable[[str], str]) -> None:
        self._store, self._game, self._settling, self._report_to = store.acting("rooms"), game, settling, report_to
        self._missed: set[str] = set()

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled. The game must be entered meanwhile."""
        deliver = self._store.deliver
        return {
            "open_rooms": lambda: deliver(Match.open_room, self.open_room, retry=AGAIN, at_once=AT_ONCE),
            "close_rooms": lambda: deliver(Match.close_room, self.close_room, retry=FOR_A_DAY, at_once=AT_ONCE),
            "find_results": self._find_results_for_ever,
            "probe_game": lambda: probing(self._game),
        }

    async def open_room(self, effect: Delivery[Match]) -> None:
        """Open a match's room and note where it is. Raises `GameAway`, and is tried again, for a minute."""
        match = await self._store.get(Match, effect.record.id)
        if match.state != Match.playing or match.room is not None:
            return
        try:
            room = await self._game.open(match.id, opening_of(match, self._report_to(match.id), self._game.key))
        except GameRefused as refusal:
            self._store.log.warning("room_refused", match=match.id, status=refusal.status, reason=refusal.reason)
            await self._break_off(match, "game_refused")
            return
        except GameAway:
            if await self._store.now() - match.entered_at < NO_ROOM_FOR:
                raise
            await self._break_off(match, "game_away")
            return
        with suppress(WrongState):  # it ended meanwhile: then `close_room` follows
            await self._store.apply(Match.open_at(match.id, room=room))

    async def close_room(self, effect: Delivery[Match]) -> None:
        """Close the room of a match that came to nothing, if it ever had one."""
        events = await self._store.history(Match, effect.record.id)
        if any(event.name == "start" for event in events):
            with suppress(GameRefused):
                await self._game.close(effect.record.id)

    async def find_results(self) -> int:
        """Ask the game for the result of each match that has gone on for a while, and give how many were found."""
        now, found, after = await self._store.now(), 0, ""
        limit = asyncio.Semaphore(AT_ONCE)
        while page := await self._store.find(Match.playing, limit=PAGE, after=after or None):
            after = page[-1].id
            old = [match for match in page if match.room is not None and now - match.entered_at >= LOOK_AFTER]
            found += sum(await asyncio.gather(*(self._find_result(match, limit) for match in old)))
        return found

    async def _find_results_for_ever(self) -> None:
        async for _ in self._store.every(seconds(LOOK_SECONDS), "bots/results"):
            with suppress(Unavailable, OutcomeUnknown):  # the next turn looks again
                if self._game.available:
                    await self.find_results()

    async def _find_result(self, match: Match, limit: asyncio.Semaphore) -> bool:
        async with limit:
            try:
                seen = await self._game.look(match.id)
            except GameAway:
                return False  # the next turn looks again
            except GameRefused as refusal:
                self._store.log.warning("result_refused", match=match.id, status=refusal.status)
                return False
        if seen is None:
            await self._miss(match)
            return False
        self._missed.discard(match.id)
        if seen.places is None:
            return False
        if not fits(seen.places, len(match.teams)):
            await self._break_off(match, "result_unusable")
            return False
        with suppress(NotThen, TryAgain, Unknown):  # its report came, or its end; else the next turn looks again
            await self._settling.settle(match.id, seen.places)
        return True

    async def _miss(self, match: Match) -> None:
        """Break a match off whose room is gone at two looks in a row: one may meet a game that is just starting."""
        if match.id in self._missed:
            self._missed.discard(match.id)
            await self._break_off(match, "room_lost")
        else:
            self._missed.add(match.id)

    async def _break_off(self, match: Match, reason: str) -> None:
        with suppress(NotThen, Unknown):  # it ended by itself meanwhile
            await self._settling.break_off(match.id, reason)
