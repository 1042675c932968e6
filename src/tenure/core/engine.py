"""The contract of an engine: what the store's face needs, and what every engine gives alike.

Every method that takes `now` reads the engine's own clock if it is None; tests pass an instant in microseconds.
Every method may raise `Unavailable` (nothing changed) or, if it writes, `OutcomeUnknown`. Once it is closed, all that
ask for anything raise `Unavailable`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from tenure.core.clock import Time
from tenure.core.decide import Refusal, Transaction
from tenure.core.errors import InvalidChange
from tenure.core.kinds import Kinds, Rank, Slot
from tenure.core.pieces import Part, Piece
from tenure.core.row import Entry, Row
from tenure.core.signals import Carrier
from tenure.core.views import Views


class Applied(msgspec.Struct, frozen=True, gc=False):
    """A transaction made, or made before: each change's record as the change left it."""

    rows: tuple[Row, ...]
    replayed: bool = False


Outcome = Applied | Refusal


class Query(msgspec.Struct, frozen=True, gc=False):
    """Which records to read: of these states, below this parent, of this key of a rank.

    The order is that of the rank if one state with a rank is asked for, else that of creation. `after` is the id of
    the last record of the page before, `after_rank` the rank that it had there.
    """

    kind: str
    states: tuple[str, ...]
    parent: tuple[str, str] | None = None
    per: str | None = None
    ranked: bool = False
    newest_first: bool = False
    after: str | None = None
    after_rank: Rank | None = None
    most: int = 1000

    def nowhere(self) -> InvalidChange:
        """Say that nothing is known any more of the record that the page is to come after."""
        return InvalidChange(
            f"after={self.after!r}: that {self.kind} is gone, and nothing tells where it was: begin again"
        )


class Message(msgspec.Struct, frozen=True, gc=False):
    """One effect that waits, or that was taken for delivery: `token` is its fence."""

    effect: str
    entry: Entry
    row: Row
    tries: int
    token: int
    created_at: int
    next_at: int | None = None
    error: str = ""


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What became of a taken message: done, to be tried again at an instant, or given up (neither)."""

    effect: str
    kind: str
    id: str
    version: int
    token: int
    done: bool
    again_at: int | None = None
    error: str = ""


class Swept(msgspec.Struct, frozen=True, gc=False):
    """What a sweep made and removed, when the next record is due, and whether more is due already."""

    made: int
    removed: int
    next_due: int | None
    more: bool


class Difference(msgspec.Struct, frozen=True, gc=False):
    """One place where an index does not say what the records say."""

    what: str
    kind: str
    id: str
    found: str
    expected: str


Listener = Callable[[str, Sequence[Entry]], None]
"""Called in the event loop with the space and the events that were written, by whichever process."""


class Engine(Protocol):
    """One store: SQLite, Valkey or PostgreSQL."""

    name: str
    kinds: Kinds
    carrier: Carrier
    """What carries its signals."""
    lanes: int
    """How many batches may be under way at once."""
    enough: int | None
    """How many changes are enough for a batch while another lane is free, so that what comes before and after one
    batch goes on beside another. None where batches are not made in the order in which they are given: what is
    submitted together then stays together."""

    async def write(self, space: str, transactions: Sequence[Transaction], now: int | None = None) -> Sequence[Outcome]:
        """Apply transactions in order, each all or not at all, in one atomic and durable step."""
        ...

    async def check(self, space: str, transaction: Transaction, now: int | None = None) -> Outcome:
        """Give the outcome that a transaction would have now; nothing is written."""
        ...

    async def sweep(self, space: str, most: int, alive_for: int, now: int | None = None) -> Swept:
        """Make at most so many due transitions, remove what was kept long enough, and give a sign of life."""
        ...

    async def time(self, space: str, now: int | None = None) -> Time:
        """Read the clock and what is credited."""
        ...

    async def rows(self, space: str, keys: Sequence[tuple[str, str]]) -> Sequence[Row | None]:
        """Read records by kind and id."""
        ...

    async def find(self, space: str, query: Query) -> Sequence[Row]:
        """Read the records that a query asks for. Raises `InvalidChange` where nothing is known of its `after`."""
        ...

    async def counts(self, space: str) -> dict[str, dict[str, int]]:
        """Read how many records of each kind are in each state."""
        ...

    async def holders(self, space: str, slot: Slot, most: int) -> Sequence[str]:
        """Read the ids of those that hold a limit's slot."""
        ...

    async def history(self, space: str, kind: str, id: str, after: int, most: int) -> Sequence[Entry]:
        """Read a record's events after a version, in order."""
        ...

    async def feed(self, space: str, kinds: Sequence[str], after: int, most: int) -> Sequence[Entry]:
        """Read the events of some kinds (all, if none is named) after a position, in order."""
        ...

    async def last_position(self, space: str) -> int:
        """Read the position of the last event, or one that no event has passed yet."""
        ...

    async def take(
        self, space: str, kind: str, effect: str, most: int, lease: int, now: int | None = None
    ) -> Sequence[Message]:
        """Take messages that are due for delivery, the oldest of each record only, for a lease."""
        ...

    async def settle(self, space: str, settled: Sequence[Settled], now: int | None = None) -> None:
        """Say what became of taken messages; one whose token is no longer the last is left alone."""
        ...

    async def resend(self, space: str, kind: str, id: str, effect: str, now: int | None = None) -> int:
        """Let a record's given up messages be tried again, and give how many there were."""
        ...

    async def messages(self, space: str, kind: str | None, effect: str | None, most: int) -> Sequence[Message]:
        """Read the messages that wait, the oldest first."""
        ...

    async def due(self, space: str, most: int) -> Sequence[tuple[int, str, str]]:
        """Read what is looked at next: instant, kind and id."""
        ...

    async def audit(self, space: str, *, repair: bool, now: int | None = None) -> Sequence[Difference]:
        """Compare every index with what the records say, and mend it if asked."""
        ...

    async def spaces(self) -> Sequence[str]:
        """Read the names of all spaces."""
        ...

    async def declarations(self) -> dict[str, bytes]:
        """Read the tables under which each kind was last opened, as JSON."""
        ...

    async def dump(self, space: str, after: str, most: int) -> Part:
        """Read a part of all that a space holds, after the mark of the part before; the first begins after ''."""
        ...

    async def load(self, space: str, pieces: Sequence[Piece]) -> None:
        """Put pieces into a space as they are, sealed or not, without what stands beside the records.

        They come in the order in which an engine dumps them: a record before its events, these before its messages.
        """
        ...

    async def index(self, space: str, now: int | None = None) -> None:
        """Make what stands beside the records of a loaded space, sealed or not."""
        ...

    async def erase(self, space: str) -> None:
        """Remove all that a space holds, sealed or not, in bounded steps. Its seal stays."""
        ...

    async def seal(self, space: str, reason: str) -> None:
        """Refuse all writes of a space with `Unavailable` and this reason, whichever process; '' allows them again."""
        ...

    async def sealed(self, space: str) -> str:
        """Read why a space may not be written; '' if it may."""
        ...

    async def offer(self, views: Views, space: str) -> str | None:
        """Make the views that a program offers of a space to others that read SQL; none where there is no SQL.

        Those of these names that are of another space stay: then that one's name is given.
        """
        ...

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for each write from now on; gives the function that ends it."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        ...
