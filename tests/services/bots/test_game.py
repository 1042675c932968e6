"""The client of a user's game: how it is called, what comes of its failures, and that no room is doubled."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from tests.services.bots.games import KEY, Game, a_game, a_playing_match, a_pool
from tests.services.bots.runners import in_state, until

from tenure import Poller, Store, minutes, seconds, testing
from tenure.services.bots.game.api import GameApi, GameAway, GameRefused, probing
from tenure.services.bots.game.contract import Opening, SeatOpened, fits, is_room_url, seat_key
from tenure.services.bots.game.rooms import AGAIN, Rooms
from tenure.services.bots.kinds import kinds
from tenure.services.bots.lifecycle import Bot, Match, Rating, Ticket
from tenure.services.bots.offers import Offers
from tenure.services.bots.service import BotsService
from tenure.services.bots.settings import Settings
from tenure.services.bots.settling import Settling

ANN = SeatOpened(seat="Ticket/ann", players=("ann",), bot=False, rating=1500.0)
PATIENT_SECONDS = 60.0
"""How long a client waits for an answer, where a test isn't about that: machines are busy."""

OPENING = Opening(mode="duel", teams=((ANN,),), report_to="http://127.0.0.1:1/result", longest_seconds=60)


def an_api(game: Game, **given: Any) -> GameApi:
    """Make a client whose tries follow one another at once, and whose breaker stays open until it is told."""
    given = {"pause_seconds": 0.001, "open_seconds": 3600.0, "try_seconds": PATIENT_SECONDS, **given}
    return GameApi(game.url, KEY, **given)


def waits(api: GameApi, seconds: float) -> None:
    """Let a client that is open wait no longer than this for each answer from now on."""
    assert api._http is not None
    api._http._timeout = aiohttp.ClientTimeout(total=seconds)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


# ------------------------------------------------------------------------------------ one call


async def test_a_room_is_opened_with_what_the_contract_says_and_the_key() -> None:
    async with a_game() as game, an_api(game) as api:
        assert await api.open("m1", OPENING) == f"{game.url}/play/m1"
        assert game.keys == {f"Bearer {KEY}"}
        assert b'"report_to":"http://127.0.0.1:1/result"' in game.rooms["m1"]["told"]
        assert await api.look("m1") is not None
        await api.close("m1")
        assert await api.look("m1") is None
        await api.close("m1")  # it is closed, and that is what was wanted


async def test_a_call_that_fails_in_passing_is_made_again() -> None:
    async with a_game() as game, an_api(game) as api:
        game.troubles = [503, 429]
        assert await api.open("m1", OPENING) == f"{game.url}/play/m1"
        assert game.calls["PUT"] == 3


async def test_a_match_whose_answer_was_lost_gets_the_room_that_was_opened() -> None:
    async with a_game() as game, an_api(game) as api:
        game.troubles = [1]
        assert await api.open("m1", OPENING) == f"{game.url}/play/m1"
        assert (game.calls["PUT"], game.opened) == (2, ["m1"])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_refusal_is_told_with_its_reason_and_never_repeated(status: int) -> None:
    async with a_game() as game, an_api(game) as api:
        game.status = status
        with pytest.raises(GameRefused, match="so I was told") as refusal:
            await api.open("m1", OPENING)
        assert (refusal.value.status, game.calls["PUT"], api.breaker) == (status, 1, "closed")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"not json", b"{}", b'{"room": 5}', b'{"room": "javascript:alert(1)"}', b'{"room": "http://"}',
        b'{"room": "http://[::1"}', b'{"room": "http://x/' + b"y" * 3000 + b'"}', b"[" * 5000,
        b'{"room": "http://x/", "more": "' + b"y" * 100_000 + b'"}',
    ],
)  # fmt: skip
async def test_an_answer_that_is_not_as_agreed_is_a_refusal(body: bytes) -> None:
    async with a_game() as game, an_api(game) as api:
        game.body = body
        with pytest.raises(GameRefused, match="its answer is"):
            await api.open("m1", OPENING)


@pytest.mark.parametrize("body", [b'{"state": "over"}', b'{"state": "playing", "places": [1]}', b'{"state": "lost"}'])
async def test_a_look_that_makes_no_sense_is_a_refusal(body: bytes) -> None:
    async with a_game() as game, an_api(game) as api:
        game.body = body
        with pytest.raises(GameRefused, match="not as agreed"):
            await api.look("m1")


async def test_the_key_goes_to_no_other_address_and_into_no_line(said: pytest.LogCaptureFixture) -> None:
    async with a_game() as game, a_game() as other, an_api(game) as api:
        game.status, game.location = 302, f"{other.url}/rooms/m1"
        with pytest.raises(GameRefused):
            await api.open("m1", OPENING)
        assert other.calls.total() == 0
        game.status = 500
        with pytest.raises(GameAway) as away:
            await api.open("m1", OPENING)
        assert KEY not in f"{away.value}{api!r}{said.text}"


