"""The endpoints, by the names that Riot's reference gives them."""

from __future__ import annotations

from tenure.services.games.results import Title

ACCOUNT, ACCOUNT_OF = "account-v1.getByRiotId", "account-v1.getByPuuid"
ACTIVE: dict[Title, str] = {
    "lol": "spectator-v5.getCurrentGameInfoByPuuid",
    "tft": "spectator-tft-v5.getCurrentGameInfoByPuuid",
}
MATCH: dict[Title, str] = {"lol": "match-v5.getMatch", "tft": "tft-match-v1.getMatch"}
MATCH_IDS: dict[Title, str] = {"lol": "match-v5.getMatchIdsByPUUID", "tft": "tft-match-v1.getMatchIdsByPUUID"}
