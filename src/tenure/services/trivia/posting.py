"""Asking: what is due gets its question, once.

Each step is an effect, which somebody else takes up where it was left if its handler is killed.

    Registration   due ─ ask_slot ▶ waiting for the next slot, and in the same transaction the slot's first game
    Game           asked ─ post_question ▶ open
                     ▲  │ refused                 `announcing`
                     └─ held
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from tenure import (
    Change,
    Delivery,
    Exists,
    NotFound,
    NotUnder,
    Retry,
    Stale,
    Store,
    WrongState,
    hours,
    minutes,
    seconds,
)
from tenure.services.trivia.announcing import Announcing
from tenure.services.trivia.asking import game_id, game_of, slot_of
from tenure.services.trivia.chat.contract import Chat
from tenure.services.trivia.checks import check_id
from tenure.services.trivia.lifecycle import Game, Guild, Registration, Used
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import NoQuestion, Question
from tenure.services.trivia.refusals import NotThen, TryAgain, Unknown, trouble_of
from tenure.services.trivia.schedules import Schedule
from tenure.store.keeping import Loop

AGAIN = Retry(first=seconds(1), most=seconds(30))
FOR_AN_HOUR = Retry(first=seconds(1), most=minutes(1), give_up=hours(1))
WITHIN = seconds(20)
"""How long a try may take. What a killed process had taken comes back after twice that time."""

MOST_TRIES = 20
AWAY = "the guild has sent us away: it is asked again once we are let in"


class Posting:
    """Asks what is due. Any number of processes may have one."""

    def __init__(
        self, store: Store, chats: Mapping[str, Chat], choosing: Choosing, *, new_id: Callable[[], str]
    ) -> None:
        self._store, self._choosing, self._new_id = store, choosing, new_id
        self._announcing = Announcing(store, chats)

    # ------------------------------------------------------------------------------------ what is due

    async def ask_slot(self, delivery: Delivery[Registration]) -> None:
        """Make the due slot's game, and plan the next slot. Raises `NoQuestion` while there is none.

        The tempting wrong version looks for a game of this slot, and then makes one: two posters look at the same
        time, and the question is there twice.
        """
        for _ in range(MOST_TRIES):
            registration = (await self._store.get_many(Registration, [delivery.record.id])).get(delivery.record.id)
            if registration is None or registration.state != Registration.due:
                return  # it was asked, or is not to be asked any more
            try:
                await self._ask(registration)
            except (Exists, Stale, WrongState, NotUnder):
                continue  # the question was used, the registration edited, or the guild left meanwhile
            return
        raise _busy()

    async def welcome(self, delivery: Delivery[Guild]) -> None:
        """Take up what fell due in a guild while we were sent away from it: it falls due once more."""
        for registration in await self._store.find(Registration.due, under=delivery.record):
            if registration.trouble == AWAY:
                at, posted_at = registration.next_at, registration.posted_at
                await self._store.submit([[Registration.plan(registration, next_at=at, posted_at=posted_at)]])

    async def post_now(self, registration: str, *, request: str | None = None) -> Game:
        """Ask a question of an enabled registration now, out of its turn. A repeat of `request` gives the first game.

        Raises `Unknown`, `Wrong`, `NotThen`, `TryAgain`.
        """
        request = request or self._new_id()
        check_id("request", request)
        id = game_id(registration, f"now-{request}")
        for _ in range(MOST_TRIES):
            there = (await self._store.get_many(Game, [id])).get(id)
            if there is not None:
                return there
            try:
                return await self._ask_now(registration, id)
            except (Exists, Stale, WrongState):
                continue
        raise _busy()

    # ------------------------------------------------------------------------------------ loops

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        deliver = partial(self._store.deliver, within=WITHIN)
        return {
            "ask": lambda: deliver(Registration.ask, self.ask_slot, retry=AGAIN),
            "post": lambda: deliver(Game.ask, self._announcing.post_question, retry=AGAIN),
            "tell operators": lambda: deliver(Game.tell_operators, self._announcing.tell_operators, retry=FOR_AN_HOUR),
            "welcome": lambda: deliver(Guild.welcome, self.welcome, retry=AGAIN),
        }

    async def once(self) -> int:
        """Take each step that is due now, and give how many were tried."""
        deliver = self._store.deliver_once
        return (
            await deliver(Guild.welcome, self.welcome, retry=AGAIN)
            + await deliver(Registration.ask, self.ask_slot, retry=AGAIN)
            + await deliver(Game.ask, self._announcing.post_question, retry=AGAIN)
            + await deliver(Game.tell_operators, self._announcing.tell_operators, retry=FOR_AN_HOUR)
        )

    # ------------------------------------------------------------------------------------ inside

    async def _ask(self, registration: Registration) -> None:
        guild = (await self._store.get_many(Guild, [registration.guild])).get(registration.guild)
        if guild is None or guild.state != Guild.present:
            await self._wait_for_guild(registration)
            return
        now, schedule = await self._store.now(), Schedule(registration.schedule)
        plan = partial(Registration.plan, registration, next_at=schedule.after(now, guild.time_zone))
        slot = slot_of(registration, schedule.latest(now, guild.time_zone), now)
        if slot is None or await self._waits(registration):
            why = "no slot is asked: it was missed, or an earlier question waits still"
            await self._store.apply(plan(posted_at=registration.posted_at), why=why)
            return
        question, used = await self._choose(registration)
        game = game_of(registration, question, id=game_id(registration.id, slot), slot=slot, now=now)
        try:
            await self._store.apply(game, used, plan(posted_at=slot))
        except Exists as refusal:
            if refusal.kind is not Game:
                raise
            await self._store.apply(plan(posted_at=slot), why="the slot was asked already")

    async def _wait_for_guild(self, registration: Registration) -> None:
        """Note that a slot waits for its guild. Raises `TryAgain` if that came back meanwhile.

        `welcome` looks for what waits after the guild came back, so nothing is missed between the two looks.
        """
        if registration.trouble != AWAY:
            await self._store.apply(Registration.hold_up(registration, trouble=AWAY))
        guild = (await self._store.get_many(Guild, [registration.guild])).get(registration.guild)
        if guild is not None and guild.state == Guild.present:
            raise _busy()

    async def _choose(self, registration: Registration) -> tuple[Question, Change[Used]]:
        """Choose the slot's question; where there is none, the registration says why. Raises `NoQuestion`."""
        try:
            return await self._choosing.choose(
                registration.guild, registration.sources, registration.category, registration.difficulty
            )
        except NoQuestion as nothing:
            trouble = trouble_of(nothing)
            if registration.trouble != trouble:
                await self._store.apply(Registration.hold_up(registration, trouble=trouble))
            raise

    async def _waits(self, registration: Registration) -> bool:
        """Tell whether a question of this registration is not in its channel yet: no second one piles up behind it."""
        return bool(await self._store.find(Game.unasked, under=registration, limit=1))

    async def _ask_now(self, id: str, game: str) -> Game:
        """Make a game out of turn, under the registration's present version."""
        try:
            registration = await self._store.get(Registration, id)
        except NotFound:
            raise Unknown("there is no such registration: look at the guild's list") from None
        if registration.state not in Registration.enabled:
            raise NotThen(f"the registration is {registration.state}: enable it first, or create another one")
        if await self._waits(registration):
            raise NotThen("a question of this registration is on its way to the channel: wait for it, or delete it")
        try:
            question, used = await self._choosing.choose(
                registration.guild, registration.sources, registration.category, registration.difficulty
            )
        except NoQuestion as nothing:
            raise NotThen(str(nothing)) from None
        now = await self._store.now()
        try:
            made, *_ = await self._store.apply(
                game_of(registration, question, id=game, slot=now, now=now),
                used,
                Registration.mark(registration, posted_at=now),
            )
        except NotUnder:
            raise NotThen(AWAY) from None
        return made


def _busy() -> TryAgain:
    return TryAgain("many ask at the same time: try again in a moment")
