"""The Open Trivia Database as a source, against a local one that keeps its rules."""

import asyncio
from itertools import pairwise

import pytest
from tests.services.trivia.opentdb_server import (
    INVALID,
    NO_TOKEN,
    PATIENT_SECONDS,
    TOO_FAST,
    Kept,
    a_database,
    asking,
    some_questions,
    waits,
)

from tenure.services.trivia.questions.opentdb import DAY_SECONDS, OpenTriviaDatabase
from tenure.services.trivia.questions.opentdb_api import MOST_OF_AN_ANSWER, NUMBERS
from tenure.services.trivia.questions.question import NoQuestion


async def everything(source: OpenTriviaDatabase, category: str | None = None) -> set[str]:
    """Ask for more and more until no more comes, as choosing does for a guild that knows them all."""
    found: set[str] = set()
    while len(more := {each.key for each in await source.some(category, None, len(found) + 1)}) > len(found):
        found = more
    return found


async def test_texts_arrive_as_they_were_written() -> None:
    async with asking(*some_questions(60)) as (_, source):
        questions = await source.some("geography", "easy", 1)
    number = questions[0].choices[questions[0].correct].strip("<>")
    assert questions[0].text == f'Geography: what is "№ {number}" & easy?'
    assert sorted(questions[0].choices) == sorted([f"<{number}>", "é", "&", "'"])
    assert (questions[0].source, questions[0].category, questions[0].difficulty) == ("opentdb", "geography", "easy")
    assert "CC BY-SA" in str(questions[0].explanation)


async def test_fifty_come_at_once_and_are_kept_for_everybody() -> None:
    async with asking(*some_questions(60)) as (database, source):
        first = await source.some("geography", None, 1)
        second = await source.some("geography", "easy", 40)
    assert len(first) == 50
    assert {each.key for each in first} == {each.key for each in second}
    assert len(database.questions_asked()) == 1


async def test_category_and_difficulty_are_asked_for_by_their_numbers() -> None:
    kept = some_questions(60, category="Science &amp; Nature", code=17, difficulty="hard")
    async with asking(*kept) as (database, source):
        found = await source.some("science", "hard", 1)
    (query,) = database.questions_asked()
    assert (query["category"], query["difficulty"], query["encode"]) == ("17", "hard", "base64")
    assert {each.category for each in found} == {"science"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("General Knowledge", "general-knowledge"),
        ("Entertainment: Musicals & Theatres", "musicals"),
        ("Entertainment: Japanese Anime & Manga", "anime"),
        ("Science: Computers", "computers"),
        ("Mythology", "mythology"),
        ("Something new", "something-new"),
    ],
)
async def test_categories_have_one_name_in_all_sources(theirs: str, ours: str) -> None:
    async with asking(*some_questions(60, category=theirs)) as (_, source):
        assert {each.category for each in await source.some(None, None, 1)} == {ours}
    assert ours in NUMBERS or ours == "something-new"


async def test_it_is_never_called_faster_than_it_allows() -> None:
    async with asking(*some_questions(120), *some_questions(70, category="Art", code=25)) as (database, source):
        await asyncio.gather(everything(source), everything(source, "art"), everything(source, "geography"))
        assert len(database.calls) > 6
        assert all(after[0] - before[0] >= 5 for before, after in pairwise(database.calls))
        assert len(database.tokens_asked()) == 1


async def test_towards_the_end_fewer_are_asked_for_until_all_have_come() -> None:
    async with asking(*some_questions(64)) as (database, source):
        assert len(await everything(source)) == 64
        assert [int(query["amount"]) for query in database.questions_asked()] == [50, 50, 10, 10, 3, 3, 1, 1]
        assert len(database.tokens_asked()) == 1


async def test_when_all_have_come_it_is_asked_again_after_a_day() -> None:
    async with asking(*some_questions(4)) as (database, source):
        assert len(await everything(source)) == 4
        calls = len(database.calls)
        assert len(await everything(source)) == 4
        assert len(database.calls) == calls
        database.kept += some_questions(1, difficulty="hard")
        database.time.now += DAY_SECONDS
        assert len(await everything(source)) == 5


async def test_a_token_that_was_forgotten_is_replaced() -> None:
    async with asking(*some_questions(200)) as (database, source):
        assert len(await source.some(None, None, 1)) == 50
        database.time.now += 7 * 3600
        # It forgets what it gave under the old token, so some come twice; they are kept once.
        assert len(await source.some(None, None, 51)) > 50
        assert [query["command"] for query in database.tokens_asked()] == ["request", "request"]


async def test_a_database_that_forgets_its_tokens_is_not_asked_for_ever() -> None:
    async with asking(*some_questions(60)) as (database, source):
        database.keeps_tokens = False
        with pytest.raises(NoQuestion, match="the token that it just gave us"):
            await source.some(None, None, 1)
        assert len(database.calls) == 4


async def test_questions_whose_answer_was_lost_come_again() -> None:
    async with asking(*some_questions(52)) as (database, source):
        source._token = await source.api.token()
        database.loses = 1
        with pytest.raises(NoQuestion, match="can't be reached"):
            await source.some(None, None, 1)
        assert len(next(iter(database.tokens.values())).given) == 50
        database.time.now += 60
        assert len(await everything(source)) == 52


async def test_a_spent_token_is_reset_when_nothing_is_at_hand() -> None:
    async with asking(*some_questions(3)) as (database, source):
        source._token = await source.api.token()
        database.tokens[source._token].given = {0, 1, 2}  # a process before this one had them
        assert len(await everything(source)) == 3
        assert [query["command"] for query in database.tokens_asked()] == ["request", "reset"]


