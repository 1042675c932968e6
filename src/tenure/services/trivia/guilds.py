"""Guilds: met, edited, left and forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from msgspec.structs import asdict

from tenure import Applied, Change, Exists, NotFound, Overdue, Refused, Stale, StateOf, Store, WrongState
from tenure.services.trivia.chat.channels import check_channel
from tenure.services.trivia.checks import check_id, check_text
from tenure.services.trivia.lifecycle import Game, Guild, Registration, Score
from tenure.services.trivia.refusals import NotThen, TryAgain, Unknown, Wrong
from tenure.services.trivia.schedules import Schedule, check_time_zone

AT_A_TIME = 500
MOST_TRIES = 10
DAYS_OF_A_WEEK = 7
MOST_OF_A_NAME = 100

Changes = list[Change[Any]]


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of a guild. `week_starts` is 0 for Monday; `operators` the channel told of trouble."""

    name: str = ""
    time_zone: str = "UTC"
    week_starts: int = 0
    operators: str | None = None


class Guilds:
    """Keeps guilds. Acts as the store's actor."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------------------------ reading

    async def get(self, id: str) -> Guild:
        """Read a guild. Raises `Unknown`."""
        try:
            return await self._store.get(Guild, id)
        except NotFound:
            raise Unknown("there is no such guild: it is known once its chat has us in it") from None

    async def all(self) -> AsyncIterator[Guild]:
        """Give all guilds that are known, page by page, in the order in which they were met."""
        after = None
        while page := await self._store.find(Guild.known, limit=AT_A_TIME, after=after):
            for guild in page:
                yield guild
            after = page[-1]

    # ------------------------------------------------------------------------------------ who has us

    async def meet(self, id: str, *, chat: str, name: str, time_zone: str = "UTC") -> Guild:
        """Note that a chat has us in a guild: a new one, or one that let us in again. A repeat changes nothing.

        A name that changed is noted, as far as it can be printed; the time zone is that of a new one only.
        Raises `Wrong`, `NotThen`, `TryAgain`.
        """
        name = "".join(letter for letter in name if letter.isprintable())[:MOST_OF_A_NAME]
        about = About(name=name, time_zone=time_zone)
        check_id("id", id)
        check_about(about)
        for _ in range(MOST_TRIES):
            guild = (await self._store.get_many(Guild, [id])).get(id)
            changes = [Guild.create(id, chat=chat, **asdict(about))] if guild is None else _met_again(guild, chat, name)
            if not changes:
                return await self.get(id)
            try:
                return await self._applied(changes)
            except (Exists, Stale, WrongState):
                continue  # another process met it
        raise _busy()

    async def leave(self, id: str) -> Guild | None:
        """Note that a chat has sent us away from a guild; None for one that nobody knows. A repeat changes nothing."""
        guild = (await self._store.get_many(Guild, [id])).get(id)
        if guild is None or guild.state != Guild.present:
            return guild
        try:
            return await self._store.apply(Guild.leave(id))
        except WrongState:
            return await self.get(id)

    # ------------------------------------------------------------------------------------ changing

    async def edit(self, id: str, edited: About | Callable[[About], About]) -> Guild:
        """Change what is known of a guild; a function makes the new of what holds. A repeat changes nothing.

        With another time zone its registrations are planned anew. Raises `Unknown`, `Wrong`, `TryAgain`.
        """

        async def changes(guild: Guild) -> Changes:
            before = about_of(guild)
            about = edited(before) if callable(edited) else edited
            check_about(about)
            if about == before:
                return []
            if about.operators is not None and about.operators != before.operators:
                await check_channel(self._store, guild, about.operators, "operators")
            moved = guild.time_zone != about.time_zone
            planned = await self._planned_anew(guild, about.time_zone) if moved else []
            return [*planned, Guild.edit(guild, **asdict(about))]

        return await self._change(id, changes)

    async def forget(self, id: str) -> Guild:
        """Forget a guild for good, with its registrations and boards; what is open there is taken back.

        Raises `Unknown`, `TryAgain`.
        """
        await self.leave(id)
        await self._empty(await self.get(id))

        async def changes(guild: Guild) -> Changes:
            return [Guild.forget(guild)] if guild.state in Guild.known else []

        return await self._change(id, changes)

    # ------------------------------------------------------------------------------------ inside

    async def _change(self, id: str, changes_of: Callable[[Guild], Awaitable[Changes]]) -> Guild:
        for _ in range(MOST_TRIES):
            guild = await self.get(id)
            changes = await changes_of(guild)
            if not changes:
                return guild
            try:
                return await self._applied(changes)
            except (Stale, WrongState):
                continue  # it, or a registration of it, was changed meanwhile
        raise _busy()

    async def _applied(self, changes: Changes) -> Guild:
        """Apply changes of which the last is the guild's."""
        (verdict,) = await self._store.submit([changes])
        if isinstance(verdict, Refused):
            raise verdict
        guild: Guild = verdict.records[-1]
        return guild

    async def _planned_anew(self, guild: Guild, time_zone: str) -> Changes:
        """Give each registration its next slot by another clock. One that is due is planned when it was asked."""
        now = await self._store.now()
        return [
            Registration.plan_anew(each, next_at=Schedule(each.schedule).after(now, time_zone))
            for each in await self._store.find(Registration.waiting, under=guild)
        ]

    async def _empty(self, guild: Guild) -> None:
        """End what belongs to a guild that is to be forgotten. What moves on by itself meanwhile is left alone."""
        await self._end(Registration.live, guild, Registration.delete)
        await self._end(Game.deletable, guild, Game.delete, overdue=_taken_back)
        await self._end(Score.kept, guild, Score.erase)

    async def _end(
        self,
        states: StateOf[Any],
        guild: Guild,
        change: Callable[[str], Change[Any]],
        *,
        overdue: Callable[[Guild, str], Changes] | None = None,
    ) -> None:
        """End the records of a guild in bounded steps; `overdue` ends those that refuse it past their deadline."""
        while page := await self._store.find(states, under=guild, limit=AT_A_TIME):
            verdicts = await self._store.submit([[change(each.id)] for each in page])
            late = [each.id for each, said in zip(page, verdicts, strict=True) if isinstance(said, Overdue)]
            if late and overdue is not None:
                verdicts += await self._store.submit([overdue(guild, id) for id in late])
            if not any(isinstance(verdict, Applied) for verdict in verdicts):
                return  # each of them is just moving on


