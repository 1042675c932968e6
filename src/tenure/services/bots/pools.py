"""Pools: made, edited, drained, opened again and closed. What is given is checked before anything is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import msgspec

from tenure import Change, Exists, NotFound, Stale, Store, WrongState
from tenure.services.bots.lifecycle import Pool
from tenure.services.bots.refusals import NotThen, TryAgain, Unknown
from tenure.services.bots.terms import Terms, check_name, check_terms

AT_A_TIME = 500
MOST_TRIES = 10
BEFORE_A_DRAIN = ("create", "edit", "reopen")


class Pools:
    """Makes pools and changes them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ------------------------------------------------------------------------------------ reading

    async def get(self, id: str) -> Pool:
        """Read a pool. Raises `Unknown`."""
        try:
            return await self._store.get(Pool, id)
        except NotFound:
            raise Unknown("there is no such pool: create it first, or look at the list of pools") from None

    async def all(self) -> AsyncIterator[Pool]:
        """Give all pools that are not closed, page by page, in the order of their creation."""
        after = None
        while page := await self._store.find(Pool.present, limit=AT_A_TIME, after=after):
            for pool in page:
                yield pool
            after = page[-1]

    # ------------------------------------------------------------------------------------ changing

    async def create(
        self, id: str, *, mode: str, region: str, rating_system: str = "glicko2", terms: Terms = Terms()
    ) -> Pool:
        """Make a pool, open at once. A repeat with the same content gives the pool that is there.

        Raises `Wrong`, and `NotThen` where the id belongs to another pool or the mode is rated by another system.
        """
        for what, name in (("id", id), ("mode", mode), ("region", region)):
            check_name(what, name)
        check_terms(terms, rating_system)
        async for other in self.all():
            if other.mode == mode and other.rating_system != rating_system:
                raise NotThen(
                    f"mode {mode} is rated by {other.rating_system} in pool {other.id}, and ratings of two systems "
                    f"don't compare: take that system, or another mode"
                )
        change = Pool.create(id, mode=mode, region=region, rating_system=rating_system, **msgspec.structs.asdict(terms))
        try:
            return await self._store.apply(change)
        except Exists as refusal:
            there: Pool = refusal.record
            if (there.mode, there.region, there.rating_system, terms_of(there)) == (mode, region, rating_system, terms):
                return there
            raise NotThen(f"there is a pool {id} already, and it is another one: take another id, or edit it") from None

    async def edit(self, id: str, edited: Callable[[Terms], Terms]) -> Pool:
        """Change an open pool's terms; `edited` makes the new ones of those that hold. Who waits goes on waiting.

        Raises `Unknown`, `Wrong`, and `NotThen` for a pool that is not open, or another size of its teams.
        """

        def change(pool: Pool) -> Change[Pool]:
            if pool.state != Pool.open:
                raise _not_now(pool)
            before = terms_of(pool)
            terms = edited(before)
            if (terms.rules.teams, terms.rules.team_size) != (before.rules.teams, before.rules.team_size):
                raise NotThen("the size and number of a pool's teams are set for ever: create another pool for others")
            check_terms(terms, pool.rating_system)
            return Pool.edit(pool, **msgspec.structs.asdict(terms))

        return await self._change(id, change)

    async def drain(self, id: str) -> Pool:
        """Let nobody in any more: who waits is withdrawn, bots are recalled, what plays is played to its end.

        The fleet manager does so step by step. The pool then stays empty until it is opened again or closed.
        """

        def change(pool: Pool) -> Change[Pool] | None:
            return None if pool.state == Pool.draining else Pool.drain(pool, closing=False)

        return await self._change(id, change)

    async def close(self, id: str) -> Pool:
        """Drain a pool, and close it for good once it is empty; its bots are retired then."""

        def change(pool: Pool) -> Change[Pool] | None:
            if pool.state == Pool.open:
                return Pool.drain(pool, closing=True)
            return None if pool.closing or pool.state == Pool.closed else Pool.close_when_empty(pool)

        return await self._change(id, change)

    async def reopen(self, id: str, *, max_deployed: int | None = None, places: int | None = None) -> Pool:
        """Open a draining pool again, with as many bots and places as it had before, unless others are given."""
        had = await self._before_drain(id)
        wanted = {"max_deployed": max_deployed, "places": places}
        numbers = {name: had[name] if number is None else number for name, number in wanted.items()}

        def change(pool: Pool) -> Change[Pool] | None:
            check_terms(msgspec.structs.replace(terms_of(pool), **numbers), pool.rating_system)
            if pool.state == Pool.open:
                return None
            return Pool.reopen(pool, max_deployed=numbers["max_deployed"], places=numbers["places"])

        return await self._change(id, change)

    # ------------------------------------------------------------------------------------ inside

    async def _before_drain(self, id: str) -> dict[str, int]:
        """Give how many bots and places a pool had when it was open last."""
        had: dict[str, int] = {"max_deployed": Terms().max_deployed, "places": Terms().places}
        after = 0
        while events := await self._store.history(Pool, id, after=after, limit=AT_A_TIME):
            after = events[-1].version
            for event in events:
                if event.name in BEFORE_A_DRAIN:
                    had |= {name: event.fields[name] for name in had if name in event.fields}
        return had

    async def _change(self, id: str, change_of: Callable[[Pool], Change[Pool] | None]) -> Pool:
        for _ in range(MOST_TRIES):
            pool = await self.get(id)
            change = change_of(pool)
            if change is None:
                return pool
            try:
                return await self._store.apply(change)
            except Stale:
                continue  # somebody else changed it meanwhile
            except WrongState:
                raise _not_now(pool) from None
        raise TryAgain("the pool is being changed by many at once: try again in a moment")


ADVICE = {
    "open": "drain it first",
    "draining": "open it again first",
    "closed": "that is for good; create another one",
}


def _not_now(pool: Pool) -> NotThen:
    return NotThen(f"pool {pool.id} is {pool.state}: {ADVICE[pool.state.name]}")


def terms_of(pool: Pool) -> Terms:
    """Give a pool's terms."""
    return Terms(**{name: getattr(pool, name) for name in Terms.__struct_fields__})