async def test_when_others_call_from_the_same_address_it_waits_and_goes_on() -> None:
    async with asking(*some_questions(60)) as (database, source):
        database.troubles = [TOO_FAST, 429]
        assert len(await source.some(None, None, 1)) == 50
        assert [at for at, _, _ in database.calls] == [0, 5, 10, 15]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ([TOO_FAST] * 3, "too fast"),
        ([INVALID], "code 2"),
        ([77], "code 77"),
        ([500], "answered 500"),
        ([503], "answered 503"),
        ([404], "answered 404"),
        ([301], "answered 301"),
        ([0], "no answer within 0.5 s"),
    ],
)
async def test_a_failing_database_is_left_alone_for_a_while_and_its_trouble_told(trouble: list[int], said: str) -> None:
    async with asking(*some_questions(60)) as (database, source):
        database.troubles, database.location = list(trouble), "http://127.0.0.1:1/"
        waits(source, 0.5 if trouble == [0] else PATIENT_SECONDS)
        with pytest.raises(NoQuestion, match=said):
            await source.some(None, None, 1)
        waits(source, PATIENT_SECONDS)
        calls = len(database.calls)
        with pytest.raises(NoQuestion, match=said):
            await source.some(None, None, 1)
        assert len(database.calls) == calls
        assert said in source.trouble
        database.time.now += 30
        assert len(await source.some(None, None, 1)) == 50
        assert source.trouble == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>down for maintenance</html>",
        b"[1]",
        b'{"response_code": "0"}',
        b'{"response_code": 0, "results": [{"question": 1}]}',
        b"[" * 5000,
        b"\xff",
        b'{"response_code": 0, "token": ""}',
        b'{"response_code": 3, "token": "new"}',
        b'{"response_code": 4, "token": "new"}',
        b" " * (MOST_OF_AN_ANSWER + 2),
    ],
    ids=lambda body: repr(body[:30]),
)
async def test_an_answer_that_is_not_as_agreed_is_told(body: bytes) -> None:
    async with asking() as (database, source):
        database.body = body
        with pytest.raises(NoQuestion, match=r"not as agreed|no token"):
            await source.some(None, None, 1)


async def test_a_database_that_is_not_there_is_told() -> None:
    async with OpenTriviaDatabase("http://127.0.0.1:9") as source:
        with pytest.raises(NoQuestion, match="can't be reached"):
            await source.some(None, None, 1)


async def test_what_is_at_hand_is_given_while_the_database_is_away() -> None:
    async with asking(*some_questions(200)) as (database, source):
        assert len(await source.some(None, None, 1)) == 50
        database.troubles = [500]
        assert len(await source.some(None, None, 51)) == 50


async def test_questions_against_our_rules_are_left_out() -> None:
    wrong = [
        Kept("Art", 25, "easy", "Same twice?", "a", ("a", "b")),
        Kept("Art", 25, "easy", " ", "a", ("b",)),
        Kept("Art", 25, "easy", "Too many?", "a", ("b", "c", "d", "e")),
        Kept("Art", 25, "awful", "Which difficulty?", "a", ("b",)),
        Kept("Art/../", 25, "easy", "Which category?", "a", ("b",)),
        Kept("Art", 25, "easy", "Long?", "a" * 201, ("b",)),
        Kept("Art", 25, "easy", "Right?", "True", ("False",)),
    ]
    async with asking(*wrong) as (_, source):
        (left,) = await source.some(None, None, 1)
    assert (left.text, left.choices, left.right) == ("Right?", ("True", "False"), "A")


async def test_a_category_without_questions_is_told() -> None:
    async with asking(*some_questions(60)) as (database, source):
        with pytest.raises(NoQuestion, match="no such question"):
            await source.some("art", "hard", 1)
        calls = len(database.calls)
        with pytest.raises(NoQuestion, match="no such question"):
            await source.some("art", "hard", 1)
        assert len(database.calls) == calls
        with pytest.raises(NoQuestion, match="no category 'cheese'; it has animals, anime"):
            await source.some("cheese", None, 1)
        assert len(database.calls) == calls


async def test_those_who_want_the_same_wait_for_one_call() -> None:
    async with asking(*some_questions(60)) as (database, source):
        found = await asyncio.gather(*(source.some(None, None, 1) for _ in range(20)))
        assert {len(each) for each in found} == {50}
        assert len(database.questions_asked()) == 1


async def test_who_loses_patience_is_told_and_the_next_one_finds_what_came() -> None:
    async with asking(*some_questions(60), patience_seconds=0.0) as (_, source):
        with pytest.raises(NoQuestion, match="try again"):
            await source.some(None, None, 1)
        await asyncio.wait(source._fetching.values())
        assert len(await source.some(None, None, 1)) == 50


async def test_what_is_under_way_ends_with_the_process() -> None:
    async with asking(*some_questions(60), patience_seconds=0.0) as (database, source):
        database.troubles = [0]
        with pytest.raises(NoQuestion):
            await source.some(None, None, 1)
    assert source._fetching == {}


async def test_outside_of_its_time_it_says_so() -> None:
    with pytest.raises(NoQuestion, match="not called by this process"):
        await OpenTriviaDatabase("http://127.0.0.1:9").some(None, None, 1)


async def test_the_local_database_keeps_the_rules_that_it_stands_for() -> None:
    """Without these the tests above would show nothing."""
    async with a_database(*some_questions(3)) as database, OpenTriviaDatabase(database.url, pause_seconds=0) as source:
        database.time.now = 100
        await source.api.token()
        answer = database._questions({"amount": "1", "token": "unknown"})
        assert answer["response_code"] == NO_TOKEN
        assert database._questions({"amount": "1"})["results"][0]["question"].count("&quot;") == 2
        assert database._questions({"amount": "51"})["response_code"] == INVALID
        with pytest.raises(Exception, match="too fast"):
            await source.api.token()
        assert database.too_fast == 3
