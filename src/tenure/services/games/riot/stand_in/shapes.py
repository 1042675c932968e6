"""What is answered, in Riot's JSON: accounts, games that go on, refusals. Times are in milliseconds, as there."""

from __future__ import annotations

from typing import Any

from tenure.services.games.results import Title
from tenure.services.games.riot.stand_in.keys import made_puuid
from tenure.services.games.riot.stand_in.playing import Game, Player
from tenure.services.games.riot.stand_in.scoring import BLUE, CHAMPIONS, Seat, seats
from tenure.services.games.riot.stand_in.world import World

Json = dict[str, Any]

MAPS = {"lol": 11, "tft": 22}
MODES = {"lol": "CLASSIC", "tft": "TFT"}
PERKS = {"perkIds": [8005, 9111, 9104, 8014, 8304, 8345, 5005, 5008, 5001], "perkStyle": 8000, "perkSubStyle": 8300}
PROFILE_ICON, SPELLS = 29, (4, 11)


def milliseconds(world: World, at: float) -> int:
    """Give a moment as the world's timestamps have it."""
    return round(world.stamp(at) * 1000)


def account(world: World, key: str, player: Player) -> Json:
    """Show an account."""
    return {"puuid": world.keys.puuid(key, player), "gameName": player.name, "tagLine": player.tag}


def active_game(world: World, key: str, game: Game, asked_as: Title) -> Json:
    """Show a game that goes on, at the endpoint of a title. While it loads it has not begun: its start is zero."""
    now = world.now()
    loaded = now >= game.started_at
    shown: Json = {
        "gameId": game.number,
        "mapId": MAPS[game.title],
        "gameMode": MODES[game.title],
        "gameType": "MATCHED",
        "participants": [_participant(world, key, game, seat, asked_as) for seat in seats(game)],
        "observers": {"encryptionKey": "c3RhbmQtaW4gb2YgYSBrZXk="},
        "platformId": game.platform.upper(),
        "bannedChampions": [],
        "gameStartTime": milliseconds(world, game.started_at) if loaded else 0,
        "gameLength": int(min(now, game.ended_at) - game.started_at) if loaded else 0,
    }
    return shown if game.anonymous else {**shown, "gameQueueConfigId": game.queue_id}


def _participant(world: World, key: str, game: Game, seat: Seat, asked_as: Title) -> Json:
    champions = list(CHAMPIONS)
    shown: Json = {
        "teamId": seat.team or BLUE,
        "spell1Id": SPELLS[0],
        "spell2Id": SPELLS[1],
        "championId": champions[(game.number + seat.number) % len(champions)],
        "profileIconId": PROFILE_ICON,
        "gameCustomizationObjects": [],
        "perks": PERKS,
    }
    if asked_as == "lol":
        shown["bot"] = False
    if game.anonymous:
        return shown | {"riotId": CHAMPIONS[shown["championId"]]}
    return shown | {"puuid": puuid_of(world, key, game, seat), "riotId": f"{seat.name}#{seat.tag}"}


def puuid_of(world: World, key: str, game: Game, seat: Seat) -> str:
    """Give the puuid of who sits there; a stranger has one as well."""
    if seat.player:
        return world.keys.puuid(key, seat.player)
    return made_puuid(key, f"stranger {seat.number} of {game.match_id}")


def refusal(status: int, message: str) -> Json:
    """Show a refusal, as most of the API does."""
    return {"status": {"message": message, "status_code": status}}


NOT_IN_A_GAME: Json = {
    "httpStatus": 404,
    "errorCode": "NOT_FOUND",
    "message": "Not Found",
    "implementationDetails": "filtered",
}
"""As the games that go on refuse."""
