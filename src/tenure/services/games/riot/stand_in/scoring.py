"""How a game came out for each seat: made up, but always the same for one game."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tenure.services.games.results import LolResult, ResultClass, TftResult
from tenure.services.games.riot.stand_in.playing import DOUBLE_UP_QUEUE, SEATS, Game, Player

BLUE, RED = 100, 200
CHAMPIONS = {
    1: "Annie", 11: "MasterYi", 12: "Alistar", 16: "Soraka", 18: "Tristana", 22: "Ashe", 51: "Caitlyn",
    53: "Blitzcrank", 64: "LeeSin", 81: "Ezreal", 86: "Garen", 89: "Leona", 99: "Lux",
    103: "Ahri", 122: "Darius", 222: "Jinx",
}  # fmt: skip
POSITIONS = ("TOP", "JUNGLE", "MIDDLE", "BOTTOM", "UTILITY")
TRAITS = ("TFT13_Academy", "TFT13_Ambusher", "TFT13_Bruiser", "TFT13_Cabal", "TFT13_Invoker", "TFT13_Sniper")
UNITS = ("TFT13_Amumu", "TFT13_Darius", "TFT13_Ekko", "TFT13_Jinx", "TFT13_Lux", "TFT13_Swain", "TFT13_Vi", "TFT13_Zoe")


@dataclass(slots=True, frozen=True, kw_only=True)
class Seat:
    """A seat of a game: a player of the world, or a stranger."""

    number: int
    player: Player | None
    team: int

    @property
    def name(self) -> str:
        """Give the name of who sits there."""
        return self.player.name if self.player else f"Stranger {self.number + 1}"

    @property
    def tag(self) -> str:
        """Give the tag of who sits there."""
        return self.player.tag if self.player else "SEAT"


@dataclass(slots=True, frozen=True, kw_only=True)
class LolScore(Seat):
    """A seat of a game of League of Legends."""

    won: bool
    champion_id: int
    position: str
    kills: int
    deaths: int
    assists: int
    level: int
    minions: int
    gold: int
    damage: int
    vision: int

    @property
    def champion(self) -> str:
        """Give the champion's name."""
        return CHAMPIONS[self.champion_id]

    def result(self, game: Game) -> LolResult:
        """Give it as the tracker has it."""
        return LolResult(
            result=_class_of(game, "win" if self.won else "loss"),
            champion=self.champion,
            position=self.position,
            team=self.team,
            kills=self.kills,
            deaths=self.deaths,
            assists=self.assists,
            level=self.level,
            minions=self.minions,
            gold=self.gold,
            damage=self.damage,
            vision=self.vision,
        )


@dataclass(slots=True, frozen=True, kw_only=True)
class TftScore(Seat):
    """A seat of a game of Teamfight Tactics. `placement` is from 1 to 8, that of pairs as well."""

    placement: int
    partners: int | None
    """Which pair it is, where pairs play."""
    level: int
    last_round: int
    eliminated: int
    damage: int
    traits: tuple[str, ...]
    units: tuple[str, ...]

    def result(self, game: Game) -> TftResult:
        """Give it as the tracker has it."""
        placement = self.placement if self.partners is None else (self.placement + 1) // 2
        return TftResult(
            result=_class_of(game, "win" if placement == 1 else "placed"),
            placement=placement,
            level=self.level,
            last_round=self.last_round,
            eliminated=self.eliminated,
            damage=self.damage,
            traits=self.traits,
            units=self.units,
        )


def seats(game: Game) -> list[Seat]:
    """Give who sits where."""
    if game.title == "tft":
        sitting: list[Player | None] = [*game.players, *[None] * (SEATS["tft"] - len(game.players))]
        return [Seat(number=number, player=player, team=0) for number, player in enumerate(sitting)]
    half = SEATS["lol"] // 2
    # Who can't sit on their own side, since it is full, is put on the other one.
    blue, red = list(game.players[: game.against]), list(game.players[game.against :])
    red, blue = red + blue[half:], blue[:half] + red[half:]
    sitting = [*blue, *[None] * (half - len(blue)), *red[:half], *[None] * (half - len(red[:half]))]
    return [
        Seat(number=number, player=player, team=BLUE if number < half else RED) for number, player in enumerate(sitting)
    ]


def lol_scores(game: Game) -> list[LolScore]:
    """Score each seat of a game of League of Legends."""
    chance = random.Random(game.number)  # noqa: S311  nothing secret comes of it
    minutes = max(0.0, game.ended_at - game.started_at) / 60
    champions = chance.sample(sorted(CHAMPIONS), SEATS["lol"])
    first = next((seat.team for seat in seats(game) if seat.player is game.players[0]), BLUE)
    return [
        LolScore(
            number=seat.number,
            player=seat.player,
            team=seat.team,
            won=game.ending != "aborted" and (seat.team == first) == game.won,
            champion_id=champions[seat.number],
            position=POSITIONS[seat.number % len(POSITIONS)],
            kills=int(chance.uniform(0, 0.4) * minutes),
            deaths=int(chance.uniform(0, 0.4) * minutes),
            assists=int(chance.uniform(0, 0.6) * minutes),
            level=min(18, 1 + int(minutes * 0.6)),
            minions=int(chance.uniform(1, 8) * minutes),
            gold=500 + int(chance.uniform(250, 450) * minutes),
            damage=int(chance.uniform(200, 1100) * minutes),
            vision=int(chance.uniform(0.3, 2) * minutes),
        )
        for seat in seats(game)
    ]


def tft_scores(game: Game) -> list[TftScore]:
    """Score each seat of a game of Teamfight Tactics."""
    chance = random.Random(game.number)  # noqa: S311  nothing secret comes of it
    minutes = max(0.0, game.ended_at - game.started_at) / 60
    others = [placement for placement in range(1, SEATS["tft"] + 1) if placement != game.placement]
    chance.shuffle(others)
    return [
        TftScore(
            number=seat.number,
            player=seat.player,
            team=seat.team,
            placement=placement,
            partners=(placement + 1) // 2 if game.queue_id == DOUBLE_UP_QUEUE else None,
            level=min(9, 1 + int(minutes / 4)),
            last_round=1 + int(minutes * (9 - placement) / 8),
            eliminated=chance.randint(0, 3),
            damage=int(chance.uniform(1, 4) * minutes),
            traits=tuple(chance.sample(TRAITS, 3)),
            units=tuple(chance.sample(UNITS, 5)),
        )
        for seat, placement in zip(seats(game), (game.placement, *others), strict=True)
    ]


def _class_of(game: Game, otherwise: ResultClass) -> ResultClass:
    return game.ending if game.ending in ("remake", "aborted") else otherwise
