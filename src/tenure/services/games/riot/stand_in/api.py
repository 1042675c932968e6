"""The endpoints over HTTP: what is asked of whom, and each answer. The host is the first part of the path."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote

import msgspec
from starlette.types import Receive, Scope, Send

from tenure.services.games.results import Title
from tenure.services.games.riot.routing import MATCHES, match_region
from tenure.services.games.riot.stand_in.asked import Refused, Wanted, asked
from tenure.services.games.riot.stand_in.faults import Fault, Faults
from tenure.services.games.riot.stand_in.limits import Headers, Limits, TooMany
from tenure.services.games.riot.stand_in.malformed import malformed
from tenure.services.games.riot.stand_in.match_shapes import match
from tenure.services.games.riot.stand_in.playing import Game, Player
from tenure.services.games.riot.stand_in.shapes import NOT_IN_A_GAME, account, active_game, refusal
from tenure.services.games.riot.stand_in.world import World

REGIONS = frozenset(MATCHES.values())
HOSTS = REGIONS | frozenset(MATCHES)
JSON, TEXT = "application/json;charset=utf-8", "text/html"
MOST_KEPT = 500
NOT_FOUND = "Data not found"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered; `after` seconds pass before."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    cut: bool = False
    """Whether the connection ends instead."""


class Api:
    """All endpoints of a world, for who has one of its keys."""

    def __init__(self, world: World, limits: Limits, faults: Faults) -> None:
        self.counted: Counter[tuple[str, int]] = Counter()
        """How many answers there were, by endpoint and status; 0 where the connection ended instead."""
        self._world, self._limits, self._faults = world, limits, faults
        self._matches: dict[tuple[str, str], bytes] = {}

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        host, _, path = scope["raw_path"].decode("latin-1").removeprefix("/").partition("/")
        wanted = asked([unquote(part) for part in path.split("/")])
        query = parse_qs(scope["query_string"].decode("latin-1")) if scope["query_string"] else {}
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-riot-token"), "")
        answer = self.answer(scope["method"], host, wanted, query, given or query.get("api_key", [""])[0])
        self.counted[wanted.endpoint if wanted else "unknown", 0 if answer.cut else answer.status] += 1
        if answer.after:
            await asyncio.sleep(answer.after)
        if answer.cut:
            scope["state"]["cut"]()
            return
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def answer(self, method: str, host: str, wanted: Wanted | None, query: Mapping[str, list[str]], key: str) -> Answer:
        """Answer what is wanted, whatever goes wrong."""
        keys = self._world.keys
        if key not in keys.valid:
            return _refused(403, "Forbidden") if key in keys.former else _refused(401, "Unknown apikey")
        if method != "GET":
            return _refused(405, "Method not allowed")
        if wanted is None or host not in wanted.hosts:
            return _refused(404, f"{NOT_FOUND} - no such endpoint at {host}")
        fault = self._faults.next_for(wanted.endpoint, host)
        try:
            headers = self._limits.take(key, host, wanted.endpoint)
            return self._answer(fault, host, wanted, query, key, headers)
        except TooMany as problem:
            more = {"Retry-After": str(problem.retry_after), "X-Rate-Limit-Type": problem.of}
            return _refused(429, "Rate limit exceeded", {**problem.headers, **more})

    def _answer(
        self, fault: Fault | None, host: str, wanted: Wanted, query: Mapping[str, list[str]], key: str, headers: Headers
    ) -> Answer:
        """Answer one that is within the limits."""
        if fault and (instead := _instead_of_it(fault, headers)):
            return instead
        try:
            found = None if fault and fault.kind == "not_found" else self._found(host, wanted, query, key)
        except Refused as problem:
            return _refused(problem.status, str(problem), headers)
        if fault and fault.kind == "malformed":
            return Answer(200, malformed(fault.how, found or b"{}"), {**headers, "Content-Type": _type(fault)})
        after = (fault.seconds or 0.0) if fault and fault.kind == "slow" else 0.0
        if found is None:
            return Answer(404, _not_found(wanted), {**headers, "Content-Type": JSON}, after)
        return Answer(200, found, {**headers, "Content-Type": JSON}, after)

    # ------------------------------------------------------------------------------------- endpoints

    def _found(self, host: str, wanted: Wanted, query: Mapping[str, list[str]], key: str) -> bytes | None:
        """Give what there is."""
        look: Callable[..., bytes | None] = {
            "account": self._account,
            "account_of": self._account_of,
            "active": self._active,
            "match": self._match,
            "match_ids": self._match_ids,
        }[wanted.what]
        return look(host, wanted, query, key)

    def _account(self, _host: str, wanted: Wanted, _query: Mapping[str, list[str]], key: str) -> bytes | None:
        player = self._world.account("#".join(wanted.named))
        return msgspec.json.encode(account(self._world, key, player)) if player else None

    def _account_of(self, _host: str, wanted: Wanted, _query: Mapping[str, list[str]], key: str) -> bytes | None:
        player = self._player(key, wanted)
        if self._world.account(player.riot_id) is not player:
            return None
        return msgspec.json.encode(account(self._world, key, player))

    def _active(self, host: str, wanted: Wanted, _query: Mapping[str, list[str]], key: str) -> bytes | None:
        player = self._player(key, wanted)
        # The endpoint of League of Legends also shows games of TFT: both are played in one program.
        titles: tuple[Title, ...] = (wanted.title, "tft")
        shown = (self._world.active(player, title) for title in titles) if player.platform == host else ()
        game = next(filter(None, shown), None)
        return msgspec.json.encode(active_game(self._world, key, game, wanted.title)) if game else None

    def _match(self, host: str, wanted: Wanted, _query: Mapping[str, list[str]], key: str) -> bytes | None:
        game = self._world.match(wanted.named[0])
        if game is None or game.title != wanted.title or match_region(game.platform) != host:
            return None
        known = (key, game.match_id)
        # A match never changes, unless the clock is put off, and the same one is asked for often.
        if self._world.skew_seconds or known not in self._matches:
            if len(self._matches) >= MOST_KEPT:
                self._matches.pop(next(iter(self._matches)))
            self._matches[known] = msgspec.json.encode(match(self._world, key, game))
        return self._matches[known]

    def _match_ids(self, host: str, wanted: Wanted, query: Mapping[str, list[str]], key: str) -> bytes:
        player = self._player(key, wanted)
        listing = wanted.listing(query)
        since, until = listing.start_time, listing.end_time
        games: list[Game] = []
        if match_region(player.platform) == host:
            listed = self._world.listed(player, wanted.title, since=since, most=len(player.games[wanted.title]))
            games = [game for game in listed if self._world.stamp(game.started_at) < until and listing.takes(game)]
        return msgspec.json.encode([game.match_id for game in games[listing.start : listing.start + listing.count]])

    def _player(self, key: str, wanted: Wanted) -> Player:
        player = self._world.keys.player(key, wanted.named[0])
        if player is None:
            raise Refused(400, f"Bad Request - Exception decrypting {wanted.named[0]}")
        return player


def _refused(status: int, message: str, headers: Headers | None = None) -> Answer:
    return Answer(status, msgspec.json.encode(refusal(status, message)), {**(headers or {}), "Content-Type": JSON})


def _not_found(wanted: Wanted) -> bytes:
    return msgspec.json.encode(NOT_IN_A_GAME if wanted.what == "active" else refusal(404, NOT_FOUND))


def _instead_of_it(fault: Fault, headers: Headers) -> Answer | None:
    """Give what a fault answers without a look at what was asked."""
    if fault.kind == "limit":
        return _refused(429, "Rate limit exceeded", {**headers, **_waits(fault)})
    if fault.kind == "status":
        return _refused(fault.status, "Service unavailable", headers)
    return Answer(0, b"", cut=True) if fault.kind == "cut" else None


def _waits(fault: Fault) -> Headers:
    """Say what a fault's 429 says: what to wait for, and of what it was too much."""
    waits = {} if fault.seconds is None else {"Retry-After": str(max(1, round(fault.seconds)))}
    return waits if fault.of == "none" else {**waits, "X-Rate-Limit-Type": fault.of}


def _type(fault: Fault) -> str:
    return TEXT if fault.how in ("text", "empty") else JSON
