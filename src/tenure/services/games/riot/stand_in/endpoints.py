"""The endpoints, by the names that Riot's reference gives them."""

from __future__ import annotations

from tenure.services.games.results import Title

ACCOUNT = "account-v1.getByRiotId"
ACTIVE: dict[Title, str] = {
    "lol": "spectator-v5.getCurrentGameInfoByPuuid",
    "tft": "spectator-tft-v5.getCurrentGameInfoByPuuid",
}
MATCH: dict[Title, str] = {"lol": "match-v5.getMatch", "tft": "tft-match-v1.getMatch"}
MATCH_IDS: dict[Title, str] = {"lol": "match-v5.getMatchIdsByPUUID", "tft": "tft-match-v1.getMatchIdsByPUUID"}

PLATFORMS = {
    "na1": "americas", "br1": "americas", "la1": "americas", "la2": "americas",
    "euw1": "europe", "eun1": "europe", "tr1": "europe", "ru": "europe", "me1": "europe",
    "kr": "asia", "jp1": "asia",
    "oc1": "sea", "sg2": "sea", "tw2": "sea", "vn2": "sea",
}  # fmt: skip
"""The region in which each platform's matches are. Accounts of `sea` are those of any other region."""
REGIONS = ("americas", "asia", "europe", "sea")
ACCOUNT_REGIONS = ("americas", "asia", "europe")


def account_host(platform: str) -> str:
    """Give the host that is asked for the accounts of a platform."""
    region = PLATFORMS[platform.lower()]
    return "asia" if region == "sea" else region


def match_host(platform: str) -> str:
    """Give the host that is asked for the matches of a platform."""
    return PLATFORMS[platform.lower()]
