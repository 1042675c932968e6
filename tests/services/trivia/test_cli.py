"""`tenure trivia …` directly on a store: what each command prints, and its exit code where it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import tenure
from tenure.cli.application import run
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Game, Registration
from tenure.services.trivia.service import TriviaService
from tenure.services.trivia.settings import Settings

OK, FAILED, USAGE, REFUSED, UNAVAILABLE = 0, 1, 2, 3, 4
Trivia = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def trivia(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Trivia:
    """Call a command with --json; gives the exit code, what was printed, and the error."""
    monkeypatch.chdir(tmp_path)
    for name in ("TENURE_STORE", "TENURE_DATA", "TENURE_TRIVIA_PACKS", "TENURE_TRIVIA_OPEN_TRIVIA_DB"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, json: bool = True) -> tuple[int, Any, str]:
        capsys.readouterr()
        options = ["--store", f"sqlite://{tmp_path}/trivia.db", *(["--json"] if json else [])]
        code = run(["trivia", *arguments, *options])
        out, err = capsys.readouterr()
        return code, [msgspec.json.decode(line) for line in out.splitlines()] if json else out, err

    return call


@pytest.fixture
def home(trivia: Trivia) -> Trivia:
    """Make a guild with a channel and a registration, of which nothing is due in the time of a test."""
    for command in (["guild", "create", "home", "--name", "Home"], ["channel", "create", "home", "general"]):
        assert trivia(*command)[0] == OK
    code, (made,), _ = trivia("register", "home", "quiz", "0 0 29 2 *", "--channel", "general", "--counts", "last")
    assert (code, made["state"], made["counts"], made["questions"]) == (OK, "waiting", "last", 1)
    return trivia


def a_server_works(folder: Path) -> None:
    """Take all steps that are due, as a running server does."""

    async def work() -> None:
        async with tenure.open(f"sqlite://{folder}/trivia.db", *kinds) as store:
            service = TriviaService(store, Settings(admin_key="", open_trivia_db=""))
            while await service.posting.once() + await service.closing.once():
                pass

    asyncio.run(work())


def right(folder: Path, game: str) -> str:
    """Give the right letter of a game."""

    async def read() -> str:
        async with tenure.open(f"sqlite://{folder}/trivia.db", *kinds) as store:
            return (await store.get(Game, game)).question.right

    return asyncio.run(read())


@pytest.fixture
def game(home: Trivia, tmp_path: Path) -> str:
    """Let a question be open, and give its game."""
    made = home("post", "home/quiz")[1][0]
    a_server_works(tmp_path)
    return str(made["id"])


def test_only_making_a_guild_makes_a_store(trivia: Trivia) -> None:
    for command in (
        ["guilds"], ["list"], ["status"], ["register", "a", "b", "daily 09:00", "--channel", "c"], ["history", "a"],
    ):  # fmt: skip
        code, _, err = trivia(*command)
        assert (code, "there is no store at" in err) == (UNAVAILABLE, True), command


# ------------------------------------------------------------------------------------ guilds


def test_a_guild_is_made_edited_in_part_and_forgotten(home: Trivia) -> None:
    home("channel", "create", "home", "staff")
    edited = home("guild", "edit", "home", "--time-zone", "Europe/Berlin", "--operators", "staff")[1][0]
    assert (edited["name"], edited["time_zone"], edited["operators"]) == ("Home", "Europe/Berlin", "staff")
    assert home("guild", "edit", "home", "--operators", "")[1][0]["operators"] is None
    (listed,) = home("guilds")[1]
    assert (listed["id"], listed["registrations"]) == ("home", 1)
    assert home("guild", "forget", "home")[1][0]["state"] == "forgotten"


def test_channels_are_made_closed_opened_and_removed(home: Trivia) -> None:
    home("channel", "create", "home", "other")
    assert home("channel", "close", "home", "other")[1][0]["state"] == "closed"
    assert home("channel", "reopen", "home", "other")[1][0]["state"] == "open"
    assert home("channel", "remove", "home", "other")[1][0]["state"] == "removed"
    assert [channel["name"] for channel in home("channel", "list", "home")[1]] == ["general"]


def test_members_are_let_in_and_out(home: Trivia) -> None:
    ada = home("member", "join", "home", "Ada", "--manages")[1][0]
    assert (ada["manages"], ada["key"][:14]) == (True, "tenure_member_")
    assert home("member", "manage", "home", ada["id"], "--no")[1][0]["manages"] is False
    assert home("member", "revoke", "home", ada["id"])[1][0]["state"] == "shut_out"
    assert home("member", "renew", "home", ada["id"])[1][0]["key"] != ada["key"]
    (listed,) = home("member", "list", "home")[1]
    assert (listed["name"], "key" in listed) == ("Ada", False)
    assert home("member", "remove", "home", ada["id"])[1][0]["state"] == "removed"


# ------------------------------------------------------------------------------------ registrations


def test_a_registration_is_edited_rests_goes_on_and_is_deleted_by_its_name_or_id(home: Trivia) -> None:
    (listed,) = home("list")[1]
    edited = home("edit", "home/quiz", "--category", "space", "--questions", "2", "--window-seconds", "60")[1][0]
    assert (edited["category"], edited["questions"], edited["window_seconds"]) == ("space", 2, 60)
    assert home("edit", listed["id"], "--category", "", "--schedule", "daily 09:00")[1][0]["category"] is None
    assert home("disable", "home/quiz")[1][0]["state"] == "disabled"
    assert home("post", "home/quiz")[0] == REFUSED
    assert home("enable", listed["id"])[1][0]["state"] == "waiting"
    assert home("delete", "--registration", "home/quiz")[1][0]["state"] == "deleted"
    assert home("list", "home")[1] == []


def test_a_repeat_of_a_request_to_post_asks_nothing_again(home: Trivia) -> None:
    first, again = [home("post", "home/quiz", "--request", "r1")[1][0] for _ in range(2)]
    assert (first["id"], first["state"]) == (again["id"], "asked")


# ------------------------------------------------------------------------------------ games


def test_a_game_is_answered_closed_counted_and_replayed(home: Trivia, game: str, tmp_path: Path) -> None:
    in_three_days = (datetime.now(UTC).weekday() + 3) % 7  # so that no week ends while this is played
    assert home("guild", "edit", "home", "--week-starts", str(in_three_days))[0] == OK
    letter = right(tmp_path, game)
    other = next(each for each in "ABCD" if each != letter)
    assert home("answer", game, other, "--member", "7", "--name", "Ada")[1][0]["code"] == "SUBMITTED"
    assert home("answer", game, letter.lower(), "--member", "7", "--name", "Ada")[1][0]["code"] == "UPDATED"
    code, (refused,), err = home("answer", game, letter, "--member", "7")
    assert (code, refused["code"], "ALREADY_SUBMITTED: You have answered" in err) == (
        REFUSED,
        "ALREADY_SUBMITTED",
        True,
    )
    before = home("show", game)[1][0]
    assert (before["state"], before["question"]["right"]) == ("open", None)
    assert home("extend", game, "--minutes", "2")[1][0]["closes_at"] > before["closes_at"]
    assert [each["id"] for each in home("status", "home")[1][0]["games"]] == [game]
    assert home("close", game)[1][0]["state"] == "closing"
    a_server_works(tmp_path)
    (over,) = home("history", "home")[1]
    assert (over["id"], over["results"]["correct"], over["question"]["right"]) == (game, 1, letter)
    (replayed,) = home("replay", game)[1]
    assert [given["choice"] for given in replayed["answers"][0]["given"]] == [other, letter]
    (place,) = home("leaderboard", "home", "--board", "week")[1]
    assert (place["name"], place["points"]) == ("Ada", before["question"]["points"])
    assert home("leaderboard", "home", "--category", before["question"]["category"])[1] == [place]
    assert home("stats", "home", "7")[1][0]["all_time"] == place


def test_a_question_is_taken_back(home: Trivia, game: str) -> None:
    assert home("delete", game)[1][0]["state"] == "deleted"
    assert home("status")[1] == [{"games": [], "due": []}]


def test_a_game_that_waits_for_its_chat_is_shown_with_the_reason_and_tried_again(home: Trivia, tmp_path: Path) -> None:
    home("channel", "close", "home", "general")
    home("post", "home/quiz")
    a_server_works(tmp_path)
    (waits,) = home("status")[1][0]["games"]
    assert (waits["state"], "is closed: open it again" in waits["trouble"]) == ("held", True)
    home("channel", "reopen", "home", "general")
    assert home("retry", waits["id"])[1][0]["state"] == "asked"
    a_server_works(tmp_path)
    assert home("show", waits["id"])[1][0]["state"] == "open"


# ------------------------------------------------------------------------------------ questions


def test_packs_are_checked_by_file_line_and_reason(trivia: Trivia, tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    folder.mkdir()
    pack = folder / "cheese.yaml"
    pack.write_text("category: cheese\nquestions:\n- {question: Which?, correct: Brie, wrong: [], difficulty: easy}\n")
    code, (fault,), err = trivia("questions", "check", str(folder))
    assert (code, fault["file"], fault["line"], err) == (
        FAILED, "cheese.yaml", 3, "tenure: one thing is wrong in these packs\n",
    )  # fmt: skip
    assert trivia("questions", "check", str(folder), json=False)[1].startswith("cheese.yaml:3: ")
    pack.write_text(pack.read_text().replace("[]", "[Gouda]"))
    assert trivia("questions", "check", str(folder), json=False) == (OK, "cheese: 1 questions of cheese\n", "")
    assert trivia("questions", "check", str(tmp_path / "absent"))[0] == FAILED


def test_sources_are_listed_with_those_of_the_settings(
    trivia: Trivia, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cheese.yaml").write_text(
        "category: cheese\nquestions:\n- {question: Which?, correct: Brie, wrong: [Gouda], difficulty: easy}\n"
    )
    monkeypatch.setenv("TENURE_TRIVIA_PACKS", str(tmp_path))
    sources = {source["name"]: source for source in trivia("questions", "list")[1]}
    assert (list(sources), sources["cheese"]["categories"]) == (["builtin", "cheese", "opentdb"], {"cheese": 1})
    assert "board-games" in trivia("questions", "list", json=False)[1]


# ------------------------------------------------------------------------------------ what is wrong, and tables


WRONG = [
    (["guild", "create", "a b"], "`id` must be 1 to 40"),
    (["guild", "edit", "absent", "--name", "x"], "no such guild"),
    (["guild", "edit", "home"], "say what is to be changed"),
    (["guild", "edit", "home", "--time-zone", "Mars"], "must be a name of the IANA list"),
    (["channel", "create", "home", "A B"], "a channel's name must be"),
    (["channel", "close", "home", "absent"], "no such channel"),
    (["member", "revoke", "home", "9"], "no such member"),
    (["register", "home", "b", "often", "--channel", "c"], "`schedule` must be such as"),
    (["register", "absent", "b", "daily 09:00", "--channel", "c"], "no such guild"),
    (["register", "home", "b", "daily 09:00", "--channel", "c", "--sources", "x"], "there is no source 'x'"),
    (["list", "absent"], "no such guild"),
    (["edit", "home/quiz"], "say what is to be changed"),
    (["enable", "home/absent"], "no registration of this name"),
    (["post", "absent"], "no such registration"),
    (["answer", "absent", "A", "--member", "7"], "GAME_NOT_FOUND"),
    (["show", "absent"], "no such game"),
    (["close", "absent"], "no such game"),
    (["extend", "absent", "--minutes", "0"], "--minutes is more than 0"),
    (["delete"], "say which game, or with --registration"),
    (["retry", "absent"], "no such game"),
    (["replay", "absent"], "no such game"),
    (["history", "absent"], "no such guild"),
    (["leaderboard", "absent"], "no such guild"),
    (["leaderboard", "home", "--board", "week", "--category", "art"], "not both"),
    (["stats", "home", "9"], "no answer of that member"),
]


def test_what_is_wrong_is_one_line_that_says_what_to_do(home: Trivia) -> None:
    for command, said in WRONG:
        code, _, err = home(*command)
        assert (code, said in err, err.count("\n")) == (USAGE, True, 1), (command, err)


def test_a_wrong_choice_is_told_with_the_right_ones(home: Trivia, game: str) -> None:
    code, (told,), err = home("answer", game, "Z", "--member", "7")
    assert (code, told["code"], "one of A, B" in err) == (USAGE, "WRONG_CHOICE", True)


def test_for_people_there_are_tables(home: Trivia, game: str, tmp_path: Path) -> None:
    letter = right(tmp_path, game)
    assert "Your answer counts" in home("answer", game, letter, "--member", "7", json=False)[1]
    for command, shown in (
        (["guilds"], "time zone"), (["list"], "0 0 29 2 *"), (["status"], game), (["show", game], "question: text"),
        (["channel", "list", "home"], "general"), (["guild", "edit", "home", "--week-starts", "6"], "week starts"),
    ):  # fmt: skip
        code, printed, _ = home(*command, json=False)
        assert (code, shown in printed) == (OK, True), command
    home("close", game)
    a_server_works(tmp_path)
    assert "Answers, by the time" in home("replay", game, json=False)[1]
    assert letter in home("history", "home", json=False)[1]
    assert "answered" in home("leaderboard", "home", json=False)[1]
    assert "all time" in home("stats", "home", "7", json=False)[1]
    assert "more may follow: --after" in home("history", "home", "--limit", "1", json=False)[1]


def test_what_is_due_and_waits_is_shown_with_the_reason(home: Trivia, tmp_path: Path) -> None:
    async def fall_due() -> None:
        async with tenure.open(f"sqlite://{tmp_path}/trivia.db", *kinds) as store:
            service = TriviaService(store, Settings(admin_key="", open_trivia_db=""))
            await service.guilds.leave("home")
            late: dict[str, Any] = {"guild": "home", "name": "late", "channel": "general", "schedule": "every 1h"}
            await store.apply(Registration.create("late", next_at=await store.now(), **late))
            await store.sweep()
            await service.posting.once()

    asyncio.run(fall_due())
    assert home("guilds")[1][0]["state"] == "absent"
    (due,) = home("status")[1][0]["due"]
    assert (due["name"], "has sent us away" in due["trouble"]) == ("late", True)
    assert "Due, and not asked yet" in home("status", json=False)[1]


def test_what_was_done_says_by_whom(
    home: Trivia, game: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    home("close", game)
    capsys.readouterr()
    assert run(["history", "Game", game, "--json", "--store", f"sqlite://{tmp_path}/trivia.db"]) == OK
    last = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])
    assert (last["transition"], last["by"][:4]) == ("close", "cli:")
