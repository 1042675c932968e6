"""A room of the local meeting page, who is in it, and what is said there."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    End,
    Lifecycle,
    Limit,
    State,
    end_of,
    field,
    hours,
    lease,
    parent,
    serial,
)


class Room(Lifecycle, history=hours(2)):
    """A meeting that people and bots join by its name. A name is free again when its room is over."""

    number: int = serial()
    name: str = field()

    open = State(initial=True)
    guarded = State()
    over = End(keep=hours(1))

    usable = open | guarded

    guard = open.to(guarded)
    unguard = guarded.to(open)
    finish = usable.to(over)
    expire = usable.to(over, by=SWEEPER, after=hours(24))

    one_open = Limit(at_most=1, per=name, over=usable)


class Participant(Lifecycle, history=hours(2)):
    """Somebody in a room or at its door, who holds this record for as long as their page or bot looks at the room.

    Who comes to an open room is present, who comes to a guarded one waits until somebody inside admits them: the
    states of the room decide that, so nobody slips in while the waiting room is being switched on.
    """

    number: int = serial()
    room: str = parent(Room)
    name: str
    bot: bool
    reason: str | None = field(default=None)

    present = State(initial=True, by=CLAIMANT, under=Room.open)
    waiting = State(initial=True, by=CLAIMANT, under=Room.guarded)
    admitted = State(initial=True, by=CLAIMANT, under=Room.usable)
    gone = End(keep=hours(1), has=reason)

    inside = present | admitted
    here = inside | waiting

    admit = waiting.to(admitted)

    @here.to(gone, by=HOLDER)
    def leave(self, reason: str = "left") -> None: ...

    @inside.to(gone)
    def kick(self, reason: str = "evicted") -> None: ...

    @waiting.to(gone)
    def deny(self, reason: str = "denied") -> None: ...

    @here.to(gone, by=SWEEPER, after=lease(seconds=25))
    def vanish(self, reason: str = "vanished") -> None: ...

    @here.to(gone, by=SWEEPER, after=end_of(room))
    def dismiss(self, reason: str = "meeting_ended") -> None: ...

    seats = Limit(at_most=200, per=room, over=here)


class Caption(Lifecycle, history=hours(2)):
    """One thing said in a room; it is removed with the room."""

    number: int = serial()
    room: str = parent(Room)
    speaker: str
    text: str

    said = End(initial=True, under=Room.usable)


kinds = (Room, Participant, Caption)
