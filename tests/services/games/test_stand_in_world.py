"""The stand-in's world in a time of its own: what is shown of games, their matches and lists, and under which keys."""

from datetime import UTC, datetime

import pytest
from tests.services.games.riot_standing import ADA, BOB, EVE, START, a_stand_in, puuid

from tenure.services.games.results import LolResult, TftResult
from tenure.services.games.riot.contract import KeyRefused, OfAnotherKey
from tenure.services.games.riot.stand_in import Delays, Direct, World
from tenure.services.games.riot.stand_in.playing import Ending
from tenure.services.games.riot.stand_in.world import NotPossible

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def a_world(**given: float | tuple[float, float]) -> World:
    return a_stand_in(delays=Delays(**given)).world  # type: ignore[arg-type]


async def puuid_of(riot: Direct, riot_id: str = ADA) -> str:
    account = await riot.account("na1", *riot_id.split("#"))
    assert account
    return account.puuid


async def shown(world: World, riot_id: str = ADA, title: str = "lol") -> str | None:
    """Give the id of the game in which somebody is shown."""
    riot = Direct(world)
    game = await riot.active_game("na1", await puuid_of(riot, riot_id), title)  # type: ignore[arg-type]
    return game.match_id if game else None


async def test_an_account_is_found_by_its_name_in_any_letters_until_it_is_gone() -> None:
    world = a_world()
    riot = Direct(world)
    found = await riot.account("na1", "aDA", "na1")
    assert found
    assert (found.game_name, found.tag_line, len(found.puuid)) == ("Ada", "NA1", 78)
    world.rename(ADA, "Countess#LOVE")
    assert await riot.account("na1", "Ada", "NA1") is None
    renamed = await riot.account("na1", "Countess", "love")
    assert renamed
    assert renamed.puuid == found.puuid
    world.remove_player("Countess#LOVE")
    assert await riot.account("na1", "Countess", "LOVE") is None


async def test_a_game_is_shown_while_it_goes_on_and_has_no_start_while_it_loads() -> None:
    world = a_world()
    riot = Direct(world)
    ada = await puuid_of(riot)
    assert await riot.active_game("na1", ada, "lol") is None
    game = world.start(ADA, loading_seconds=60)
    loading = await riot.active_game("na1", ada, "lol")
    assert loading
    assert (loading.match_id, loading.queue_id, loading.started_at) == (game.match_id, 420, None)
    world.advance(60)
    playing = await riot.active_game("na1", ada, "lol")
    assert playing
    assert playing.started_at == datetime.fromtimestamp(START + 60, UTC)
    assert await riot.active_game("euw1", ada, "lol") is None
    assert await riot.active_game("na1", ada, "tft") is None
    world.end(game.match_id)
    assert await riot.active_game("na1", ada, "lol") is None


async def test_a_game_flaps_lingers_and_comes_back_over_the_next_one() -> None:
    world = a_world(lingering=(30, 30))
    first = world.start(ADA)
    world.flap(ADA, 90)
    assert await shown(world) is None
    world.advance(90)
    assert await shown(world) == first.match_id
    world.end(first.match_id)
    assert await shown(world) == first.match_id
    world.advance(30)
    assert await shown(world) is None
    second = world.start(ADA)
    world.show_again(first.match_id, 45)
    assert await shown(world) == first.match_id
    world.advance(45)
    assert await shown(world) == second.match_id


async def test_a_hidden_game_is_not_shown_and_an_anonymous_one_without_its_queue() -> None:
    world = a_world()
    riot = Direct(world)
    hidden = world.start(ADA, hidden=True)
    assert await shown(world) is None
    world.end(hidden.match_id)
    assert await riot.match_ids("na1", await puuid_of(riot), "lol", LONG_AGO) == [hidden.match_id]
    world.start(ADA, anonymous=True)
    game = await riot.active_game("na1", await puuid_of(riot), "lol")
    assert game
    assert game.queue_id is None


