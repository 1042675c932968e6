"""What happens in a battle, told to those of its players who are connected here.

One watcher per battle follows the log, whatever the number of sessions. A player says to which version they know the
log, their cursor, and get what they missed; where that is much, they get how things stand and go on from there. So
whoever comes back through another instance misses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from tenure import NotFound, Store
from tenure.services.battles.checks import checked_move
from tenure.services.battles.counting import Counting
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.services.battles.messages import Message, Outlet
from tenure.services.battles.playing import Playing
from tenure.services.battles.refusals import MOST_TRIES, Unknown
from tenure.services.battles.room import Room, Session, topic_of, whispered
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.telling import may_hear, moved, snapshot, told

MOST_OF_A_TAIL = 200
"""Whoever missed more events than this gets a snapshot instead."""


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
        await self._store.signal(topic_of(battle), whispered(player, checked_move(data)))
        self._counting.signals["sent"] += 1

    def signal_at_once(self, battle: str, player: str, data: bytes) -> bool:
        """Do the same for who is in the room, if it goes without waiting; else False, and nothing was said."""
        payload = whispered(player, checked_move(data))
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
