"""What happens in a battle, told to those of its players who are connected here.

One watcher per battle follows the log, whatever the number of sessions. A player says to which version they know the
log, their cursor, and get what they missed; where that is much, they get how things stand and go on from there. So
whoever comes back through another instance misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing

import msgspec

from tenure import CursorAhead, Event, NotFound, OutcomeUnknown, Store, Unavailable
from tenure.services.battles.checks import checked_move
from tenure.services.battles.counting import Counting
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Code, Happened, Message, Outlet, SeatMoved, Signalled, Snapshot
from tenure.services.battles.playing import Playing
from tenure.services.battles.refusals import MOST_TRIES, Unknown
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.telling import may_hear, moved, snapshot, told

MOST_OF_A_TAIL = 200
"""Whoever missed more events than this gets a snapshot instead."""

AGAIN_SECONDS = 0.5


def topic_of(battle: str) -> str:
    """Give the topic of what is said in a battle and kept nowhere."""
    return f"battle/{battle}"


class Whisper(msgspec.Struct, frozen=True):
    """What a signal carries from one instance to all."""

    player: str
    data: msgspec.Raw


_decoder, _encoder = msgspec.json.Decoder(Whisper), msgspec.json.Encoder()


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
        known = {seat.player: seat.version for seat in seats}
        followed = [self._follow_seat(player, known.get(player, 0)) for player in battle.players]
        self._tasks = [asyncio.create_task(one) for one in (self._follow(), self._hear(), *followed)]

    async def close(self) -> None:
        """Follow it no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _follow(self) -> None:
        """Tell what happens in the battle, for ever; what happens while the store is away is told afterwards."""
        while True:
            try:
                async with aclosing(self._store.watch(Battle, self.id, after=self._cursor)) as events:
                    async for event in events:
                        self._cursor = event.version
                        self._happened(event)
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(AGAIN_SECONDS)
            except CursorAhead:  # what was told is not so any more
                self.over = True
                for session in list(self.sessions):
                    session.close("begin_again")
                return

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

    async def _follow_seat(self, player: str, after: int) -> None:
        while True:
            try:
                async with aclosing(self._store.watch(Seat, f"{self.id}/{player}", after=after)) as events:
                    async for event in events:
                        after = event.version
                        self.tell(moved(self.id, player, event.target, after))
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(AGAIN_SECONDS)
            except CursorAhead:
                return  # the battle's own watcher sends everybody away

    async def _hear(self) -> None:
        while True:
            try:
                async with self._store.signals(topic_of(self.id)) as heard:
                    await heard.each(self._whispered)
                    return  # the store is closed
            except Unavailable:
                await self._store.clock.sleep(AGAIN_SECONDS)

    def _whispered(self, payload: bytes) -> None:
        whisper = _decoder.decode(payload)
        self._counting.signals["heard"] += 1
        self.tell(Signalled(battle=self.id, player=whisper.player, data=whisper.data))


class Rooms:
    """The rooms in which somebody from here is."""

    def __init__(
        self, store: Store, rules: Mapping[str, Rules], playing: Playing, counting: Counting | None = None
    ) -> None:
        self._store, self._rules, self._playing = store, rules, playing
        self._counting = counting or Counting()
        self._rooms: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    async def enter(self, battle: str, player: str, outlet: Outlet, *, cursor: int | None = None) -> Session:
        """Let a player hear a battle: what came after the cursor, or how things stand, and then what comes.

        Raises `Unknown` unless it is a battle of this player's.
        """
        await self._playing.check_player(battle, player)
        session, record, seats, old = Session(player, outlet), None, list[Seat](), None
        if not self._follows(battle):
            record, seats = await self._battle(battle), await self._seats(battle, player)
            if self._follows(battle):
                record = None  # somebody was faster: what came to that room since then would be missed
            else:
                old = self._rooms.get(battle)
                self._rooms[battle] = Room(self._store, record, seats, self._counting)
        self._rooms[battle].sessions.add(session)
        # Only now is the log read: what comes meanwhile waits in the session, so that nothing falls in between.
        try:
            if old is not None:
                await old.close()  # those in it were sent away, and may take their time
            if record is None:
                record, seats = await self._battle(battle), await self._seats(battle, player)
            reached, first = await self._missed(record, player, cursor)
        except BaseException:
            await self.leave(battle, session)
            raise
        session.begin(reached, [*first, *(moved(battle, seat.player, seat.state, seat.version) for seat in seats)])
        return session

    def _follows(self, battle: str) -> bool:
        return battle in self._rooms and not self._rooms[battle].over

    async def leave(self, battle: str, session: Session) -> None:
        """Let a session go. The last one to go ends the room."""
        session.gone = True
        room = self._rooms.get(battle)
        if room is None or session not in room.sessions:
            return
        room.sessions.discard(session)
        if not room.sessions:
            del self._rooms[battle]
            await room.close()

    async def signal(self, battle: str, player: str, data: bytes) -> None:
        """Tell all in a room something of the moment, in JSON. It may get lost.

        Raises `Unknown`, `Wrong`, and the store's errors.
        """
        await self._playing.check_player(battle, player)
        await self._store.signal(topic_of(battle), _encoder.encode(Whisper(player, checked_move(data))))
        self._counting.signals["sent"] += 1

    def signal_at_once(self, battle: str, player: str, data: bytes) -> bool:
        """Do the same for who is in the room, if it goes without waiting; else False, and nothing was said."""
        payload = _encoder.encode(Whisper(player, checked_move(data)))
        sent = self._store.signal_at_once(topic_of(battle), payload)
        self._counting.signals["sent"] += sent
        return sent

    @property
    def battles(self) -> list[str]:
        """The battles that somebody from here hears."""
        return list(self._rooms)

    def tell(self, battle: str, message: Message, player: str | None = None) -> None:
        """Tell those who hear a battle here, or one of them, something that stands in no log."""
        if battle in self._rooms:
            self._rooms[battle].tell(message, player)

    async def refresh(self, battle: str) -> None:
        """Tell those who hear a battle here how it truly stands."""
        room = self._rooms.get(battle)
        if room is not None:
            record = await self._battle(battle)
            for _ in range(MOST_TRIES):
                if all(session.cursor <= record.version for session in room.sessions):
                    break
                record = await self._battle(battle)  # somebody was told meanwhile of something that it did not know
            for session in list(room.sessions):
                session.tell(snapshot(record, self._rules[record.mode], session.player))

    async def close(self) -> None:
        """Follow nothing any more."""
        rooms, self._rooms = list(self._rooms.values()), {}
        for room in rooms:
            await room.close()

    async def _missed(self, record: Battle, player: str, cursor: int | None) -> tuple[int, list[Message]]:
        """Give the version to which a session is told all, and by what."""
        if cursor is None or not 0 <= record.version - cursor <= MOST_OF_A_TAIL:
            return record.version, [snapshot(record, self._rules[record.mode], player)]
        events = await self._store.history(Battle, record.id, after=cursor, limit=MOST_OF_A_TAIL)
        return (events[-1].version if events else cursor), [told(e) for e in events if may_hear(player, e)]

    async def _battle(self, id: str) -> Battle:
        try:
            return await self._store.get(Battle, id)
        except NotFound:
            raise Unknown("there is no such battle any more: it ended long ago") from None

    async def _seats(self, battle: str, player: str) -> list[Seat]:
        players = await self._playing.check_player(battle, player)
        return list((await self._store.get_many(Seat, [f"{battle}/{one}" for one in players])).values())