def test_a_room_is_a_url_that_players_can_open() -> None:
    assert not is_room_url("ftp://x/")
    assert not is_room_url("http://x/\n")
    assert is_room_url("wss://game.example.org/rooms/1")


# ------------------------------------------------------------------------------------ the breaker


class Clock:
    """What the breaker takes for the time."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("purgatory.domain.model.time", clock)
    return clock


@pytest.mark.parametrize("how", ["500", "hangs", "refused"])
async def test_a_game_that_is_down_is_called_no_more_until_it_answers_again(clock: Clock, how: str) -> None:
    async with a_game() as game, an_api(game, open_seconds=10) as api:
        await api.open("m1", OPENING)
        waits(api, 0.3 if how == "hangs" else PATIENT_SECONDS)
        url, api.url = api.url, "http://127.0.0.1:9" if how == "refused" else api.url
        game.status, game.troubles = (500 if how == "500" else 0), ([0] * 5 if how == "hangs" else [])
        for _ in range(2):
            with pytest.raises(GameAway):
                await api.open("m1", OPENING)
        assert (api.breaker, api.available) == ("open", False)
        calls = game.calls["PUT"]
        with pytest.raises(GameAway, match="not called for some seconds"):
            await api.open("m1", OPENING)
        assert game.calls["PUT"] == calls
        game.status, api.url = 0, url
        waits(api, PATIENT_SECONDS)
        clock.now = 10.1
        probe = asyncio.create_task(probing(api, 0.01))
        await until(lambda: api.breaker == "closed")
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert await api.open("m1", OPENING) == f"{game.url}/play/m1"
        assert game.opened == ["m1"]


async def test_only_one_call_tries_whether_the_game_is_back(clock: Clock) -> None:
    async with a_game() as game, an_api(game, threshold=1, open_seconds=10, tries=1) as api:
        game.status = 500
        with pytest.raises(GameAway):
            await api.open("m1", OPENING)
        clock.now = 10.1
        game.status, game.troubles = 0, [0]
        trying = asyncio.create_task(api.look("m1"))
        await until(lambda: api.breaker == "half-open")
        with pytest.raises(GameAway, match="not called"):
            await api.look("m1")
        game.hangs.set()
        await trying
        assert (game.calls["GET"], api.breaker) == (1, "closed")


async def test_refusals_and_our_own_cancelling_open_no_breaker() -> None:
    async with a_game() as game, an_api(game, threshold=1) as api:
        game.status = 404
        for _ in range(5):
            assert await api.look("m1") is None
        game.status, game.troubles = 0, [0]
        task = asyncio.create_task(api.look("m1"))
        while game.calls["GET"] != 6:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert api.breaker == "closed"


async def turned(store: Store, turns: int) -> bool:
    """Let a second pass, and tell whether the fleet manager has had so many turns."""
    await store.advance(seconds(1))
    pollers = await store.get_many(Poller, ["bots/fleet"])
    return bool(pollers) and pollers["bots/fleet"].turns > turns


async def deployed(store: Store, bot: str) -> bool:
    """Let a second pass, and tell whether a bot is out."""
    await store.advance(seconds(1))
    return await in_state(store, Bot.deployed, bot)


async def test_while_the_breaker_is_open_no_bot_is_deployed(clock: Clock) -> None:
    async with a_game() as game, testing.store(*kinds) as store:
        settings = Settings(
            base_url="http://127.0.0.1:1", admin_key="x", game_key=KEY, game_url=game.url, game_tries=1,
            game_failures=1, matches=False,
        )  # fmt: skip
        service = BotsService(store, settings)
        await a_pool(store)
        await service.crew.create("duel", ids=["a"])
        async with service.game as api:
            game.status = 500
            with pytest.raises(GameAway):
                await api.look("m1")
            fleet = asyncio.create_task(service.fleet.run())
            await until(lambda: turned(store, 3))
            assert (await store.get(Bot, "a")).state == Bot.idle
            assert "the game is away" in service.trouble
            game.status, clock.now = 0, 10.1
            await api.probe()
            await until(lambda: deployed(store, "a"))
            assert service.trouble == ""
            fleet.cancel()
            await asyncio.gather(fleet, return_exceptions=True)


# ------------------------------------------------------------------------------------ rooms follow matches


@asynccontextmanager
async def a_world(game: Game, **given: Any) -> AsyncIterator[tuple[Store, Rooms, GameApi]]:
    """Make a service's rooms at a game, in a store whose time stands still."""
    async with testing.store(*kinds) as store, an_api(game, **given) as api:
        await a_pool(store)
        settling = Settling(store, Offers(store))
        yield store, Rooms(store, api, settling, lambda id: f"http://127.0.0.1:1/matches/{id}/result"), api


