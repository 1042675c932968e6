"""Riot Games' API over HTTP: routed, paced, and every answer checked."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from tenure.pacing.pacer import Pacer, SpentError
from tenure.pacing.rates import Rate, parse_rates
from tenure.services.games.results import Title
from tenure.services.games.riot import failures, reading
from tenure.services.games.riot.contract import Account, ActiveGame, Limited, Match, RiotAway, RiotError
from tenure.services.games.riot.routing import (
    UnknownPlatform,
    account_region,
    match_region,
    platform_of_match,
    read_platform,
)

API = "https://{host}.api.riotgames.com"
"""Where it is: `{host}` becomes a platform such as `na1`, or a region such as `americas`."""
GOOD = 200
MOST_OF_AN_ANSWER = 8 * 1024 * 1024
PIECE = 256 * 1024
CONNECTIONS = 100
MOST_LISTED = 100
"""So many ids there are in one answer."""
MOST_PAGES = 100
LONGEST_PAUSE = 300.0
AT_PRESENT_SECONDS = 60.0
"""For how long a good answer says that the key is one."""
MOST_FORBIDDEN = 3
"""How many 403 in a row are each about what was asked for, where the key was good a moment ago: more are about it."""
APPLICATION_RATE, METHOD_RATE = "X-App-Rate-Limit", "X-Method-Rate-Limit"


class Method(NamedTuple):
    """One of the API's methods: by this name its limit is counted, and spoken of."""

    name: str
    path: str


ACCOUNT = Method("account-v1", "/riot/account/v1/accounts/by-riot-id")
ACCOUNT_OF = Method("account-v1-of", "/riot/account/v1/accounts/by-puuid")
ACTIVE: Mapping[Title, Method] = {
    "lol": Method("spectator-v5", "/lol/spectator/v5/active-games/by-summoner"),
    "tft": Method("spectator-tft-v5", "/lol/spectator/tft/v5/active-games/by-puuid"),
}
MATCH: Mapping[Title, Method] = {
    "lol": Method("match-v5", "/lol/match/v5/matches"),
    "tft": Method("tft-match-v1", "/tft/match/v1/matches"),
}
IDS: Mapping[Title, Method] = {
    "lol": Method("match-v5-ids", "/lol/match/v5/matches/by-puuid"),
    "tft": Method("tft-match-v1-ids", "/tft/match/v1/matches/by-puuid"),
}
READ_ACTIVE = {"lol": reading.read_active_lol, "tft": reading.read_active_tft}
READ_MATCH = {"lol": reading.read_lol_match, "tft": reading.read_tft_match}


