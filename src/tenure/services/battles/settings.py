"""What the service is told by whoever composes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tenure import TenureError

YES, NO = ("1", "true", "yes"), ("", "0", "false", "no")


class WrongSetting(TenureError, ValueError):  # noqa: N818
    """A variable of the environment makes no sense; the message says which, and what it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`host` and `pid` say who we are, to people. With `matches` or `runs` off, this process does not: others do.

    `confirm_seconds` is how long an offer waits for its players, `grace_seconds` how long a seat waits for one who
    lost the connection, `longest_seconds` how long a battle may take.
    """

    base_url: str
    admin_key: str = field(repr=False)
    host: str = ""
    pid: int = 0
    confirm_seconds: float = 20.0
    grace_seconds: float = 60.0
    longest_seconds: float = 3600.0
    most_battles: int = 1000
    matches: bool = True
    runs: bool = True

    @classmethod
    def read(
        cls, environment: Mapping[str, str], *, base_url: str, admin_key: str, host: str = "", pid: int = 0
    ) -> Settings:
        """Read the rest from the environment. Raises `WrongSetting`."""
        return cls(
            base_url=base_url.rstrip("/"),
            admin_key=admin_key,
            host=host,
            pid=pid,
            confirm_seconds=_number(environment, "TENURE_BATTLES_CONFIRM_SECONDS", 20, 1, 600),
            grace_seconds=_number(environment, "TENURE_BATTLES_GRACE_SECONDS", 60, 1, 3600),
            longest_seconds=_number(environment, "TENURE_BATTLES_LONGEST_SECONDS", 3600, 10, 86400),
            most_battles=int(_number(environment, "TENURE_BATTLES_MOST", 1000, 1, 100_000)),
            matches=_switch(environment, "TENURE_BATTLES_MATCHES"),
            runs=_switch(environment, "TENURE_BATTLES_RUNS"),
        )


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