async def test_a_match_and_its_place_in_the_lists_come_after_their_delays() -> None:
    world = a_world(result=(20, 20), listed=(50, 50))
    riot = Direct(world)
    ada = await puuid_of(riot)
    game = world.start(ADA)
    assert await riot.match(game.match_id, "lol") is None
    world.advance(1500)
    world.end(game.match_id)
    world.advance(19)
    assert await riot.match(game.match_id, "lol") is None
    world.advance(1)
    match = await riot.match(game.match_id, "lol")
    assert match
    assert (match.duration_seconds, match.queue_id, list(match.results)) == (1500, 420, [ada])
    assert match.started_at == datetime.fromtimestamp(START, UTC)
    assert await riot.match(game.match_id, "tft") is None
    assert await riot.match_ids("na1", ada, "lol", LONG_AGO) == []
    world.advance(30)
    assert await riot.match_ids("na1", ada, "lol", LONG_AGO) == [game.match_id]
    assert riot.fetched == {game.match_id: 1}


async def test_a_lost_match_is_listed_and_never_there_until_it_is_found() -> None:
    world = a_world()
    riot = Direct(world)
    game = world.start(ADA)
    world.end(game.match_id, lost=True)
    world.advance(1_000_000)
    assert await riot.match(game.match_id, "lol") is None
    assert await riot.match_ids("na1", await puuid_of(riot), "lol", LONG_AGO) == [game.match_id]
    world.lose(game.match_id, lost=False)
    assert await riot.match(game.match_id, "lol")
    world.delay(game.match_id, 10)
    assert await riot.match(game.match_id, "lol") is None


async def test_a_list_has_the_newest_first_since_a_moment() -> None:
    world = a_world()
    riot = Direct(world)
    ada = await puuid_of(riot)
    played = [world.play(ADA, at=START + 1000 * number, seconds=900).match_id for number in range(120)]
    world.advance(119 * 1000)
    assert await riot.match_ids("na1", ada, "lol", LONG_AGO) == played[118::-1]
    since = datetime.fromtimestamp(START + 110 * 1000, UTC)
    assert await riot.match_ids("na1", ada, "lol", since) == played[118:109:-1]
    assert await riot.match_ids("na1", ada, "tft", LONG_AGO) == []


@pytest.mark.parametrize(
    ("ending", "won", "came_out"),
    [
        ("decided", True, "win"),
        ("decided", False, "loss"),
        ("surrender", False, "loss"),
        ("remake", True, "remake"),
        ("aborted", True, "aborted"),
    ],
)
async def test_each_ending_comes_out_for_both_teams(ending: Ending, came_out: str, *, won: bool) -> None:
    world = a_world()
    riot = Direct(world)
    game = world.start(ADA, against=[BOB])
    world.end(game.match_id, ending=ending, won=won)
    match = await riot.match(game.match_id, "lol")
    assert match
    of_ada, of_bob = [match.results[await puuid_of(riot, who)] for who in (ADA, BOB)]
    assert isinstance(of_ada, LolResult)
    assert isinstance(of_bob, LolResult)
    other = {"win": "loss", "loss": "win"}.get(came_out, came_out)
    assert (of_ada.result, of_bob.result) == (came_out, other)
    assert (of_ada.team, of_bob.team) == (100, 200)


@pytest.mark.parametrize(
    ("queue_id", "placement", "result"),
    [(1100, 1, ("win", 1)), (1100, 2, ("placed", 2)), (1160, 2, ("win", 1)), (1160, 7, ("placed", 4))],
)
async def test_who_comes_first_in_tft_has_won_and_pairs_come_out_together(
    queue_id: int, placement: int, result: tuple[str, int]
) -> None:
    world = a_world()
    riot = Direct(world)
    game = world.start(ADA, title="tft", queue_id=queue_id)
    world.end(game.match_id, placement=placement)
    match = await riot.match(game.match_id, "tft")
    assert match
    came_out = match.results[await puuid_of(riot)]
    assert isinstance(came_out, TftResult)
    assert (came_out.result, came_out.placement) == result


