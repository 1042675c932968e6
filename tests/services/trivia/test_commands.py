"""Commands: how they are typed, what the table lets through, and what those are answered who can't have it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.services.trivia.browsing import GENERAL, HOME, OTHER, Site, a_site, parts_of
from tests.services.trivia.closings import a_question

from tenure import OutcomeUnknown, Unavailable, minutes
from tenure.services.trivia.chat import managing, playing
from tenure.services.trivia.chat.asking import Asker, Reply
from tenure.services.trivia.chat.commands import HANDLERS, MOST_SUGGESTED, Commands, read_options
from tenure.services.trivia.chat.table import BY_NAME, COMMANDS, Command, Option
from tenure.services.trivia.chat.typed import read_command, usage
from tenure.services.trivia.chat.wording import MOST_OF_A_REPLY, advice, as_it_is, lines, number
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.refusals import Unknown, Wrong

ADA = Asker(guild=HOME, channel=GENERAL, member="1", name="Ada", manages=True)
BOB = Asker(guild=HOME, channel=GENERAL, member="2", name="Bob")
FOREIGN = Asker(guild="another", channel=GENERAL, member="3", name="Eve", manages=True)


def commands_of(site: Site) -> Commands:
    return Commands(parts_of(site.store, site.chat), "web")


async def run(site: Site, asker: Asker, command: str, /, **options: str | int) -> Reply:
    return await commands_of(site).run(asker, command, options)


# ------------------------------------------------------------------------------------ as they are typed


@pytest.mark.parametrize(
    ("line", "name", "options"),
    [
        ("/answer b", "answer", {"choice": "b"}),
        ("/trivia answer B some.game.1", "answer", {"choice": "B", "game": "some.game.1"}),
        ("/ANSWER choice:B", "answer", {"choice": "B"}),
        (
            "/register night mon,wed 20:00 questions:3 category:Science & Nature",
            "register",
            {"name": "night", "schedule": "mon,wed 20:00", "questions": "3", "category": "Science & Nature"},
        ),
        ("/register schedule:daily 09:00 name:night", "register", {"schedule": "daily 09:00", "name": "night"}),
        ("/register night every 30m", "register", {"name": "night", "schedule": "every 30m"}),
        ("/register", "register", {}),
        ("/leaderboard all", "leaderboard", {"board": "all"}),
        ("/leaderboard category: Sums", "leaderboard", {"category": "Sums"}),
        ("/  list  ", "list", {}),
    ],
)
def test_a_line_is_read(line: str, name: str, options: dict[str, str]) -> None:
    assert read_command(line) == (name, options)


@pytest.mark.parametrize(
    ("line", "refusal", "says"),
    [
        ("/", Unknown, "/leaderboard"),
        ("/trivia", Unknown, "/leaderboard"),
        ("/regster x", Unknown, "/register"),
        ("/list now", Wrong, "/list"),
        ("/answer A game.1 more", Wrong, r"CHOICE \[game:…\]"),
        ("/answer choice:A choice:B", Wrong, "`choice` is given twice"),
    ],
)
def test_a_line_that_makes_no_sense_is_answered_with_what_does(line: str, refusal: type[Exception], says: str) -> None:
    with pytest.raises(refusal, match=says):
        read_command(line)


# ------------------------------------------------------------------------------------ the table


def test_every_command_of_the_table_is_done_and_nothing_else() -> None:
    assert set(HANDLERS) == set(BY_NAME)
    assert set(managing.HANDLERS) == {command.name for command in COMMANDS if command.manages}
    assert not set(managing.HANDLERS) & set(playing.HANDLERS)


def test_the_table_fits_what_discord_takes() -> None:
    # A subcommand: at most 25 options and choices, those that are required first, short names and texts.
    assert len(COMMANDS) <= 25
    for command in COMMANDS:
        required = [option.required for option in command.options]
        assert required == sorted(required, reverse=True), command.name
        assert len(command.options) <= 25
        things: list[Command | Option] = [command, *command.options]
        for thing in things:
            assert 0 < len(thing.name) <= 32
            assert thing.name == thing.name.lower()
            assert 0 < len(thing.says) <= 100
        assert all(len(option.choices) <= 25 for option in command.options)


def test_how_a_command_is_typed_is_shown() -> None:
    assert usage(BY_NAME["enable"]) == "/enable NAME"
    assert usage(BY_NAME["answer"]) == "/answer CHOICE [game:…]"


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("list", {"x": "1"}, "no such option"),
        ("answer", {}, "needs `choice`"),
        ("answer", {"choice": ""}, "needs `choice`"),
        ("answer", {"choice": "E"}, "one of A, B, C, D"),
        ("register", {"name": "x"}, "needs `schedule`"),
        ("register", {"name": "x", "schedule": "y", "questions": "0"}, "from 1 to 20"),
        ("register", {"name": "x", "schedule": "y", "questions": 21}, "from 1 to 20"),
        ("register", {"name": "x", "schedule": "y", "questions": "9" * 5000}, "from 1 to 20"),
        ("register", {"name": "x", "schedule": "y", "questions": "²"}, "from 1 to 20"),
        ("register", {"name": "x", "schedule": "y", "questions": "-1"}, "from 1 to 20"),
        ("register", {"name": "x" * 201, "schedule": "y"}, "at most 200"),
        ("register", {"name": "x", "schedule": "a\nb"}, "on one line"),
        ("register", {"name": "x", "schedule": "y", "counts": "both"}, "one of first, last"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_what_is_wanted(name: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(Wrong, match=says):
        read_options(BY_NAME[name], given)


def test_options_are_given_as_the_table_wants_them() -> None:
    given = read_options(BY_NAME["register"], {"name": " x ", "schedule": "y", "questions": "07", "counts": "LAST"})
    assert given == {"name": "x", "schedule": "y", "questions": 7, "counts": "last"}
    assert read_options(BY_NAME["answer"], {"choice": "b", "game": ""}) == {"choice": "B"}


# ------------------------------------------------------------------------------------ what they do


async def test_a_registration_is_made_as_it_was_asked_for() -> None:
    async with a_site() as site:
        said = await run(
            site, ADA, "register", name="night", schedule="mon,wed 20:00", questions=3, category="Sums",
            difficulty="medium", minutes=5, sources="sums", counts="last", missed="skip",
        )  # fmt: skip
        assert (said.status, said.private) == (200, True)
        (made,) = await site.store.find(Registration.live)
        assert (made.name, made.channel, made.questions, made.category) == ("night", GENERAL, 3, "Sums")
        assert (made.difficulty, made.window, made.counts, made.catch_up) == ("medium", minutes(5), "last", "skip")
        (event, *_) = await site.store.history(Registration, made.id)
        assert event.by == "web:1"


@pytest.mark.parametrize(
    ("name", "options", "status"),
    [
        ("nothing", {}, 404), ("enable", {"name": "x"}, 404), ("post", {"name": "x"}, 404), ("answer", {}, 422),
        ("register", {"name": "a b", "schedule": "daily 09:00", "sources": "sums"}, 422),
        ("register", {"name": "x", "schedule": "daily 25:00", "sources": "sums"}, 422),
        ("register", {"name": "x", "schedule": "daily 09:00", "sources": "nowhere"}, 422),
        ("register", {"name": "x", "schedule": "daily 09:00", "sources": "sums", "category": "None"}, 422),
        ("answer", {"choice": "A"}, 409), ("close", {}, 409), ("delete", {}, 409), ("close", {"game": "x.y.1"}, 404),
        ("status", {"game": "x.y.1"}, 404), ("stats", {}, 404), ("delete", {"registration": "x"}, 404),
        ("delete", {"registration": "x", "game": "y"}, 422),
    ],
)  # fmt: skip
async def test_what_can_not_be_done_is_answered_with_what_to_do(
    name: str, options: dict[str, str], status: int
) -> None:
    async with a_site() as site:
        said = await run(site, ADA, name, **options)
        assert (said.status, said.private) == (status, True), said.text
        assert len(said.text) > 20


async def test_who_does_not_manage_changes_nothing() -> None:
    async with a_site() as site:
        for command in COMMANDS:
            options = {option.name: "x" for option in command.options if option.required}
            assert ((await run(site, BOB, command.name, **options)).status == 403) is command.manages


async def test_a_game_of_another_guild_is_not_there() -> None:
    async with a_site() as site:
        await site.store.apply(Guild.create("another", chat="web"))
        game = await site.played.ask()
        for name in ("close", "delete", "status"):
            said = await run(site, FOREIGN, name, game=game.id)
            unknown = await run(site, FOREIGN, name, game="night.nothing.1")
            assert said.status == unknown.status == 404
        assert (await commands_of(site).press(FOREIGN, game.id, "B")).status == 404
        assert await site.store.find(Answer.given) == []
        assert (await run(site, FOREIGN, "disable", name="night")).status == 404
        assert (await site.store.get(Game, game.id)).version == game.version


async def test_an_answer_without_a_game_is_to_the_latest_one_of_its_channel() -> None:
    async with a_site() as site:
        first, second = await site.played.ask(), await site.played.ask(a_question(2))
        elsewhere = await site.played.ask(a_question(3), channel=OTHER)
        await run(site, BOB, "answer", choice="C")
        assert await site.played.answers(first) == await site.played.answers(elsewhere) == {}
        assert await site.played.answers(second) == {"Bob": "C"}


async def test_each_answer_has_its_code() -> None:
    async with a_site() as site:
        commands, game = commands_of(site), await site.played.ask()
        taken = await commands.press(BOB, game.id, "b")
        assert (taken.code, taken.choice, taken.status) == ("SUBMITTED", "B", 200)
        other = await commands.press(BOB, game.id, "C")
        assert (other.code, other.choice, other.status) == ("ALREADY_SUBMITTED", "B", 409)
        await site.store.advance(minutes(10))
        late = await commands.press(ADA, game.id, "B")
        assert (late.code, late.choice, late.status) == ("GAME_CLOSED", None, 409)
        unknown = await commands.press(ADA, "night.s9.9", "B")
        assert (unknown.code, unknown.status) == (None, 404)


async def test_status_says_what_is_open_and_what_comes_next() -> None:
    async with a_site() as site:
        said = await run(site, BOB, "status")
        assert "No question is open" in said.text
        game = await site.played.ask()
        said = await run(site, BOB, "status")
        assert game.id in said.text
        assert f"<t:{int(game.closes_at.timestamp())}:R>" in said.text
        assert "Next: `night`" in said.text
        await site.played.close(game)
        assert "is over" in (await run(site, BOB, "status", game=game.id)).text


async def test_a_leaderboard_of_a_week_of_all_time_and_of_a_category() -> None:
    async with a_site() as site:
        game = await site.played.ask()
        await commands_of(site).press(BOB, game.id, "B")
        await commands_of(site).press(ADA, game.id, "A")
        await site.played.close(game)
        for options in ({}, {"board": "all"}, {"category": "Sums"}):
            said = await run(site, BOB, "leaderboard", **options)
            assert not said.private
            assert "1\\. **Bob** 2 points, 1 of 1 right" in said.text
        assert "Nobody" in (await run(site, BOB, "leaderboard", category="Art")).text
        stats = await run(site, ADA, "stats")
        assert "**Ada**: 0 points" in stats.text


async def test_values_are_suggested_as_they_are_typed() -> None:
    async with a_site() as site:
        commands = commands_of(site)
        for name in ("sums", "summer", "winter"):
            await run(site, ADA, "register", name=name, schedule="daily 09:00", sources="sums")
        game = await site.played.ask()
        assert list(await commands.suggest(BOB, "registration", "SUM")) == ["sums", "summer"]
        assert list(await commands.suggest(BOB, "game", "")) == [game.id]
        assert list(await commands.suggest(BOB, "category", "s")) == ["Sums"]
        assert list(await commands.suggest(FOREIGN, "game", "")) == []
        for number_ in range(30):
            await run(site, ADA, "register", name=f"r{number_}", schedule="daily 09:00", sources="sums")
        assert len(await commands.suggest(BOB, "registration", "r")) == MOST_SUGGESTED


@pytest.mark.parametrize("error", [Unavailable("away"), OutcomeUnknown("lost")])
async def test_a_store_that_is_away_is_said_so(error: Exception) -> None:
    async with a_site() as site:

        async def away(*_: object) -> None:
            raise error

        real, site.store.engine.rows = site.store.engine.rows, away  # type: ignore[assignment, method-assign]
        said = await run(site, BOB, "leaderboard")
        suggested = await commands_of(site).suggest(BOB, "game", "")
        site.store.engine.rows = real  # type: ignore[method-assign]
        assert said.status == 503
        assert "try again" in said.text
        assert list(suggested) == []


# ------------------------------------------------------------------------------------ how replies are written


def test_a_reply_is_cut_short_and_says_how_much_is_missing() -> None:
    text = lines(["x" * 100] * 30)
    assert len(text) < MOST_OF_A_REPLY + 20
    assert text.endswith(f"… and {30 - text.count('x' * 100)} more")
    assert lines([]) == ""


def test_texts_of_others_mean_nothing_and_our_advice_keeps_its_code() -> None:
    assert as_it_is("**a** <@1> `b`") == r"\*\*a\*\* \<\@1\> \`b\`"
    assert advice("use `a_b` or a_b") == r"use `a_b` or a\_b"
    assert (number(1, "point"), number(0, "point")) == ("1 point", "0 points")
