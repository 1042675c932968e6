"""The local game: its rules, its rooms in the store, who may do what at its addresses, and its report."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import ASGIApp
from tests.services.bots.games import KEY, Game, a_game, a_playing_match, a_pool, call

import tenure
from tenure import Store, minutes, seconds, testing
from tenure.http.serving import bind
from tenure.services.bots.game import duel
from tenure.services.bots.game.contract import Opening, RoomSeen, SeatOpened, opening_of, seat_key
from tenure.services.bots.game.lifecycle import Choice, Duel
from tenure.services.bots.game.local import create_app
from tenure.services.bots.game.stand_in import SOON, NoRoom, StandIn, WrongMove
from tenure.services.bots.kinds import kinds
from tenure.services.bots.lifecycle import Match
from tenure.services.bots.runner.play import Game as SeatAt
from tenure.services.bots.runner.players import RandomPlayer, ScriptedPlayer
from tenure.web.serving import serving

ANN, BOB = "Ticket/ann", "Ticket/bob"
SEATS = ((ANN,), (BOB,))


def chosen(**numbers: int) -> tuple[Choice, ...]:
    return tuple(Choice(f"Ticket/{name}", number) for name, number in numbers.items())


# ------------------------------------------------------------------------------------ the rules


@pytest.mark.parametrize(
    ("ann", "bob", "winner"),
    [(9, 5, 0), (5, 9, 1), (5, 5, None), (5, 6, 0), (6, 5, 1), (9, 8, 1), (1, 3, 1), (9, 0, 0), (0, 0, None)],
)
def test_the_higher_number_wins_unless_the_other_is_one_below(ann: int, bob: int, winner: int | None) -> None:
    assert duel.scored(SEATS, chosen(ann=ann, bob=bob)).winner == winner


@pytest.mark.parametrize(
    ("numbers", "winner"),
    [((9, 5, 2), 0), ((9, 8, 2), 1), ((9, 8, 8), 0), ((9, 9, 8), 2), ((9, 9, 5), None), ((0, 1, 0), 1)],
)
def test_of_three_teams_one_alone_just_below_the_highest_wins(numbers: tuple[int, ...], winner: int | None) -> None:
    seats = ((ANN,), (BOB,), ("Ticket/eve",))
    played = duel.scored(seats, chosen(ann=numbers[0], bob=numbers[1], eve=numbers[2]))
    assert played.winner == winner


def test_a_team_has_the_sum_of_its_seats_and_one_who_chose_nothing_counts_zero() -> None:
    seats = ((ANN, BOB), ("Ticket/eve", "Ticket/joe"))
    assert duel.scored(seats, chosen(ann=4, bob=4, eve=9)).winner == 0
    assert duel.scored(seats, chosen(ann=4, bob=5, eve=9, joe=3)).winner == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=5, max_size=5))
def test_places_follow_the_points_and_a_draw_is_possible(numbers: list[tuple[int, int]]) -> None:
    rounds = [duel.scored(SEATS, chosen(ann=ann, bob=bob)) for ann, bob in numbers]
    ann, bob = duel.points(SEATS, rounds)
    expected = (1, 1) if ann == bob else (1, 2) if ann > bob else (2, 1)
    assert duel.places(SEATS, rounds) == expected


# ------------------------------------------------------------------------------------ rooms in the store


@asynccontextmanager
async def a_room(url: str = "sqlite:", report_to: str = "http://127.0.0.1:1/") -> AsyncIterator[tuple[Store, StandIn]]:
    """Make a match between Ann and Bob with its room, in a store whose time stands still."""
    async with testing.store(*kinds, url=url) as store:
        await a_pool(store)
        match = await a_playing_match(store, "m1", "ann", "bob")
        game = StandIn(store, KEY)
        await game.open("m1", opening_of(match, report_to, KEY))
        yield store, game


async def play(game: StandIn, *rounds: tuple[int, int]) -> None:
    for turn, (ann, bob) in enumerate(rounds, 1):
        await game.move("m1", ANN, turn, ann)
        await game.move("m1", BOB, turn, bob)


async def test_five_rounds_make_a_result() -> None:
    async with a_room() as (_, game):
        await play(game, (9, 1), (9, 1), (1, 9), (5, 5), (3, 4))
        table = await game.look("m1")
        assert (table.state, table.points, table.places) == ("over", (3, 1), (1, 2))
        assert await game.seen("m1") == RoomSeen("over", (1, 2))


async def test_a_repeated_opening_changes_nothing() -> None:
    async with a_room() as (store, game):
        await game.move("m1", ANN, 1, 7)
        await game.open("m1", opening_of(await store.get(Match, "m1"), "http://other/", KEY))
        assert (await game.look("m1")).chosen == (ANN,)


async def test_a_room_needs_a_match_that_is_played() -> None:
    async with a_room() as (store, game):
        await store.apply(Match.create("m2", pool="duel", mode="duel", teams=(), gap=0.0, expected=()))
        opening = opening_of(await store.get(Match, "m2"), "http://x/", KEY)
        for match in ("m2", "m3"):
            with pytest.raises(NoRoom):
                await game.open(match, opening)


async def test_a_repeated_move_is_one_move_and_another_number_is_refused() -> None:
    async with a_room() as (_, game):
        first = await game.move("m1", ANN, 1, 7)
        assert await game.move("m1", ANN, 1, 7) == first
        with pytest.raises(WrongMove, match="chosen 7"):
            await game.move("m1", ANN, 1, 8)
        await game.move("m1", BOB, 1, 2)
        assert (await game.move("m1", ANN, 1, 7)).round == 2  # its answer was lost, and the round is over by now
        with pytest.raises(WrongMove, match="round 3 has not begun"):
            await game.move("m1", ANN, 3, 7)


async def test_both_who_move_at_once_are_heard() -> None:
    async with a_room() as (_, game):
        await asyncio.gather(game.move("m1", ANN, 1, 7), game.move("m1", BOB, 1, 2))
        table = await game.look("m1")
        assert (table.round, table.points) == (2, (1, 0))


async def test_what_the_other_has_chosen_is_not_shown_before_the_round_is_over() -> None:
    async with a_room() as (_, game):
        table = await game.move("m1", ANN, 1, 7)
        assert (table.chosen, table.played, table.points) == ((ANN,), (), (0, 0))
        assert "7" not in msgspec.json.encode(table).decode().replace(table.round_ends_at.isoformat(), "")
        await game.move("m1", BOB, 1, 2)
        assert (await game.look("m1")).played[0].choices == chosen(ann=7, bob=2)


async def test_a_round_that_somebody_slept_through_goes_on_without_them() -> None:
    async with a_room() as (store, game):
        await game.move("m1", ANN, 1, 1)
        await store.advance(seconds(31))
        late = await game.move("m1", BOB, 1, 9)  # too late, and it is no error: the table tells
        assert late.chosen == (ANN,)
        await store.deliver_once(Duel.close_round, game.close_round)
        table = await game.look("m1")
        assert (table.state, table.round, table.points) == ("playing", 2, (0, 1))  # 1 against 0: one below wins


async def test_a_room_in_which_nobody_moves_ends_in_a_draw() -> None:
    async with a_room() as (store, game):
        for _ in range(duel.ROUNDS):
            await store.advance(seconds(31))
            await store.deliver_once(Duel.close_round, game.close_round)
        assert (await game.look("m1")).places == (1, 1)


async def test_a_room_ends_with_its_match() -> None:
    async with a_room() as (store, game):
        await store.apply(Match.break_off("m1", reason="test"))
        await store.advance(seconds(1))
        assert (await store.get(Duel, "m1")).state == Duel.closed
        assert (await game.move("m1", ANN, 1, 7)).state == "closed"


async def test_closing_a_room_twice_is_closing_it() -> None:
    async with a_room() as (store, game):
        await game.close("m1")
        await game.close("m1")
        with pytest.raises(NoRoom):
            await game.close("m2")
        assert (await store.get(Duel, "m1")).state == Duel.closed


async def test_a_look_waits_for_what_comes_next() -> None:
    async with a_room() as (_, game):
        table = await game.look("m1")
        waiting = asyncio.create_task(game.look("m1", seen=table.version))
        await asyncio.sleep(0)
        await game.move("m1", ANN, 1, 7)
        assert (await waiting).chosen == (ANN,)


async def test_no_look_holds_up_a_server_that_is_about_to_stop() -> None:
    async with a_room() as (_, game):
        table = await game.look("m1")
        waiting = asyncio.create_task(game.look("m1", seen=table.version))
        await asyncio.sleep(0)
        game.end_looks()
        async with asyncio.timeout(60):
            assert await waiting == table
            assert await game.look("m1", seen=table.version) == table


async def test_a_server_that_was_killed_goes_on_where_the_duel_was(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    async with a_room(url) as (_, game):
        await play(game, (9, 1), (9, 1))
        await game.move("m1", ANN, 3, 5)
    async with tenure.open(url, *kinds, space="tests") as store:
        table = await StandIn(store, KEY).look("m1")
        assert (table.round, table.points, table.chosen) == (3, (2, 0), (ANN,))


# ------------------------------------------------------------------------------------ its report


@dataclass
class Reported:
    store: Store
    stand_in: StandIn
    heard: Game


@asynccontextmanager
async def a_decided_room() -> AsyncIterator[Reported]:
    async with a_game() as heard, a_room(report_to=f"{heard.url}/matches/m1/result") as (store, game):
        await play(game, *[(9, 1)] * duel.ROUNDS)
        yield Reported(store, game, heard)


async def report(world: Reported) -> int:
    """Report once what is due."""
    async with world.stand_in.reporting() as handler:
        return await world.store.deliver_once(Duel.report, handler, retry=SOON)


async def test_a_result_is_reported_until_somebody_hears_it_and_then_no_more() -> None:
    async with a_decided_room() as world:
        world.heard.status = 503
        assert await report(world) == 1
        await world.store.advance(minutes(1))
        world.heard.status = 204
        assert await report(world) == 1
        await world.store.advance(minutes(1))
        assert await report(world) == 0
        assert world.heard.calls["POST"] == 2
        assert world.heard.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_a_report_that_is_turned_down_is_settled(status: int) -> None:
    async with a_decided_room() as world:
        world.heard.status = status
        assert await report(world) == 1
        await world.store.advance(minutes(1))
        assert await report(world) == 0


# ------------------------------------------------------------------------------------ players that ship


async def test_players_that_ship_play_a_match_to_its_end() -> None:
    taken = bind("127.0.0.1", 0)
    base_url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with a_room() as (store, game), aiohttp.ClientSession() as http:
        async with serving(create_app(game, key=KEY, base_url=base_url), taken):
            teams = (await store.get(Match, "m1")).teams

            def seat(name: str, team: int) -> SeatAt:
                key = seat_key(KEY, "m1", name)
                room = f"{base_url}/rooms/m1"
                return SeatAt(match="m1", mode="duel", room=room, seat=name, team=team, teams=teams, key=key, http=http)

            scripted, random_one = ScriptedPlayer((9, 8, 7)), RandomPlayer(Random(1))  # noqa: S311  a game
            await asyncio.gather(scripted.play(seat(ANN, 0)), random_one.play(seat(BOB, 1)))
            await scripted.play(seat(ANN, 0))  # called again it sees that all is over
        table = await game.look("m1")
        assert table.state == "over"
        by_ann = [next(c.number for c in played.choices if c.seat == ANN) for played in table.played]
        assert by_ann == [9, 8, 7, 9, 8]


# ------------------------------------------------------------------------------------ over HTTP

ROOM = "/rooms/m1"


@asynccontextmanager
async def a_table() -> AsyncIterator[ASGIApp]:
    """Serve the local game with a room of Ann and Bob."""
    async with a_room() as (_, game):
        yield create_app(game, key=KEY, base_url="http://127.0.0.1:1/")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def test_two_people_play_over_http() -> None:
    async with a_table() as app:
        keys = {seat: bearer(seat_key(KEY, "m1", seat)) for seat in (ANN, BOB)}
        for turn in range(1, duel.ROUNDS + 1):
            for seat, number in ((ANN, 9), (BOB, 2)):
                move = {"seat": seat, "round": turn, "number": number}
                answer = await call(app, "POST", f"{ROOM}/moves", move, keys[seat])
                assert answer.status == 200, answer.body
        assert (await call(app, "GET", ROOM, headers=keys[BOB])).json["places"] == [1, 2]
        assert (await call(app, "GET", ROOM, headers=bearer(KEY))).json["state"] == "over"


OPENING = Opening(
    mode="duel",
    report_to="http://x/",
    longest_seconds=1.0,
    teams=((SeatOpened(seat=ANN, players=("ann",), bot=False, rating=1.0),),),
)
BODIES = {"PUT": msgspec.to_builtins(OPENING), "POST": {"seat": ANN, "round": 1, "number": 5}}


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", ROOM), ("GET", ROOM), ("DELETE", ROOM), ("POST", f"{ROOM}/moves")]
)
@pytest.mark.parametrize(
    ("key", "service", "player"),
    [
        (None, 401, 401), ("", 401, 401), ("wrong", 401, 404), (seat_key(KEY, "m2", ANN), 401, 404),
        (seat_key("other", "m1", ANN), 401, 404), (seat_key(KEY, "m1", BOB), 401, 403), ("ü", 401, 404),
        (seat_key(KEY, "m1", ANN), 401, 200), (KEY, 200, 200),
    ],
)  # fmt: skip
async def test_who_may_do_what(method: str, path: str, key: str | None, service: int, player: int) -> None:
    async with a_table() as app:
        headers = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
        answer = await call(app, method, path, BODIES.get(method, b""), headers)
        expected = service if method in ("PUT", "DELETE") else player
        if method == "GET" and expected == 403:
            expected = 200  # Bob may look as Ann may
        if method == "DELETE" and expected == 200:
            expected = 204
        assert answer.status == expected, answer.body
        assert KEY.encode() not in answer.body


async def test_the_local_game_gives_each_match_one_room() -> None:
    async with a_table() as app:
        rooms = [await call(app, "PUT", ROOM, BODIES["PUT"], bearer(KEY)) for _ in range(2)]
        assert [answer.json for answer in rooms] == [{"room": "http://127.0.0.1:1/rooms/m1"}] * 2


async def test_a_room_that_is_not_there_answers_as_one_of_somebody_else() -> None:
    async with a_table() as app:
        assert await call(app, "GET", ROOM, headers=bearer("x")) == await call(
            app, "GET", "/rooms/m9", headers=bearer("x")
        )


@pytest.mark.parametrize(("method", "path"), [("PUT", ROOM), ("POST", f"{ROOM}/moves")])
@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"\xff", b'{"seat": 5}', b'{"number": NaN}', b"[" * 9999, b'{"x": 1}', b"x" * 300_000]
)
async def test_a_body_that_makes_no_sense_is_turned_down_with_advice(method: str, path: str, body: bytes) -> None:
    async with a_table() as app:
        answer = await call(app, method, path, body, bearer(KEY))
        assert answer.status in (413, 422), answer.body
        assert answer.json["detail"]


@pytest.mark.parametrize("query", ["seen=-1", "seen=x", "seen=99999999999999999999"])
async def test_a_query_that_makes_no_sense_is_turned_down(query: str) -> None:
    async with a_table() as app:
        assert (await call(app, "GET", f"{ROOM}?{query}", headers=bearer(KEY))).status == 422


async def test_a_move_that_does_not_fit_says_why() -> None:
    async with a_table() as app:
        answer = await call(app, "POST", f"{ROOM}/moves", {"seat": ANN, "round": 4, "number": 5}, bearer(KEY))
        assert (answer.status, answer.json["detail"]) == (409, "round 4 has not begun: the present one is 1")
