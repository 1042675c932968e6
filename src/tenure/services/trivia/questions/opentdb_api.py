"""The Open Trivia Database over HTTP: one call at a time, a pause between them, and an error for each code."""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Self

import aiohttp
import msgspec

from tenure.services.trivia.questions.entries import Entry, category_of
from tenure.services.trivia.questions.question import Difficulty

URL = "https://opentdb.com"
NAME = "opentdb"
LICENCE = "From the Open Trivia Database (CC BY-SA 4.0)."
MOST_OF_AN_ANSWER = 1024 * 1024
MOST_AT_ONCE = 50
TRIES_WHEN_TOO_FAST = 3
# What the API's answers mean; 2 says that it does not know what it is asked for.
GOOD, NONE_LEFT, NO_TOKEN, TOKEN_EMPTY, TOO_FAST = 0, 1, 3, 4, 5
TOO_MANY_REQUESTS = 429

NUMBERS = {
    "general-knowledge": 9, "books": 10, "film": 11, "music": 12, "musicals": 13, "television": 14, "video-games": 15,
    "board-games": 16, "science": 17, "computers": 18, "mathematics": 19, "mythology": 20, "sports": 21,
    "geography": 22, "history": 23, "politics": 24, "art": 25, "celebrities": 26, "animals": 27, "vehicles": 28,
    "comics": 29, "gadgets": 30, "anime": 31, "cartoons": 32,
}  # fmt: skip
"""Its categories, by the names that they have here: so one name serves for all sources."""
NAMES = {
    "general-knowledge": "general-knowledge", "entertainment-books": "books", "entertainment-film": "film",
    "entertainment-music": "music", "entertainment-musicals-theatres": "musicals",
    "entertainment-television": "television", "entertainment-video-games": "video-games",
    "entertainment-board-games": "board-games", "science-nature": "science", "science-computers": "computers",
    "science-mathematics": "mathematics", "entertainment-comics": "comics", "science-gadgets": "gadgets",
    "entertainment-japanese-anime-manga": "anime", "entertainment-cartoon-animations": "cartoons",
}  # fmt: skip
"""What it calls them itself, where that is another name."""

Sleep = Callable[[float], Awaitable[object]]


class ApiAway(Exception):  # noqa: N818  it says what is so
    """The API can't be reached, or is failing. What it did is unknown."""


class ApiRefused(Exception):  # noqa: N818  an answer
    """The API doesn't take the call, or its answer is not as agreed."""


class NoneLeft(Exception):  # noqa: N818  an answer
    """There are fewer questions than were asked for: of all, or of those that the token hasn't been given yet."""


class TokenLost(Exception):  # noqa: N818  an answer
    """The API doesn't know the token, or not any more: it forgets one that rested for six hours."""


class _Result(msgspec.Struct):
    category: str
    difficulty: str
    question: str
    correct_answer: str
    incorrect_answers: list[str]


class _Answer(msgspec.Struct):
    response_code: int
    results: list[_Result] = []
    token: str = ""


