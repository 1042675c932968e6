"""What time it is for a batch, and what time does not count.

While no sweeper is alive, nobody can tell a dead holder from one whose beats found no server. So such an outage
does not count for leases and lengths of time: they are *credited* with it. Instants (a question's window) are not.
A sweeper is alive until `alive_until`; it says so each time it sweeps.
"""

from __future__ import annotations

import time

import msgspec


class Outage(msgspec.Struct, frozen=True):
    """A time without a sweeper, over now."""

    began: int
    ended: int


class Time(msgspec.Struct, frozen=True):
    """The store's clock as read for one batch, with what is credited."""

    now: int
    swept_at: int = 0
    alive_until: int = 0
    outages: tuple[Outage, ...] = ()

    @property
    def in_outage(self) -> bool:
        """Whether there is no sweeper at this moment."""
        return self.now > self.alive_until

    def credit(self, since: int) -> int:
        """Give how much of the time from `since` until now does not count."""
        if self.now <= self.alive_until and (not self.outages or self.outages[-1].ended <= since):
            return 0
        lost = sum(o.ended - max(o.began, since) for o in self.outages if o.ended > since)
        return lost + (self.now - max(self.swept_at, since) if self.in_outage else 0)

    def swept(self, alive_for: int) -> Time:
        """Give the time after a sweeper's sign of life; an outage ends with it."""
        outages = self.outages
        if self.in_outage:
            outages = (*outages, Outage(self.swept_at, self.now))[-MOST_OUTAGES:]
        return Time(self.now, self.now, self.now + alive_for, outages)


MOST_OUTAGES = 1000


def wall_time() -> int:
    """Read this machine's clock, in microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000
