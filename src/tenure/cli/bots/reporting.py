"""The command `bots report`: how well people were matched, from the events that the store keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from tenure.cli.looking import InSession
from tenure.cli.output import Output
from tenure.cli.session import UsageError
from tenure.matching.quality import Quality, Spread
from tenure.services.bots import figures
from tenure.services.bots.lifecycle import Pool, kinds

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


async def report(*, pool: str | None = None, since: str = "1h", session: InSession) -> None:
    """Show how well people were matched: gaps, waits, who gave up, and what an exact matching would have done better.

    Parameters
    ----------
    pool
        Only this pool.
    since
        How far back it looks: a number with s, m, h or d, such as 30m.
    """
    length = _length(since)
    async with session.store_of(kinds) as store:
        if pool is not None:
            await store.get(Pool, pool)  # which says that there is none
        found = await figures.report(store, since=length, pool=pool)
    if session.output.as_json:
        session.output.json_lines(found)
        return
    if not found:
        session.output.say("no pool has any event in this time: make one with `tenure bots pool create`")
    for number, quality in enumerate(found):
        if number:
            session.output.say("")
        _print(session.output, quality)


def _length(since: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,6})([smhd])", since.strip())
    if found is None or not int(found[1]):
        raise UsageError(f"--since {since!r} is no length: give a number with s, m, h or d, such as 30m")
    return timedelta(seconds=int(found[1]) * UNITS[found[2]])


def _print(output: Output, quality: Quality) -> None:
    output.say(f"{quality.pool}, the last {timedelta(seconds=quality.window_seconds)}", "bold")
    output.pairs(_told(quality))
    output.say("")
    spreads = (
        ("rating gap (points)", quality.gap),
        ("|P(win) − equal|", quality.unevenness),
        ("wait (s)", quality.wait),
        *((f"wait (s), ratings {t.lowest:.0f} – {t.highest:.0f}", t.wait) for t in quality.deciles),
    )
    output.table(("", "number", "p50", "p90", "p99"), [(name, *_shown(spread)) for name, spread in spreads])


def _told(quality: Quality) -> list[tuple[str, object]]:
    told: list[tuple[str, object]] = [
        ("matches offered", f"{quality.matches} ({quality.matches_per_minute:.2f} a minute)"),
        ("started, settled", f"{quality.started}, {quality.settled}"),
        ("expired, declined", f"{quality.expired}, {quality.declined}"),
        ("called off, broken off", f"{quality.called_off}, {quality.broken_off}"),
        ("reservations that ran out", quality.cooled),
        ("bots filled in", quality.stand_ins),
        ("gave up, left", f"{quality.gave_up}, {quality.left}"),
        ("waiting now", f"{quality.waiting}, and {quality.bots_waiting} bots"),
        ("the oldest has waited (s)", None if quality.oldest_seconds is None else f"{quality.oldest_seconds:.1f}"),
    ]
    if quality.regret is not None:
        regret = quality.regret
        exact = f"exactly {regret.placed_exactly} people, {regret.gap_exactly:.1f} points"
        told.append((f"in {regret.samples} samples", f"{regret.placed} people, {regret.gap:.1f} points; {exact}"))
    return told


def _shown(spread: Spread) -> Sequence[object]:
    values = (spread.p50, spread.p90, spread.p99)
    return (spread.number, *(None if value is None else f"{value:.4g}" for value in values))