class OpenTriviaApi:
    """One session with the API at a URL. It allows one call in five seconds from one address, whoever calls."""

    def __init__(
        self,
        url: str = URL,
        *,
        pause_seconds: float = 5.0,
        try_seconds: float = 8.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._pause_seconds, self._try_seconds = pause_seconds, try_seconds
        self._clock, self._sleep = clock, sleep
        self._turn, self._next_at = asyncio.Lock(), clock()
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = aiohttp.ClientTimeout(total=self._try_seconds)
        # No cookies, no environment: what is sent is what stands here.
        self._http = aiohttp.ClientSession(timeout=limits, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    @property
    def is_open(self) -> bool:
        """Whether it may be called: it is inside `async with`."""
        return self._http is not None

    async def token(self) -> str:
        """Get a token: under it no question comes twice. Raises `ApiAway`, `ApiRefused`."""
        try:
            answer = await self._call("/api_token.php", {"command": "request"})
        except (NoneLeft, TokenLost):
            answer = _Answer(GOOD)
        if not answer.token:
            raise ApiRefused("it gave no token")
        return answer.token

    async def reset(self, token: str) -> None:
        """Let all questions come again under a token. Raises `ApiAway`, `ApiRefused`, `TokenLost`."""
        try:
            await self._call("/api_token.php", {"command": "reset", "token": token})
        except NoneLeft:
            raise ApiRefused("it does not reset its token") from None

    async def questions(self, amount: int, category: str | None, difficulty: str | None, token: str) -> list[Entry]:
        """Get questions that weren't given under the token yet; those that break our rules are left out.

        Raises `ApiAway`, `ApiRefused`, `NoneLeft`, `TokenLost`.
        """
        # As base64 each text comes as it is. Otherwise it would be HTML.
        query = {"amount": str(amount), "encode": "base64", "token": token}
        if category is not None:
            query["category"] = str(NUMBERS[category])
        if difficulty is not None:
            query["difficulty"] = difficulty
        answer = await self._call("/api.php", query)
        return [entry for result in answer.results for entry in _entries(result, category)]

    # ------------------------------------------------------------------------------------ inside

    async def _call(self, path: str, query: dict[str, str]) -> _Answer:
        async with self._turn:
            for _ in range(TRIES_WHEN_TOO_FAST):
                await self._sleep(max(0.0, self._next_at - self._clock()))
                try:
                    answer = await self._once(path, query)
                finally:
                    # From the end of a call: it came to the API's notice before that, however slow the way was.
                    self._next_at = self._clock() + self._pause_seconds
                if answer.response_code != TOO_FAST:
                    return _judged(answer)
        raise ApiAway("it says that we are too fast: others call it from the same address")

    async def _once(self, path: str, query: dict[str, str]) -> _Answer:
        if self._http is None:
            raise RuntimeError("an OpenTriviaApi is used inside `async with`")
        try:
            async with self._http.get(self.url + path, params=query, allow_redirects=False) as answer:
                content = await answer.content.read(MOST_OF_AN_ANSWER + 1)
                while not answer.content.at_eof() and len(content) <= MOST_OF_AN_ANSWER:
                    content += await answer.content.read(MOST_OF_AN_ANSWER + 1 - len(content))
        except TimeoutError:
            raise ApiAway(f"no answer within {self._try_seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise ApiAway(f"it can't be reached: {type(error).__name__}") from None
        if answer.status == TOO_MANY_REQUESTS:
            return _Answer(TOO_FAST)
        if answer.status >= 500:  # noqa: PLR2004  the server's own faults
            raise ApiAway(f"it answered {answer.status}")
        if answer.status != 200 or len(content) > MOST_OF_AN_ANSWER:  # noqa: PLR2004  good
            raise ApiRefused(f"it answered {answer.status}, which is not as agreed")
        return _decoded(content)


def _decoded(content: bytes) -> _Answer:
    try:
        return msgspec.json.decode(content, type=_Answer)
    except (ValueError, RecursionError):
        raise ApiRefused("its answer is not as agreed") from None


def _judged(answer: _Answer) -> _Answer:
    """Give a good answer. Raises what the code of another one means."""
    code = answer.response_code
    if code in (NONE_LEFT, TOKEN_EMPTY):
        raise NoneLeft
    if code == NO_TOKEN:
        raise TokenLost
    if code != GOOD:
        raise ApiRefused(f"it answered with code {code}: it does not know what we ask for")
    return answer


def _entries(result: _Result, asked: str | None) -> Iterator[Entry]:
    """Yield the result as a question of the category that was asked for, or nothing if it is none by our rules."""
    try:
        category = asked or _category(_text(result.category))
        difficulty = _DIFFICULTIES[_text(result.difficulty)]
        text, right = _text(result.question), _text(result.correct_answer)
        wrong = tuple(_text(each) for each in result.incorrect_answers)
    except (ValueError, KeyError):
        return
    entry = Entry(
        source=NAME,
        text=text,
        right=right,
        wrong=wrong,
        category=category,
        difficulty=difficulty,
        explanation=LICENCE,
    )
    if not any(entry.faults()):
        yield entry


def _category(name: str) -> str:
    category = category_of(name)
    return NAMES.get(category, category)


_DIFFICULTIES: dict[str, Difficulty] = {"easy": "easy", "medium": "medium", "hard": "hard"}


def _text(encoded: str) -> str:
    """Decode a text. Raises `ValueError`."""
    try:
        return base64.b64decode(encoded, validate=True).decode().strip()
    except binascii.Error as error:
        raise ValueError(str(error)) from None
