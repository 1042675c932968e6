"""What came in while the store was away, on this machine's own disk: a store of its own, in a file beside the service.

Players were told that it is provisional. It is kept so that it can be seen afterwards what was played, and what became
of it; what a process that died had there is dropped, since its battles are in other hands then.
"""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

import msgspec

from tenure import SWEEPER, End, Lifecycle, Noted, State, Store, Unavailable, days, field, hours
from tenure.services.battles.branches import Branch, Entry


class Provisional(Lifecycle, history=days(7)):
    """A battle that went on at one instance alone. Its events are what came in, in order."""

    battle: str = field()
    instance: str
    cursor: int
    """The version of the battle from which it went on."""
    mode: str
    players: tuple[str, ...]
    reason: str | None = None

    under_way = State(initial=True)
    kept = End(keep=days(7))
    dropped = End(keep=days(7))

    @under_way.stay()
    def note(self, entry: Noted[msgspec.Raw]) -> None: ...

    # It was played again, into the battle's log.
    keep = under_way.to(kept)

    @under_way.to(dropped)
    def drop(self, reason: str) -> None: ...

    # No process that lives waits so long for its store.
    @under_way.to(dropped, by=SWEEPER, after=hours(24))
    def forget(self, reason: str = "the_process_ended") -> None: ...


class Journal:
    """Keeps the branches of one instance. An entry is on the disk before it counts."""

    def __init__(self, store: Store | None, instance: str) -> None:
        self._store, self._instance = store, instance
        self._begun = set[str]()

    async def note(self, branch: Branch, entry: Entry) -> None:
        """Keep an entry. Raises what the journal's store does, and `Unavailable` where there is none."""
        if self._store is None:
            raise Unavailable("the journal could not be opened")
        id, battle = self._id(branch), branch.battle
        made = []
        if id not in self._begun:
            made.append(
                Provisional.create(
                    id,
                    battle=battle.id,
                    instance=self._instance,
                    cursor=battle.version,
                    mode=battle.mode,
                    players=battle.players,
                )
            )
        await self._store.apply(*made, Provisional.note(id, entry=msgspec.Raw(msgspec.json.encode(entry))))
        self._begun.add(id)

    async def settle(self, branch: Branch, dropped: str = "") -> None:
        """Say what became of a branch: it was kept, or dropped for a reason."""
        id = self._id(branch)
        if self._store is not None and id in self._begun:
            self._begun.discard(id)
            await self._store.apply(Provisional.drop(id, reason=dropped) if dropped else Provisional.keep(id))

    def _id(self, branch: Branch) -> str:
        return f"{branch.battle.id}/{self._instance}/{branch.battle.version}"
