"""The commands about games."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tenure.cli.looking import InSession
from tenure.cli.output import print_list, print_more, print_one
from tenure.cli.session import UsageError
from tenure.cli.trivia.acting import acting, the_registration
from tenure.services.trivia.api import views
from tenure.services.trivia.lifecycle import Registration

COLUMNS = ("id", "state", "guild", "channel", "closes_at", "tried_again_at", "trouble")
OVER = ("id", "state", "since", "channel", "question", "right", "answers", "correct")
WAITING = ("id", "guild", "name", "state", "next_at", "trouble")
MOST_SHOWN = 1000


async def status(guild: str | None = None, /, *, session: InSession) -> None:
    """Show the games that are going on, and whatever waits, with the reason.

    Parameters
    ----------
    guild
        Only those of this guild.
    """
    async with acting(session) as (store, by, _):
        games = [views.game(game) for game in await by.games.list(guild, limit=MOST_SHOWN)]
        due = await store.find(Registration.due, under=guild, limit=MOST_SHOWN)
    waiting = [views.registration(registration) for registration in due]
    if session.output.as_json:
        session.output.json({"games": games, "due": waiting})
        return
    print_list(session.output, games, COLUMNS)
    if waiting:
        session.output.say("\nDue, and not asked yet", "bold")
        print_list(session.output, waiting, WAITING)


async def show(game: str, /, *, session: InSession) -> None:
    """Show a game. Its right choice is shown once nobody can answer it any more.

    Parameters
    ----------
    game
        The game's id.
    """
    async with acting(session) as (_, by, _):
        print_one(session.output, views.game(await by.games.get(game)))


async def close(game: str, /, *, session: InSession) -> None:
    """Close a question before its time. A running server counts its answers and posts the results.

    Parameters
    ----------
    game
        The game's id.
    """
    async with acting(session) as (_, by, _):
        print_one(session.output, views.game(await by.games.close(game)))


async def extend(game: str, /, *, minutes: float = 5.0, session: InSession) -> None:
    """Let a question be open for longer. In Discord its message shows the old time; what counts is the new one.

    Parameters
    ----------
    game
        The game's id.
    minutes
        By how much.
    """
    if not 0 < minutes <= 7 * 24 * 60:
        raise UsageError("--minutes is more than 0, and at most 10080, which is a week")
    async with acting(session) as (_, by, _):
        print_one(session.output, views.game(await by.games.extend(game, timedelta(minutes=minutes))))


async def delete(game: str | None = None, /, *, registration: str | None = None, session: InSession) -> None:
    """Take a question back without results, so that what was answered does not count; or delete a registration.

    Parameters
    ----------
    game
        The game's id.
    registration
        Delete this registration instead: its id, or GUILD/NAME. A question that is open goes on.
    """
    if (game is None) == (registration is None):
        raise UsageError("say which game, or with --registration which registration")
    async with acting(session) as (_, by, _):
        if registration is not None:
            found = await the_registration(by, registration)
            print_one(session.output, views.registration(await by.registrations.delete(found.id)))
        elif game is not None:
            print_one(session.output, views.game(await by.games.delete(game)))


async def retry(game: str, /, *, session: InSession) -> None:
    """Let a game be tried again at once that waits for its chat. One that does not wait is left alone.

    Parameters
    ----------
    game
        The game's id.
    """
    async with acting(session) as (_, by, _):
        print_one(session.output, views.game(await by.games.retry(game)))


# ------------------------------------------------------------------------------------ what is over


async def history(guild: str, /, *, limit: int = 50, after: str | None = None, session: InSession) -> None:
    """List a guild's games that are over, the newest first; they are kept for 7 days.

    Parameters
    ----------
    guild
        The guild's id.
    limit
        At most so many.
    after
        Only what comes after this id: the last one of the page before.
    """
    async with acting(session) as (_, by, _):
        found = await by.games.history(guild, limit=max(limit, 1), after=after)
    shown = [views.game(game) for game in found]
    print_list(session.output, shown if session.output.as_json else [_over(game) for game in shown], OVER)
    print_more(session.output, found, limit)


def _over(game: dict[str, Any]) -> dict[str, Any]:
    results = game["results"] or {"answers": None, "correct": None}
    question = {"question": game["question"]["text"], "right": game["question"]["right"]}
    return {**game, **question, "answers": results["answers"], "correct": results["correct"]}


async def replay(game: str, /, *, session: InSession) -> None:
    """Show all that happened in a game, by the store's own history: for those who dispute it.

    Parameters
    ----------
    game
        The game's id.
    """
    async with acting(session) as (_, by, _):
        shown = views.replay(await by.games.replay(game))
    if session.output.as_json:
        session.output.json(shown)
        return
    print_one(session.output, shown["game"])
    session.output.say("\nWhat happened", "bold")
    print_list(session.output, shown["events"], ("at", "name", "state", "by", "why"))
    session.output.say("\nAnswers, by the time of the one that counts", "bold")
    print_list(session.output, [_answered(each) for each in shown["answers"]], ("member", "name", "given", "points"))


def _answered(answered: dict[str, Any]) -> dict[str, Any]:
    given = ", ".join(f"{each['choice']} at {each['received_at']}" for each in answered["given"])
    return {**answered, "given": given}