def _taken_back(guild: Guild, game: str) -> Changes:
    """Take back a question whose next try is due, but refused since we were sent away: it takes nothing else before.

    So for the length of this transaction we are there again.
    """
    return [Guild.come_back(guild.id), Game.retry(game), Game.delete(game), Guild.leave(guild.id)]


def check_about(about: About) -> None:
    """Refuse what can't be known of a guild. Raises `Wrong`."""
    check_text("name", about.name, least=0)
    check_time_zone(about.time_zone)
    if not 0 <= about.week_starts < DAYS_OF_A_WEEK:
        raise Wrong("`week_starts` must be 0 for Monday to 6 for Sunday")
    if about.operators is not None:
        check_text("operators", about.operators)


def about_of(guild: Guild) -> About:
    """Give what may be changed of a guild, as it is."""
    return About(name=guild.name, time_zone=guild.time_zone, week_starts=guild.week_starts, operators=guild.operators)


def _met_again(guild: Guild, chat: str, name: str) -> Changes:
    if guild.chat != chat:
        raise NotThen("a guild of another chat has this id: take another one")
    if guild.state == Guild.forgotten:
        raise NotThen("the guild was forgotten, and what was asked there is not over yet: try again later")
    back: Changes = [Guild.come_back(guild)] if guild.state == Guild.absent else []
    if name == guild.name:
        return back
    about = msgspec.structs.replace(about_of(guild), name=name)
    return [*back, Guild.edit(guild.id if back else guild, **asdict(about))]


def _busy() -> TryAgain:
    return TryAgain("the guild is being changed by many at once: try again in a moment")
