"""What the page shows of pools, and its lists. Every read is bounded, however many bots and tickets there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from tenure import InvalidChange, Lifecycle, NotFound, Poller, StateOf, Store
from tenure.http.rejections import Absent, Invalid
from tenure.matching.entrants import Entrant
from tenure.matching.lifecycle import Matchmaker
from tenure.matching.quality import Quality
from tenure.pages.paging import ON_A_PAGE, page_of
from tenure.services.bots.census import Census
from tenure.services.bots.console.drawing import Drawing, Made, draw_matches, draw_queue
from tenure.services.bots.figures import Figures
from tenure.services.bots.fleet import POLLER
from tenure.services.bots.lifecycle import Bot, Match, Player, Pool, Rating, Ticket
from tenure.services.bots.matchmaking import queue_of

K = TypeVar("K", bound=Lifecycle)
MOST_POOLS = 100
MOST_MATCHES = 200
PART, MOST_PARTS = 250, 20
"""How many records are looked through at a time, and how often, for a page of those of one pool."""
MOST_MODES = 1000
RANKED = ("idle", "queued")
LISTED: dict[str, StateOf[Any]] = {
    "bots": StateOf(Bot, (*Bot.live.names, "retired")),
    "tickets": StateOf(Ticket, (*Ticket.live.names, "played", "left")),
    "matches": StateOf(Match, (*Match.live.names, "over", "void")),
}
Counts = Mapping[str, Mapping[str, int]]
"""By `bots`, `tickets` or `matches`, by state. Ends are not counted."""


@dataclass(frozen=True, slots=True)
class Held:
    """Who does some work that one process at a time does, and since when."""

    holder: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One pool in the list: how many of what are there, how well it matches, and who matches it."""

    pool: Pool
    counts: Counts
    quality: Quality
    matcher: Held | None

    @property
    def out(self) -> int:
        """How many bots are out: deployed, queued, in a match or cooling down."""
        return sum(self.number("bots", name) for name in Bot.out.names)

    def number(self, what: str, state: str) -> int:
        """Count its bots, tickets or matches of one state."""
        return self.counts.get(what, {}).get(state, 0)


@dataclass(frozen=True, slots=True)
class Overview:
    """All pools, and who manages the fleet."""

    pools: list[PoolRow]
    manager: Held | None
    next: str | None

    def total(self, what: str, *states: str) -> int:
        """Count bots, tickets or matches of all these pools that are in some states."""
        return sum(row.number(what, name) for row in self.pools for name in states)


@dataclass(frozen=True, slots=True)
class PoolWhole:
    """One pool with what is drawn of it, and its last matches."""

    row: PoolRow
    manager: Held | None
    queue: Drawing | None
    chart: Drawing | None
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records to list: of which pool and state, those after an id."""

    what: str
    pool: str | None = None
    state: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of records, and where the next one begins."""

    records: Sequence[Lifecycle]
    states: Sequence[str]
    counts: Mapping[str, int]
    next: str | None


