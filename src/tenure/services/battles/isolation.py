"""What this process does while it alone, or all, can't reach the store: battles go on where nobody can be wronged.

    clustered   the store answers: it alone says what is so
    isolated    battles that are run here, and whose players are all here, go on as branches; all others are paused;
                nothing is final, nobody is let in, nobody is matched
    rejoining   the store answers again: what is still ours is played again into the log, and then is so; what others
                took over meanwhile is dropped, and players are told how it truly stands

Whether a battle is still ours, its fence says, and nothing else. An instance that was taken for dead has lost all that
it had, and so has one whose store came back empty. The tempting wrong version writes down how its branch stands: then
of two instances that both went on, the later one wins, and a result that somebody has seen is undone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from datetime import datetime
from typing import Any, Literal, TypeVar

from tenure import (
    Claim,
    NotFound,
    NotHolder,
    OutcomeUnknown,
    Overdue,
    Store,
    StoreReplaced,
    TenureError,
    Unavailable,
    WrongState,
    seconds,
)
from tenure.services.battles.branches import Branch, Entry
from tenure.services.battles.commands import Command, command_of
from tenure.services.battles.journal import Journal
from tenure.services.battles.lifecycle import Instance
from tenure.services.battles.messages import Paused
from tenure.services.battles.owner import Owner
from tenure.services.battles.presence import Presence
from tenure.services.battles.refusals import TryAgain
from tenure.services.battles.rooms import Rooms
from tenure.services.battles.rules.contract import Rules
from tenure.services.battles.running import Running

Mode = Literal["clustered", "isolated", "rejoining"]
Found = Literal["ours", "lost", "away"]
T = TypeVar("T")

PERIOD_SECONDS = 2.0
"""How often it is looked whether the store takes our beat."""

AGAIN_SECONDS = 1.0
"""How soon it is looked again where it did not."""

PATIENCE_SECONDS = 2.0
AWAY_AFTER = 2
"""After so many looks in a row without an answer we are alone."""

TICK_SECONDS = 0.25
"""How often it is looked whose turn is over, and who has left."""

ELSEWHERE, PLAYER_ELSEWHERE, NO_JOURNAL = "run_elsewhere", "a_player_is_elsewhere", "the_journal_failed"
PAUSED = "the battle is paused until the store is back: send it again then, with the same id"
COMES_BACK = "the store is back, and this server rejoins: send it again in a moment, with the same id"


class Isolation:
    """One process's. `told` is told of each change of mode; `journal` opens the store of what is provisional."""

    def __init__(
        self,
        store: Store,
        rules: Mapping[str, Rules],
        presence: Presence,
        running: Running,
        rooms: Rooms,
        *,
        journal: Callable[[], AbstractAsyncContextManager[Store]],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._rules, self._presence, self._running, self._rooms = store, rules, presence, running, rooms
        self._open_journal, self._monotonic = journal, monotonic
        self.mode: Mode = "clustered"
        self.told: Callable[[Mode], None] = lambda _: None
        self.times = 0
        """How often this process was isolated."""
        self._branches: dict[str, Branch] = {}
        self._owners: dict[str, Owner] = {}
        self._journal: Journal
        self._clock: tuple[datetime, float] | None = None

    @property
    def branches(self) -> Mapping[str, Branch]:
        """The battles that are not settled, played on or paused."""
        return self._branches

    # ------------------------------------------------------------------------------------ what players do

    async def take(self, battle: str, command: Command) -> bool:
        """Take a command provisionally; False where the store takes it. Raises `TryAgain`."""
        if self.mode == "clustered":
            return False
        branch = self._branches.get(battle)
        if branch is None:
            raise TryAgain(PAUSED)
        async with branch.lock:
            if self.mode != "isolated":
                raise TryAgain(COMES_BACK)
            if branch.paused:
                raise TryAgain(PAUSED)
            if not branch.knows(command):
                now = self._now()
                await self._pass_on(branch, now)
                await self._note(branch, Entry(at=now, command=command))
        return True

    async def _note(self, branch: Branch, entry: Entry) -> None:
        try:
            await self._journal.note(branch, entry)
        except TenureError as error:
            self._store.log.error("journal_failed", battle=branch.battle.id, error=repr(error))  # noqa: TRY400  our own log
            branch.pause(NO_JOURNAL, entry.at)
            raise TryAgain(PAUSED) from None
        branch.take(entry)

    async def _pass_on(self, branch: Branch, now: datetime) -> None:
        over = branch.over_by(now)
        if over is not None:
            await self._note(branch, over)

    # ------------------------------------------------------------------------------------ the modes

    async def run(self) -> None:
        """Watch the store, for ever."""
        while True:
            if not self._branches:
                await self._until_away()
            claim = self._presence.claim
            if claim is not None and self._clock is not None:
                await self._alone(claim)

    async def _until_away(self) -> None:
        missed = 0
        while missed < AWAY_AFTER:
            missed = missed + 1 if await self._look(self._presence.claim) == "away" else 0
            if missed < AWAY_AFTER:
                await self._store.clock.sleep(AGAIN_SECONDS if missed else PERIOD_SECONDS)

    async def _alone(self, claim: Claim[Instance]) -> None:
        """Be isolated until the store is back, and all is settled."""
        self.times += 1
        async with self._open_journal() as journal:
            await journal.sweep()
            self._journal = Journal(journal, claim.id)
            settled = False
            while not settled:
                await self._isolate()
                found = await _first(self._until_back(claim), self._tick_on())
                self._enter("rejoining")
                settled = await self._rejoin(claim) if found == "ours" else await self._drop_all()
        self._enter("clustered")

    def _enter(self, mode: Mode) -> None:
        if mode != self.mode:
            self.mode = mode
            self._store.log.warning("mode_changed", mode=mode, branches=len(self._branches))
            self.told(mode)

    async def _isolate(self) -> None:
        """Let what is run here go on as branches, and say what is paused."""
        owners, now, here = await self._running.fork(), self._now(), self._presence.players
        self._enter("isolated")
        for owner in owners:
            battle = owner.battle
            self._owners[battle.id] = owner
            if battle.id in self._branches:
                continue  # the store went away again before all of it was in the log
            paused = "" if here.issuperset(battle.players) else PLAYER_ELSEWHERE
            branch = Branch(battle, self._rules[battle.mode], self._rooms.tell, now, paused=paused)
            self._branches[battle.id] = branch
            for event in owner.pending:
                branch.take(Entry(at=event.at, command=command_of(event)))
        for battle_id in self._rooms.battles:
            if battle_id not in self._branches:
                self._rooms.tell(battle_id, Paused(battle=battle_id, reason=ELSEWHERE))

    async def _tick_on(self) -> None:
        """Let turns pass whose time is over, and pause where a player has left, for ever."""
        while True:
            await self._store.clock.sleep(TICK_SECONDS)
            now, here = self._now(), self._presence.players
            for branch in list(self._branches.values()):
                if not here.issuperset(branch.battle.players):
                    branch.pause(PLAYER_ELSEWHERE, now)
                async with branch.lock:
                    with suppress(TryAgain):
                        await self._pass_on(branch, now)

    async def _until_back(self, claim: Claim[Instance]) -> Found:
        """Wait until the store answers, and tell whether we are still who we were."""
        while (found := await self._look(claim)) == "away":
            await self._store.clock.sleep(AGAIN_SECONDS)
        return found

    # ------------------------------------------------------------------------------------ coming back

    async def _rejoin(self, claim: Claim[Instance]) -> bool:
        """Play all branches again, into the log; False if the store went away before all of it was there."""
        try:
            return await _first(self._settle_all(), self._until_away_again(claim))
        except (Unavailable, OutcomeUnknown):
            return False

    async def _settle_all(self) -> bool:
        async with asyncio.TaskGroup() as group:
            for branch in self._branches.values():
                group.create_task(self._settle(branch), name=f"settles {branch.battle.id}")
        return True

    async def _until_away_again(self, claim: Claim[Instance]) -> bool:
        while await self._look(claim) != "away":
            await self._store.clock.sleep(AGAIN_SECONDS)
        return False

    async def _settle(self, branch: Branch) -> None:
        battle = branch.battle.id
        async with branch.lock:  # what was coming in is in, and nothing more comes
            owner = Owner(
                self._store,
                self._rules[branch.battle.mode],
                self._owners[battle].battle,
                branch.entries,
                branch.time_left(self._now()),
            )
        self._running.go_on(owner)
        await owner.caught_up.wait()
        kept = bytes(owner.battle.board) == branch.board
        await self._rooms.refresh(battle)
        await self._journal.settle(branch, "" if kept else "it_stands_otherwise")
        del self._branches[battle]

    async def _drop_all(self) -> bool:
        """Let go of everything: others have it, or the store knows nothing of it."""
        for branch in self._branches.values():
            with suppress(TenureError):  # what is provisional is not worth a failure
                await self._journal.settle(branch, "the_instance_was_lost")
        self._branches.clear()
        self._owners.clear()
        return True

    # ------------------------------------------------------------------------------------ the store and time

    async def _look(self, claim: Claim[Instance] | None) -> Found:
        """Look whether the store takes our beat; one that is not ours any more is an answer too."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if claim is not None:
                    await self._store.beat(claim)
                self._clock = await self._store.now(), self._monotonic()
        except (NotHolder, NotFound, Overdue, WrongState, StoreReplaced):
            return "lost"
        except (Unavailable, OutcomeUnknown, TimeoutError):
            return "away"
        return "ours" if claim is self._presence.claim else "lost"

    def _now(self) -> datetime:
        """Reckon the store's clock from when it was read last."""
        assert self._clock is not None  # noqa: S101  nobody is isolated who never reached the store
        read, at = self._clock
        return read + seconds(self._monotonic() - at)


async def _first(*ways: Coroutine[Any, Any, T]) -> T:
    """Give what the first of them comes to, and end the others."""
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
