"""The command `games plan`: how many players an API key can track."""

from __future__ import annotations

from tenure.cli.looking import InSession
from tenure.cli.output import print_list
from tenure.cli.session import UsageError
from tenure.core.durations import seconds
from tenure.pacing.rates import parse_rates
from tenure.services.games.planner import Habits, plan, shortest_interval
from tenure.services.games.players import platform_of, titles_of

COLUMNS = ("host", "limit", "allowed_a_minute", "needed_a_minute", "players")
DAY = 86_400


def plan_players(
    *,
    limits: str = "20:1,100:120",
    platforms: str = "na1",
    titles: str = "lol",
    interval_seconds: int = 30,
    games_a_day: float = 3.0,
    players: int = 0,
    session: InSession,
) -> None:
    """Say how many players an API key can track, and what bounds it: the tightest limit first.

    Parameters
    ----------
    limits
        The limits of the application, as Riot's page shows them: REQUESTS:SECONDS, several with commas.
    platforms
        Over which platforms the players are spread evenly, such as na1,euw1.
    titles
        What is tracked: lol, tft, or lol,tft.
    interval_seconds
        How often each player is looked at: DETECTION_INTERVAL_SECONDS.
    games_a_day
        How many games each of them plays.
    players
        Say instead how often so many players can be looked at.
    """
    if not 1 <= interval_seconds <= DAY or not 0 <= games_a_day <= DAY or players < 0:
        raise UsageError("--interval-seconds is from 1 to 86400, --games-a-day and --players are not below 0")
    try:
        application = parse_rates(limits)
    except ValueError:
        raise UsageError(f"--limits {limits!r} is not understood: it is such as 20:1,100:120") from None
    named = tuple(dict.fromkeys(platform_of(each) for each in platforms.split(",")))
    habits = Habits(
        detection_interval=seconds(interval_seconds),
        titles=titles_of([title.strip() for title in titles.split(",")]),
        games_a_day=games_a_day,
    )
    if players:
        interval = shortest_interval(players, application, None, habits, named)
        found = None if interval is None else interval.total_seconds()
        shown = {"players": players, "shortest_interval_seconds": found}
        _print(session, shown, f"{players} players can be looked at every {found:.0f} seconds" if found else TOO_MANY)
        return
    made = plan(application, None, habits, named)
    bounds = [
        {
            "host": bound.host, "limit": bound.of, "allowed_a_minute": round(60 * bound.allowed, 1),
            "needed_a_minute": round(60 * bound.per_player, 3), "players": bound.players,
        }
        for bound in made.bounds
    ]  # fmt: skip
    _print(session, {"players": made.players, "by_platform": made.by_platform, "bounds": bounds}, "")
    if not session.output.as_json:
        session.output.say(f"{made.players} players, one look every {interval_seconds} seconds", "bold")
        print_list(session.output, bounds, COLUMNS)


TOO_MANY = "so many players are too many for this key, however seldom they are looked at"


def _print(session: InSession, shown: object, said: str) -> None:
    if session.output.as_json:
        session.output.json(shown)
    elif said:
        session.output.say(said)
