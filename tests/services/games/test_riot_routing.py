"""Which host is asked for what, and by which names platforms are known."""

import pytest
from tests.services.games.riot_standing import REFERENCE

from tenure.services.games.riot.routing import (
    PLATFORMS,
    UnknownPlatform,
    account_region,
    match_region,
    platform_of_match,
    read_platform,
)


def test_platforms_and_regions_are_those_of_the_reference() -> None:
    hosts = {name: set(endpoint["hosts"]) for name, endpoint in REFERENCE["endpoints"].items()}
    assert set(PLATFORMS) == hosts["spectator-v5.getCurrentGameInfoByPuuid"]
    assert {match_region(each) for each in PLATFORMS} == hosts["match-v5.getMatch"]
    assert {account_region(each) for each in PLATFORMS} == hosts["account-v1.getByRiotId"]


@pytest.mark.parametrize(("text", "platform"), [("NA1", "na1"), (" euw ", "euw1"), ("kr", "kr"), ("OCE", "oc1")])
def test_a_platform_is_known_by_what_players_call_it(text: str, platform: str) -> None:
    assert read_platform(text) == platform


@pytest.mark.parametrize("text", ["", "na2", "americas", "na1/", "na1.example.org", "ＮＡ1"])
def test_what_is_no_platform_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(UnknownPlatform, match="it is one of br1, eun1"):
        read_platform(text)


def test_accounts_of_a_region_that_has_none_are_asked_for_in_another() -> None:
    assert [account_region(platform) for platform in ("na1", "kr", "euw1", "oc1")] == [
        "americas", "asia", "europe", "asia",
    ]  # fmt: skip


def test_a_match_is_asked_for_where_its_platform_is_also_if_that_was_merged_into_another() -> None:
    assert match_region(platform_of_match("EUW1_7")) == "europe"
    assert match_region(platform_of_match("PH2_7")) == "sea"
    with pytest.raises(UnknownPlatform):
        platform_of_match("7")
