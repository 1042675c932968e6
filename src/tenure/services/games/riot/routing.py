"""Which host answers for which platform, and what limits are counted by."""

from __future__ import annotations

from typing import Literal

Region = Literal["americas", "asia", "europe", "sea"]

MATCHES: dict[str, Region] = {
    "br1": "americas", "la1": "americas", "la2": "americas", "na1": "americas",
    "jp1": "asia", "kr": "asia",
    "eun1": "europe", "euw1": "europe", "me1": "europe", "ru": "europe", "tr1": "europe",
    "oc1": "sea", "sg2": "sea", "tw2": "sea", "vn2": "sea",
}  # fmt: skip
"""For each platform on which games are played, the region whose host has their matches."""
FORMER: dict[str, str] = {"ph2": "sg2", "th2": "sg2"}
"""Platforms that were merged into another one: the ids of their matches still name them."""
ALSO_CALLED = {
    "br": "br1", "eune": "eun1", "euw": "euw1", "jp": "jp1", "lan": "la1", "las": "la2", "me": "me1", "na": "na1",
    "oce": "oc1", "sg": "sg2", "tr": "tr1", "tw": "tw2", "vn": "vn2",
}  # fmt: skip
"""What players call them, by which they are found too."""
PLATFORMS = tuple(sorted(MATCHES))


class UnknownPlatform(ValueError):  # noqa: N818  it says what is so
    """There is no such platform; the message says which there are."""

    def __init__(self, text: str) -> None:
        known = ", ".join(PLATFORMS)
        super().__init__(f"there is no platform {text[:20]!r}: it is one of {known}")


def read_platform(text: str) -> str:
    """Give the platform that somebody names: `NA1`, `na1` and `na` are the same one. Raises `UnknownPlatform`."""
    name = text.strip().casefold()
    name = ALSO_CALLED.get(name, name)
    if name not in MATCHES:
        raise UnknownPlatform(text)
    return name


def match_region(platform: str) -> Region:
    """Give the region that has a platform's matches. Raises `UnknownPlatform`."""
    platform = platform.casefold()
    region = MATCHES.get(FORMER.get(platform, platform))
    if region is None:
        raise UnknownPlatform(platform)
    return region


def account_region(platform: str) -> Region:
    """Give the region that is asked for a platform's accounts: any knows all of them, and `sea` is none of them."""
    region = match_region(platform)
    return "asia" if region == "sea" else region


def platform_of_match(match_id: str) -> str:
    """Give the platform that a match id begins with. Raises `UnknownPlatform`."""
    platform = match_id.partition("_")[0].casefold()
    match_region(platform)
    return platform
