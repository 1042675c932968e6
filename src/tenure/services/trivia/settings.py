"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tenure import TenureError
from tenure.http.keys import kept_key

YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")
MOST_OF_A_TOKEN = 200
LEAST_OF_A_KEY = 16
DISCORD_API = "https://discord.com/api/v10"
OPEN_TRIVIA_DB = "https://opentdb.com"


class WrongSetting(TenureError, ValueError):  # noqa: N818
    """A variable of the environment makes no sense; the message says which, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`base_url` is where the service is. Without a `discord_token` its own page is the only chat.

    `key` is shown by a backend of the community's own, which reads what there is, and answers for members.
    `packs` is a folder of packs of questions. `open_trivia_db` is where that source is asked, nowhere if it is empty.
    With `asks` off this process asks and closes nothing, and listens to no chat but its own page: others do.
    """

    base_url: str
    admin_key: str = field(repr=False)
    key: str = field(default="", repr=False)
    discord_token: str = field(default="", repr=False)
    discord_api: str = DISCORD_API
    packs: Path | None = None
    open_trivia_db: str = OPEN_TRIVIA_DB
    asks: bool = True

    @classmethod
    def read(
        cls, environment: Mapping[str, str], *, base_url: str, admin_key: str, folder: Path | None = None
    ) -> Settings:
        """Read the rest from the environment. A backend's key that is not given is made once, in the data folder.

        Raises `WrongSetting`.
        """
        return cls(
            base_url=(_url(environment, "TENURE_TRIVIA_URL", "") or base_url).rstrip("/"),
            admin_key=admin_key,
            key=_key(environment, folder),
            discord_token=_token(environment.get("TENURE_TRIVIA_DISCORD_TOKEN", "")),
            discord_api=_url(environment, "TENURE_TRIVIA_DISCORD_API", DISCORD_API),
            packs=_folder(environment.get("TENURE_TRIVIA_PACKS", "")),
            open_trivia_db=_url(environment, "TENURE_TRIVIA_OPEN_TRIVIA_DB", OPEN_TRIVIA_DB),
            asks=_switch(environment, "TENURE_TRIVIA_ASKS"),
        )


def _key(environment: Mapping[str, str], folder: Path | None) -> str:
    text = environment.get("TENURE_TRIVIA_KEY", "")
    if not text:
        return "" if folder is None else kept_key(folder / "trivia.key", "tenure_trivia_")
    if len(text) < LEAST_OF_A_KEY or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongSetting(f"TENURE_TRIVIA_KEY must be {LEAST_OF_A_KEY} or more printable characters without spaces")
    return text


def _token(text: str) -> str:
    text = text.strip().removeprefix("Bot ")
    if len(text) > MOST_OF_A_TOKEN or not text.isascii() or not text.isprintable() or " " in text:
        raise WrongSetting(
            "TENURE_TRIVIA_DISCORD_TOKEN must be the token of a Discord bot, as its page of the developer portal "
            "shows it, or empty"
        )
    return text


def _folder(text: str) -> Path | None:
    folder = Path(text).expanduser() if text else None
    if folder is not None and not folder.is_dir():
        raise WrongSetting("TENURE_TRIVIA_PACKS must name a folder with packs of questions, or be empty")
    return folder


def _url(environment: Mapping[str, str], name: str, default: str) -> str:
    text = environment.get(name, default)
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
        raise WrongSetting(f"{name} must be a URL such as https://example.org/path")
    return text.rstrip("/")


def _switch(environment: Mapping[str, str], name: str) -> bool:
    text = environment.get(name, "1").lower()
    if text not in (*YES, *NO):
        raise WrongSetting(f"{name} must be 1 or 0")
    return text in YES
