"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tenure.http.environment import read_key, read_number, read_switch, read_url

STAND_IN_PATH = "/local-game"


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
            game_url=read_url(environment, "TENURE_BOTS_GAME_URL"),
            game_tries=int(read_number(environment, "TENURE_BOTS_GAME_TRIES", 3, least=1, most=10)),
            game_try_seconds=read_number(environment, "TENURE_BOTS_GAME_TRY_SECONDS", 5, least=0.1, most=60),
            game_failures=int(read_number(environment, "TENURE_BOTS_GAME_FAILURES", 5, least=1, most=1000)),
            game_rest_seconds=read_number(environment, "TENURE_BOTS_GAME_REST_SECONDS", 10, least=0.1, most=3600),
            matches=read_switch(environment, "TENURE_BOTS_MATCHES", default=True),
            manages=read_switch(environment, "TENURE_BOTS_MANAGES", default=True),
            plays=read_switch(environment, "TENURE_BOTS_PLAYS", default=True),
        )


def backend_key(environment: Mapping[str, str], folder: Path) -> str:
    """Give the key that the game's backend shows when it lets people join."""
    return read_key(environment, "TENURE_BOTS_KEY", folder / "bots.key", "tenure_bots_")


def game_key(environment: Mapping[str, str], folder: Path) -> str:
    """Give the key that the service and the game's rooms show to one another; runners need it too."""
    return read_key(environment, "TENURE_BOTS_GAME_KEY", folder / "game.key", "tenure_game_")
