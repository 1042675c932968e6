"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tenure.http.environment import Environment, WrongSetting, read_key, read_number, read_switch

TOKEN_KEY, TOKEN_KEY_FILE = "TENURE_BATTLES_TOKEN_KEY", "battles-tokens.key"
"""The variable with the key with which tokens are signed, and the file of the data folder that keeps it else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`host` and `pid` say who we are, to people. With `matches` or `runs` off, this process does not: others do.

    `confirm_seconds` is how long an offer waits for its players, `grace_seconds` how long a seat waits for one who
    lost the connection, `longest_seconds` how long a battle may take.

    `key` is shown by the game's own backend, which gets tokens for players. With `token_key` tokens are signed: servers
    on several machines need the same one; without one, only this very process knows its tokens again. Pages of
    `origins` may connect, beside those of `base_url`. With `page` off only the game's own backend gives tokens;
    `others` are the addresses of this page on other servers, whose pages may connect too. What happens while the store
    is away is kept in the file `journal`, or in memory.
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
    others: tuple[str, ...] = ()
    journal: Path | None = None

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
        others = _others(environment)
        return cls(
            base_url=base_url.rstrip("/"),
            admin_key=admin_key,
            key=read_key(environment, "TENURE_BATTLES_KEY", folder and folder / "battles.key", "tenure_battles_"),
            token_key=read_key(environment, TOKEN_KEY, folder and folder / TOKEN_KEY_FILE, "tenure_tokens_"),
            origins=_origins(environment, base_url, others),
            host=host,
            pid=pid,
            confirm_seconds=read_number(environment, "TENURE_BATTLES_CONFIRM_SECONDS", 20, least=1, most=600),
            grace_seconds=read_number(environment, "TENURE_BATTLES_GRACE_SECONDS", 60, least=1, most=3600),
            longest_seconds=read_number(environment, "TENURE_BATTLES_LONGEST_SECONDS", 3600, least=10, most=86400),
            most_battles=int(read_number(environment, "TENURE_BATTLES_MOST", 1000, least=1, most=100_000)),
            matches=read_switch(environment, "TENURE_BATTLES_MATCHES", default=True),
            runs=read_switch(environment, "TENURE_BATTLES_RUNS", default=True),
            page=read_switch(environment, "TENURE_BATTLES_PAGE", default=True),
            others=others,
            journal=folder and folder / "battles-journal.sqlite3",
        )


def _origins(environment: Environment, base_url: str, others: Sequence[str]) -> frozenset[str]:
    """Read from which origins pages may connect: our own, those of the page on other servers, and those named."""
    such = "origins, which have no path, such as https://game.example.org"
    named = _addresses(environment, "TENURE_BATTLES_ORIGINS", such, paths=False)
    return frozenset(map(_origin, [*map(urlsplit, (base_url, *others)), *named]))


def _others(environment: Environment) -> tuple[str, ...]:
    """Read where the page is on other servers; each ends with a slash, as a page's own address does."""
    such = "addresses of this page on other servers, such as https://two.example.org/play/"
    return tuple(each.geturl().rstrip("/") + "/" for each in _addresses(environment, "TENURE_BATTLES_OTHERS", such))


def _addresses(environment: Environment, name: str, such: str, *, paths: bool = True) -> list[SplitResult]:
    """Read addresses with commas between them. Raises `WrongSetting`."""
    try:
        found = [urlsplit(text) for text in environment.get(name, "").replace(",", " ").split()]
    except ValueError:
        found = [urlsplit("")]
    if not all(_is_plain(each) and (paths or not each.path.strip("/")) for each in found):
        raise WrongSetting(f"{name} must be {such}, with commas between")
    return found


def _is_plain(parts: SplitResult) -> bool:
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc}".lower()
