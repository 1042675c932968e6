"""What the page shows of guilds, and its lists. Every read is bounded, however many games there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tenure import Lifecycle, StateOf, Store
from tenure.http.rejections import Absent, Invalid
from tenure.pages.paging import page_of
from tenure.services.trivia.boards import Place, Week
from tenure.services.trivia.chat.channels import WEB, Channels
from tenure.services.trivia.chat.lifecycle import ChatChannel
from tenure.services.trivia.lifecycle import Game, Guild, Registration
from tenure.services.trivia.parts import Parts

K = TypeVar("K", bound=Lifecycle)
MOST_HELD = 20
"""How many of what is held up are shown at once."""

MOST_LEADERS = 5
MOST_LOOKED_AT = 1000
HELD_UP = StateOf(Game, ("held", "withheld"))
HELD = "held_up"
"""What the list of games calls the two states together in which a game waits for its chat."""

LISTED: dict[str, StateOf[Any]] = {
    "registrations": StateOf(Registration, Registration.live.names),
    "games": StateOf(Game, (*Game.active.names, "archived", "deleted")),
}


@dataclass(frozen=True, slots=True)
class GuildRow:
    """A guild in the list: its registrations, what comes next there, and how much is held up."""

    guild: Guild
    registrations: Sequence[Registration]
    games_held: int

    @property
    def held(self) -> int:
        """How many games wait for its chat, and how many slots are not asked."""
        return self.games_held + sum(
            each.state == Registration.due and bool(each.trouble) for each in self.registrations
        )

    @property
    def enabled(self) -> int:
        """How many of its registrations are enabled."""
        return sum(each.state in Registration.enabled for each in self.registrations)

    @property
    def next_at(self) -> datetime | None:
        """When something is asked there next."""
        return min((each.next_at for each in self.registrations if each.state == Registration.waiting), default=None)


@dataclass(frozen=True, slots=True)
class HeldUp:
    """What is held up, the first of it: games that wait for their chat, and slots that are not asked."""

    games: Sequence[Game]
    slots: Sequence[Registration]


@dataclass(frozen=True, slots=True)
class Overview:
    """All guilds, a page of them; what is held up anywhere; and how many games there are by state."""

    guilds: Sequence[GuildRow]
    held: HeldUp
    counts: Mapping[str, int]
    next: str | None


@dataclass(frozen=True, slots=True)
class GuildWhole:
    """One guild: what it wants asked, what is asked, what is held up, who leads; `channels` those of our own chat."""

    guild: Guild
    registrations: Sequence[Registration]
    games: Sequence[Game]
    held: HeldUp
    week: Week
    leaders: Sequence[Place]
    channels: Sequence[ChatChannel]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records to list: of which guild and state, those after an id."""

    what: str
    guild: str | None = None
    state: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of records, what their guilds are called, and where the next page begins."""

    records: Sequence[Any]
    states: Sequence[str]
    counts: Mapping[str, int]
    guilds: Mapping[str, str]
    next: str | None


class Reading:
    """Reads what the page shows."""

    def __init__(self, store: Store, by: Parts) -> None:
        self._store, self._by, self._channels = store, by, Channels(store)

    # ------------------------------------------------------------------------------------ guilds

    async def overview(self, after: str | None) -> Overview:
        """Give the guilds in the order in which they were met, a page at a time. Raises `Invalid`."""
        shown, more = await page_of(self._store, Guild.known, after=after)
        held = Counter(game.guild for game in await self._store.find(HELD_UP, limit=MOST_LOOKED_AT))
        registrations = await asyncio.gather(*(self._store.find(Registration.live, under=guild) for guild in shown))
        rows = [GuildRow(guild, own, held[guild.id]) for guild, own in zip(shown, registrations, strict=True)]
        return Overview(rows, await self._held_up(), await self._store.count(Game), more)

    async def guild(self, id: str) -> GuildWhole:
        """Give one guild. Raises `Unknown`."""
        guild = await self._by.guilds.get(id)
        week = await self._by.boards.this_week(id)
        return GuildWhole(
            guild=guild,
            registrations=await self._store.find(Registration.live, under=guild),
            games=await self._store.find(Game.active, under=guild, newest_first=True, limit=MOST_HELD),
            held=await self._held_up(guild),
            week=week,
            leaders=await self._by.boards.places(id, week.board, limit=MOST_LEADERS),
            channels=await self._channels.list(id) if guild.chat == WEB else [],
        )

    async def _held_up(self, guild: Guild | None = None) -> HeldUp:
        due = await self._store.find(Registration.due, under=guild, limit=MOST_LOOKED_AT)
        return HeldUp(
            games=await self._store.find(HELD_UP, under=guild, newest_first=True, limit=MOST_HELD),
            slots=[each for each in due if each.trouble is not None][:MOST_HELD],
        )

    # ------------------------------------------------------------------------------------ lists

    async def listed(self, wanted: Wanted) -> Listed:
        """List registrations or games, the newest first. Raises `Invalid`, and `Unknown` for a guild."""
        every = LISTED[wanted.what]
        guild = None if wanted.guild is None else await self._by.guilds.get(wanted.guild)
        states = _states(wanted, every)
        shown, more = await page_of(self._store, states, under=guild, after=wanted.after, newest_first=True)
        guilds = await self._store.get_many(Guild, {record.guild for record in shown})
        names = {id: guild.name or id for id, guild in guilds.items()}
        # Counts are those of all guilds: to count one's own would be to read all that is there.
        counts = {} if guild else await self._store.count(every.kind)
        return Listed(shown, every.names, counts, names, more)

    # ------------------------------------------------------------------------------------ by id

    async def place_of(self, id: str) -> tuple[str, str]:
        """Give where on the page an id is shown, or `GUILD/REGISTRATION`. Raises `Absent`."""
        kinds: tuple[tuple[type[Lifecycle], str], ...] = (
            (Guild, "guilds"),
            (Registration, "registrations"),
            (Game, "games"),
        )
        for kind, path in kinds:
            if await self._store.get_many(kind, [id]):
                return path, id
        guild, slash, name = id.partition("/")
        if slash:
            return "registrations", (await self._by.registrations.named(guild, name)).id
        raise Absent("no guild, registration or game has this id, or none any more")


def _states(wanted: Wanted, every: StateOf[Any]) -> StateOf[Any]:
    if wanted.what == "games" and wanted.state == HELD:
        return HELD_UP
    if wanted.state is None:
        return StateOf(Game, Game.active.names) if wanted.what == "games" else every
    if wanted.state not in every.names:
        raise Invalid(f"`state` must be one of {', '.join(every.names)}")
    return StateOf(every.kind, (wanted.state,))
