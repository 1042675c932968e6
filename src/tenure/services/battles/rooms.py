"""What happens in a battle, told to those of its players who are connected here.

One task per battle follows the log, whatever the number of sessions. A session says to which version it knows the log,
its cursor, and gets what it missed; where that is much, it gets how things stand and goes on from there. So whoever
comes back through another instance misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing

import msgspec

from tenure import CursorAhead, Event, OutcomeUnknown, Store, Unavailable
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Happened, Message, Outlet, SeatMoved, Signalled, Snapshot
from tenure.services.battles.playing import Playing
from tenure.services.battles.rules.contract import Rules

MOST_OF_A_TAIL = 200
"""Whoever missed more events than this gets a snapshot instead."""

AGAIN_SECONDS = 0.5
SHOWN: dict[str, tuple[str, ...]] = {
    "act": ("player",),
    "concede": ("player", "cause"),
    "say": ("player", "text"),
    "start": ("acts", "turn_ends_at"),
    "advance": ("turn", "acts", "turn_ends_at", "shown", "answer_to"),
    "refuse": ("player", "answer_to", "advice"),
    "finish": ("turn", "places", "reason", "shown", "answer_to"),
}
"""What players are told of each event. The board is in none: the rules say what may be seen of it."""

ONLY_TO_ITS_PLAYER = ("refuse",)


def topic_of(battle: str) -> str:
    """Give the topic of what is said in a battle and kept nowhere."""
    return f"battle/{battle}"


class Session:
    """One player's place in a room, for as long as the transport lasts. `cursor` is the last version that it was told."""

    def __init__(self, player: str, outlet: Outlet) -> None:
        self.player, self.outlet = player, outlet
        self.cursor = 0
        self.gone = False
        self._early: list[Message] | None = []

    def tell(self, message: Message) -> None:
        """Tell it something; before it has caught up, that waits."""
        if self.gone:
            return
        if self._early is not None:
            self._early.append(message)
        elif isinstance(message, Happened) and message.cursor <= self.cursor:
            return
        elif self.outlet.send(message):
            self.cursor = max(self.cursor, message.cursor) if isinstance(message, Happened) else self.cursor
        else:
            self.close()

    def begin(self, cursor: int, first: Sequence[Message]) -> None:
        """Tell what it missed, up to a version, and then what came meanwhile."""
        early, self._early = self._early or [], None
        self.cursor = cursor
        if not all(self.outlet.send(message) for message in first):
            self.close()
        for message in early:
            self.tell(message)

    def close(self) -> None:
        """End it: its line is too slow. It comes back with its cursor, and gets what it missed."""
        if not self.gone:
            self.gone = True
            self.outlet.close("resume_at_cursor")


