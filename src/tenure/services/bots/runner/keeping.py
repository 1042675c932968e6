"""One bot in a runner's hands: its beats, and what it does in each state, until the claim on it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from tenure import Claim, NotFound, NotHolder, OutcomeUnknown, Overdue, Refused, Store, Unavailable
from tenure.services.bots.game.contract import seat_key
from tenure.services.bots.lifecycle import Bot, Match
from tenure.services.bots.offers import Offers
from tenure.services.bots.refusals import TryAgain, Unknown
from tenure.services.bots.runner.play import Game, Play
from tenure.services.bots.runner.stage import PlayerBlocks, PlayerFailed, Stage, StageLost
from tenure.store.waking import Bell

MOST_TRIES = 3
LOOK_AGAIN_SECONDS = 5.0


class Kept:
    """A bot that is held. What it does follows from its record alone, so a command that was missed costs nothing."""

    def __init__(self, store: Store, stage: Stage, claim: Claim[Bot], make: Callable[[], Play], key: str) -> None:
        self._store, self._stage, self.claim, self._make, self._key = store, stage, claim, make, key
        self._offers, self._seen = Offers(store), 0
        self._bell: Bell | None = None
        self._playing: asyncio.Task[None] | None = None
        self.ends = self.hurries = False
        """Whether it is to be given back: as soon as it plays no more, or at once."""

    def wake(self) -> None:
        """Let it beat and look now."""
        if self._bell is not None:
            self._bell.ring()

    async def live(self) -> None:
        """Beat and act until the bot is somebody else's."""
        with self._store.bell(Bot, self.claim.id) as self._bell:
            try:
                while await self._look():
                    await self._bell.heard()
            finally:
                await self._stop_playing()

    async def _look(self) -> bool:
        """Beat once and do what the bot's state asks for; False when the claim on it is over."""
        try:
            bot, commands = await self._store.beaten(self.claim, seen=self._seen)
            if commands:
                self._seen = commands[-1].version
            await self._act(bot)
        except Overdue:
            return True  # the sweeper is about to move it: then it rings, and the next beat tells what became of it
        except (NotHolder, NotFound):
            return False
        except (Refused, Unavailable, OutcomeUnknown):
            return True  # overtaken, or not heard: the next look tells; the lease decides, not one lost beat
        return True

    async def _act(self, bot: Bot) -> None:
        # From `playing` every way leads out of our hands, so a play ends with `live`.
        if bot.state == Bot.playing:
            self._play(bot)
        elif self.ends and bot.state != Bot.accepted:
            await self._give_back(bot)
        else:
            # Whoever fails here was overtaken: the record has moved, and rings.
            with suppress(Refused, TryAgain, Unknown):
                await self._answer(bot)
        if self.hurries and bot.state == Bot.playing:
            await self._stop_playing()
            await self._store.apply(Bot.hand_over(self.claim), why="its runner is stopping")

    async def _answer(self, bot: Bot) -> None:
        if bot.state == Bot.matched:
            await self._offers.accept_as(self.claim)
        elif bot.state == Bot.accepted and bot.match is not None:
            await self._offers.start(bot.match)  # who accepted last may have failed on the way

    async def _give_back(self, bot: Bot) -> None:
        with suppress(Refused, TryAgain):  # reserved meanwhile, or the other way round: it rings, and we look again
            if bot.state == Bot.queued:
                await self._store.apply(Bot.dequeue(self.claim), why="its runner is stopping")
            elif bot.state == Bot.matched and self.hurries:
                await self._offers.decline_as(self.claim)
            elif bot.state == Bot.matched:
                await self._offers.accept_as(self.claim)

    # ------------------------------------------------------------------------------------ playing

    def _play(self, bot: Bot) -> None:
        if self._playing is None and not self.hurries:
            self._playing = asyncio.create_task(self._play_on(str(bot.match)), name=f"Bot/{bot.id} plays")
            self._playing.add_done_callback(self._played)

    def _played(self, playing: asyncio.Task[None]) -> None:
        """Say what nobody expected; the bot keeps its seat, and plays no more of this match."""
        if not playing.cancelled() and (error := playing.exception()) is not None:
            self._store.log.error("play_failed", bot=self.claim.id, error=type(error).__name__, said=str(error))

    async def _stop_playing(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        self._playing = None

    async def _play_on(self, id: str) -> None:
        """Play until the player is done, or has failed too often: then the game decides what that means."""
        tries = 0
        while True:
            try:
                await self._play_once(id)
            except StageLost:
                continue
            except (Unavailable, OutcomeUnknown):
                await self._store.clock.sleep(LOOK_AGAIN_SECONDS)
                continue
            except NotFound:
                return
            except (PlayerFailed, PlayerBlocks) as error:
                tries += 1
                last = tries >= MOST_TRIES or isinstance(error, PlayerBlocks)
                self._store.log.warning(
                    "player_failed", bot=self.claim.id, match=id, said=str(error), tries=tries, given_up=last
                )
                if last:
                    return
                await self._store.clock.sleep(2**tries)
            else:
                return

    async def _play_once(self, id: str) -> None:
        match = await self._opened(id)
        if match is None or match.room is None:
            return
        seat, room, play = f"Bot/{self.claim.id}", match.room, self._make
        team = next(
            number for number, team in enumerate(match.teams) for s in team if (s.kind, s.id) == ("Bot", self.claim.id)
        )
        key = seat_key(self._key, id, seat) if self._key else None

        async def perform(http: aiohttp.ClientSession) -> None:
            game = Game(
                match=id, mode=match.mode, room=room, seat=seat, team=team, teams=match.teams, key=key, http=http
            )
            await play().play(game)

        await self._stage.perform(seat, perform)

    async def _opened(self, id: str) -> Match | None:
        """Wait until a match has its room; None if it has ended without one."""
        with self._store.bell(Match, id) as bell:
            while True:
                match = await self._store.get(Match, id)
                if match.room is not None or match.state != Match.playing:
                    return match if match.state == Match.playing else None
                await self._store.clock.wait(bell, LOOK_AGAIN_SECONDS)
