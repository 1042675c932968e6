"""The runner: takes deployed bots up to its slots, resumes those of dead runners, and gives them back in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tenure import Applied, Change, OutcomeUnknown, Store, StoreReplaced, TenureError, Unavailable
from tenure.services.bots.lifecycle import Bot, Pool, Rating
from tenure.services.bots.players import rating_id
from tenure.services.bots.runner.keeping import Kept
from tenure.services.bots.runner.play import Play
from tenure.services.bots.runner.stage import Stage
from tenure.store.waking import Bell

BEAT_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 5.0
AT_A_TIME = 200
LAST_SECONDS = 2.0


class PlayersBlock(TenureError):  # noqa: N818  it says what is so
    """Players have blocked several threads, which can't be ended: the process must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a runner is to do: with which player, for which pools (all, if none is named), how many bots at once.

    `key` is the game's key, from which its bots' seat keys follow. `grace_seconds` is how long bots may play on
    when the runner is to end; those who play longer are handed to another runner.
    """

    make: Callable[[], Play]
    pools: Sequence[str] = ()
    slots: int = 100
    key: str = ""
    grace_seconds: float = 30.0
    blocked_seconds: float = 5.0


async def run(store: Store, duty: Duty, stop: asyncio.Event | None = None) -> int:
    """Run until `stop` is set, or for ever; give how many bots could not be given back.

    A cancelled runner gives its bots back at once. Raises `PlayersBlock` where that is all that is left to do.
    """
    async with Stage(store.log, blocked_seconds=duty.blocked_seconds) as stage:
        return await Runner(store, stage, duty).run(stop or asyncio.Event())


class Runner:
    """One process's bots. All of them beat together, so that they share a transaction."""

    def __init__(self, store: Store, stage: Stage, duty: Duty) -> None:
        self._store, self._stage, self._duty = store, stage, duty
        self._kept: dict[str, tuple[Kept, asyncio.Task[None]]] = {}
        self._free: Bell | None = None
        self._claiming: asyncio.Task[int] | None = None
        self._away = False

    @property
    def kept(self) -> list[str]:
        """The bots that it holds at this moment."""
        return sorted(self._kept)

    async def run(self, stop: asyncio.Event) -> int:
        """Run until `stop` is set, and give how many bots could not be given back."""
        work = [
            asyncio.create_task(self._take_for_ever(), name="takes bots"),
            asyncio.create_task(self._beat_for_ever(), name="beats"),
        ]
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(self._stage.broken.wait())]
        grace = 0.0
        try:
            done, _ = await asyncio.wait([*work, *ends], return_when=asyncio.FIRST_COMPLETED)
            for failed in done & {*work}:
                failed.result()
            if self._stage.broken.is_set():
                raise PlayersBlock(
                    "players keep their threads busy for ever: mend the player, and start the runner anew"
                )
            grace = self._duty.grace_seconds
        finally:
            for task in (work[0], *ends):
                task.cancel()
            await asyncio.gather(work[0], *ends, return_exceptions=True)
            left = await self._give_back(grace)
            work[1].cancel()
            await asyncio.gather(work[1], return_exceptions=True)
        return left

    # ------------------------------------------------------------------------------------ taking

    async def _take_for_ever(self) -> None:
        with self._store.bell(Bot) as self._free:
            while True:
                try:
                    while await self._take():
                        continue
                    self._note("")
                except StoreReplaced:
                    raise  # nothing that is held here is there any more: the runner begins anew, if somebody starts it
                except (Unavailable, OutcomeUnknown) as error:
                    self._note(str(error))
                await self._store.clock.wait(self._free, LOOK_AGAIN_SECONDS)

    async def _take(self) -> int:
        """Take what there is and fits, and give how many bots that was."""
        taken = 0
        for pool in await self._pools():
            for step in (self._resume, self._enqueue):
                free = min(self._duty.slots - len(self._kept), AT_A_TIME)
                taken += await step(pool, free) if free > 0 else 0
        return taken

    async def _pools(self) -> list[Pool | None]:
        """Give the pools to look in, of those that there are so far; None stands for all."""
        if not self._duty.pools:
            return [None]
        return [*(await self._store.get_many(Pool, self._duty.pools)).values()]

    async def _resume(self, pool: Pool | None, most: int) -> int:
        """Take bots whose runner died in a match."""
        stranded = await self._store.find(Bot.stranded, under=pool, limit=most)
        return await self._claim([Bot.resume(bot) for bot in stranded])

    async def _enqueue(self, pool: Pool | None, most: int) -> int:
        """Queue bots that were deployed, with the ratings that they have by now."""
        bots = await self._store.find(Bot.deployed, under=pool, limit=most)
        if not bots:
            return 0
        now = await self._store.now()
        pools = await self._store.get_many(Pool, {bot.pool for bot in bots})
        waiting = [bot for bot in bots if bot.pool in pools and pools[bot.pool].state == Pool.open]
        ids = {bot.id: rating_id(bot.id, pools[bot.pool].mode) for bot in waiting}
        ratings = await self._store.get_many(Rating, ids.values())
        return await self._claim(
            [
                Bot.enqueue(
                    bot, rating=ratings[ids[bot.id]].value if ids[bot.id] in ratings else bot.rating, queued_at=now
                )
                for bot in waiting
            ]
        )

    async def _claim(self, changes: Sequence[Change[Bot]]) -> int:
        """Claim one bot with each change; what another runner was faster with, or can't be taken yet, is left.

        A runner that stops meanwhile waits for it: else it would hold bots of which it knows nothing.
        """
        if not changes:
            return 0
        self._claiming = asyncio.create_task(self._claim_each(changes), name="claims bots")
        return await asyncio.shield(self._claiming)

    async def _claim_each(self, changes: Sequence[Change[Bot]]) -> int:
        taken = [v.records[0] for v in await self._store.submit([[c] for c in changes]) if isinstance(v, Applied)]
        for bot in taken:
            self._keep(bot)
        return len(taken)

    def _keep(self, bot: Bot) -> None:
        kept = Kept(self._store, self._stage, bot.claim, self._duty.make, self._duty.key)
        task = asyncio.create_task(kept.live(), name=f"keeps Bot/{bot.id}")
        before = self._kept.get(bot.id)
        if before is not None:
            before[0].wake()  # it was lost and taken anew: the one before finds that out
        self._kept[bot.id] = kept, task
        task.add_done_callback(lambda _: self._let_go(bot.id, task))

    def _let_go(self, id: str, task: asyncio.Task[None]) -> None:
        if id in self._kept and self._kept[id][1] is task:
            del self._kept[id]
            if self._free is not None:
                self._free.ring()  # there is a slot again
        if not task.cancelled() and (error := task.exception()) is not None:
            # One bot's trouble is its own: its lease runs out, and it is taken anew.
            self._store.log.error("bot_lost", bot=id, error=type(error).__name__, said=str(error))

    # ------------------------------------------------------------------------------------ beating, giving back

    async def _beat_for_ever(self) -> None:
        while True:
            await self._store.clock.sleep(BEAT_SECONDS)
            for kept, _ in list(self._kept.values()):
                kept.wake()

    async def _give_back(self, grace: float) -> int:
        """Give all bots back: who waits at once, who plays when the match is over, but no later than after `grace`."""
        if self._claiming is not None:
            await asyncio.gather(self._claiming, return_exceptions=True)
        began = len(self._kept)
        await self._end(grace, hurries=False) if grace > 0 else None
        await self._end(LAST_SECONDS, hurries=True)
        tasks = [task for _, task in self._kept.values()]
        self._store.log.info("runner_stopped", bots=began, left=len(tasks))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _end(self, within: float, *, hurries: bool) -> None:
        tasks = [task for _, task in self._kept.values()]
        for kept, _ in self._kept.values():
            kept.ends, kept.hurries = True, hurries
            kept.wake()
        if tasks:
            await asyncio.wait(tasks, timeout=within)

    def _note(self, away: str) -> None:
        """Say once that the store is away, and once that it is back."""
        if bool(away) != self._away:
            self._away = bool(away)
            self._store.log.warning("store_away", error=away) if away else self._store.log.info("store_back")
