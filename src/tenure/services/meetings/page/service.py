"""What happens in rooms. All of it lies in records, so a killed server finds every room as it was."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from contextlib import suppress

import msgspec

from tenure import (
    NEXT,
    Change,
    Claim,
    Exists,
    LimitReached,
    NotFound,
    NotHolder,
    NotUnder,
    OpConflict,
    Refused,
    StateOf,
    Store,
    WrongState,
)
from tenure.http.rejections import Absent, Conflict, TooMany, Unauthorized
from tenure.services.meetings.page.inputs import Guarding, Joining, Look, Pointing, Proof, Saying
from tenure.services.meetings.page.lifecycle import Caption, Participant, Room
from tenure.services.meetings.signing import secret_for

MOST_ROOMS = 1000
MOST_SHOWN = 200
MOST_TRIES = 5


class Shown(msgspec.Struct, frozen=True):
    """One participant, as others see them."""

    id: str
    name: str
    bot: bool


class Said(msgspec.Struct, frozen=True):
    """One caption: `at` in seconds since 1970."""

    number: int
    speaker: str
    text: str
    at: float


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A room as a participant sees it; who is neither inside nor waiting is told why by `reason`.

    `knocking` lists who waits to be admitted, for those inside; who waits sees nothing of the room.
    """

    inside: bool = False
    waiting: bool = False
    reason: str | None = None
    mark: str = ""
    guarded: bool = False
    participants: list[Shown] = []
    knocking: list[Shown] = []
    captions: list[Said] = []


