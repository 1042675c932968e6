"""One battle as it is followed here, and the players who hear it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from functools import partial

import msgspec

from tenure import CursorAhead, Event, OutcomeUnknown, Store, Unavailable
from tenure.services.battles.counting import Counting
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Code, Happened, Message, Outlet, SeatMoved, Signalled, Snapshot
from tenure.services.battles.telling import may_hear, moved, told

AGAIN_SECONDS = 0.5
Follow = Callable[[], Awaitable[None]]


def topic_of(battle: str) -> str:
    """Give the topic of what is said in a battle and kept nowhere."""
    return f"battle/{battle}"


class Whisper(msgspec.Struct, frozen=True):
    """What a signal carries from one instance to all."""

    player: str
    data: msgspec.Raw


_decoder, _encoder = msgspec.json.Decoder(Whisper), msgspec.json.Encoder()


def whispered(player: str, data: msgspec.Raw) -> bytes:
    """Write what a player says and nobody keeps, as it goes to all instances."""
    return _encoder.encode(Whisper(player, data))


class Session:
    """One player's place in a room, for as long as the transport lasts. `cursor` is the last version that was told."""

    def __init__(self, player: str, outlet: Outlet) -> None:
        self.player, self.outlet = player, outlet
        self.cursor, self.gone = 0, False
        self._seats: dict[str, int] = {}
        self._early: list[Message] | None = []

    def tell(self, message: Message) -> None:
        """Tell something that was not told yet; before the player has caught up, it waits."""
        if self._early is not None:
            self._early.append(message)
        elif not self.gone and self._is_new(message) and not self.outlet.send(message):
            self.close("resume_at_cursor")

    def begin(self, cursor: int, first: Iterable[Message]) -> None:
        """Tell what was missed, up to a version, and then what came meanwhile."""
        early, self._early = self._early or [], None
        for message in first:
            self.tell(message)
        self.cursor = max(self.cursor, cursor)
        for message in early:
            self.tell(message)

    def close(self, code: Code) -> None:
        """End it."""
        if not self.gone:
            self.gone = True
            self.outlet.close(code)

    def _is_new(self, message: Message) -> bool:
        known = 0
        match message:
            case Happened():
                known, self.cursor = self.cursor, max(self.cursor, message.cursor)
                return message.cursor > known
            case Snapshot():
                self.cursor = max(self.cursor, message.cursor)
                return True
            case SeatMoved():
                known, self._seats[message.player] = self._seats.get(message.player, 0), message.version
                return message.version > known
            case _:
                return True


class Room:
    """One battle, as it is followed here."""

    def __init__(self, store: Store, battle: Battle, seats: Iterable[Seat], counting: Counting) -> None:
        self._store, self.id, self._cursor, self._counting = store, battle.id, battle.version, counting
        self.sessions: set[Session] = set()
        self.over = False
        """Whether nobody hears anything here any more."""
        self._seats = {seat.player: seat.version for seat in seats}
        """To which version each seat was followed."""
        seated: list[Follow] = [partial(self._follow_seat, player) for player in battle.players]
        self._tasks = [asyncio.create_task(self._keep(one)) for one in (self._follow, self._hear, *seated)]

    async def close(self) -> None:
        """Follow it no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep(self, follow: Follow) -> None:
        """Follow something to its end. Whatever it fails by, it goes on where it was: nobody shall wait in silence."""
        while True:
            try:
                return await follow()
            except (Unavailable, OutcomeUnknown):
                pass  # what happens while the store is away is told afterwards
            except Exception as error:  # noqa: BLE001  a defect: those here are still to hear what comes after it
                self._failed(error)
            await self._store.clock.sleep(AGAIN_SECONDS)

    def _failed(self, error: Exception) -> None:
        self._store.log.error("room_failed", battle=self.id, error=type(error).__name__, said=str(error))

    async def _follow(self) -> None:
        """Tell what happens in the battle, for ever."""
        try:
            async with aclosing(self._store.watch(Battle, self.id, after=self._cursor)) as events:
                async for event in events:
                    self._cursor = event.version
                    self._happened(event)
        except CursorAhead:  # what was told is not so any more
            self.over = True
            for session in list(self.sessions):
                session.close("begin_again")

    def _happened(self, event: Event[Battle]) -> None:
        message = told(event)
        for session in list(self.sessions):
            if may_hear(session.player, event):
                session.tell(message)

    def tell(self, message: Message, player: str | None = None) -> None:
        """Tell all who are here, or one player."""
        for session in list(self.sessions):
            if player in (None, session.player):
                session.tell(message)

    async def _follow_seat(self, player: str) -> None:
        seat, after = f"{self.id}/{player}", self._seats.get(player, 0)
        with suppress(CursorAhead):  # the battle's own watcher sends everybody away
            async with aclosing(self._store.watch(Seat, seat, after=after)) as events:
                async for event in events:
                    self._seats[player] = event.version
                    self.tell(moved(self.id, player, event.target, event.version))

    async def _hear(self) -> None:
        """Tell what is said and kept nowhere, until the store is closed."""
        async with self._store.signals(topic_of(self.id)) as heard:
            await heard.each(self._whispered)

    def _whispered(self, payload: bytes) -> None:
        whisper = _decoder.decode(payload)
        self._counting.signals["heard"] += 1
        self.tell(Signalled(battle=self.id, player=whisper.player, data=whisper.data))
