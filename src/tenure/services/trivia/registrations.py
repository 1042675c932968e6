"""Registrations: where, when and how a guild wants its questions."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenure import Change, LimitReached, NotFound, Overdue, Refused, Stale, Store, WrongState, seconds
from tenure.services.trivia.chat.channels import check_channel
from tenure.services.trivia.checks import ID, check_id, check_text
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.lifecycle import CatchUp, Counts, Game, Guild, Registration
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.question import DIFFICULTIES, NoQuestion
from tenure.services.trivia.refusals import Full, NotThen, TryAgain, Unknown, Wrong
from tenure.services.trivia.schedules import Schedule

MOST_TRIES = 10
MOST_QUESTIONS, MOST_SOURCES = 20, 10
SHORTEST_WINDOW, LONGEST_WINDOW = 5.0, 7 * 86_400.0

Changes = list[Change[Any]]
ChangesOf = Callable[[Registration], Awaitable[Changes]]


class Terms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, as whoever runs the guild may change it."""

    channel: str
    schedule: str
    questions: int = 1
    category: str | None = None
    difficulty: str | None = None
    window_seconds: float = 600.0
    sources: tuple[str, ...] = ("builtin",)
    counts: Counts = "first"
    catch_up: CatchUp = "latest"


class Registrations:
    """Keeps registrations. Acts as the store's actor."""

    def __init__(self, store: Store, choosing: Choosing, *, new_id: Callable[[], str]) -> None:
        self._store, self._choosing, self._new_id = store, choosing, new_id
        self._guilds = Guilds(store)

    # ------------------------------------------------------------------------------------ reading

    async def get(self, id: str) -> Registration:
        """Read a registration. Raises `Unknown`."""
        try:
            return await self._store.get(Registration, id)
        except NotFound:
            raise Unknown("there is no such registration: create it first, or look at the guild's list") from None

    async def named(self, guild: str, name: str) -> Registration:
        """Read the registration that is called so in a guild. Raises `Unknown`."""
        is_one = ID.fullmatch(guild) and ID.fullmatch(name)
        found = await self._store.holding(Registration.one_per_name, guild, name) if is_one else []
        if not found:
            raise Unknown("there is no registration of this name: look at the guild's list")
        registration: Registration = found[0]
        return registration

    async def of(self, guild: str) -> list[Registration]:
        """Read a guild's registrations that are not deleted, in the order in which they were made. Raises `Unknown`."""
        return await self._store.find(Registration.live, under=await self._guilds.get(guild))

    # ------------------------------------------------------------------------------------ changing

    async def create(self, guild: str, name: str, terms: Terms) -> Registration:
        """Make a registration, enabled at once. A repeat with the same content gives the one that is there.

        Raises `Unknown` for the guild, `Wrong`, `Full`, and `NotThen` where the name belongs to another one.
        """
        check_id("name", name)
        found = await self._guilds.get(guild)
        if found.state != Guild.present:
            raise NotThen("the guild has sent us away: invite us there again first")
        await self._check(terms, found)
        next_at = Schedule(terms.schedule).after(await self._store.now(), found.time_zone)
        id = f"r-{self._new_id()}"
        try:
            return await self._store.apply(
                Registration.create(id, guild=guild, name=name, next_at=next_at, **fields_of(terms))
            )
        except LimitReached as refusal:
            if refusal.limit is not Registration.one_per_name:
                raise Full(f"a guild has at most {refusal.at_most} registrations: delete one first") from None
        there = await self.named(guild, name)
        if terms_of(there) == terms:
            return there
        raise NotThen("the guild has another registration of this name: take another name, or edit that one")

    async def edit(self, id: str, edited: Callable[[Terms], Terms]) -> Registration:
        """Change a registration; `edited` makes the new terms of those that hold. What is asked already goes on.

        Raises `Unknown`, `Wrong`, `NotThen`, `TryAgain`.
        """

        async def changes(registration: Registration) -> Changes:
            before = terms_of(registration)
            terms = edited(before)
            if terms == before:
                return []
            guild = await self._guilds.get(registration.guild)
            await self._check(terms, guild, before)
            # The slot that is due, or comes next, stays unless the schedule itself is another one.
            next_at = registration.next_at if terms.schedule == before.schedule else await self._next(terms, guild)
            return [Registration.edit(registration, next_at=next_at, **fields_of(terms))]

        return await self._change(id, changes)

    async def enable(self, id: str) -> Registration:
        """Go on with a registration from its next slot. A repeat changes nothing. Raises `Unknown`, `NotThen`."""

        async def changes(registration: Registration) -> Changes:
            if registration.state in Registration.enabled:
                return []
            guild = await self._guilds.get(registration.guild)
            return [Registration.enable(registration, next_at=await self._next(terms_of(registration), guild))]

        return await self._change(id, changes)

    async def disable(self, id: str) -> Registration:
        """Let a registration rest; a question that is open goes on. A repeat changes nothing.

        Raises `Unknown`, `NotThen`, `TryAgain`.
        """

        async def changes(registration: Registration) -> Changes:
            if registration.state == Registration.disabled:
                return []
            return [*await self._withdrawn(registration), Registration.disable(registration)]

        return await self._change(id, changes)

    async def delete(self, id: str) -> Registration:
        """Delete a registration; a question that is open goes on. A repeat changes nothing.

        Raises `Unknown`, `TryAgain`.
        """

        async def changes(registration: Registration) -> Changes:
            if registration.state == Registration.deleted:
                return []
            return [*await self._withdrawn(registration), Registration.delete(registration)]

        return await self._change(id, changes)

    # ------------------------------------------------------------------------------------ inside

    async def _change(self, id: str, changes_of: ChangesOf) -> Registration:
        for _ in range(MOST_TRIES):
            registration = await self.get(id)
            changes = await changes_of(registration)
            if not changes:
                return registration
            (verdict,) = await self._store.submit([changes])
            if not isinstance(verdict, Refused):
                changed: Registration = verdict.records[-1]
                return changed
            if registration.state == Registration.deleted:
                raise NotThen("the registration is deleted: that is for good; create another one")
            if not isinstance(verdict, Stale | WrongState):
                raise verdict
            if isinstance(verdict, Overdue):
                break  # the sweeper is about to note it
        raise TryAgain("the registration's slot has just come, or others change it too: try again in a moment")

    async def _next(self, terms: Terms, guild: Guild) -> datetime:
        return Schedule(terms.schedule).after(await self._store.now(), guild.time_zone)

    async def _withdrawn(self, registration: Registration) -> Changes:
        """Take back the questions that are not in their channel yet; one that gets there just now is shown as such."""
        return [Game.delete(game) for game in await self._store.find(Game.unasked, under=registration)]

    async def _check(self, terms: Terms, guild: Guild, before: Terms | None = None) -> None:
        """Refuse terms that make no sense, and a channel of our own chat that is not there. Raises `Wrong`."""
        check_terms(terms, guild.time_zone)
        try:
            self._choosing.check(terms.sources, terms.category, terms.difficulty)
        except NoQuestion as trouble:
            raise Wrong(str(trouble)) from None
        if before is None or before.channel != terms.channel:
            await check_channel(self._store, guild, terms.channel)


