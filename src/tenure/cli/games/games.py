"""The commands about games and their results."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec

from tenure import Event
from tenure.cli.games.acting import acting, bounded
from tenure.cli.looking import Flag, InSession
from tenure.cli.output import Output, print_list, print_more, print_one
from tenure.cli.session import UsageError, wanted_state
from tenure.services.games.api import views
from tenure.services.games.api.reading import GAME_STATES
from tenure.services.games.arriving import Arrivals
from tenure.services.games.delays import recent_delays
from tenure.services.games.games import EVERY
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.naming import player_named
from tenure.services.games.publishing import NOBODY_POSTS, posted_of_late

COLUMNS = ("id", "state", "queue_type", "started_at", "result", "last_error")
AT_A_TIME, WAIT_SECONDS = 500, 30.0
MOST_POSITION = 10**18
EVENTS = ("at", "name", "state", "by", "last_error", "result")


async def list_games(
    player: str | None = None,
    /,
    *,
    state: str | None = None,
    limit: int = 50,
    after: str | None = None,
    session: InSession,
) -> None:
    """List games, of a player or of all, the newest first.

    Parameters
    ----------
    player
        Only those of this player: the id, or the Riot id, such as 'Ada#EUW'.
    state
        Only those in this state, such as awaiting; active are those that go on or wait for their result.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    wanted = wanted_state(state, GAME_STATES, EVERY, "a game")
    async with acting(session) as (store, by):
        of = None if player is None else (await player_named(store, player)).id
        found = await by.games.list(player=of, state=wanted, limit=bounded(limit), after=after)
    shown = [views.game(game) for game in found]
    print_list(session.output, shown if session.output.as_json else [_brief(game) for game in shown], COLUMNS)
    print_more(session.output, found, limit)


async def show(game: str, /, *, session: InSession) -> None:
    """Show a game with its result.

    Parameters
    ----------
    game
        The game's id: PLAYER/MATCH.
    """
    async with acting(session) as (_, by):
        print_one(session.output, views.game(await by.games.get(game)))


async def history(game: str, /, *, session: InSession) -> None:
    """Show what happened to a game, in order.

    Parameters
    ----------
    game
        The game's id: PLAYER/MATCH.
    """
    async with acting(session) as (_, by):
        events = await by.games.history(game)
    print_list(session.output, [views.happened(event) for event in events], EVENTS)


async def results(*, after: int = 0, follow: Annotated[bool, Flag] = False, session: InSession) -> None:
    """Print results in the order in which they came, one a line. A correction is a result too.

    Parameters
    ----------
    after
        Only those after this position of the feed: that of the last line that was read.
    follow
        Go on as results come, until Ctrl-C.
    """
    if not 0 <= after < MOST_POSITION:
        raise UsageError("--after is a position of the feed, as a line before shows it, or 0 to begin with the oldest")
    async with acting(session) as (store, _):
        arrivals = Arrivals(store, asyncio.Event())
        while True:
            found = await arrivals.after(after, limit=AT_A_TIME, wait_seconds=WAIT_SECONDS if follow else 0)
            for event, game in found.results:
                _print(session.output, event, game)
            if not follow and found.next == after:
                return
            after = found.next


def _print(output: Output, event: Event[TrackedGame], game: TrackedGame) -> None:
    shown = views.result(event, game)
    if output.as_json:
        output.json(shown)
        return
    brief = _brief(shown["game"])
    output.say(f"{event.position}  {shown['at']}  {event.name}  {game.id}  {brief['result']}")


async def status(*, session: InSession) -> None:
    """Show how many players and games there are by state, how late the last results came, and where they are told."""
    async with acting(session) as (store, _):
        players, games = await store.count(TrackedPlayer), await store.count(TrackedGame)
        delays = msgspec.to_builtins(await recent_delays(store))
        events = "a process posts them to the webhook" if await posted_of_late(store) else NOBODY_POSTS
    print_one(session.output, {"players": players, "games": games, **delays, "events": events})


def _brief(game: dict[str, Any]) -> dict[str, Any]:
    """Say a result in one word, and what was wrong only as long as it may be."""
    result = game["result"]
    if result is None:
        return game
    return {**game, "last_error": None, "result": result.get("placement") or result["result"]}
