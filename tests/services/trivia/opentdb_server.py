"""A local Open Trivia Database: its codes, its tokens, its pace, its ways to write text. It can misbehave."""

import asyncio
import base64
import hashlib
import html
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from tenure.services.trivia.questions.opentdb import OpenTriviaDatabase

PAUSE_SECONDS = 5.0
TOKEN_SECONDS = 6 * 3600.0
MOST = 50
PATIENT_SECONDS = 60.0
"""How long a source waits for an answer, and others for it, where a test isn't about that: machines are busy."""

GOOD, NONE_LEFT, INVALID, NO_TOKEN, TOKEN_EMPTY, TOO_FAST = range(6)


class Time:
    """Time that only passes while somebody sleeps, and then at once."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@dataclass
class Kept:
    """A question as the database keeps it."""

    category: str
    number: int
    difficulty: str
    text: str
    right: str
    wrong: Sequence[str]

    def shown(self, encoding: str | None) -> dict[str, Any]:
        def written(text: str) -> str:
            return base64.b64encode(text.encode()).decode() if encoding == "base64" else html.escape(text)

        return {
            "type": written("multiple" if len(self.wrong) > 1 else "boolean"),
            "difficulty": written(self.difficulty),
            "category": written(self.category),
            "question": written(self.text),
            "correct_answer": written(self.right),
            "incorrect_answers": [written(each) for each in self.wrong],
        }


@dataclass
class Token:
    used_at: float
    given: set[int] = field(default_factory=set)


@dataclass
class Database:
    """What it holds, what was asked of it, and how the next calls are answered."""

    time: Time
    url: str = ""
    kept: list[Kept] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    calls: list[tuple[float, str, dict[str, str]]] = field(default_factory=list)
    troubles: list[int] = field(default_factory=list)
    """Answers that come in place of the right one: a status, or below 100 a code; 0 stands for none at all."""
    loses: int = 0
    """So many answers get lost, though the questions in them count as given."""
    keeps_tokens: bool = True
    body: bytes | None = None
    location: str = ""
    hangs: asyncio.Event = field(default_factory=asyncio.Event)
    heard_at: float | None = None
    too_fast: int = 0

    def questions_asked(self) -> list[dict[str, str]]:
        return [query for _, path, query in self.calls if path == "/api.php"]

    def tokens_asked(self) -> list[dict[str, str]]:
        return [query for _, path, query in self.calls if path == "/api_token.php"]

    async def take(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.calls.append((self.time(), request.path, query))
        if self.troubles:
            return await self._trouble(self.troubles.pop(0))
        if self.heard_at is not None and self.time() - self.heard_at < PAUSE_SECONDS:
            self.too_fast += 1
            return web.json_response({"response_code": TOO_FAST, "results": []}, status=429)
        self.heard_at = self.time()
        answer = self._token(query) if request.path == "/api_token.php" else self._questions(query)
        if self.loses:
            self.loses -= 1
            return await self._lost(request)
        return web.json_response(answer) if self.body is None else web.Response(body=self.body)

    async def _lost(self, request: web.Request) -> web.StreamResponse:
        """Break off in the middle of an answer."""
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        if request.transport is not None:
            request.transport.close()
        return answer

    async def _trouble(self, told: int) -> web.StreamResponse:
        if told == 0:
            await self.hangs.wait()
        if told < 100:
            return web.json_response({"response_code": told, "results": []})
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=told, text="so I was told", headers=headers)

    def _token(self, query: dict[str, str]) -> dict[str, Any]:
        if query.get("command") == "request":
            name = hashlib.sha256(str(len(self.tokens)).encode()).hexdigest()
            if self.keeps_tokens:
                self.tokens[name] = Token(self.time())
            return {"response_code": GOOD, "response_message": "Token Generated Successfully!", "token": name}
        token = self._known(query)
        if query.get("command") != "reset" or token is None:
            return {"response_code": NO_TOKEN, "response_message": "Token Not Found!"}
        token.given.clear()
        return {"response_code": GOOD, "token": query["token"]}

    def _known(self, query: dict[str, str]) -> Token | None:
        token = self.tokens.get(query.get("token", ""))
        if token is None or self.time() - token.used_at > TOKEN_SECONDS:
            return None
        token.used_at = self.time()
        return token

    def _questions(self, query: dict[str, str]) -> dict[str, Any]:
        token = self._known(query)
        if "token" in query and token is None:
            return {"response_code": NO_TOKEN, "results": []}
        amount = int(query["amount"]) if query.get("amount", "").isdigit() else 0
        numbers = {str(each.number) for each in self.kept} | {str(number) for number in range(9, 33)}
        if not 0 < amount <= MOST or query.get("category", "9") not in numbers:
            return {"response_code": INVALID, "results": []}
        fitting = [
            index
            for index, each in enumerate(self.kept)
            if query.get("category") in (None, str(each.number)) and query.get("difficulty") in (None, each.difficulty)
        ]
        if len(fitting) < amount:
            return {"response_code": NONE_LEFT, "results": []}
        fresh = [index for index in fitting if token is None or index not in token.given]
        if len(fresh) < amount:
            return {"response_code": TOKEN_EMPTY, "results": []}
        chosen = random.Random(len(self.calls)).sample(fresh, amount)  # noqa: S311  by chance, not in secret
        if token is not None:
            token.given.update(chosen)
        return {
            "response_code": GOOD,
            "results": [self.kept[index].shown(query.get("encode")) for index in chosen],
        }


def some_questions(number: int, *, category: str = "Geography", code: int = 22, difficulty: str = "easy") -> list[Kept]:
    """Make questions with things in them that the ways to write text are about."""
    return [
        Kept(
            category, code, difficulty, f'{category}: what is "№ {each}" & {difficulty}?', f"<{each}>", ("é", "&", "'")
        )
        for each in range(number)
    ]


@asynccontextmanager
async def a_database(*kept: Kept) -> AsyncIterator[Database]:
    """Run a database on a free port of the loopback address."""
    database = Database(Time(), kept=list(kept))
    app = web.Application()
    app.router.add_get("/{path:.*}", database.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    database.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield database
    finally:
        database.hangs.set()
        await runner.cleanup()


def waits(source: OpenTriviaDatabase, seconds: float) -> None:
    """Let a source that is open wait no longer than this for each answer from now on."""
    assert source.api._http is not None
    source.api._try_seconds, source.api._http._timeout = seconds, aiohttp.ClientTimeout(total=seconds)


@asynccontextmanager
async def asking(*kept: Kept, **settings: Any) -> AsyncIterator[tuple[Database, OpenTriviaDatabase]]:
    """Run a database and a source that asks it, in a time that passes only while the source waits."""
    async with a_database(*kept) as database:
        settings = {
            "chance": random.Random(7),  # noqa: S311  a run comes again as it was
            "try_seconds": PATIENT_SECONDS, "patience_seconds": PATIENT_SECONDS, **settings,
        }  # fmt: skip
        source = OpenTriviaDatabase(database.url, clock=database.time, sleep=database.time.sleep, **settings)
        async with source:
            yield database, source
    assert database.too_fast == 0