def test_what_cannot_be_is_refused() -> None:
    world = a_world()
    game = world.start(ADA)
    for what, why in (
        (lambda: world.start(ADA, title="tft"), f"{ADA} is in game {game.match_id}: end it first"),
        (lambda: world.start(BOB, EVE), "of one platform"),
        (lambda: world.start(BOB, BOB), "are different ones"),
        (world.start, "has 1 to 10 players"),
        (lambda: world.start("Nobody#X"), "there is no player"),
        (lambda: world.end(game.match_id, at=START - 1), "has not begun then"),
        (lambda: world.end("NA1_1"), "there is no game"),
        (lambda: world.flap(BOB, 1), "is in no game"),
        (lambda: world.add_player("no-tag"), "write Name#TAG"),
        (lambda: world.add_player("Ada#2", "moon"), "there is no platform"),
        (lambda: world.rename(BOB, ADA), "is taken"),
    ):
        with pytest.raises(NotPossible, match=why):
            what()


async def test_who_begins_to_play_now_does_not_play_what_was_entered_for_later() -> None:
    world = a_world()
    later = world.play(ADA, BOB, at=START + 60, seconds=600)
    now = world.start(ADA)
    world.advance(120)
    assert later.match_id not in world.games
    assert (await shown(world), await shown(world, BOB)) == (now.match_id, None)


async def test_another_key_has_other_puuids_and_an_expired_one_is_refused() -> None:
    world = a_world()
    old = Direct(world)
    ada = await puuid_of(old)
    world.keys.change("RGAPI-2")
    new = Direct(world)
    assert new.key_mark != old.key_mark
    with pytest.raises(KeyRefused):
        await old.active_game("na1", ada, "lol")
    with pytest.raises(OfAnotherKey):
        await new.active_game("na1", ada, "lol")
    assert await puuid_of(new) != ada
    world.keys.change("RGAPI-3", keep_old=True)
    assert await puuid_of(new)
    old.use("RGAPI-3")
    assert await puuid_of(old) not in (ada, await puuid_of(new))
    world.keys.expire()
    with pytest.raises(KeyRefused):
        await new.match_ids("na1", ada, "lol", LONG_AGO)


async def test_a_key_that_is_kept_over_a_restart_has_the_same_puuids() -> None:
    kept = puuid(a_stand_in())
    again = a_stand_in().direct()
    assert await again.active_game("na1", kept, "lol") is None  # it is known, though nobody asked for it before


async def test_all_timestamps_are_put_off_when_the_clock_is() -> None:
    world = a_world()
    riot = Direct(world)
    ada = await puuid_of(riot)
    world.skew(300)
    game = world.start(ADA)
    shown = await riot.active_game("na1", ada, "lol")
    world.end(game.match_id)
    match = await riot.match(game.match_id, "lol")
    assert shown
    assert match
    assert shown.started_at == match.started_at == datetime.fromtimestamp(START + 300, UTC)
    since = datetime.fromtimestamp(START + 300, UTC)
    assert await riot.match_ids("na1", ada, "lol", since) == [game.match_id]


def test_delays_are_drawn_between_their_ends_and_the_same_for_the_same_seed() -> None:
    delays = Delays(loading=(10, 20), result=(30, 40), listed=(5, 6), absent_share=0.5, shown_again_share=0.5)

    def drawn(seed: int) -> list[tuple[float, ...]]:
        world = World(lambda: START, delays=delays, seed=seed)
        world.add_player(ADA)
        games = [world.play(ADA, at=START + 5000 * number, seconds=900) for number in range(40)]
        assert any(game.absent for game in games)
        assert any(game.shown_again for game in games)
        return [(game.started_at - game.opened_at, game.result_at - game.ended_at) for game in games]

    lengths = drawn(1)
    assert all(10 <= loading <= 20 and 30 <= result <= 40 for loading, result in lengths)
    assert len(set(lengths)) == 40
    assert lengths == drawn(1) != drawn(2)


async def test_what_is_long_over_can_be_forgotten() -> None:
    world = a_world()
    riot = Direct(world)
    games = [world.play(ADA, at=START + 1000 * number, seconds=900).match_id for number in range(3)]
    world.advance(5000)
    assert world.forget_before(START + 2000) == 2
    assert list(world.games) == games[2:]
    assert await riot.match_ids("na1", await puuid_of(riot), "lol", LONG_AGO) == games[2:]
