"""One battle in the hands of the instance that runs it, until it is over or another's.

Three things make each turn count once, whoever dies when:

    what the rules make of a command is written in one transaction with the beat that acknowledges it, so that whoever
    takes over finds the command either answered, or untouched
    all that is written carries the fence of the claim: a late owner is refused
    a turn is over at its instant by the store's clock: what came in before it counts, however late we read it

The tempting wrong version acknowledges after it has written. Whoever takes over between the two plays a turn twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing
from datetime import datetime

import msgspec

from tenure import (
    Change,
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
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.playing import number_of
from tenure.services.battles.rules.contract import Against, Rules, Standing
from tenure.store.waking import Bell

AGAIN_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 5.0
COMMANDS = ("act", "concede")


class Owner:
    """Reads what the players do, lets the rules say what comes of it, and writes that."""

    def __init__(self, store: Store, rules: Rules, claim: Claim[Battle]) -> None:
        self._store, self._rules, self.claim = store, rules, claim
        self._waiting: deque[Event[Battle]] = deque()
        self._battle: Battle
        self._seen = 0
        self._left = False

    async def live(self) -> None:
        """Run the battle until it is not ours any more."""
        while not self._left:
            try:
                await self._run()
            except (NotHolder, NotFound, WrongState):
                return  # it is over or another's, or will be in this moment
            except (Unavailable, OutcomeUnknown, CursorAhead) as error:
                self._store.log.info("battle_waits", battle=self.claim.id, error=type(error).__name__)
                await self._store.clock.sleep(AGAIN_SECONDS)

    # ------------------------------------------------------------------------------------ what comes in

    async def _run(self) -> None:
        """Catch up with what waits, and go on with what comes."""
        await self._catch_up()
        with self._store.bell(Battle, self.claim.id) as bell:
            listening = asyncio.create_task(self._listen(bell, self._battle.version))
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
        self._waiting.clear()
        while not self._left:
            self._battle, commands = await self._store.beaten(self.claim)
            if not commands:
                await self._pass_on(self._battle.beaten_at)
                return
            self._waiting.extend(commands)
            await self._answer_all()

    async def _listen(self, bell: Bell, after: int) -> None:
        """Let each command wait for its turn, and see when the battle leaves our hands."""
        try:
            async with aclosing(self._store.watch(Battle, self.claim.id, after=after)) as events:
                async for event in events:
                    if event.name in COMMANDS:
                        self._waiting.append(event)
                        bell.ring()
                    if event.target != Battle.running:
                        self._left = True
                        return
        finally:
            bell.ring()

    async def _answer_all(self) -> None:
        while self._waiting and not self._left:
            command = self._waiting.popleft()
            if command.version > self._seen:  # else it was read with a beat before
                await self._pass_on(command.at)
                await self._answer(command)

    async def _wait(self, bell: Bell) -> None:
        """Wait for what comes next, but no longer than the turn lasts."""
        if self._left or self._waiting:
            return
        ends = self._battle.turn_ends_at
        left = LOOK_AGAIN_SECONDS if ends is None else (ends - await self._store.now()).total_seconds()
        if left > 0:
            await self._store.clock.wait(bell, min(left, LOOK_AGAIN_SECONDS))
        else:
            await self._catch_up()  # news of a move that came in time may be on its way still

    # ------------------------------------------------------------------------------------ what comes of it

    async def _pass_on(self, now: datetime) -> None:
        """Let the turn pass if its time was over by then."""
        ends = self._battle.turn_ends_at
        if not self._left and ends is not None and ends <= now:
            standing = await self._ask(lambda: self._rules.time_out(self._battle.board))
            if standing is not None:
                await self._write(standing, None)

    async def _answer(self, command: Event[Battle]) -> None:
        if self._left:
            return
        player = command.fields["player"]
        try:
            standing = await self._ask(lambda: self._outcome(command, player))
        except Against as error:
            number, version = number_of(command), command.version
            refuse = Battle.refuse(self.claim, player=player, number=number, answer_to=version, advice=str(error))
            await self._apply(refuse, version)
            return
        if standing is not None:
            await self._write(standing, command.version)

    def _outcome(self, command: Event[Battle], player: str) -> Standing:
        if command.name == "concede":
            return self._rules.concede(self._battle.board, player)
        move = msgspec.Raw(msgspec.json.encode(command.fields["move"]))
        return self._rules.act(self._battle.board, player, move)

    async def _ask(self, rules: Callable[[], Standing]) -> Standing | None:
        """Ask the rules. Where they fail, no owner gets on: the battle is broken off. Raises `Against`."""
        try:
            return rules()
        except Against:
            raise
        except Exception as error:  # noqa: BLE001  rules are anybody's code
            self._store.log.error("rules_failed", battle=self.claim.id, error=repr(error))  # noqa: TRY400  our own log
            await self._store.apply(Battle.break_off(self.claim, reason="the_rules_failed"))
            self._left = True
            return None

    async def _write(self, standing: Standing, answer_to: int | None) -> None:
        turn = self._battle.turn + 1
        if standing.places is not None:
            finish = Battle.finish(
                self.claim,
                board=standing.board,
                turn=turn,
                places=standing.places,
                reason=standing.reason,
                shown=standing.shown,
                answer_to=answer_to,
            )
            # The beat comes first: an end has no holder any more.
            await self._store.apply(Battle.beat(self.claim, seen=answer_to or self._seen), finish)
            self._left = True
            return
        ends = None
        if standing.turn_seconds is not None:
            ends = await self._store.now() + seconds(standing.turn_seconds)
        advance = Battle.advance(
            self.claim,
            board=standing.board,
            turn=turn,
            acts=standing.acts,
            turn_ends_at=ends,
            shown=standing.shown,
            answer_to=answer_to,
        )
        await self._apply(advance, answer_to)

    async def _apply(self, change: Change[Battle], answer_to: int | None) -> None:
        """Write an answer, and acknowledge its command, both or none."""
        seen = answer_to or self._seen
        self._battle, _ = await self._store.apply(change, Battle.beat(self.claim, seen=seen))
        self._seen = seen
