"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tenure.http.environment import Environment, WrongSetting, read_key, read_number, read_switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`host` and `pid` say who we are, to people. With `matches` or `runs` off, this process does not: others do.

    `confirm_seconds` is how long an offer waits for its players, `grace_seconds` how long a seat waits for one who
    lost the connection, `longest_seconds` how long a battle may take.

    `key` is shown by the game's own backend, which gets tokens for players. With `token_key` tokens are signed: servers
    on several machines need the same one; without one, only this very process knows its tokens again. Pages of
    `origins` may connect, beside those of `base_url`. With `page` off only the game's own backend gives tokens.
    """

    base_url: str
    admin_key: str = field(repr=False)
    key: str = field(default="", repr=False)
    token_key: str = field(default="", repr=False)
    origins: frozenset[str] = frozenset()
    host: str = ""
    pid: int = 0
    confirm_seconds: float = 20.0
    grace_seconds: float = 60.0
    longest_seconds: float = 3600.0
    most_battles: int = 1000
    matches: bool = True
    runs: bool = True
    page: bool = True

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str],
        *,
        base_url: str,
        admin_key: str,
        folder: Path | None = None,
        host: str = "",
        pid: int = 0,
    ) -> Settings:
        """Read the rest from the environment. Keys that are not given are made once, in the data folder.

        Raises `WrongSetting`.
        """
        return cls(
            base_url=base_url.rstrip("/"),
            admin_key=admin_key,
            key=read_key(environment, "TENURE_BATTLES_KEY", folder and folder / "battles.key", "tenure_battles_"),
            token_key=read_key(
                environment, "TENURE_BATTLES_TOKEN_KEY", folder and folder / "battles-tokens.key", "tenure_tokens_"
            ),
            origins=_origins(environment, base_url),
            host=host,
            pid=pid,
            confirm_seconds=read_number(environment, "TENURE_BATTLES_CONFIRM_SECONDS", 20, least=1, most=600),
            grace_seconds=read_number(environment, "TENURE_BATTLES_GRACE_SECONDS", 60, least=1, most=3600),
            longest_seconds=read_number(environment, "TENURE_BATTLES_LONGEST_SECONDS", 3600, least=10, most=86400),
            most_battles=int(read_number(environment, "TENURE_BATTLES_MOST", 1000, least=1, most=100_000)),
            matches=read_switch(environment, "TENURE_BATTLES_MATCHES", default=True),
            runs=read_switch(environment, "TENURE_BATTLES_RUNS", default=True),
            page=read_switch(environment, "TENURE_BATTLES_PAGE", default=True),
        )


def _origins(environment: Environment, base_url: str) -> frozenset[str]:
    """Read from which origins pages may connect: our own, and those that are named, with commas between them."""
    named = environment.get("TENURE_BATTLES_ORIGINS", "").replace(",", " ").split()
    own = urlsplit(base_url)
    return frozenset({f"{own.scheme}://{own.netloc}".lower(), *(_origin(text) for text in named)})


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or "?" in text or "#" in text:
        raise WrongSetting(
            "TENURE_BATTLES_ORIGINS must be origins such as https://game.example.org, with commas between"
        )
    return f"{parts.scheme}://{parts.netloc}".lower()
