"""Taking messages for delivery, and noting what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from tenure.core.engine import Message, Settled
from tenure.engines.postgres.connection import Cells
from tenure.engines.postgres.reading import Files, columns, to_entry, to_row


async def take(files: Files, kind: str, effect: str, most: int, lease: int, now: int | None) -> list[Message]:
    """Take messages that are due, for a lease; a message's token is a position drawn for it."""
    time, _ = await files.begin_check(now, [])
    found = await files.transaction.rows(files.sql["take_messages"], files.space, kind, effect, time.now, most)
    if not found:
        return []
    time, before = await files.begin(len(found), now, [])
    records, positions = columns(found, 2)
    tokens = list(range(before + 1, before + 1 + len(found)))
    taken = await files.transaction.rows(
        files.sql["lease_messages"], effect, records, positions, tokens, time.now + lease
    )
    return [to_message(cells) for cells in taken]


async def settle(files: Files, settled: Sequence[Settled], now: int | None) -> None:
    """Note what became of messages, but of those whose lease was lost and which another has.

    The records are locked before: what a batch adds to a record's messages is seen here, or sees what is done here.
    """
    await files.select("enter_space")
    await files.read("lock_rows", sorted({(one.kind, one.id) for one in settled}))
    time, _ = await files.begin_check(now, [])
    lines = [(s.kind, s.id, s.effect, s.token, s.done, s.again_at, s.error) for s in settled]
    free = await files.transaction.rows(files.sql["settle_messages"], files.space, *columns(lines, 7))
    if free:
        await files.transaction.run(files.sql["release_messages"], *columns(free, 2), time.now)


async def resend(files: Files, kind: str, id: str, effect: str, now: int | None) -> int:
    """Let a record's given up messages be tried again, one after the other; give how many there were."""
    await files.select("enter_space")
    await files.read("lock_rows", [(kind, id)])
    time, _ = await files.begin_check(now, [])
    again = await files.transaction.rows(files.sql["resend_messages"], files.space, kind, id, effect, time.now)
    if again:
        await files.transaction.run(files.sql["release_messages"], [again[0][0]], [effect], time.now)
    return len(again)


def to_message(cells: Cells) -> Message:
    """Read a message from effect, tries, token, created_at, next_at, error, and then its event and record."""
    effect, tries, token, created_at, next_at, error = cells[:6]
    return Message(effect, to_entry(cells[6:20]), to_row(cells[20:]), tries, token, created_at, next_at, error)
