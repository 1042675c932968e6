"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tenure.http.environment import WrongSetting, read_key, read_switch, read_url

MOST_OF_A_TOKEN = 200
DISCORD_API = "https://discord.com/api/v10"
OPEN_TRIVIA_DB = "https://opentdb.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Without a `discord_token` the service's own page is the only chat.

    `key` is shown by a backend of the community's own, which reads what there is, and answers for members.
    `packs` is a folder of packs of questions. `open_trivia_db` is where that source is asked, nowhere if it is empty.
    With `asks` off this process asks and closes nothing, and listens to no chat but its own page: others do.
    """

    admin_key: str = field(repr=False)
    key: str = field(default="", repr=False)
    discord_token: str = field(default="", repr=False)
    discord_api: str = DISCORD_API
    packs: Path | None = None
    open_trivia_db: str = OPEN_TRIVIA_DB
    asks: bool = True

    @classmethod
    def read(cls, environment: Mapping[str, str], *, admin_key: str, folder: Path | None = None) -> Settings:
        """Read the rest from the environment. A backend's key that is not given is made once, in the data folder.

        Raises `WrongSetting`.
        """
        return cls(
            admin_key=admin_key,
            key=read_key(environment, "TENURE_TRIVIA_KEY", folder and folder / "trivia.key", "tenure_trivia_"),
            discord_token=_token(environment.get("TENURE_TRIVIA_DISCORD_TOKEN", "")),
            discord_api=read_url(environment, "TENURE_TRIVIA_DISCORD_API", DISCORD_API),
            packs=_folder(environment.get("TENURE_TRIVIA_PACKS", "")),
            open_trivia_db=read_url(environment, "TENURE_TRIVIA_OPEN_TRIVIA_DB", OPEN_TRIVIA_DB),
            asks=read_switch(environment, "TENURE_TRIVIA_ASKS", default=True),
        )


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
