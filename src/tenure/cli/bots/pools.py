"""The commands about pools."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from tenure.cli.bots.acting import acting
from tenure.cli.looking import InSession
from tenure.cli.output import print_one
from tenure.matching.entrants import Rules
from tenure.services.bots.api import views
from tenure.services.bots.census import Census
from tenure.services.bots.lifecycle import Bot, Pool
from tenure.services.bots.terms import Terms

MOST_SHOWN = 1000
Text = Annotated[str, Parameter(show_default=False)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class TermOptions:
    """How a pool is run; what is left out stays as it is, at first the default.

    Parameters
    ----------
    max_deployed
        How many bots are kept out.
    places
        How many tickets may wait and play at a time.
    teams
        How many teams are in a match.
    team_size
        How many players are in a team.
    tolerance
        The rating gap that somebody accepts at once.
    tolerance_per_second
        How much it widens with each second of one's own wait.
    tolerance_at_most
        How far it widens.
    stand_ins_after_seconds
        After how long a wait a person is matched with a bot.
    rematch_after_seconds
        After how long a wait somebody meets those again whom they have just played.
    accept_seconds
        How long an offered match waits for all to accept.
    cool_seconds
        How long somebody who did not accept is kept out.
    patience_seconds
        After how long a ticket leaves by itself.
    longest_seconds
        After how long a match without a result is broken off.
    rotate_seconds
        How long a bot is out before another has its turn.
    """

    max_deployed: int | None = None
    places: int | None = None
    teams: int | None = None
    team_size: int | None = None
    tolerance: float | None = None
    tolerance_per_second: float | None = None
    tolerance_at_most: float | None = None
    stand_ins_after_seconds: float | None = None
    rematch_after_seconds: float | None = None
    accept_seconds: float | None = None
    cool_seconds: float | None = None
    patience_seconds: float | None = None
    longest_seconds: float | None = None
    rotate_seconds: float | None = None

    def over(self, terms: Terms) -> Terms:
        """Give these terms with what was given here in place of what was there."""
        given: dict[str, Any] = {name: value for name, value in asdict(self).items() if value is not None}
        rules = {name: given.pop(name) for name in Rules.__struct_fields__ if name in given}
        return msgspec.structs.replace(terms, rules=msgspec.structs.replace(terms.rules, **rules), **given)


async def list_pools(*, session: InSession) -> None:
    """List the pools, with how many wait, play and are deployed."""
    async with acting(session) as (store, _):
        found = await store.find(Pool.present, limit=MOST_SHOWN)
        counts = await Census(store).counts()
    if session.output.as_json:
        session.output.json_lines(views.pool(pool, counts) for pool in found)
        return
    rows = [(p.id, p.state.name, p.mode, p.region, p.rating_system, *_numbers(p, counts.get(p.id, {}))) for p in found]
    columns = ("id", "state", "mode", "region", "ratings", "bots out", "wanted", "resting", "waiting", "playing")
    session.output.table(columns, rows)


def _numbers(pool: Pool, counts: dict[str, dict[str, int]]) -> tuple[int, ...]:
    bots, tickets = counts.get("bots", {}), counts.get("tickets", {})
    out = sum(bots.get(state, 0) for state in Bot.out.names)
    return out, pool.max_deployed, bots.get("idle", 0), tickets.get("queued", 0), tickets.get("playing", 0)


async def create(
    id: str,
    /,
    *,
    mode: str,
    region: str,
    ratings: Literal["elo", "glicko2", "openskill"] = "glicko2",
    terms: TermOptions = TermOptions(),
    session: InSession,
) -> None:
    """Make a pool, open at once, and show it. A repeat with the same options changes nothing.

    Parameters
    ----------
    id
        The pool's id, such as duel-eu.
    mode
        What is played, such as duel; ratings are kept for each mode.
    region
        Where it is played, such as eu.
    ratings
        What rates its players; openskill for more than two of them.
    """
    async with acting(session, may_create=True) as (store, by):
        made = await by.pools.create(id, mode=mode, region=region, rating_system=ratings, terms=terms.over(Terms()))
        print_one(session.output, views.pool(made, await Census(store).counts()))


async def show(id: str, /, *, session: InSession) -> None:
    """Show a pool: its rules, and how many of what is in it.

    Parameters
    ----------
    id
        The pool's id.
    """
    async with acting(session) as (store, by):
        print_one(session.output, views.pool(await by.pools.get(id), await Census(store).counts()))


async def edit(id: str, /, *, terms: TermOptions = TermOptions(), session: InSession) -> None:
    """Change an open pool. Who waits goes on waiting, by the new rules.

    Parameters
    ----------
    id
        The pool's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.pool(await by.pools.edit(id, terms.over)))


async def drain(id: str, /, *, session: InSession) -> None:
    """Let nobody in any more: who waits is withdrawn, bots are recalled, matches are played to their end.

    Parameters
    ----------
    id
        The pool's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.pool(await by.pools.drain(id)))


async def reopen(id: str, /, *, max_deployed: int | None = None, places: int | None = None, session: InSession) -> None:
    """Open a drained pool again, with as many bots and places as before unless others are given.

    Parameters
    ----------
    id
        The pool's id.
    max_deployed
        How many bots are kept out.
    places
        How many tickets may wait and play at a time.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.pool(await by.pools.reopen(id, max_deployed=max_deployed, places=places)))


async def close(id: str, /, *, session: InSession) -> None:
    """Drain a pool, and close it for good once it is empty.

    Parameters
    ----------
    id
        The pool's id.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.pool(await by.pools.close(id)))
