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
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import datetime
from typing import Any, Literal, TypeVar

from tenure import Claim, OutcomeUnknown, Store, TenureError, Unavailable
from tenure.services.battles.branches import Branch, Entry
from tenure.services.battles.commands import Command, command_of
from tenure.services.battles.contact import Contact
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
T = TypeVar("T")

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
        contact: Contact,
        running: Running,
        rooms: Rooms,
        *,
        journal: Callable[[], AbstractAsyncContextManager[Store]],
    ) -> None:
        self._store, self._rules, self._presence, self._running, self._rooms = store, rules, presence, running, rooms
        self._contact, self._open_journal = contact, journal
        self.mode: Mode = "clustered"
        self.told: Callable[[Mode], None] = lambda _: None
        self.times = 0
        """How often this process was isolated."""
        self._branches: dict[str, Branch] = {}
        self._owners: dict[str, Owner] = {}
        self._journal: Journal

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
            if self.mode == "rejoining":
                return False  # it is settled, or was none of ours
            raise TryAgain(PAUSED)
        async with branch.lock:
            if self.mode != "isolated":
                raise TryAgain(COMES_BACK)
            if branch.paused:
                raise TryAgain(PAUSED)
            if not branch.knows(command):
                now = self._contact.now()
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
            claim = await self._contact.until_alone()
            await self._alone(claim)

    async def _alone(self, claim: Claim[Instance]) -> None:
        """Be isolated until the store is back, and all is settled."""
        self.times += 1
        async with AsyncExitStack() as stack:
            self._journal = Journal(await self._opened(stack), claim.id)
            try:
                await self._until_settled(claim)
            except Exception:
                self._go_on()  # whatever fails here, each battle that is ours has its owner
                raise
            finally:
                self._enter("clustered")

    async def _opened(self, stack: AsyncExitStack) -> Store | None:
        """Open the journal's store; without one, battles are paused."""
        try:
            journal = await stack.enter_async_context(self._open_journal())
            await journal.sweep()
        except (TenureError, OSError) as error:
            self._store.log.error("journal_failed", error=repr(error))  # noqa: TRY400  our own log
            return None
        return journal

    async def _until_settled(self, claim: Claim[Instance]) -> None:
        settled = False
        while not settled:
            await self._isolate()
            found = await _first(self._contact.until_back(claim), self._tick_on())
            self._enter("rejoining")
            settled = await self._rejoin(claim) if found == "ours" else await self._drop_all()

    def _enter(self, mode: Mode) -> None:
        if mode != self.mode:
            self.mode = mode
            self._store.log.warning("mode_changed", mode=mode, branches=len(self._branches))
            self.told(mode)

    async def _isolate(self) -> None:
        """Let what is run here go on as branches, and say what is paused."""
        owners, now, here = await self._running.fork(), self._contact.now(), self._presence.players
        self._enter("isolated")
        for owner in owners:
            battle = owner.battle
            self._owners[battle.id] = owner
            if battle.id in self._branches:
                continue  # the store went away again before all of it was in the log
            paused = "" if here.issuperset(battle.players) else PLAYER_ELSEWHERE
            branch = Branch(battle, self._rules[battle.mode], self._rooms.tell, now, paused=paused, known=owner.ops)
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
            now, here = self._contact.now(), self._presence.players
            for branch in list(self._branches.values()):
                if not here.issuperset(branch.battle.players):
                    branch.pause(PLAYER_ELSEWHERE, now)
                async with branch.lock:
                    with suppress(TryAgain):
                        await self._pass_on(branch, now)

    # ------------------------------------------------------------------------------------ coming back

    async def _rejoin(self, claim: Claim[Instance]) -> bool:
        """Play all branches again, into the log; False if the store went away before all of it was there."""
        return await _first(self._settle_all(), self._until_away_again(claim))

    async def _settle_all(self) -> bool:
        async with asyncio.TaskGroup() as group:  # where one fails, none goes on behind our back
            for branch in list(self._branches.values()):
                group.create_task(self._settle(branch))
        return not self._branches

    async def _until_away_again(self, claim: Claim[Instance]) -> bool:
        await self._contact.until_away(lambda: claim)
        return False

    async def _settle(self, branch: Branch) -> None:
        battle = branch.battle.id
        async with branch.lock:  # what was coming in is in, and nothing more comes
            owner = self._owner_of(branch)
        self._running.go_on(owner)
        await owner.caught_up.wait()
        try:
            await self._rooms.refresh(battle)
        except (Unavailable, OutcomeUnknown):
            return  # it went away again
        except Exception as error:  # noqa: BLE001  rules are anybody's code, and the log tells what is so
            self._store.log.error("not_refreshed", battle=battle, error=repr(error))  # noqa: TRY400  our own log
        await self._note_end(branch, "" if bytes(owner.battle.board) == branch.board else "it_stands_otherwise")
        del self._branches[battle], self._owners[battle]

    def _owner_of(self, branch: Branch) -> Owner:
        before, left = self._owners[branch.battle.id], branch.time_left(self._contact.now())
        owner = Owner(self._store, self._rules[before.battle.mode], before.battle, branch.entries, left)
        owner.ops |= before.ops
        return owner

    def _go_on(self) -> None:
        for battle, branch in self._branches.items():
            if not self._running.owns(battle):
                self._running.go_on(self._owner_of(branch))
        self._branches.clear()
        self._owners.clear()

    async def _note_end(self, branch: Branch, dropped: str) -> None:
        try:
            await self._journal.settle(branch, dropped)
        except TenureError as error:  # what became of it stands in the battle's log
            self._store.log.error("journal_failed", battle=branch.battle.id, error=repr(error))  # noqa: TRY400  our own log

    async def _drop_all(self) -> bool:
        """Let go of everything: others have it, or the store knows nothing of it."""
        for branch in self._branches.values():
            await self._note_end(branch, "the_instance_was_lost")
        self._branches.clear()
        self._owners.clear()
        return True


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
