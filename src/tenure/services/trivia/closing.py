"""A game's end, step by step: its answers are counted, its results posted, and it goes to history.

Each step is an effect, which somebody else takes up where it was left if its handler is killed.

    open ─ close ▶ closing ─ count ▶ scored ─ publish ▶ posted ─ tidy ▶ archived, and the round's next game
                                       ▲  │ refused
                                       └─ withheld
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from tenure import Change, Delivery, EffectOf, Exists, NotUnder, Retry, Stale, Store, minutes, seconds
from tenure.services.trivia.asking import asked_of, next_game_of
from tenure.services.trivia.chat.contract import Answered, Chat, ChatRefused
from tenure.services.trivia.chats import chat_of, is_known, show
from tenure.services.trivia.counting import Counting
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.marks import mark_of
from tenure.services.trivia.pauses import pause_after
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import NoQuestion
from tenure.services.trivia.refusals import trouble_of
from tenure.services.trivia.rounds import Rounds
from tenure.store.keeping import Loop

RETRY = Retry(first=seconds(1), most=minutes(1))
WITHIN = seconds(20)
"""A step that takes longer is begun anew; what a killed process had taken comes back in twice that time."""

MOST_TRIES_FOR_A_QUESTION = 10
"""How often a round's next question is looked for before the round ends without it."""

Handler = Callable[[Delivery[Game]], Awaitable[None]]


class Closing:
    """Takes the steps of closing. Any number of processes may have one."""

    def __init__(self, store: Store, chats: Mapping[str, Chat], choosing: Choosing) -> None:
        self._store, self._chats, self._choosing = store, chats, choosing
        self._counting, self._rounds = Counting(store), Rounds(store)

    # ------------------------------------------------------------------------------------ the steps

    async def count(self, delivery: Delivery[Game]) -> None:
        """Give each answer its points, once, and the game its results. Raises `TryAgain`."""
        game = delivery.record
        if game.state == Game.closing:
            await self._store.apply(Game.score(game, results=await self._counting.count(game)))

    async def publish(self, delivery: Delivery[Game]) -> None:
        """Post the results, once; a chat that refuses them gets them later. Raises `ChatAway`."""
        game = delivery.record
        if game.state != Game.scored:
            return  # an earlier try was killed after its last word
        if not await is_known(self._store, game.guild):
            await self._store.apply(Game.give_up(game), why="its guild was forgotten")
            return
        try:
            message = await self._post_once(game, retried=delivery.tries > 1 or game.trouble is not None)
        except ChatRefused as refusal:
            await self._store.apply(Game.withhold(game, trouble=trouble_of(refusal), retry_for=pause_after(game)))
        else:
            await self._store.apply(Game.post(game, results_message=message))

    async def tidy(self, delivery: Delivery[Game]) -> None:
        """Take the buttons off the question, send the game to history, and ask the round's next question.

        Raises `ChatAway`, and `NoQuestion` while there is hope for one.
        """
        game = delivery.record
        if game.state != Game.posted:
            return
        with suppress(ChatRefused):  # the results are there, and the store refuses what comes by the buttons
            await show(self._store, self._chats, game, asked_of(game, right=True))
        while True:
            changes = await self._next(game, hopeful=delivery.tries < MOST_TRIES_FOR_A_QUESTION)
            try:
                await self._store.apply(Game.archive(game), *changes)
            except (Exists, Stale, NotUnder) as refusal:
                if refusal.kind is Game and refusal.id == game.id:
                    raise
                continue  # another registration took the question, or the guild has just sent us away
            return

    async def take_back(self, delivery: Delivery[Game]) -> None:
        """Say in the channel that a question was taken back. Raises `ChatAway`."""
        with suppress(ChatRefused):
            await show(self._store, self._chats, delivery.record, asked_of(delivery.record, taken_back=True))

    # ------------------------------------------------------------------------------------ loops

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return {
            name: functools.partial(self._store.deliver, effect, handler, retry=RETRY, within=WITHIN)
            for name, (effect, handler) in self._steps().items()
        }

    async def once(self) -> int:
        """Take each step that is due now, and give how many were tried."""
        return sum(
            [await self._store.deliver_once(effect, handler, retry=RETRY) for effect, handler in self._steps().values()]
        )

    def _steps(self) -> dict[str, tuple[EffectOf[Game], Handler]]:
        return {
            "count": (Game.count, self.count),
            "publish": (Game.publish, self.publish),
            "tidy": (Game.tidy, self.tidy),
            "take back": (Game.take_back, self.take_back),
        }

    # ------------------------------------------------------------------------------------ inside

    async def _post_once(self, game: Game, *, retried: bool) -> str:
        """Post the results if no earlier try did, and give the message."""
        chat, mark = await chat_of(self._store, self._chats, game.guild), mark_of(game.id, "results")
        found = await chat.find(game.guild, game.channel, mark) if retried else None
        return found or await chat.post(game.guild, game.channel, await self._answered(game), mark)

    async def _answered(self, game: Game) -> Answered:
        assert game.results is not None  # noqa: S101  a game is scored with its results
        question = game.question
        return Answered(
            game=game.id,
            number=game.number,
            of=game.of,
            text=question.text,
            right=question.right,
            right_text=question.choices[question.correct],
            explanation=question.explanation,
            results=game.results,
            standings=await self._rounds.standings(game) if game.of > 1 else (),
        )

    async def _next(self, game: Game, *, hopeful: bool) -> list[Change[Any]]:
        """Give the changes that make the round's next game; none if the round ends here."""
        if game.number >= game.of:
            return []
        registration = (await self._store.get_many(Registration, [game.registration])).get(game.registration)
        guild = (await self._store.get_many(Guild, [game.guild])).get(game.guild)
        if registration is None or registration.state not in Registration.enabled:
            return []
        if guild is None or guild.state != Guild.present:
            return []
        try:
            question, used = await self._choosing.choose(
                game.guild, registration.sources, registration.category, registration.difficulty
            )
        except NoQuestion:
            if hopeful:
                raise
            return []
        return [next_game_of(game, registration, question, await self._store.now()), used]
