"""Matches in Riot's JSON: one of League of Legends, and one of Teamfight Tactics.

All fields that the reference requires are there, and those that trackers read; what nobody counts here is zero.
"""

from __future__ import annotations

from tenure.services.games.riot.stand_in.playing import SEATS, Game
from tenure.services.games.riot.stand_in.scoring import BLUE, RED, LolScore, TftScore, lol_scores, tft_scores
from tenure.services.games.riot.stand_in.shapes import (
    MAPS,
    MODES,
    PROFILE_ICON,
    SPELLS,
    Json,
    milliseconds,
    puuid_of,
)
from tenure.services.games.riot.stand_in.world import World

ZEROS = (
    "baronKills bountyLevel championTransform consumablesPurchased damageDealtToBuildings damageDealtToObjectives "
    "damageDealtToTurrets damageSelfMitigated detectorWardsPlaced doubleKills dragonKills inhibitorKills item0 item1 "
    "item2 item3 item4 item5 item6 itemsPurchased killingSprees largestCriticalStrike largestKillingSpree "
    "largestMultiKill longestTimeSpentLiving magicDamageDealt magicDamageDealtToChampions magicDamageTaken "
    "neutralMinionsKilled objectivesStolen objectivesStolenAssists pentaKills physicalDamageDealt "
    "physicalDamageDealtToChampions physicalDamageTaken placement playerAugment1 playerAugment2 playerAugment3 "
    "playerAugment4 playerSubteamId quadraKills sightWardsBoughtInGame spell1Casts spell2Casts spell3Casts "
    "spell4Casts subteamPlacement summoner1Casts summoner2Casts timeCCingOthers totalDamageDealt "
    "totalDamageShieldedOnTeammates totalDamageTaken totalHeal totalHealsOnTeammates totalTimeCCDealt "
    "totalTimeSpentDead totalUnitsHealed tripleKills trueDamageDealt trueDamageDealtToChampions trueDamageTaken "
    "turretKills unrealKills visionWardsBoughtInGame wardsKilled wardsPlaced"
)
NONE_OF_ALL: Json = {
    **dict.fromkeys(ZEROS.split(), 0),
    **dict.fromkeys(("firstBloodAssist", "firstBloodKill", "firstTowerAssist", "firstTowerKill"), False),
}
STAT_PERKS = {"defense": 5001, "flex": 5008, "offense": 5005}
PERKS: Json = {
    "statPerks": STAT_PERKS,
    "styles": [
        {
            "description": "primaryStyle",
            "selections": [{"perk": 8005, "var1": 0, "var2": 0, "var3": 0}],
            "style": 8000,
        }
    ],
}
SEATS_OF_A_TEAM = SEATS["lol"] // 2
OBJECTIVES = ("baron", "champion", "dragon", "inhibitor", "riftHerald", "tower")
GAME_VERSION, TFT_VERSION, TFT_SET = "26.1.1.1", "Version 26.1.1.1 (Jan 01 2026/00:00:00) [PUBLIC]", 13
COMPANION = {"content_ID": "stand-in", "item_ID": 1, "skin_ID": 1, "species": "PetTFTAvatar"}
COMPLETE, ABORTED = "GameComplete", "Abort_Unexpected"


def match(world: World, key: str, game: Game) -> Json:
    """Show a game that is over."""
    return _lol(world, key, game) if game.title == "lol" else _tft(world, key, game)


def _lol(world: World, key: str, game: Game) -> Json:
    scores = lol_scores(game)
    puuids = [puuid_of(world, key, game, score) for score in scores]
    participants = [_player(game, score, puuid) for score, puuid in zip(scores, puuids, strict=True)]
    info: Json = {
        "endOfGameResult": _ended(game),
        "gameCreation": milliseconds(world, game.opened_at),
        "gameDuration": int(game.ended_at - game.started_at),
        "gameEndTimestamp": milliseconds(world, game.ended_at),
        "gameId": game.number,
        "gameMode": MODES["lol"],
        "gameName": f"teambuilder-match-{game.number}",
        "gameStartTimestamp": milliseconds(world, game.started_at),
        "gameType": "MATCHED_GAME",
        "gameVersion": GAME_VERSION,
        "mapId": MAPS["lol"],
        "participants": participants,
        "platformId": game.platform.upper(),
        "queueId": game.queue_id,
        "teams": [_team(team, scores) for team in (BLUE, RED)],
        "tournamentCode": "",
    }
    return {"metadata": {"dataVersion": "2", "matchId": game.match_id, "participants": puuids}, "info": info}


