"""Seats that were lost: who did not come back in time has conceded, whoever runs the battle."""

from __future__ import annotations

from tenure import Delivery, NotFound, Overdue, Store, WrongState, seconds
from tenure.services.battles.lifecycle import Battle, Seat
from tenure.store.keeping import Loop

TRY_SECONDS = 20


class Seats:
    """Tells battles who has forfeited. Any number of processes may: each is told once."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def loops(self) -> dict[str, Loop]:
        """Give the loop by name; it goes on until it is cancelled."""
        return {"lost seats": self.run}

    async def run(self) -> None:
        """Tell of each seat that is lost, for ever."""
        await self._store.deliver(Seat.lost, self.concede, within=seconds(TRY_SECONDS))

    async def concede(self, lost: Delivery[Seat]) -> None:
        """Concede for a player who did not come back; in a battle that has ended this changes nothing."""
        seat = lost.record
        try:
            await self._store.apply(
                Battle.concede(seat.battle, player=seat.player, cause="did_not_come_back"), op=lost.id
            )
        except Overdue:
            raise  # whoever ran it is gone: it changes hands in this moment, and the next try finds it
        except (WrongState, NotFound):
            return
