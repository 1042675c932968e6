"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tenure import TenureError
from tenure.http.keys import kept_key

LEAST_OF_A_KEY = 16
STAND_IN_PATH = "/local-game"
YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")


class WrongSetting(TenureError, ValueError):  # noqa: N818
    """A variable of the environment makes no sense; the message says which, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`base_url` is where the service is; `game_url` is the user's game, without which the local game stands in.

    `key` is shown by the game's backend, which lets people join; `game_key` is what we and the game's rooms show to
    each other. With `matches` or `manages` off, this process
    runs no matchers, or no fleet manager: others do. With `plays` off the local game's bots have runners of their own.
    """

    base_url: str
    admin_key: str = field(repr=False)
    key: str = field(default="", repr=False)
    game_key: str = field(default="", repr=False)
    game_url: str = ""
    game_tries: int = 3
    game_try_seconds: float = 5.0
    game_failures: int = 5
    game_rest_seconds: float = 10.0
    matches: bool = True
    manages: bool = True
    plays: bool = True

    @property
    def stands_in(self) -> bool:
        """Whether the local game is played."""
        return not self.game_url

    @property
    def url_of_the_game(self) -> str:
        """Where the game is called."""
        return self.game_url or self.base_url + STAND_IN_PATH

    def report_to(self, match: str) -> str:
        """Give where the game reports a match's result."""
        return f"{self.base_url}/matches/{match}/result"

    @classmethod
    def read(cls, environment: Mapping[str, str], *, base_url: str, admin_key: str, folder: Path) -> Settings:
        """Read the rest from the environment. Keys that are not given are made once, in the data folder.

        Raises `WrongSetting`.
        """
        return cls(
            base_url=(environment.get("TENURE_BOTS_URL", "") or base_url).rstrip("/"),
            admin_key=admin_key,
            key=backend_key(environment, folder),
            game_key=game_key(environment, folder),
            game_url=_url(environment.get("TENURE_BOTS_GAME_URL", "")),
            game_tries=int(_number(environment, "TENURE_BOTS_GAME_TRIES", 3, 1, 10)),
            game_try_seconds=_number(environment, "TENURE_BOTS_GAME_TRY_SECONDS", 5, 0.1, 60),
            game_failures=int(_number(environment, "TENURE_BOTS_GAME_FAILURES", 5, 1, 1000)),
            game_rest_seconds=_number(environment, "TENURE_BOTS_GAME_REST_SECONDS", 10, 0.1, 3600),
            matches=_switch(environment, "TENURE_BOTS_MATCHES"),
            manages=_switch(environment, "TENURE_BOTS_MANAGES"),
            plays=_switch(environment, "TENURE_BOTS_PLAYS"),
        )


def backend_key(environment: Mapping[str, str], folder: Path) -> str:
    """Give the key that the game's backend shows when it lets people join."""
    return _key(environment, "TENURE_BOTS_KEY", folder / "bots.key", "tenure_bots_")


def game_key(environment: Mapping[str, str], folder: Path) -> str:
    """Give the key that the service and the game's rooms show to one another; runners need it too."""
    return _key(environment, "TENURE_BOTS_GAME_KEY", folder / "game.key", "tenure_game_")


def _key(environment: Mapping[str, str], name: str, path: Path, prefix: str) -> str:
    text = environment.get(name, "")
    if not text:
        return kept_key(path, prefix)
    if len(text) < LEAST_OF_A_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongSetting(f"{name} must be {LEAST_OF_A_KEY} or more printable characters without spaces")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise WrongSetting("TENURE_BOTS_GAME_URL must be a URL such as https://game.example.org/tenure, or empty")
    return text.rstrip("/")


def _number(environment: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    text = environment.get(name, "") or str(default)
    try:
        number = float(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise WrongSetting(f"{name} must be a number from {least:g} to {most:g}")
    return number


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "1").lower()
    if text not in (*YES, *NO):
        raise WrongSetting(f"{name} must be 1 or 0")
    return text in YES