def _player(game: Game, score: LolScore, puuid: str) -> Json:
    remake = game.ending == "remake"
    return {
        **NONE_OF_ALL,
        "assists": score.assists,
        "champExperience": score.level * 1000,
        "champLevel": score.level,
        "championId": score.champion_id,
        "championName": score.champion,
        "deaths": score.deaths,
        "gameEndedInEarlySurrender": remake,
        "gameEndedInSurrender": game.ending == "surrender",
        "goldEarned": score.gold,
        "goldSpent": score.gold,
        "individualPosition": score.position,
        "kills": score.kills,
        "nexusKills": int(score.won and game.ending == "decided" and score.number % SEATS_OF_A_TEAM == 0),
        "lane": score.position if score.position in ("TOP", "JUNGLE", "MIDDLE") else "BOTTOM",
        "participantId": score.number + 1,
        "perks": PERKS,
        "profileIcon": PROFILE_ICON,
        "puuid": puuid,
        "riotIdGameName": score.name,
        "riotIdTagline": score.tag,
        "role": "SOLO",
        "summoner1Id": SPELLS[0],
        "summoner2Id": SPELLS[1],
        "summonerId": "",
        "summonerLevel": 30 + score.number,
        "summonerName": "",
        "teamEarlySurrendered": remake and not score.won,
        "teamId": score.team,
        "teamPosition": score.position,
        "timePlayed": int(game.ended_at - game.started_at),
        "totalDamageDealtToChampions": score.damage,
        "totalMinionsKilled": score.minions,
        "visionScore": score.vision,
        "win": score.won,
    }


def _team(team: int, scores: list[LolScore]) -> Json:
    kills = sum(score.kills for score in scores if score.team == team)
    objectives = {name: {"first": False, "kills": kills if name == "champion" else 0} for name in OBJECTIVES}
    won = next(score.won for score in scores if score.team == team)
    return {"bans": [], "objectives": objectives, "teamId": team, "win": won}


def _tft(world: World, key: str, game: Game) -> Json:
    scores = tft_scores(game)
    puuids = [puuid_of(world, key, game, score) for score in scores]
    length = game.ended_at - game.started_at
    info: Json = {
        "endOfGameResult": _ended(game),
        "gameCreation": milliseconds(world, game.opened_at),
        "gameId": game.number,
        "game_datetime": milliseconds(world, game.ended_at),
        "game_length": length,
        "game_version": TFT_VERSION,
        "mapId": MAPS["tft"],
        "participants": [_placed(score, puuid, length) for score, puuid in zip(scores, puuids, strict=True)],
        "queueId": game.queue_id,
        "queue_id": game.queue_id,
        "tft_game_type": "standard" if scores[0].partners is None else "pairs",
        "tft_set_core_name": f"TFTSet{TFT_SET}",
        "tft_set_number": TFT_SET,
    }
    return {"metadata": {"data_version": "6", "match_id": game.match_id, "participants": puuids}, "info": info}


def _placed(score: TftScore, puuid: str, length: float) -> Json:
    shown: Json = {
        "companion": COMPANION,
        "gold_left": score.number,
        "last_round": score.last_round,
        "level": score.level,
        "placement": score.placement,
        "players_eliminated": score.eliminated,
        "puuid": puuid,
        "riotIdGameName": score.name,
        "riotIdTagline": score.tag,
        "time_eliminated": length * (SEATS["tft"] + 1 - score.placement) / SEATS["tft"],
        "total_damage_to_players": score.damage,
        "traits": [
            {"name": name, "num_units": 2, "style": 1, "tier_current": 1, "tier_total": 3} for name in score.traits
        ],
        "units": [{"character_id": name, "itemNames": [], "name": "", "rarity": 1, "tier": 2} for name in score.units],
        "win": (score.placement if score.partners is None else score.partners) == 1,
    }
    return shown if score.partners is None else {**shown, "partner_group_id": score.partners}


def _ended(game: Game) -> str:
    return ABORTED if game.ending == "aborted" else COMPLETE
