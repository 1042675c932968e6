"""The place of the stand-in that answers all processes of a store."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import timedelta

from tenure import CLAIMANT, HOLDER, SWEEPER, End, Lifecycle, State, days, lease


class RiotStandIn(Lifecycle, history=days(1)):
    """There is one. Its holder is the process in which the stand-in runs; the others ask it at `url`."""

    url: str = ""
    host: str = ""
    """The machine: at its own loopback nobody else reaches it."""

    vacant = State(initial=True)
    running = State()
    removed = End(keep=timedelta(0))

    @vacant.to(running, by=CLAIMANT)
    def begin(self, url: str, host: str) -> None: ...

    leave = running.to(vacant, by=HOLDER)
    lose = running.to(vacant, by=SWEEPER, after=lease(seconds=10))
    remove = vacant.to(removed)


kinds = (RiotStandIn,)
