"""One battle or one instance whole: what it is, what it has, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tenure import Event, Lifecycle, NotFound, Store
from tenure.http.rejections import Absent
from tenure.pages.timelines import Happened, happened, timeline
from tenure.services.battles.console import words
from tenure.services.battles.lifecycle import Battle, Connection, Instance, Seat
from tenure.services.battles.surveying import InstanceRow, Survey, step

K = TypeVar("K", bound=Lifecycle)
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class BattleWhole:
    """One battle. `players` has each with the place that they won, and their seat."""

    record: Battle
    here: str
    instance: Instance | None
    players: Sequence[tuple[str, int | None, Seat | None]]
    timeline: Sequence[Happened]


@dataclass(frozen=True, slots=True)
class InstanceWhole:
    """One instance, with the battles and the sockets that it has; at most fifty of each."""

    row: InstanceRow
    here: str
    own: bool
    battles: Sequence[Battle]
    connections: Sequence[Connection]
    timeline: Sequence[Happened]


class One:
    """Reads one of something, with its last hundred events. No event's board is shown to anybody."""

    def __init__(self, store: Store, survey: Survey) -> None:
        self._store, self._survey = store, survey

    async def battle(self, id: str) -> BattleWhole:
        """Give one battle. Raises `Absent`."""
        battle = await self._get(Battle, id)
        seats = {seat.player: seat for seat in await self._survey.seats(battle)}
        places = battle.places or (None,) * len(battle.players)
        instances = await self._store.get_many(Instance, [battle.instance] if battle.instance else [])
        return BattleWhole(
            record=battle,
            here=words.BATTLE_IS_HERE[battle.state.name],
            instance=instances.get(battle.instance or ""),
            players=[(p, place, seats.get(p)) for p, place in zip(battle.players, places, strict=True)],
            timeline=await timeline(self._store, battle, _told),
        )

    async def instance(self, id: str, own: str | None) -> InstanceWhole:
        """Give one instance; `own` is the id of the one that shows it. Raises `Absent`."""
        instance = await self._get(Instance, id)
        return InstanceWhole(
            row=await self._survey.of(instance),
            here=words.INSTANCE_IS_HERE[instance.state.name],
            own=id == own,
            battles=await self._store.find(Battle.running, under=instance, limit=MOST_SHOWN),
            connections=await self._store.find(Connection.open, under=instance, limit=MOST_SHOWN),
            timeline=await timeline(self._store, instance, _happened),
        )

    async def _get(self, kind: type[K], id: str) -> K:
        try:
            return await self._store.get(kind, id)
        except NotFound:
            raise Absent(f"there is no such {kind.__name__.lower()}, or none any more") from None


def _told(event: Event[Battle]) -> Happened:
    """Give an event as the players are told of it: the board, with all the chance in it, stays where it is."""
    known = step(event)
    return happened(event, words.event(known.name), words.details(known.fields), known.instance)


def _happened(event: Event[Any]) -> Happened:
    what = "Began" if event.name == "create" else words.event(event.name)
    return happened(event, what, event.why)
