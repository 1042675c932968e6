"""A battle in the hands of who runs it: how it stands, and all that is written of it.

What the rules make of a command is written in one transaction with the beat that acknowledges it, so that whoever
takes over finds the command either answered, or untouched. The tempting wrong version acknowledges after it has
written: whoever takes over between the two plays a turn twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tenure import Change, Event, OpConflict, Store, seconds
from tenure.services.battles.commands import Command, change_of
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.rules.contract import Standing


class Hand:
    """One battle under our claim. Each write raises what the store does, and changed nothing where it is not ours."""

    def __init__(self, store: Store, battle: Battle) -> None:
        self._store, self.claim, self.battle = store, battle.claim, battle
        self.seen = 0
        """The last version by which all commands are answered."""
        self.now: datetime | None = None
        """The store's time, while that is known without asking."""

    async def time(self) -> datetime:
        """Give the store's time."""
        return self.now or await self._store.now()

    async def unanswered(self) -> list[Event[Battle]]:
        """Read how the battle stands, and the commands that wait; where there are none, all until now is answered."""
        self.battle, commands = await self._store.beaten(self.claim)
        if not commands:
            self.seen, self.now = self.battle.version, self.battle.beaten_at
        return commands

    async def logged(self) -> set[str]:
        """Give the ops of all that stands in the log: it knows a repeat also after the ten minutes of the store."""
        found, after = set[str](), 0
        while events := await self._store.history(Battle, self.claim.id, after=after):
            found |= {event.cause for event in events}
            after = events[-1].version
        return found

    async def log(self, command: Command) -> None:
        """Put a command into the log, once, and only while the battle is ours."""
        beat = Battle.beat(self.claim, seen=self.seen)
        try:
            await self._store.apply(change_of(self.claim.id, command), beat, op=command.op)
        except OpConflict:
            return  # it stands there: it came in by itself, before the store went away

    async def prolong(self, length: timedelta) -> None:
        """Let the turn last so much longer."""
        ends = await self._store.now() + length
        self.battle = await self._store.apply(Battle.prolong(self.claim, turn_ends_at=ends))

    async def write(self, standing: Standing, answer_to: int | None, began: datetime | None) -> None:
        """Write what the rules say, as the answer to the command at a version, if it is one.

        The next turn begins now, or began at an instant. Where the battle is over, it has no holder any more.
        """
        if standing.places is not None:
            await self._finish(standing, standing.places, answer_to)
            return
        ends = None
        if standing.turn_seconds is not None:
            ends = (began or await self._store.now()) + seconds(standing.turn_seconds)
        advance = Battle.advance(
            self.claim,
            board=standing.board,
            turn=self.battle.turn + 1,
            acts=standing.acts,
            turn_ends_at=ends,
            shown=standing.shown,
            answer_to=answer_to,
        )
        await self._apply(advance, answer_to)

    async def _finish(self, standing: Standing, places: tuple[int, ...], answer_to: int | None) -> None:
        finish = Battle.finish(
            self.claim,
            board=standing.board,
            turn=self.battle.turn + 1,
            places=places,
            reason=standing.reason,
            shown=standing.shown,
            answer_to=answer_to,
        )
        # The beat comes first: an end has no holder any more.
        _, self.battle = await self._store.apply(Battle.beat(self.claim, seen=answer_to or self.seen), finish)

    async def refuse(self, command: Command, version: int, advice: str) -> None:
        """Answer the command at a version with why it is against the rules."""
        refusal = Battle.refuse(
            self.claim,
            player=command.player,
            number=command.number,
            answer_to=version,
            advice=advice,
        )
        await self._apply(refusal, version)

    async def break_off(self, reason: str) -> None:
        """End the battle without a result."""
        await self._store.apply(Battle.break_off(self.claim, reason=reason))

    async def _apply(self, change: Change[Battle], answer_to: int | None) -> None:
        """Write an answer, and acknowledge its command, both or none."""
        seen = answer_to or self.seen
        _, self.battle = await self._store.apply(change, Battle.beat(self.claim, seen=seen))
        self.seen, self.now = seen, self.battle.beaten_at