class RiotClient:
    """A `Riot` for one API key. It is used inside `async with`."""

    def __init__(
        self,
        key: str,
        pacer: Pacer,
        *,
        api: str = API,
        try_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`api` may have `{host}` in it; else the host becomes the first part of the path, as at the stand-in.

        `clock` gives seconds of any beginning.
        """
        self.key_mark = hashlib.sha256(key.encode()).hexdigest()[:12]
        """Tells one key from another without saying anything about it."""
        self.answers: Counter[tuple[str, int]] = Counter()
        """How many answers there were, by method (such as `spectator-v5`) and status; 0 where none came."""
        self._key, self._pacer, self._try_seconds, self._clock = key, pacer, try_seconds, clock
        self._api, self._nobody = "", ""
        self.ask_at(api or API)
        self._http: aiohttp.ClientSession | None = None
        self._pauses: Counter[str] = Counter()
        self._allowed: dict[str, float] = {}
        self._forbidden = 0

    async def __aenter__(self) -> Self:
        # No cookies, no environment: what is sent is what stands here.
        self._http = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._try_seconds),
            # A host that keeps everybody waiting takes no other host's connections.
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"X-Riot-Token": self._key, "User-Agent": "tenure"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()
            self._http = None

    def ask_at(self, api: str, *, otherwise: str = "there is nobody to be asked instead of Riot at the moment") -> None:
        """Ask there from now on. With an empty `api` nobody is asked: it is `RiotAway`, which says `otherwise`."""
        self._api, self._nobody = api if "{host}" in api or not api else f"{api}/{{host}}", otherwise

    # ------------------------------------------------------------------------------------- the methods

    async def account(self, platform: str, game_name: str, tag_line: str) -> Account | None:
        """Look an account up by its name and tag."""
        host = _routed(account_region, platform)
        content = await self._get(host, ACCOUNT, f"/{_part(game_name)}/{_part(tag_line)}")
        return None if content is None else reading.read_account(content)

    async def account_of(self, platform: str, puuid: str) -> Account | None:
        """Look an account up by its puuid."""
        content = await self._get(_routed(account_region, platform), ACCOUNT_OF, f"/{_part(puuid)}")
        return None if content is None else reading.read_account(content)

    async def active_game(self, platform: str, puuid: str, title: Title) -> ActiveGame | None:
        """Give the game in which a player is; None if there is none, or it is hidden."""
        content = await self._get(_routed(read_platform, platform), ACTIVE[title], f"/{_part(puuid)}")
        return None if content is None else READ_ACTIVE[title](content)

    async def match(self, match_id: str, title: Title) -> Match | None:
        """Give a game that is over."""
        platform = _routed(platform_of_match, match_id)
        content = await self._get(_routed(match_region, platform), MATCH[title], f"/{_part(match_id)}")
        if content is None:
            return None
        match = READ_MATCH[title](content)
        if match.match_id != match_id:
            raise reading.malformed(f"it is of another match than {match_id}")
        return match

    async def match_ids(self, platform: str, puuid: str, title: Title, since: datetime) -> Sequence[str]:
        """Give the ids of all of a player's games that began since then, the newest first."""
        host, found = _routed(match_region, platform), dict[str, None]()
        for page in range(MOST_PAGES):
            # A game that is listed meanwhile moves the others: what comes twice is one.
            query = f"?startTime={int(since.timestamp())}&start={page * MOST_LISTED}&count={MOST_LISTED}"
            content = await self._get(host, IDS[title], f"/{_part(puuid)}/ids{query}")
            ids = () if content is None else reading.read_ids(content)
            found.update(dict.fromkeys(ids))
            if len(ids) < MOST_LISTED:
                return tuple(found)
        raise reading.malformed(f"a list of matches has no end: it has more than {MOST_PAGES * MOST_LISTED}")

    # ------------------------------------------------------------------------------------------ inside

    async def _get(self, host: str, method: Method, rest: str) -> bytes | None:
        """Give the answer's body; None where there is nothing. Raises a `RiotError`."""
        application = f"riot/{self.key_mark}/{host}"
        limited = f"{application}/{method.name}"
        try:
            await self._pacer.take(application, limited)
        except SpentError as error:
            raise _spent(error, application) from None
        status, content, headers = await self._sent(method, self._api.replace("{host}", host) + method.path + rest)
        # Errors that come from before the API say nothing of limits; where a good answer doesn't, there is none.
        unsaid = "" if status == GOOD else None
        await self._learn(application, headers.get(APPLICATION_RATE, unsaid))
        await self._learn(limited, headers.get(METHOD_RATE, unsaid))
        if status == GOOD or (status == failures.ABSENT and failures.is_absent(content)):
            self._pauses.pop(limited, None)
            self._allowed[method.name], self._forbidden = self._clock(), 0
            return content if status == GOOD else None
        is_of_this = status == failures.FORBIDDEN and self._is_of_this(method)
        problem = failures.judged(method.name, status, content, headers, is_of_this=is_of_this)
        if isinstance(problem, Limited):
            await self._block(application, limited, problem, is_told="Retry-After" in headers)
        raise problem

    async def _sent(self, method: Method, url: str) -> tuple[int, bytes, Mapping[str, str]]:
        if self._http is None:
            raise RuntimeError("a RiotClient is used inside `async with`")
        if not self._api:
            raise RiotAway(self._nobody)
        try:
            async with self._http.get(URL(url, encoded=True), allow_redirects=False) as answer:
                content = await _body(answer)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            self.answers[method.name, 0] += 1
            raise RiotAway(f"Riot does not answer to {method.name}: {type(error).__name__}") from None
        self.answers[method.name, answer.status] += 1
        return answer.status, content, answer.headers

    async def _learn(self, budget: str, rates: str | None) -> None:
        """Let the pacer know, each time: it compares by itself, and begins anew with a budget long unused."""
        if rates is None:
            return
        with suppress(ValueError):  # what can't be read is no limit, and the answer itself may be good
            await self._pacer.learn(budget, rates_of(rates))

    def _is_of_this(self, method: Method) -> bool:
        """Tell whether a 403 is about what was asked for: the key is good at present for other things."""
        if self._clock() - max(self._allowed.values(), default=-math.inf) >= AT_PRESENT_SECONDS:
            return False
        if method.name not in self._allowed:
            return True
        self._forbidden += 1
        return self._forbidden <= MOST_FORBIDDEN

    async def _block(self, application: str, limited: str, error: Limited, *, is_told: bool) -> None:
        """Let nobody ask until Riot wants to be asked again; ever longer, where it does not say when."""
        if not is_told:
            error.retry_after = min(failures.PAUSE_SECONDS * 2 ** self._pauses[limited], LONGEST_PAUSE)
            self._pauses[limited] = min(self._pauses[limited] + 1, 10)
        await self._pacer.block(application if error.of == "application" else limited, error.retry_after)


@lru_cache(maxsize=64)
def rates_of(text: str) -> tuple[Rate, ...]:
    """Read a header's rates, of which there are few in all. Raises `ValueError`."""
    return parse_rates(text) if text else ()


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Read all of it, but no more than an answer may have."""
    pieces, length = [], 0
    async for piece in answer.content.iter_chunked(PIECE):
        pieces.append(piece)
        length += len(piece)
        if length > MOST_OF_AN_ANSWER:
            raise reading.malformed(f"it is longer than {MOST_OF_AN_ANSWER} bytes")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _routed(route: Callable[[str], str], name: str) -> str:
    try:
        return route(name)
    except UnknownPlatform as error:
        raise RiotError(str(error)) from None


def _part(text: str) -> str:
    return quote(text, safe="")


def _spent(error: SpentError, application: str) -> Limited:
    of = "application" if error.name == application else "method"
    advice = f"the limits of the API key are used up ({error.name}): track fewer players, or look less often"
    return Limited(advice, retry_after=error.retry_after, of=of)