async def deliver(store: Store, rooms: Rooms) -> None:
    await store.deliver_once(Match.open_room, rooms.open_room, retry=AGAIN)
    await store.deliver_once(Match.close_room, rooms.close_room, retry=AGAIN)


async def test_a_match_that_starts_gets_its_room() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        assert (await store.get(Match, "m1")).room == f"{game.url}/play/m1"
        assert b"/matches/m1/result" in game.rooms["m1"]["told"]
        assert seat_key(KEY, "m1", "Ticket/ann").encode() in game.rooms["m1"]["told"]
        assert KEY.encode() not in game.rooms["m1"]["told"]


async def test_a_server_killed_between_opening_and_noting_opens_no_second_room() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, api):
        match = await a_playing_match(store, "m1", "ann", "bob")
        await api.open("m1", OPENING)  # and then it died
        await deliver(store, rooms)
        assert (await store.get(Match, match.id)).room == f"{game.url}/play/m1"
        assert game.opened == ["m1"]


async def test_while_the_game_is_away_its_room_is_tried_again_and_after_a_minute_its_players_are_free() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        game.status = 500
        await deliver(store, rooms)
        assert (await store.get(Match, "m1")).state == Match.playing
        await store.advance(seconds(61))
        await deliver(store, rooms)
        match = await store.get(Match, "m1")
        assert (match.state, match.reason) == (Match.void, "game_away")


async def test_a_match_that_the_game_refuses_is_broken_off() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        game.status = 422
        await deliver(store, rooms)
        match = await store.get(Match, "m1")
        assert (match.state, match.reason) == (Match.void, "game_refused")


async def test_the_room_of_a_match_that_is_broken_off_is_closed() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        await store.apply(Match.break_off("m1", reason="test"))
        await deliver(store, rooms)
        assert game.rooms == {}


async def test_an_offer_that_nobody_accepted_never_reaches_the_game() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await store.apply(Match.create("m1", pool="duel", mode="duel", teams=(), gap=0.0, expected=()))
        await store.advance(minutes(1))
        await deliver(store, rooms)
        assert game.calls.total() == 0


async def test_a_result_whose_report_was_lost_is_found_and_counts_once() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        game.rooms["m1"]["result"] = {"state": "over", "places": [2, 1]}
        assert await rooms.find_results() == 0  # it is young: its report may be on the way
        await store.advance(seconds(21))
        assert await rooms.find_results() == 1
        await Settling(store, Offers(store)).settle("m1", (2, 1))  # and here the report comes after all
        match = await store.get(Match, "m1")
        assert (match.state, match.places) == (Match.over, (2, 1))
        assert (await store.get(Ticket, "ann")).state == Ticket.played
        ratings = [await store.get(Rating, f"{player}/duel") for player in ("ann", "bob")]
        assert [(rating.played, rating.won) for rating in ratings] == [(1, 0), (1, 1)]


async def test_a_room_that_is_gone_at_two_looks_breaks_its_match_off() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        game.rooms.clear()
        await store.advance(seconds(21))
        await rooms.find_results()
        assert (await store.get(Match, "m1")).state == Match.playing  # the game may be just starting
        await rooms.find_results()
        match = await store.get(Match, "m1")
        assert (match.state, match.reason) == (Match.void, "room_lost")


async def test_places_that_fit_no_match_break_it_off() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        game.rooms["m1"]["result"] = {"state": "over", "places": [1, 3]}
        await store.advance(seconds(21))
        assert await rooms.find_results() == 0
        assert (await store.get(Match, "m1")).reason == "result_unusable"


async def test_a_game_that_is_away_while_results_are_looked_for_ends_no_match() -> None:
    async with a_game() as game, a_world(game) as (store, rooms, _):
        await a_playing_match(store, "m1", "ann", "bob")
        await deliver(store, rooms)
        await store.advance(seconds(21))
        game.status = 500
        for _ in range(3):
            assert await rooms.find_results() == 0
        assert (await store.get(Match, "m1")).state == Match.playing


@pytest.mark.parametrize(
    ("places", "good"),
    [((1, 2), True), ((2, 1), True), ((1, 1), True), ((1, 1, 3), True), ((1, 2, 2), True), ((2, 2), False),
     ((1, 3), False), ((0, 1), False), ((1,), False), ((1, 2, 3, 4), False), ((-1, 1), False)],
)  # fmt: skip
def test_places_are_counted_from_one_and_equal_ones_leave_the_next_out(places: tuple[int, ...], *, good: bool) -> None:
    assert fits(places, 3 if len(places) == 3 else 2) is good
