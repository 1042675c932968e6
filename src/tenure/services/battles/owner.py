"""One battle in the hands of the instance that runs it, until it is over or another's.

Three things make each turn count once, whoever dies when:

    what the rules make of a command is written in one transaction with the beat that acknowledges it, so that whoever
    takes over finds the command either answered, or untouched
    all that is written carries the fence of the claim: a late owner is refused
    a turn is over at its instant by the store's clock: what came in before it counts, however late we read it

While the store is away, the battle may go on as a branch. What came in there is played again first of all, each thing
as of the instant at which it came in.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from contextlib import aclosing
from datetime import datetime, timedelta

from tenure import (
    Claim,
    CursorAhead,
    Event,
    NotFound,
    NotHolder,
    OutcomeUnknown,
    Store,
    Unavailable,
    WrongState,
    seconds,
)
from tenure.services.battles.branches import Entry
from tenure.services.battles.commands import ANSWERED, command_of, outcome
from tenure.services.battles.hand import Hand
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.rules.contract import Against, Rules, Standing
from tenure.store.waking import Bell

AGAIN_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 5.0


class Owner:
    """Reads what the players do, lets the rules say what comes of it, and writes that.

    With `entries`, those of a branch, it plays them first, and gives the turn the `time_left` of it.
    """

    def __init__(
        self,
        store: Store,
        rules: Rules,
        battle: Battle,
        entries: Iterable[Entry] = (),
        time_left: timedelta | None = None,
    ) -> None:
        self._store, self._rules, self._hand = store, rules, Hand(store, battle)
        self._waiting: deque[Event[Battle]] = deque()
        self._entries, self._time_left = deque(entries), time_left
        # By op, when those came in that are played again. Some stand in the log already, and waited there.
        self._came = {one.command.op: one.at for one in self._entries if one.command is not None}
        self._left = False
        self.answered: Counter[str] = Counter()
        """What came of the commands that it answered. Several owners may share one."""
        self.ops = set[str]()
        """The ops of those commands, so that a repeat is known while the store is away."""
        self.caught_up = asyncio.Event()
        """Set when nothing of before waits any more, or the battle is not ours."""

    @property
    def claim(self) -> Claim[Battle]:
        """What makes the battle ours."""
        return self._hand.claim

    @property
    def battle(self) -> Battle:
        """The battle as we have seen it last."""
        return self._hand.battle

    @property
    def pending(self) -> list[Event[Battle]]:
        """Commands that came in and may not be answered yet."""
        return [event for event in self._waiting if event.version > self._hand.seen]

    async def live(self) -> None:
        """Run the battle until it is not ours any more."""
        try:
            while not self._left:
                try:
                    await self._run()
                except (NotHolder, NotFound, WrongState):
                    self._left = True  # it is over or another's, or will be in this moment
                except (Unavailable, OutcomeUnknown, CursorAhead) as error:
                    self._store.log.info("battle_waits", battle=self.claim.id, error=type(error).__name__)
                    await self._store.clock.sleep(AGAIN_SECONDS)
        finally:
            self.caught_up.set()

    # ------------------------------------------------------------------------------------ what comes in

    async def _run(self) -> None:
        """Catch up with what waits, and go on with what comes."""
        await self._catch_up()
        # Not the battle's own bell: what players say to one another is no business of ours.
        with self._store.bell(Battle, f"{self.claim.id}/commands") as bell:
            listening = asyncio.create_task(self._listen(bell, self._hand.seen))
            try:
                while not self._left:
                    await self._answer_all()
                    if listening.done():
                        listening.result()  # raises what ended it
                    await self._wait(bell)
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _catch_up(self) -> None:
        """Answer all that came in until now, and then let the turn pass if its time is over."""
        await self._answer_logged()
        if not self._left:
            await self._replay()
            await self._pass_on(self.battle.beaten_at)
        self.caught_up.set()

    async def _answer_logged(self) -> None:
        """Answer what stands in the log, in its order. What came after it was read waits still."""
        while not self._left and (commands := await self._hand.unanswered()):
            newer = [event for event in self._waiting if event.version > commands[-1].version]
            self._waiting = deque([*commands, *newer])
            await self._answer_all()

    async def _listen(self, bell: Bell, after: int) -> None:
        """Let each command wait for its turn, and see when the battle leaves our hands."""
        try:
            async with aclosing(self._store.watch(Battle, self.claim.id, after=after)) as events:
                async for event in events:
                    if event.name in ANSWERED:
                        self._waiting.append(event)
                        bell.ring()
                    if event.target != Battle.running:
                        self._left = True
                        return
        finally:
            bell.ring()

    async def _answer_all(self) -> None:
        while self._waiting and not self._left:
            await self._answer(self._waiting[0])
            self._waiting.popleft()

    async def _wait(self, bell: Bell) -> None:
        """Wait for what comes next, but no longer than the turn lasts."""
        if self._left or self._waiting:
            return
        ends, now = self.battle.turn_ends_at, await self._hand.time()
        left = LOOK_AGAIN_SECONDS if ends is None else (ends - now).total_seconds()
        if left <= 0:
            await self._catch_up()  # news of a move that came in time may be on its way still
            return
        waits = min(left, LOOK_AGAIN_SECONDS)
        self._hand.now = None
        if not await self._store.clock.wait(bell, waits):
            self._hand.now = now + seconds(waits)

    # ------------------------------------------------------------------------------------ what a branch left

    async def _replay(self) -> None:
        """Play what came in while the store was away; what was played before it went away again changes nothing."""
        logged = await self._hand.logged() if self._entries else set[str]()
        self.ops |= logged
        while self._entries and not self._left:
            entry = self._entries[0]
            if entry.command is None:
                await self._pass_on(entry.at, began=entry.at)
            elif entry.command.op not in logged:
                await self._hand.log(entry.command)
                await self._answer_logged()  # in the log's order: others may have done something too
            self._entries.popleft()
        if self._time_left is not None and self.battle.turn_ends_at is not None and not self._left:
            await self._hand.prolong(self._time_left)
        self._time_left = None
        self._came.clear()

    # ------------------------------------------------------------------------------------ what comes of it

    async def _pass_on(self, at: datetime, *, began: datetime | None = None) -> None:
        """Let the turn pass if its time was over by then. The next one begins now, or began at an instant."""
        ends = self.battle.turn_ends_at
        if not self._left and ends is not None and ends <= at:
            standing = await self._ask(lambda: self._rules.time_out(self.battle.board))
            if standing is not None:
                await self._write(standing, None, began)

    async def _answer(self, event: Event[Battle]) -> None:
        if event.version <= self._hand.seen:
            return  # it was read with a beat before
        command, came = command_of(event), self._came.get(event.cause)
        came = came and min(came, event.at)
        if came is not None or self._time_left is None:  # else the turn stood still, and is to be prolonged yet
            await self._pass_on(came or event.at, began=came)
        if self._left:
            return
        try:
            standing = await self._ask(lambda: outcome(self._rules, self.battle.board, command))
        except Against as error:
            await self._hand.refuse(command, event.version, str(error))
            self.answered["refuse"] += 1
            self.ops.add(command.op)
            return
        if standing is not None:
            await self._write(standing, event.version, came)
            self.ops.add(command.op)
            self.answered["advance" if standing.places is None else "finish"] += 1

    async def _ask(self, rules: Callable[[], Standing]) -> Standing | None:
        """Ask the rules. Where they fail, no owner gets on: the battle is broken off. Raises `Against`."""
        try:
            return rules()
        except Against:
            raise
        except Exception as error:  # noqa: BLE001  rules are anybody's code
            self._store.log.error("rules_failed", battle=self.claim.id, error=repr(error))  # noqa: TRY400  our own log
            await self._hand.break_off("the_rules_failed")
            self._left = True
            return None

    async def _write(self, standing: Standing, answer_to: int | None, began: datetime | None) -> None:
        await self._hand.write(standing, answer_to, began)
        if standing.places is not None:
            self._left = True
