"""The commands about answers and boards."""

from __future__ import annotations

from typing import Literal

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_one
from tenure.cli.session import UsageError
from tenure.cli.trivia.acting import acting
from tenure.services.trivia.answering import Code
from tenure.services.trivia.api import views
from tenure.services.trivia.boards import ALL, category_board
from tenure.services.trivia.refusals import NotThen, Unknown, Wrong

REFUSALS: dict[Code, type[Unknown | Wrong]] = {"GAME_NOT_FOUND": Unknown, "WRONG_CHOICE": Wrong}
"""What each code is; all others say that it is not the time."""

COLUMNS = ("place", "member", "name", "points", "answered", "correct")


async def answer(game: str, choice: str, /, *, member: str, name: str | None = None, session: InSession) -> None:
    """Answer a question for a member, and show what became of it. What is not taken is refused with its code.

    Parameters
    ----------
    game
        The game's id.
    choice
        The letter of the choice.
    member
        The member's id.
    name
        The member's name; else the id.
    """
    async with acting(session) as (_, by, _):
        taken = await by.answering.submit(game, member, name or member, choice)
    if taken.taken or session.output.as_json:
        print_one(session.output, views.submission(taken))
    if not taken.taken:
        raise REFUSALS.get(taken.code, NotThen)(f"{taken.code}: {taken.text}")


async def leaderboard(
    guild: str,
    /,
    *,
    board: Literal["all", "week"] = "all",
    category: str | None = None,
    limit: int = 10,
    session: InSession,
) -> None:
    """List who has the most points in a guild: of all time, this week, or in a category.

    Parameters
    ----------
    guild
        The guild's id.
    board
        Of all time, or of this week.
    category
        Of this category instead.
    limit
        At most so many.
    """
    if category is not None and board != "all":
        raise UsageError("give --category or --board week, not both")
    async with acting(session) as (_, by, _):
        week = (await by.boards.this_week(guild)).board if board == "week" else ALL
        name = week if category is None else category_board(category)
        places = await by.boards.places(guild, name, limit=max(limit, 1))
    print_list(session.output, [views.place(place) for place in places], COLUMNS)


async def stats(guild: str, member: str, /, *, session: InSession) -> None:
    """Show what a member has reached: of all time, this week, and by category.

    Parameters
    ----------
    guild
        The guild's id.
    member
        The member's id.
    """
    async with acting(session) as (_, by, _):
        shown = views.stats(await by.boards.stats(guild, member))
    if session.output.as_json:
        session.output.json(shown)
        return
    boards = {"all time": shown["all_time"], "this week": shown["week"], **shown["categories"]}
    rows = [{"board": board, **place} for board, place in boards.items() if place is not None]
    session.output.say(shown["name"], "bold")
    print_list(session.output, rows, ("board", "place", "points", "answered", "correct"))
