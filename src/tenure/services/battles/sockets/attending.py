"""A player who is connected: brings a session together with presence, queue and rooms of this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec

from tenure import NotFound, OutcomeUnknown, Store, TenureError, Unavailable
from tenure.services.battles.isolation import Mode
from tenure.services.battles.lifecycle import Battle, BattleTicket, Seat
from tenure.services.battles.playing import Playing
from tenure.services.battles.presence import Presence
from tenure.services.battles.queueing import Queue
from tenure.services.battles.refusals import TryAgain
from tenure.services.battles.room import Session
from tenure.services.battles.rooms import Rooms
from tenure.services.battles.sockets.contract import Here, Outlet
from tenure.services.battles.sockets.line import Line
from tenure.services.battles.sockets.protocol import Code, Match, ModeChanged, Queued, Unqueued, Welcome

AGAIN_SECONDS = 0.5
MODES: dict[Mode, str] = {
    "clustered": "all is well",
    "isolated": "this server is alone: what happens now is not final",
    "rejoining": "the store is back: what happened is being written down",
}


class Attendance:
    """Those who are connected to this process. Its `attend` is the `Flow` of the sessions."""

    def __init__(
        self,
        store: Store,
        presence: Presence,
        queue: Queue,
        playing: Playing,
        rooms: Rooms,
        *,
        mode: Callable[[], Mode] = lambda: "clustered",
    ) -> None:
        self.store, self.queue, self.playing, self.rooms = store, queue, playing, rooms
        self._presence, self._mode = presence, mode
        self._outlets: dict[str, Outlet] = {}
        self._leaving = set[asyncio.Task[None]]()
        presence.lost = self._lost

    @asynccontextmanager
    async def attend(self, outlet: Outlet) -> AsyncIterator[Here]:
        """Have a player here while the body runs. Raises `Elsewhere`, `TryAgain`, and the store's errors."""
        connection = await self._presence.connect(outlet.player, transport=outlet.transport)
        self._outlets[connection.id] = outlet
        attendant = Attendant(self, connection.id, outlet)
        try:
            seats = await self.store.holding(Seat.one_per_player, outlet.player)
            battle = seats[0].battle if seats else None
            outlet.send(Welcome(player=outlet.player, instance=connection.instance, mode=self._mode(), battle=battle))
            yield attendant
        finally:
            self._outlets.pop(connection.id, None)
            leaving = asyncio.create_task(self._leave(attendant), name=f"{outlet.player} leaves")
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def tell_mode(self, mode: Mode) -> None:
        """Tell everybody how this server stands now."""
        for outlet in list(self._outlets.values()):
            outlet.send(ModeChanged(mode=mode, text=MODES[mode]))

    async def close(self) -> None:
        """Wait for nobody who is just leaving: what they leave behind ends with the instance."""
        for task in self._leaving:
            task.cancel()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _leave(self, attendant: Attendant) -> None:
        """Let go what a player had; while the store is away the connection waits to be closed, and the seat with it."""
        await attendant.end()
        while True:
            try:
                await self._presence.disconnect(attendant.connection)
            except (Unavailable, OutcomeUnknown, TryAgain):
                await self.store.clock.sleep(AGAIN_SECONDS)
            except TenureError as error:
                self.store.log.warning("connection_not_closed", connection=attendant.connection, error=repr(error))
                return
            else:
                return

    def _lost(self, connections: Iterable[str]) -> None:
        ours = self._presence.claim is not None
        for id in connections:
            outlet = self._outlets.pop(id, None)
            if outlet is not None and ours:
                outlet.close(Code.REPLACED, "you are connected elsewhere: this connection is over")
            elif outlet is not None:
                outlet.close(Code.STOPPING, "this server lets go: connect again, and resume at the cursor")