class Page:
    """The rooms of one space."""

    def __init__(self, store: Store, key: bytes, closing: asyncio.Event) -> None:
        self._store, self._key, self._closing = store, key, closing

    async def join(self, room_name: str, joining: Joining) -> dict[str, str]:
        """Let somebody in, or to the door of a guarded room; a room that is not there yet is opened for them."""
        op = f"join/{room_name}/{joining.nonce}" if joining.nonce else ""
        for _ in range(MOST_TRIES):
            room = await self._room(room_name)
            begin = await self._where(room, joining)
            try:
                participant = await self._store.acting(f"participant {joining.name}"[:100]).apply(
                    Participant.create_in(begin, NEXT, room=room.id, name=joining.name, bot=joining.bot),
                    op=op,
                )
            except LimitReached as refusal:
                raise TooMany(f"the room is full: at most {refusal.at_most} can be in it") from refusal
            except OpConflict:
                op = ""  # the room is another, or guarded now: what was answered before is worth nothing
            except NotUnder:
                continue  # the room was opened, guarded or ended since we looked
            else:
                return self._seat(participant)
        raise Conflict("the room opens and closes too fast: try again")

    def _seat(self, participant: Participant) -> dict[str, str]:
        return {
            "participant": f"{participant.id}#{participant.fence}",
            "key": self._proof(participant.claim),
            "id": participant.id,
        }

    async def look(self, look: Look) -> Scene:
        """Show the room, and keep the participant in it; wait for something new if that is wanted."""
        claim = self._claim(look)
        with self._store.bell(Room, Participant, Caption) as bell:
            scene = await self._scene(claim, look.after)
            give_up = asyncio.get_running_loop().time() + look.wait_seconds
            while scene.reason is None and scene.mark == look.mark and not self._closing.is_set():
                left = give_up - asyncio.get_running_loop().time()
                if left <= 0 or not await bell.heard(left):
                    break
                scene = await self._scene(claim, look.after)
        return scene

    async def say(self, saying: Saying) -> None:
        """Write what a participant says into the room's captions."""
        me = await self._present(saying)
        try:
            await self._store.acting(f"participant {me.id}").apply(
                Caption.create(NEXT, room=me.room, speaker=me.name, text=saying.text)
            )
        except NotUnder as refusal:
            raise Conflict("the meeting has ended") from refusal

    async def leave(self, proof: Proof) -> None:
        """Let a participant go. Who is gone already may say so again."""
        claim = self._claim(proof)
        try:
            await self._store.acting(f"participant {claim.id}").apply(Participant.leave(claim))
        except (WrongState, NotHolder, NotFound):
            return

    async def kick(self, pointing: Pointing) -> None:
        """Put somebody out of the room that one is in oneself."""
        await self._point(pointing, Participant.kick)

    async def admit(self, pointing: Pointing) -> None:
        """Let in somebody who waits at the door."""
        await self._point(pointing, Participant.admit)

    async def deny(self, pointing: Pointing) -> None:
        """Send away somebody who waits at the door."""
        await self._point(pointing, Participant.deny)

    async def guard(self, guarding: Guarding) -> None:
        """Switch the waiting room on or off; once it is off, who waits is let in."""
        me = await self._present(guarding)
        store = self._store.acting(f"participant {me.id}")
        with suppress(WrongState):
            await store.apply(Room.guard(me.room) if guarding.on else Room.unguard(me.room))
        if not guarding.on:
            # After the room was opened nobody comes to wait any more; who left meanwhile is refused, which is right.
            waiting = await self._store.find(Participant.waiting, under=me.room, limit=MOST_SHOWN)
            await store.submit([[Participant.admit(other.id)] for other in waiting])

    async def end(self, proof: Proof) -> None:
        """End the meeting for everybody."""
        me = await self._present(proof)
        try:
            await self._store.acting(f"participant {me.id}").apply(Room.finish(me.room))
        except WrongState:
            return

    # ------------------------------------------------------------------------------------ inside

    async def _room(self, name: str) -> Room:
        for _ in range(MOST_TRIES):
            found = await self._store.holding(Room.one_open, name)
            if found:
                return found[0]  # type: ignore[no-any-return]
            rooms = await self._store.count(Room)
            if sum(rooms.get(name, 0) for name in Room.usable.names) >= MOST_ROOMS:
                raise TooMany(f"there are {MOST_ROOMS} open rooms: end one of them first")
            try:
                return await self._store.acting("page").apply(Room.create(NEXT, name=name))
            except (LimitReached, Exists):
                continue  # somebody else has just opened it
        raise Conflict("the room opens and closes too fast: try again")

    async def _scene(self, claim: Claim[Participant], after: int) -> Scene:
        try:
            await self._store.beat(claim)
        except Refused:
            return Scene(reason=await self._why_gone(claim))
        me = await self._store.get(Participant, claim.id)
        if me.state == Participant.waiting:
            return Scene(waiting=True, mark="waiting")
        room = await self._store.get(Room, me.room)
        people, waiting = await self._people(me.room)
        captions = await self._captions(me.room, after)
        last = captions[-1].number if captions else after
        seen = ",".join((*(p.id for p in people), *(f"{p.id}?" for p in waiting), room.state.name, str(last)))
        return Scene(
            inside=True,
            mark=hashlib.sha256(seen.encode()).hexdigest()[:16],
            guarded=room.state == Room.guarded,
            participants=people,
            knocking=waiting,
            captions=[Said(c.number, c.speaker, c.text, c.created_at.timestamp()) for c in captions],
        )

    async def _people(self, room: str) -> tuple[list[Shown], list[Shown]]:
        """Give who is inside and who waits."""
        here = await self._store.find(Participant.here, under=room, limit=MOST_SHOWN)
        shown = {p.id: Shown(p.id, p.name, p.bot) for p in here}
        waiting = [shown.pop(p.id) for p in here if p.state == Participant.waiting]
        return list(shown.values()), waiting

    async def _where(self, room: Room, joining: Joining) -> StateOf[Participant]:
        """Give the state in which somebody begins. A guarded room without a person inside takes the next as host."""
        if room.state != Room.guarded:
            return Participant.present
        if joining.bot:
            return Participant.waiting
        inside = await self._store.find(Participant.inside, under=room.id, limit=MOST_SHOWN)
        return Participant.waiting if any(not p.bot for p in inside) else Participant.admitted

    async def _captions(self, room: str, after: int) -> list[Caption]:
        """Give the first captions after this one; to who sees none yet, the last ones."""
        if after:
            return await self._store.find(Caption.said, under=room, after=str(after), limit=MOST_SHOWN)
        newest = await self._store.find(Caption.said, under=room, newest_first=True, limit=MOST_SHOWN)
        return newest[::-1]

    async def _why_gone(self, claim: Claim[Participant]) -> str:
        try:
            record = await self._store.get(Participant, claim.id)
        except NotFound:
            return "meeting_ended"
        if record.state != Participant.gone:
            # The sweeper is about to say which of the two it is.
            room = await self._store.get(Room, record.room)
            return "meeting_ended" if room.state == Room.over else "vanished"
        return record.reason or "removed"

    async def _present(self, proof: Proof) -> Participant:
        claim = self._claim(proof)
        try:
            await self._store.beat(claim)
            me = await self._store.get(Participant, claim.id)
        except Refused as refusal:
            raise Conflict("you are no longer in this meeting: join it again") from refusal
        if me.state == Participant.waiting:
            raise Conflict("you are not in this meeting yet: wait until somebody admits you")
        return me

    async def _point(self, pointing: Pointing, change: Callable[[str], Change[Participant]]) -> None:
        """Change another participant of one's own room; what was done already is not done again."""
        me = await self._present(pointing)
        try:
            other = await self._store.get(Participant, pointing.who)
        except NotFound:
            raise Absent("there is no such participant in this room") from None
        if other.room != me.room:
            raise Absent("there is no such participant in this room")
        with suppress(WrongState, NotUnder):
            await self._store.acting(f"participant {me.id}").apply(change(other.id))

    def _claim(self, proof: Proof) -> Claim[Participant]:
        id, _, fence = proof.participant.partition("#")
        claim = Claim(Participant, id, int(fence))
        if not hmac.compare_digest(self._proof(claim), proof.key):
            raise Unauthorized("this is not the key that joining answered: join again")
        return claim

    def _proof(self, claim: Claim[Participant]) -> str:
        return secret_for(self._key, f"page/{claim}")