class Reading:
    """Reads what the page shows."""

    def __init__(self, store: Store, census: Census, figures: Figures) -> None:
        self._store, self._census, self._figures = store, census, figures

    # ------------------------------------------------------------------------------------ pools

    async def overview(self, after: str | None) -> Overview:
        """Give the pools, a page of them at a time."""
        pools = await self._store.find(Pool.present, limit=MOST_POOLS + 1, after=after)
        counts, shown = await self._census.counts(), pools[:MOST_POOLS]
        matchers = await self._store.get_many(Matchmaker, [queue_of(pool.id) for pool in shown])
        rows = [
            PoolRow(
                pool,
                counts.get(pool.id, {}),
                await self._figures.of(pool.id),
                _matcher(matchers.get(queue_of(pool.id))),
            )
            for pool in shown
        ]
        return Overview(rows, await self.manager(), shown[-1].id if len(pools) > MOST_POOLS else None)

    async def pool(self, id: str) -> PoolWhole:
        """Give one pool. Raises `Absent`."""
        pool, now = await self.record(Pool, id), await self._store.now()
        matcher = (await self._store.get_many(Matchmaker, [queue_of(id)])).get(queue_of(id))
        row = PoolRow(pool, await self._census.of(id), await self._figures.of(id), _matcher(matcher))
        matches = await self._store.find(LISTED["matches"], under=pool, newest_first=True, limit=MOST_MATCHES)
        entrants: Sequence[Entrant] = self._figures.waiting(id)
        return PoolWhole(
            row=row,
            manager=await self.manager(),
            queue=draw_queue(entrants, now.timestamp(), pool.rules),
            chart=draw_matches([made_of(match) for match in matches]),
            matches=matches,
        )

    async def manager(self) -> Held | None:
        """Give who manages the fleet: the process that had the last turn."""
        found = (await self._store.get_many(Poller, [POLLER])).get(POLLER)
        if found is None:
            return None
        # Between two turns nobody holds it: the last one's end says whose it was.
        last = await self._store.history(Poller, POLLER, after=max(found.version - 1, 0), limit=1)
        return Held(found.holder or (last[0].by if last else None), found.changed_at)

    # ------------------------------------------------------------------------------------ lists

    async def listed(self, wanted: Wanted) -> Listed:
        """List bots, tickets or matches, newest first. Raises `Invalid`, and `Absent` for a pool that is not there."""
        every = LISTED[wanted.what]
        if wanted.state is not None and wanted.state not in every.names:
            raise Invalid(f"`state` must be one of {', '.join(every.names)}")
        states = every if wanted.state is None else StateOf(every.kind, (wanted.state,))
        if wanted.pool is not None:
            await self.record(Pool, wanted.pool)
        try:
            records, following = await self._find(states, wanted)
        except InvalidChange as error:
            raise Invalid(str(error)) from None
        return Listed(records, every.names, await self._counts(wanted), following)

    async def _find(self, states: StateOf[Any], wanted: Wanted) -> tuple[Sequence[Any], str | None]:
        """Read until a page is full, and give it with where the next one begins.

        Only queues are in order per pool. Of other states a pool's own are picked out, of so many at a time: to read
        along all that ever belonged to a pool would take the longer the more has been played.
        """
        if wanted.pool is not None and wanted.state in RANKED:
            return await page_of(self._store, states, per=wanted.pool, newest_first=True, after=wanted.after)
        picked, after = list[Any](), wanted.after
        for _ in range(MOST_PARTS):
            part = await self._store.find(states, newest_first=True, limit=PART, after=after)
            for record in part:
                if wanted.pool in (None, record.pool):
                    if len(picked) == ON_A_PAGE:
                        return picked, picked[-1].id
                    picked.append(record)
            if len(part) < PART:
                return picked, None
            after = part[-1].id
        return picked, after

    async def _counts(self, wanted: Wanted) -> Mapping[str, int]:
        if wanted.pool is not None:
            return (await self._census.of(wanted.pool)).get(wanted.what, {})
        return await self._store.count(LISTED[wanted.what].kind)

    async def leaders(
        self, mode: str | None, after: str | None
    ) -> tuple[list[str], str | None, Sequence[Rating], str | None]:
        """Give the modes that there are, which one is shown, its players from the highest rating on, and the next."""
        modes = await modes_of(self._store)
        mode = mode or (modes[0] if modes else None)
        if mode is None:
            return modes, None, [], None
        found, more = await page_of(self._store, Rating.kept, per=mode, newest_first=True, after=after)
        return modes, mode, found, more

    # ------------------------------------------------------------------------------------ by id

    async def record(self, kind: type[K], id: str) -> K:
        """Read one record. Raises `Absent`."""
        try:
            return await self._store.get(kind, id)
        except NotFound:
            raise Absent(f"there is no such {kind.__name__.lower()}, or none any more") from None

    async def place_of(self, id: str) -> str:
        """Give where on the page an id is shown, whatever it is of. Raises `Absent`."""
        for kind, path in (
            (Bot, "bots"),
            (Ticket, "tickets"),
            (Match, "matches"),
            (Pool, "pools"),
            (Player, "players"),
        ):
            if await self._store.get_many(kind, [id]):
                return path
        raise Absent("no bot, ticket, match, pool or player has this id, or none any more")


async def modes_of(store: Store) -> list[str]:
    """Give the modes of the pools that there are."""
    return sorted({pool.mode for pool in await store.find(Pool.present, limit=MOST_MODES)})


def made_of(match: Match) -> Made:
    """Give a match as the chart has it."""
    seats = [seat for team in match.teams for seat in team]
    waited = max((seat.waited for seat in seats if seat.kind != "Bot"), default=0.0)
    return Made(match.id, match.gap, waited, any(seat.kind == "Bot" for seat in seats))


def _matcher(found: Matchmaker | None) -> Held | None:
    return None if found is None else Held(found.holder, found.entered_at)
