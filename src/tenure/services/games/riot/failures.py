"""What an answer that is no good means: away for now, too much, a key that is refused, or a puuid of another one."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from tenure.services.games.riot.contract import KeyRefused, Limited, OfAnotherKey, RiotAway, RiotError
from tenure.services.games.riot.reading import malformed

BAD, UNAUTHORIZED, FORBIDDEN, ABSENT, TOO_MANY, FAULT = 400, 401, 403, 404, 429, 500
MOST_SAID = 200
LONGEST_PAUSE = 3600.0
"""However long Riot asks us to wait, in seconds: a key that is blocked for days is one that is refused."""
PAUSE_SECONDS = 5.0
"""Where Riot does not say how long to wait."""
DECRYPTING = "decrypt"
"""What it says of a puuid that is of another key."""

NEW_KEY = "make one at https://developer.riotgames.com, give it as TENURE_GAMES_RIOT_KEY, and start again"
NOT_ALLOWED = "the API key may not ask this: ask for it at https://developer.riotgames.com, or track without that title"
"""Keys for League of Legends are not for Teamfight Tactics by themselves."""
REFUSED = {
    UNAUTHORIZED: f"there is no API key, or Riot does not know it: {NEW_KEY}",
    FORBIDDEN: f"the API key has expired, or may not ask this: {NEW_KEY}",
}


class _Status(msgspec.Struct):
    message: str = ""


class _Refusal(msgspec.Struct):
    status: _Status | None = None
    message: str = ""


_decoder = msgspec.json.Decoder(_Refusal)


def is_absent(content: bytes) -> bool:
    """Tell whether a 404 is one of Riot's own: JSON. A proxy's page says nothing about players."""
    return _said(content) is not None


def judged(
    method: str, status: int, content: bytes, headers: Mapping[str, str], *, is_of_this: bool = False
) -> RiotError:
    """Give the contract's error for an answer with another status than 200.

    `is_of_this` says that a 403 is about what was asked for: the key is good for other things at present.
    """
    if status in REFUSED:
        if status == FORBIDDEN and is_of_this:
            return RiotError(f"{NOT_ALLOWED} ({status} of {method})", status=status)
        return KeyRefused(f"{REFUSED[status]} ({status} of {method})", status=status)
    if status == TOO_MANY:
        return Limited(f"too much was asked of {method}", retry_after=_retry_after(headers), of=_type_of(headers))
    if status >= FAULT:
        return RiotAway(f"Riot answers {status} to {method}", status=status)
    return _turned_down(method, status, content)


def _turned_down(method: str, status: int, content: bytes) -> RiotError:
    """Judge by what is said: it is about what was asked for."""
    said = _said(content)
    if said is None:
        return malformed(f"{status} of {method}, and it is not Riot who says that: is TENURE_GAMES_RIOT_API right?")
    if status == BAD and DECRYPTING in said.casefold():
        return OfAnotherKey("the puuid is one of another API key: look the player up by name", status=status)
    return RiotError(f"Riot turned {method} down: {status} {said[:MOST_SAID] or 'without a reason'}", status=status)


def _type_of(headers: Mapping[str, str]) -> str:
    """Tell of what there was too much; where it is not said, something behind the API is in trouble."""
    said = headers.get("X-Rate-Limit-Type", "").casefold()
    return said if said in ("application", "method") else "service"


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        wanted = float(headers.get("Retry-After", PAUSE_SECONDS))
    except ValueError:
        return PAUSE_SECONDS
    return min(max(wanted, 1.0), LONGEST_PAUSE) if math.isfinite(wanted) else PAUSE_SECONDS


def _said(content: bytes) -> str | None:
    """Give what a refusal says; None if it is not of Riot's form."""
    try:
        refusal = _decoder.decode(content)
    except (ValueError, RecursionError):
        return None
    return refusal.status.message if refusal.status else refusal.message
