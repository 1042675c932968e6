"""Who runs which battle: each instance takes those that are ready, plays them on, and hands them over at its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from tenure import Claim, OutcomeUnknown, Refused, Store, TenureError, Unavailable, seconds
from tenure.services.battles.counting import Counting
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.owner import Owner
from tenure.services.battles.rules.contract import Rules

AT_A_TIME = 64
LOOK_SECONDS = 0.25
AGAIN_SECONDS = 2.0
"""How long a battle stands still whose owner has failed."""

OTHERS_AFTER = seconds(0.5)
"""How long a battle waits for an instance to which one of its players is connected, before any other takes it."""


class Running:
    """The battles in this instance's hands. `instance` gives who we are, or None while we may take nothing."""

    def __init__(
        self,
        store: Store,
        rules: Mapping[str, Rules],
        instance: Callable[[], str | None],
        here: Callable[[str], bool],
        *,
        most: int = 1000,
        others_after: timedelta = OTHERS_AFTER,
        counting: Counting | None = None,
    ) -> None:
        self._store, self._rules, self._instance, self._here = store, rules, instance, here
        self._most, self._others_after = most, others_after
        self._owned: dict[str, tuple[Owner, asyncio.Task[None]]] = {}
        self._given_back: list[Claim[Battle]] = []
        self._forks = 0
        """How many are letting go of all in this moment."""
        self._unsure = True
        """Whether there may be battles of ours that nobody here runs."""
        self._soon = asyncio.Event()
        self._counting = counting or Counting()

    @property
    def battles(self) -> int:
        """How many are run here."""
        return len(self._owned)

    def owns(self, battle: str) -> bool:
        """Tell whether a battle is run here, as far as we know."""
        return battle in self._owned

    def look_soon(self) -> None:
        """Look now: a battle has just started here."""
        self._soon.set()

    async def run(self) -> None:
        """Take what is ready, for ever. What is run here is dropped at the end, and taken over with the lease."""
        try:
            while True:
                try:
                    await self.look()
                except (Unavailable, OutcomeUnknown) as error:
                    self._unsure = True
                    self._store.log.warning("ready_battles_not_read", error=str(error))
                await self._rest()
        finally:
            self._unsure = True
            await self.fork()

    async def _rest(self) -> None:
        """Wait a moment, or until a battle has started here."""
        waits = {asyncio.ensure_future(self._store.clock.sleep(LOOK_SECONDS)), asyncio.ensure_future(self._soon.wait())}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            self._soon.clear()

    async def look(self) -> int:
        """Take what is ready and ours to take, and give how many that was."""
        taken, last = 0, None
        if self._unsure and (instance := self._instance()) is not None:
            await self._adopt(instance)
        while (instance := self._instance()) is not None and (room := self._most - len(self._owned)) > 0:
            ready = await self._store.find(Battle.ready, limit=AT_A_TIME, after=last)
            taken += await self._take((await self._ours(ready))[:room], instance) if ready else 0
            if len(ready) < AT_A_TIME:
                break
            last = ready[-1]
        return taken

    async def _take(self, battles: Sequence[Battle], instance: str) -> int:
        verdicts = await self._store.submit([[Battle.take(battle, instance=instance)] for battle in battles])
        taken = [(b, v.records[0]) for b, v in zip(battles, verdicts, strict=True) if not isinstance(v, Refused)]
        for before, battle in taken:
            self._counting.taken["over" if before.fence else "first"] += 1
            self.go_on(Owner(self._store, self._rules[battle.mode], battle))
        return len(taken)

    async def _adopt(self, instance: str) -> None:
        """Run what the store says is ours: it was taken and the answer lost, or its owner failed."""
        mine, last = list[Battle](), None
        while page := await self._store.find(Battle.running, under=instance, after=last):
            mine += page
            last = page[-1]
        if self._forks or self._instance() != instance:
            return  # whoever lets go of them meanwhile knows why
        self._unsure = False
        for battle in mine:
            if battle.id not in self._owned and battle.mode in self._rules:
                self.go_on(Owner(self._store, self._rules[battle.mode], battle))

    async def _ours(self, ready: Sequence[Battle]) -> list[Battle]:
        """Give those whose players are connected here, and those that nobody took for a moment."""
        before = await self._store.now() - self._others_after
        known = [battle for battle in ready if battle.mode in self._rules]
        return [b for b in known if b.entered_at <= before or any(self._here(player) for player in b.players)]

    def go_on(self, owner: Owner) -> None:
        """Let a battle be run here by this owner of it."""
        id, owner.answered = owner.claim.id, self._counting.answered
        self._owned[id] = owner, asyncio.create_task(self._live(owner), name=f"owner of {id}")

    async def _live(self, owner: Owner) -> None:
        try:
            await owner.live()
        except Exception as error:  # noqa: BLE001  whatever it is: the battle is ours, and nobody else would run it
            self._store.log.error("owner_failed", battle=owner.claim.id, error=repr(error))  # noqa: TRY400  our own log
            await self._store.clock.sleep(AGAIN_SECONDS)
            self._unsure = True
        finally:
            if self._owned.get(owner.claim.id, (None,))[0] is owner:
                del self._owned[owner.claim.id]

    # ------------------------------------------------------------------------------------ letting go

    async def hand_over(self) -> bool:
        """Give all battles back at once, so that other instances need not wait for our lease.

        False where the store did not take that: they go on when our lease is over, or with the next call.
        """
        self._given_back += [owner.claim for owner in await self.fork()]
        try:
            await self._store.submit([[Battle.hand_over(claim)] for claim in self._given_back])
        except TenureError:
            return False
        self._given_back.clear()
        return True

    async def fork(self) -> list[Owner]:
        """Do nothing more for any battle, without a word to the store, and give the owners as they stand."""
        owned, self._owned = list(self._owned.values()), {}
        for _, task in owned:
            task.cancel()
        self._forks += 1
        try:
            await asyncio.gather(*(task for _, task in owned), return_exceptions=True)
        finally:
            self._forks -= 1
        return [owner for owner, _ in owned]
