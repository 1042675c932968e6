"""What the page shows of the whole service, and its list of battles. Every read is bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenure import Store
from tenure.http.rejections import Absent, Invalid
from tenure.pages.paging import page_of
from tenure.pages.showing import in_path
from tenure.services.battles.api.views import STATES
from tenure.services.battles.lifecycle import Battle, Instance, Seat
from tenure.services.battles.surveying import MOST_INSTANCES, InstanceRow, Queue, Survey

MOST_RECENT = 12


@dataclass(frozen=True, slots=True)
class Overview:
    """The instances, a page of them; the queues; the battles that began last; how many there are by state."""

    instances: Sequence[InstanceRow]
    queues: Sequence[Queue]
    battles: Sequence[Battle]
    counts: Mapping[str, int]
    next: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of battles, and where the next one begins."""

    records: Sequence[Battle]
    states: Sequence[str]
    counts: Mapping[str, int]
    next: str | None


class Reading:
    """Reads what the page shows."""

    def __init__(self, store: Store, survey: Survey) -> None:
        self._store, self._survey = store, survey

    async def overview(self, after: str | None) -> Overview:
        """Give how everything stands."""
        instances = await self._survey.instances(after, MOST_INSTANCES + 1)
        return Overview(
            instances=instances[:MOST_INSTANCES],
            queues=await self._survey.queues(),
            battles=await self._store.find(Battle.live, newest_first=True, limit=MOST_RECENT),
            counts=await self._store.count(Battle),
            next=instances[MOST_INSTANCES - 1].record.id if len(instances) > MOST_INSTANCES else None,
        )

    async def battles(self, state: str | None, after: str | None) -> Listed:
        """List battles, the newest first: those that live, or those of a state. Raises `Invalid`."""
        if state is not None and state not in STATES:
            raise Invalid(f"`state` must be one of {', '.join(STATES)}")
        wanted = Battle.live if state is None else STATES[state]
        shown, more = await page_of(self._store, wanted, newest_first=True, after=after)
        return Listed(shown, tuple(STATES), await self._store.count(Battle), more)

    async def place_of(self, id: str) -> str:
        """Give where on the page something is shown: a battle, an instance, or the battle of a player.

        Raises `Absent`.
        """
        for kind, path in ((Battle, "battles"), (Instance, "instances")):
            if await self._store.get_many(kind, [id]):
                return f"/{path}/{in_path(id)}"
        for seat in await self._store.holding(Seat.one_per_player, id):
            return f"/battles/{in_path(seat.battle)}"
        raise Absent("no battle or instance has this id, and no player of this name is in a battle")