class Attendant:
    """One player's connection: what they ask for goes to the game, and what happens to them to the outlet."""

    def __init__(self, attendance: Attendance, connection: str, outlet: Outlet) -> None:
        self.connection, self._outlet, self._player = connection, outlet, outlet.player
        self._store, self._queue = attendance.store, attendance.queue
        self._playing, self._rooms = attendance.playing, attendance.rooms
        self._news: asyncio.Task[None] | None = None
        self._inside: dict[str, Session] = {}
        self._entering = asyncio.Lock()
        self._leaving = set[asyncio.Task[None]]()

    async def end(self) -> None:
        """Follow nothing any more."""
        if self._news is not None:
            self._news.cancel()
            await asyncio.gather(self._news, return_exceptions=True)
        for battle in list(self._inside):
            await self._leave_room(battle)
        await asyncio.gather(*self._leaving)

    # ------------------------------------------------------------------------------------ the queue

    async def join(self, mode: str, level: int) -> None:
        """Queue the player."""
        ticket = await self._queue.join(self.connection, mode=mode, level=level)
        self._queued(ticket)
        if self._news is not None:
            self._news.cancel()  # of the ticket before, which has ended
        self._news = asyncio.create_task(self._follow(ticket), name=f"follows BattleTicket/{ticket.id}")

    async def leave(self, battle: str | None) -> None:
        """Take the player out of the queue, or give a battle up."""
        if battle is None:
            await self._queue.leave(self._player)
        else:
            await self._playing.concede(battle, self._player, number="leave")

    async def confirm(self, battle: str) -> None:
        """Accept a battle that is offered."""
        await self._queue.confirm(self._player, battle)

    async def decline(self, battle: str) -> None:
        """Turn down a battle that is offered."""
        await self._queue.decline(self._player, battle)

    async def _follow(self, ticket: BattleTicket) -> None:
        """Tell what becomes of a ticket; while the store is away, it is told afterwards."""
        while True:
            try:
                async for event in self._queue.news(ticket):
                    now = await self._store.get(BattleTicket, ticket.id)
                    await self._told(now)
                    ticket = now  # only now: what could not be told is told again
                    if ticket.state not in BattleTicket.live or event.version < ticket.version:
                        break
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(AGAIN_SECONDS)
            except NotFound:
                return
            if ticket.state not in BattleTicket.live:
                return

    async def _told(self, ticket: BattleTicket) -> None:
        """Tell how a ticket stands."""
        if ticket.state == BattleTicket.waiting:
            self._queued(ticket)
        elif ticket.state == BattleTicket.left:
            self._outlet.send(Unqueued(reason=ticket.reason or ""))
        elif ticket.state == BattleTicket.seated:
            await self._enter(str(ticket.battle), None)
        elif ticket.state == BattleTicket.matched:
            battle = await self._store.get(Battle, str(ticket.battle))
            self._outlet.send(
                Match(
                    battle=battle.id,
                    mode=battle.mode,
                    level=battle.level,
                    players=battle.players,
                    confirm_by=battle.entered_at + battle.accept_for,
                )
            )

    def _queued(self, ticket: BattleTicket) -> None:
        self._outlet.send(Queued(mode=ticket.mode, level=ticket.level, since=ticket.queued_at))

    # ------------------------------------------------------------------------------------ battles

    async def resume(self, battle: str, cursor: int) -> None:
        """Send what happened since the cursor, or a snapshot and the rest; and from now on what happens."""
        await self._enter(battle, cursor or None)

    async def state(self, battle: str) -> None:
        """Send a snapshot; what happens is sent from now on."""
        await self._enter(battle, None)

    async def act(self, battle: str, id: str, move: msgspec.Raw) -> None:
        """Make a move, once per id."""
        await self._playing.act(battle, self._player, bytes(move), number=id)

    async def say(self, battle: str, id: str, text: str) -> None:
        """Say something that stays in the log, once per id."""
        await self._playing.say(battle, self._player, text, number=id)

    async def signal(self, battle: str, data: msgspec.Raw) -> None:
        """Tell those who listen now, and nobody later."""
        await self._rooms.signal(battle, self._player, bytes(data))

    def signal_at_once(self, battle: str, data: msgspec.Raw) -> bool:
        """Do the same without waiting; False where it is not done. Who is in a room was found to belong there."""
        return battle in self._inside and self._rooms.signal_at_once(battle, self._player, bytes(data))

    async def _enter(self, battle: str, cursor: int | None) -> None:
        async with self._entering:  # the ticket's news and a request may come at one moment: one place is enough
            await self._leave_room(battle)
            players = await self._playing.check_player(battle, self._player)
            line = Line(self._player, players, self._outlet, self._ended)
            self._inside[battle] = await self._rooms.enter(battle, self._player, line, cursor=cursor)

    async def _leave_room(self, battle: str) -> None:
        session = self._inside.pop(battle, None)
        if session is not None:
            await self._rooms.leave(battle, session)

    def _ended(self, battle: str) -> None:
        """Follow a battle no more, from a task of its own: we are told in the midst of the room's work."""
        leaving = asyncio.create_task(self._leave_room(battle), name=f"leaves Battle/{battle}")
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
