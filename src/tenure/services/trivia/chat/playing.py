"""The commands of those who play: to answer, and to see what there is, who leads and what oneself has reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tenure.services.trivia.boards import ALL, Place, category_board
from tenure.services.trivia.chat.asking import Call, Handler, Reply
from tenure.services.trivia.chat.wording import as_it_is, channel, instant, lines, number
from tenure.services.trivia.lifecycle import Game, Registration

STATUS = {"GAME_NOT_FOUND": 404, "WRONG_CHOICE": 422}
NOTHING_OPEN = "no question is open in this channel: `status` says what comes next"
MOST_PLACES = 10


async def answer(call: Call) -> Reply:
    """Take an answer."""
    game = await call.game(Game.answerable, otherwise=NOTHING_OPEN)
    asker = call.asker
    taken = await call.parts.answering.submit(game.id, asker.member, asker.name, call.text("choice") or "")
    status = 200 if taken.taken else STATUS.get(taken.code, 409)
    return Reply(text=as_it_is(taken.text), status=status, code=taken.code, choice=taken.choice)


async def leaderboard(call: Call) -> Reply:
    """Show the top of a board."""
    guild, category = call.asker.guild, call.text("category")
    if category is not None:
        board, title = category_board(category), f"Most points in {as_it_is(category)}"
    elif call.text("board") == "all":
        board, title = ALL, "Most points of all time"
    else:
        week = await call.parts.boards.this_week(guild)
        board, title = week.board, f"Most points of this week, which ends {instant(week.ends_at)}"
    places = await call.parts.boards.places(guild, board, limit=MOST_PLACES)
    shown = [_place(place) for place in places] or ["Nobody has any yet."]
    return Reply(text=lines([f"**{title}**", *shown]), private=False)


def _place(place: Place) -> str:
    return (
        f"{place.place}\\. **{as_it_is(place.name)}** {number(place.points, 'point')}, "
        f"{place.correct} of {place.answered} right"
    )


async def stats(call: Call) -> Reply:
    """Show what the asker has reached."""
    seen = await call.parts.boards.stats(call.asker.guild, call.asker.member)
    shown = [
        f"**{as_it_is(seen.name)}**: {_reached(seen.all_time)}",
        f"{seen.all_time.correct} of {seen.all_time.answered} answers right",
        *([f"This week: {_reached(seen.week)}"] if seen.week else []),
        *(f"{as_it_is(name)}: {_reached(each)}" for name, each in sorted(seen.categories.items())),
    ]
    return Reply(text=lines(shown))


def _reached(place: Place) -> str:
    return number(place.points, "point") + (f", place {place.place}" if place.place else "")


async def status(call: Call) -> Reply:
    """Show what is going on in this channel, or how it stands with one game."""
    if call.text("game"):
        return Reply(text=_how_it_stands(await call.game(Game.active, otherwise=NOTHING_OPEN)))
    games = [_how_it_stands(game) for game in await call.games(Game.active)]
    return Reply(text=lines([*(games or ["No question is open in this channel."]), *await _next(call)]))


def _how_it_stands(game: Game) -> str:
    name = f"`{game.id}`" + (f" \\({game.number} of {game.of}\\)" if game.of > 1 else "")
    words = {
        Game.asked.name: "is about to be asked",
        Game.held.name: "waits until this chat takes it",
        Game.open.name: f"is open, and closes {instant(game.closes_at)}",
        Game.withheld.name: "is over; its results wait until this chat takes them",
        Game.posted.name: "has its results",
        Game.archived.name: "is over",
        Game.deleted.name: "was taken back",
    }
    trouble = f": {as_it_is(game.trouble)}" if game.trouble else ""
    return f"{name} {words.get(game.state.name, 'is being counted')}{trouble}"


async def _next(call: Call) -> list[str]:
    of_guild = await call.parts.registrations.of(call.asker.guild)
    here = [each for each in of_guild if each.channel == call.asker.channel and each.state in Registration.enabled]
    first = min(here, key=lambda each: each.next_at, default=None)
    return [] if first is None else [f"Next: `{first.name}` {instant(first.next_at)}."]


async def list_registrations(call: Call) -> Reply:
    """Show the guild's registrations."""
    found = await call.parts.registrations.of(call.asker.guild)
    return Reply(text=lines(map(_listed, found)) or "Nothing is asked here yet: `register` makes a beginning.")


def _listed(registration: Registration) -> str:
    return f"`{registration.name}` in {channel(registration.channel)}: " + ", ".join(_terms(registration))


def _terms(registration: Registration) -> Iterator[str]:
    yield as_it_is(registration.schedule)
    if registration.questions > 1:
        yield number(registration.questions, "question")
    yield from (as_it_is(term) for term in (registration.category, registration.difficulty) if term)
    if registration.state == Registration.disabled:
        yield "disabled"
    elif registration.trouble:
        yield f"waits: {as_it_is(registration.trouble)}"
    else:
        yield f"next {instant(registration.next_at)}"


HANDLERS: Mapping[str, Handler] = {
    "answer": answer,
    "leaderboard": leaderboard,
    "stats": stats,
    "status": status,
    "list": list_registrations,
}
