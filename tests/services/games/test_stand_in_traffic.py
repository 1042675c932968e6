"""Players of the stand-in who play by themselves: one game after the other, entered ahead of the world's time."""

from itertools import pairwise

from tests.services.games.riot_standing import ADA, BOB, EVE, a_stand_in

from tenure.services.games.riot.stand_in import REALISTIC
from tenure.services.games.riot.stand_in.playing import Game
from tenure.services.games.riot.stand_in.traffic import QUICK, Habits, Traffic
from tenure.services.games.riot.stand_in.world import World

HABITS = Habits(game_seconds=(900, 2400), pause_seconds=(60, 3600), together_share=0.3, tft_share=0.3)


def a_day(seed: int = 1) -> tuple[World, list[Game]]:
    """Let three players play for a day."""
    world = a_stand_in(delays=REALISTIC).world
    traffic = Traffic(world, HABITS, seed=seed)
    traffic.on = True
    played = list[Game]()
    for _ in range(24 * 60):
        played += traffic.go_on(60)
        world.advance(60)
    return world, played


def test_nobody_is_in_two_games_at_once_and_every_game_ends() -> None:
    world, played = a_day()
    assert len(played) > 40
    assert {game.match_id for game in played} == set(world.games)
    for riot_id in (ADA, BOB, EVE):
        own = sorted(
            (game for game in played if world.player(riot_id) in game.players), key=lambda game: game.opened_at
        )
        assert own
        assert all(one.ended_at < other.opened_at for one, other in pairwise(own))
    assert {game.title for game in played} == {"lol", "tft"}
    assert {game.ending for game in played} >= {"decided", "surrender"}


def test_some_play_together_and_only_on_one_platform() -> None:
    _, played = a_day()
    together = [game for game in played if len(game.players) == 2]
    assert together
    assert all({player.platform for player in game.players} == {game.platform} for game in played)


def test_the_same_seed_plays_the_same_games() -> None:
    def told(seed: int) -> list[tuple[float, float, int]]:
        return [(game.opened_at, game.ended_at, len(game.players)) for game in a_day(seed)[1]]

    assert told(1) == told(1) != told(2)


def test_who_comes_later_plays_too_who_goes_does_not_and_nobody_when_it_is_off() -> None:
    stand_in = a_stand_in()
    world, traffic = stand_in.world, stand_in.traffic
    assert traffic.go_on(1000) == []
    stand_in.play_by_themselves(habits=QUICK)
    world.add_player("Late#NA1")
    world.remove_player(BOB)
    world.advance(400)
    entered = traffic.go_on(2000)
    names = {player.riot_id for game in entered for player in game.players}
    assert names == {ADA, EVE, "Late#NA1"}
    stand_in.play_by_themselves(on=False)
    assert traffic.go_on(100_000) == []


def test_who_was_let_play_by_hand_goes_on_by_themselves_after_it() -> None:
    stand_in = a_stand_in()
    stand_in.play_by_themselves()
    by_hand = stand_in.world.start(ADA)
    stand_in.world.advance(3600)
    entered = stand_in.traffic.go_on(600)
    assert all(stand_in.world.player(ADA) not in game.players for game in entered)
    stand_in.world.end(by_hand.match_id)
    stand_in.world.advance(1200)
    entered = stand_in.traffic.go_on(600)
    assert any(stand_in.world.player(ADA) in game.players for game in entered)