def check_terms(terms: Terms, time_zone: str) -> None:
    """Refuse terms that make no sense, whatever questions there are. Raises `Wrong`."""
    check_text("channel", terms.channel)
    if terms.category is not None:
        check_text("category", terms.category)
    if terms.difficulty is not None and terms.difficulty not in DIFFICULTIES:
        raise Wrong(f"`difficulty` must be one of {', '.join(DIFFICULTIES)}, or none for any")
    if not 1 <= terms.questions <= MOST_QUESTIONS:
        raise Wrong(f"`questions` must be from 1 to {MOST_QUESTIONS}")
    if not (math.isfinite(terms.window_seconds) and SHORTEST_WINDOW <= terms.window_seconds <= LONGEST_WINDOW):
        raise Wrong(f"`window_seconds` must be from {SHORTEST_WINDOW:g} to {LONGEST_WINDOW:g}")
    if len(terms.sources) > MOST_SOURCES or len(set(terms.sources)) != len(terms.sources):
        raise Wrong(f"`sources` must name each source once, {MOST_SOURCES} at most")
    for source in terms.sources:
        check_id("sources", source)
    takes = seconds(terms.window_seconds) * terms.questions
    if Schedule(terms.schedule).shortest_gap(time_zone) < takes:
        raise Wrong(
            f"the schedule's slots come closer together than the {_spoken(takes)} in which {terms.questions} "
            f"may be answered: take a rarer schedule, fewer questions or a shorter window"
        )


def terms_of(registration: Registration) -> Terms:
    """Give a registration's terms."""
    given = {name: getattr(registration, name) for name in Terms.__struct_fields__ if name != "window_seconds"}
    return Terms(**given, window_seconds=registration.window.total_seconds())


def fields_of(terms: Terms) -> dict[str, Any]:
    """Give terms as the fields of a registration."""
    given = msgspec.structs.asdict(terms)
    window = seconds(given.pop("window_seconds"))
    return {**given, "window": window}


def _spoken(length: timedelta) -> str:
    minutes = length.total_seconds() / 60
    return f"{minutes:g} minutes" if minutes >= 1 else f"{length.total_seconds():g} seconds"