class Room:
    """One battle, as it is followed here."""

    def __init__(self, store: Store, battle: Battle) -> None:
        self._store, self.id, self._players = store, battle.id, battle.players
        self._cursor = battle.version
        self.sessions: set[Session] = set()
        self.tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._hear())]
        self.tasks += [asyncio.create_task(self._follow_seat(player)) for player in battle.players]

    async def close(self) -> None:
        """Follow it no more."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def _tell(self, message: Message) -> None:
        for session in list(self.sessions):
            session.tell(message)

    async def _follow(self) -> None:
        """Tell what happens in the battle, for ever; while the store is away, it is told afterwards."""
        while True:
            try:
                async with aclosing(self._store.watch(Battle, self.id, after=self._cursor)) as events:
                    async for event in events:
                        self._cursor = event.version
                        self._happened(event)
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(AGAIN_SECONDS)
            except CursorAhead:  # the store was set back: what was told is not so any more
                for session in list(self.sessions):
                    session.gone = True
                    session.outlet.close("begin_again")
                return

    def _happened(self, event: Event[Battle]) -> None:
        message = told(event)
        for session in list(self.sessions):
            if event.name not in ONLY_TO_ITS_PLAYER or message.fields["player"] == session.player:
                session.tell(message)

    async def _follow_seat(self, player: str) -> None:
        id, after = f"{self.id}/{player}", 0
        while True:
            try:
                async with aclosing(self._store.watch(Seat, id, after=after)) as events:
                    async for event in events:
                        after = event.version
                        self._tell(SeatMoved(battle=self.id, player=player, state=str(event.target)))
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(AGAIN_SECONDS)
            except CursorAhead:
                after = 0

    async def _hear(self) -> None:
        while True:
            try:
                async with self._store.signals(topic_of(self.id)) as heard:
                    async for payload in heard:
                        self._tell(Signalled(battle=self.id, payload=msgspec.Raw(payload)))
                    return  # the store is closed
            except Unavailable:
                await self._store.clock.sleep(AGAIN_SECONDS)


class Rooms:
    """The rooms in which somebody from here is."""

    def __init__(self, store: Store, rules: Mapping[str, Rules], playing: Playing) -> None:
        self._store, self._rules, self._playing = store, rules, playing
        self._rooms: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    async def enter(self, battle: str, player: str, outlet: Outlet, *, cursor: int | None = None) -> Session:
        """Let a player hear a battle: what came after the cursor, or how things stand, and then what comes.

        Raises `Unknown` unless it is a battle of this player's.
        """
        await self._playing.check_player(battle, player)
        record = await self._store.get(Battle, battle)
        room = self._rooms.get(battle)
        if room is None:
            room = self._rooms[battle] = Room(self._store, record)
        session = Session(player, outlet)
        room.sessions.add(session)
        # Only now is the log read: what comes meanwhile waits in the session, so that nothing falls in between.
        try:
            reached, first = await self._missed(battle, player, cursor)
            seats = await self._store.get_many(Seat, [f"{battle}/{name}" for name in record.players])
        except BaseException:
            await self.leave(battle, session)
            raise
        moved = [SeatMoved(battle=battle, player=seat.player, state=str(seat.state)) for seat in seats.values()]
        session.begin(reached, [*first, *moved])
        return session

    async def leave(self, battle: str, session: Session) -> None:
        """Let a session go. The last one to go ends the room."""
        session.gone = True
        room = self._rooms.get(battle)
        if room is not None:
            room.sessions.discard(session)
            if not room.sessions:
                del self._rooms[battle]
                await room.close()

    async def close(self) -> None:
        """Follow nothing any more."""
        rooms, self._rooms = list(self._rooms.values()), {}
        for room in rooms:
            await room.close()

    async def signal(self, battle: str, player: str, payload: bytes) -> None:
        """Tell all in a room something of the moment, of at most 4,096 bytes of JSON. It may get lost."""
        await self._playing.check_player(battle, player)
        await self._store.signal(topic_of(battle), payload)

    async def _missed(self, battle: str, player: str, cursor: int | None) -> tuple[int, list[Message]]:
        """Give the version to which a session is told all, and by what."""
        record = await self._store.get(Battle, battle)
        if cursor is None or not 0 <= record.version - cursor <= MOST_OF_A_TAIL:
            return record.version, [self._snapshot(record, player)]
        events = await self._store.history(Battle, battle, after=cursor, limit=MOST_OF_A_TAIL)
        tail = [told(event) for event in events if event.name not in ONLY_TO_ITS_PLAYER or event.fields["player"] == player]
        return (events[-1].version if events else cursor), list(tail)

    def _snapshot(self, record: Battle, player: str) -> Snapshot:
        begun = record.board != b"null"
        return Snapshot(
            battle=record.id,
            cursor=record.version,
            state=str(record.state),
            mode=record.mode,
            level=record.level,
            players=record.players,
            turn=record.turn,
            acts=record.acts,
            turn_ends_at=record.turn_ends_at,
            board=self._rules[record.mode].view(record.board, player) if begun else record.board,
            places=record.places,
            reason=record.reason,
        )


def told(event: Event[Battle]) -> Happened:
    """Give an event as players are told of it."""
    fields = {name: event.fields[name] for name in SHOWN.get(event.name, ("reason",)) if name in event.fields}
    return Happened(battle=event.id, cursor=event.version, at=event.at, name=event.name, fields=fields)
