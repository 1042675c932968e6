"""What dead instances left behind. Any server's sweeper ends it within a second; here somebody looks by hand."""

from __future__ import annotations

from datetime import datetime

import msgspec

from tenure import Lifecycle, Store, TenureError, seconds
from tenure.services.battles.lifecycle import Battle, Connection, Instance

LEASE = seconds(10)
MOST_LISTED = 1000


class Left(msgspec.Struct, frozen=True):
    """A record that should have ended or moved on, and why."""

    kind: str
    id: str
    reason: str


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """How many records were cleaned up, and what went wrong; `items` are those that were found."""

    dry_run: bool
    cleaned: int
    errors: tuple[str, ...]
    items: tuple[Left, ...]


class Cleaning:
    """Finds what dead instances left, and lets the sweeper's own transitions happen to it: nothing is deleted."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def clean(self, *, dry_run: bool) -> Cleaned:
        """Clean up; in a dry run only tell what would be, at most 1,000 of each kind."""
        found = await self.left()
        if dry_run:
            return Cleaned(dry_run=True, cleaned=0, errors=(), items=tuple(found))
        errors = []
        try:
            await self._store.sweep()
        except TenureError as error:
            errors.append(f"the sweep failed ({type(error).__name__}): try again in a moment")
        still = set(await self.left())
        errors += [f"{left.kind}/{left.id} is as it was: {left.reason}" for left in found if left in still]
        return Cleaned(
            dry_run=False,
            cleaned=sum(left not in still for left in found),
            errors=tuple(errors),
            items=tuple(found),
        )

    async def left(self) -> list[Left]:
        """List what is there of instances whose lease is over."""
        now, found = await self._store.now(), list[Left]()
        for instance in await self._store.find(Instance.present, limit=MOST_LISTED):
            if instance.beaten_at + LEASE <= now:
                found += await self._of(instance)
        return found

    async def _of(self, instance: Instance) -> list[Left]:
        reason = f"its instance {instance.id} gave no sign of life since {_when(instance.beaten_at)}"
        own: list[Lifecycle] = [
            *await self._store.find(Connection.open, under=instance.id, limit=MOST_LISTED),
            *await self._store.find(Battle.running, under=instance.id, limit=MOST_LISTED),
        ]
        first = Left("Instance", instance.id, f"it gave no sign of life since {_when(instance.beaten_at)}")
        return [first, *(Left(type(record).__name__, record.id, reason) for record in own)]


def _when(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"
