"""What a path asks for, and which part of a list."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.services.games.results import Title
from tenure.services.games.riot.routing import MATCHES
from tenure.services.games.riot.stand_in.endpoints import ACCOUNT, ACCOUNT_OF, ACTIVE, MATCH, MATCH_IDS
from tenure.services.games.riot.stand_in.playing import Game

RANKED = frozenset({420, 440, 1100, 1160})
PLATFORM_HOSTS, MATCH_HOSTS = frozenset(MATCHES), frozenset(MATCHES.values())
ACCOUNT_HOSTS = MATCH_HOSTS - {"sea"}
MOST, USUAL = 100, 20


class Refused(Exception):  # noqa: N818  an answer
    """It is not answered: with which status, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Listing:
    """Which part of a list of matches is wanted; times are in seconds since 1970."""

    start: int
    count: int
    start_time: float
    end_time: float
    queue: int | None
    ranked: bool | None

    def takes(self, game: Game) -> bool:
        """Tell whether a game is in it, by its queue."""
        return self.queue in (None, game.queue_id) and self.ranked in (None, game.queue_id in RANKED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One request: what of it, at which endpoint, of whom or what by name, and which hosts have it."""

    what: Literal["account", "account_of", "active", "match", "match_ids"]
    endpoint: str
    named: tuple[str, ...]
    hosts: frozenset[str]
    title: Title = "lol"

    def listing(self, query: Mapping[str, list[str]]) -> Listing:
        """Read which part of a list is wanted. Raises `Refused`."""
        kind = query.get("type", [None])[0]
        if kind not in (None, "ranked", "normal"):
            raise Refused(400, "Bad Request - type is ranked or normal")
        return Listing(
            start=_number(query, "start", 0) or 0,
            count=_count(query),
            start_time=_number(query, "startTime", 0) or 0,
            end_time=_number(query, "endTime", None) or math.inf,
            queue=_number(query, "queue", None),
            ranked=None if kind is None else kind == "ranked",
        )


def asked(parts: Sequence[str]) -> Wanted | None:  # noqa: PLR0911  one for each endpoint
    """Read a path without its host; None if there is no such endpoint."""
    match parts:
        case ["lol", "spectator", "v5", "active-games", "by-summoner", puuid]:
            return Wanted("active", ACTIVE["lol"], (puuid,), PLATFORM_HOSTS)
        case ["lol", "spectator", "tft", "v5", "active-games", "by-puuid", puuid]:
            return Wanted("active", ACTIVE["tft"], (puuid,), PLATFORM_HOSTS, "tft")
        case ["lol", "match", "v5", "matches", match_id]:
            return Wanted("match", MATCH["lol"], (match_id,), MATCH_HOSTS)
        case ["tft", "match", "v1", "matches", match_id]:
            return Wanted("match", MATCH["tft"], (match_id,), MATCH_HOSTS, "tft")
        case ["lol", "match", "v5", "matches", "by-puuid", puuid, "ids"]:
            return Wanted("match_ids", MATCH_IDS["lol"], (puuid,), MATCH_HOSTS)
        case ["tft", "match", "v1", "matches", "by-puuid", puuid, "ids"]:
            return Wanted("match_ids", MATCH_IDS["tft"], (puuid,), MATCH_HOSTS, "tft")
        case ["riot", "account", "v1", "accounts", "by-riot-id", name, tag]:
            return Wanted("account", ACCOUNT, (name, tag), ACCOUNT_HOSTS)
        case ["riot", "account", "v1", "accounts", "by-puuid", puuid]:
            return Wanted("account_of", ACCOUNT_OF, (puuid,), ACCOUNT_HOSTS)
        case _:
            return None


def _count(query: Mapping[str, list[str]]) -> int:
    count = _number(query, "count", USUAL)
    if count is None or count > MOST:
        raise Refused(400, f"Bad Request - count is at most {MOST}")
    return count


def _number(query: Mapping[str, list[str]], name: str, default: int | None) -> int | None:
    if name not in query:
        return default
    text = query[name][0]
    if not (text.isascii() and text.isdecimal()):
        raise Refused(400, f"Bad Request - {name} is a number")
    return int(text)
