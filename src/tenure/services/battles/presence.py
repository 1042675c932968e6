"""This process as an instance: one lease for all that it has, and the connections of its players.

A connection costs the store nothing while it is open: it ends with the instance, whose beats are those of all.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress

from tenure import (
    Claim,
    LimitReached,
    NotUnder,
    OutcomeUnknown,
    Overdue,
    Stale,
    Store,
    TenureError,
    Unavailable,
    WrongState,
)
from tenure.services.battles.checks import check_player, new_id
from tenure.services.battles.connections import Connections
from tenure.services.battles.hearing import Hearing
from tenure.services.battles.lifecycle import Connection, Instance
from tenure.services.battles.queueing import Queue
from tenure.services.battles.refusals import AGAIN_SECONDS, MOST_TRIES, Elsewhere, TryAgain

PAGE = 1000
LOOK_SECONDS = 5.0
"""How often it is looked which of our connections were replaced at other instances."""

Lost = Callable[[Iterable[str]], None]


def _nobody(_: Iterable[str] = ()) -> None:
    """Tell nobody."""


class Presence:
    """One process among those of the service. Each time that it begins, it is another instance, with another id.

    `lost` is told which connections are ours no more, by id: they were replaced, or our lease is over. `drained` is
    called when an operator wants us to let nobody in any more.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        *,
        host: str = "",
        pid: int = 0,
        make_id: Callable[[], str] = new_id,
        lost: Lost = _nobody,
        drained: Callable[[], None] = _nobody,
    ) -> None:
        self._store, self._host, self._pid, self._make_id = store, host, pid, make_id
        self._connections = Connections(store, queue)
        self.lost, self.drained = lost, drained
        self._claim: Claim[Instance] | None = None
        self._draining = False
        self._players: dict[str, str] = {}
        self._here: Counter[str] = Counter()
        self._coming, self._strange = set[str](), set[str]()

    # ------------------------------------------------------------------------------------ the instance

    @property
    def instance(self) -> str | None:
        """Our id; None while we have no lease, or are about to stop."""
        return None if self._claim is None or self._draining else self._claim.id

    @property
    def claim(self) -> Claim[Instance] | None:
        """Our claim, also while we are about to stop."""
        return self._claim

    @property
    def players(self) -> set[str]:
        """Who is connected here."""
        return set(self._here)

    @property
    def draining(self) -> bool:
        """Whether we let nobody in any more, though we have a lease."""
        return self._claim is not None and self._draining

    def has(self, player: str) -> bool:
        """Tell whether a player is connected here. It costs the same, whoever else is."""
        return player in self._here

    @property
    def connections(self) -> int:
        """How many are connected here."""
        return len(self._players)

    async def run(self) -> None:
        """Be there, for ever. Raises `LeaseLost` when others took us for dead: what was ours is theirs then."""
        async with self.living() as claim:
            hearing = Hearing(
                self._store, claim.id, replaced=lambda one: self._forget([one]), drained=self._let_nobody_in
            )
            async with hearing.listening():
                while True:
                    await self._store.clock.sleep(LOOK_SECONDS)
                    with suppress(Unavailable, OutcomeUnknown, TryAgain):
                        await self.look()

    def _let_nobody_in(self) -> None:
        """Let go what we have, unless it is ourselves who are about to stop."""
        if not self._draining:
            self._draining = True
            self.drained()

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Claim[Instance]]:
        """Be an instance while the body runs; at its end all connections are closed. Raises `LeaseLost`."""
        made = Instance.create(self._make_id(), host=self._host, pid=self._pid)
        claim = (await self._store.apply(made)).claim
        try:
            async with self._store.hold(claim):
                self._claim = claim
                try:
                    if self._draining:  # an operator has drained the one that we were: only a new start ends that
                        await self.drain()
                    yield claim
                finally:
                    await asyncio.shield(self._leave(claim))
        finally:
            self._claim = None
            gone, self._players = list(self._players), {}
            self._here.clear()
            self.lost(gone)

    async def look(self) -> None:
        """Forget the connections that were replaced elsewhere, and close those that nobody has.

        They were made, and the answer was lost. It costs what we have, whatever others have.
        """
        if self._claim is None:
            return
        mine, last = set[str](), None
        ours = set(self._players)
        while page := await self._store.find(Connection.open, under=self._claim.id, limit=PAGE, after=last):
            mine |= {connection.id for connection in page}
            last = page[-1]
        self._forget(ours - mine)
        strange = mine - set(self._players) - self._coming
        nobodys, self._strange = strange & self._strange, strange  # one that is just leaving is closed by itself
        for id in nobodys:
            await self.disconnect(id, reason="nobody_has_it")

    async def drain(self) -> None:
        """Let nobody in any more. Who is here stays until the end."""
        self._draining = True
        if self._claim is not None:
            with suppress(TenureError):  # then it says so only when it leaves
                await self._store.apply(Instance.drain(self._claim))

    async def _leave(self, claim: Claim[Instance]) -> None:
        """End in good order, so that nobody need wait for the lease."""
        with suppress(TenureError):
            await self._store.apply(Instance.leave(claim))

    # ------------------------------------------------------------------------------------ connections

    async def connect(self, player: str, *, transport: str = "websocket") -> Connection:
        """Connect a player; a connection that they have anywhere is replaced, and a seat that they have moves along.

        Raises `Wrong`, `Elsewhere`, `TryAgain`.
        """
        check_player(player)
        for _ in range(MOST_TRIES):
            instance = self.instance
            if instance is None:
                raise Elsewhere("this instance lets nobody in: connect again, and you come to another one")
            id = self._make_id()
            self._coming.add(id)
            try:
                connection, old = await self._connections.make(
                    id, instance=instance, player=player, transport=transport
                )
            except NotUnder as refusal:
                if refusal.kind is Connection:
                    raise Elsewhere("this instance is about to stop: connect again, and you come to another") from None
            except Overdue:
                await self._store.clock.sleep(AGAIN_SECONDS)  # the sweeper moves it in this moment
            except (Stale, WrongState, LimitReached):
                continue  # somebody was faster; the next look finds what there is
            else:
                await self._replaced(old)
                if self._claim is None or self._claim.id != instance:
                    continue  # we are another one by now, or none
                self._players[id] = player
                self._here[player] += 1
                return connection
            finally:
                self._coming.discard(id)
        raise TryAgain("your last connection is being closed: try again in a moment")

    async def _replaced(self, connections: Iterable[Connection]) -> None:
        """Tell those at whose instances they were."""
        for old in connections:
            if old.id in self._players:
                self._forget([old.id])
            else:
                await self._connections.tell_replaced(old)

    async def disconnect(self, connection: str, *, reason: str = "closed") -> None:
        """Close a connection: its player leaves the queue, and keeps a seat for a while. A repeat changes nothing."""
        self._drop(connection)
        await self._connections.close(connection, reason=reason)

    def _forget(self, connections: Iterable[str]) -> None:
        gone = [id for id in connections if self._drop(id)]
        if gone:
            self.lost(gone)

    def _drop(self, connection: str) -> bool:
        """Take a connection out of those that are here; tells whether it was one."""
        player = self._players.pop(connection, None)
        if player is not None:
            self._here[player] -= 1
            if not self._here[player]:
                del self._here[player]
        return player is not None
