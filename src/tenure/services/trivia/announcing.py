"""A question gets to its channel, once; and those who run the guild are told if it can't.

The tempting wrong version posts and then notes it: killed in between, it posts again. So each post has a mark, by which
the chat knows a repeat for some minutes, and by which a later try finds what an earlier one posted.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from tenure import Delivery, Store, WrongState
from tenure.services.trivia.asking import asked_of, time_left
from tenure.services.trivia.chat.contract import Chat, ChatRefused, Told
from tenure.services.trivia.chats import chat_of, show
from tenure.services.trivia.lifecycle import Game, Guild
from tenure.services.trivia.marks import mark_of
from tenure.services.trivia.pauses import FIRST, pause_after
from tenure.services.trivia.refusals import trouble_of

ENOUGH_TIME = 0.9
"""A question that nobody can have seen yet has at least this part of its window left when it is posted."""


class Announcing:
    """Posts questions. Any number of processes may have one."""

    def __init__(self, store: Store, chats: Mapping[str, Chat]) -> None:
        self._store, self._chats = store, chats

    async def post_question(self, delivery: Delivery[Game]) -> None:
        """Post a game's question, once; a chat that refuses it holds the game. Raises `ChatAway`."""
        game = delivery.record
        if game.state != Game.asked:
            await self._take_back(game, tried=delivery.tries > 1)
            return
        mark = mark_of(game.id, "question")
        try:
            chat = await chat_of(self._store, self._chats, game.guild)
            tried = delivery.tries > 1 or game.trouble is not None
            message = await chat.find(game.guild, game.channel, mark) if tried else None
            if message is None:
                game = await self._with_time(game)
                message = await chat.post(game.guild, game.channel, asked_of(game), mark)
        except ChatRefused as refusal:
            await self._store.apply(Game.hold(game, trouble=trouble_of(refusal), retry_for=pause_after(game)))
        else:
            await self._announce(game, message)

    async def tell_operators(self, delivery: Delivery[Game]) -> None:
        """Tell those who run the guild that a game waits, and what to do; once, not at every pause."""
        game, waits = delivery.record, delivery.event.target
        guild = (await self._store.get_many(Guild, [game.guild])).get(game.guild)
        if guild is None or guild.operators is None or delivery.event.fields.get("retry_for") != FIRST:
            return
        what = "A question" if waits == Game.held else "The results of a question"
        trouble = delivery.event.fields.get("trouble", "")
        told = Told(text=f"{what} can't be posted here: {trouble}. It waits, and is tried again.", channel=game.channel)
        mark = mark_of(game.id, "held" if waits == Game.held else "withheld")
        try:
            chat = await chat_of(self._store, self._chats, game.guild)
            found = await chat.find(guild.id, guild.operators, mark) if delivery.tries > 1 else None
            if found is None:
                await chat.post(guild.id, guild.operators, told, mark)
        except ChatRefused as refusal:  # the game shows its trouble all the same
            self._store.log.warning("operators_not_told", game=game.id, error=trouble_of(refusal))

    # ------------------------------------------------------------------------------------ inside

    async def _with_time(self, game: Game) -> Game:
        """Give a question that nobody has seen its whole window, if too much of it has passed by now."""
        now = await self._store.now()
        if time_left(game, now) >= ENOUGH_TIME:
            return game
        return await self._store.apply(Game.aim(game, closes_at=now + game.window))

    async def _announce(self, game: Game, message: str) -> None:
        """Note the message. A question that was deleted while it was being posted is shown as taken back."""
        try:
            await self._store.apply(Game.announce(game.id, message=message))
        except WrongState:
            await self._take_back(await self._store.get(Game, game.id), tried=True)

    async def _take_back(self, game: Game, *, tried: bool) -> None:
        """Show a question as taken back that was deleted before we came to note that it was posted."""
        if game.state == Game.deleted and tried:
            with suppress(ChatRefused):
                await show(self._store, self._chats, game, asked_of(game, taken_back=True))
