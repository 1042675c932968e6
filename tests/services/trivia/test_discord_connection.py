"""What becomes of a connection to Discord that breaks, is refused, or changes hands: nothing is done twice."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.services.trivia.discords import MARK, OTHER_MARK, Server, a_chat, a_server, until

from tenure import Poller, seconds
from tenure.services.trivia.chat.contract import ChatRefused
from tenure.services.trivia.discord import gateway
from tenure.services.trivia.discord.listening import POLLER
from tenure.services.trivia.discord.stand_in.faults import Kind
from tenure.store.keeping import Keeper

COUNTS = "Your answer counts: B"


async def test_a_connection_that_breaks_is_resumed_and_what_came_meanwhile_is_answered_once() -> None:
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        server.stand_in.drop()
        assert COUNTS in await server.click("bob", str(game.message))
        assert (server.stand_in.hub.identified, server.stand_in.hub.resumed) == (1, 1)
        assert await server.answers(game) == {"bob": "B"}
        await until(lambda: not server.chat.trouble, "there is trouble")


@pytest.mark.parametrize("how", ["reconnect", "close", "invalidate"])
async def test_however_discord_ends_a_connection_there_is_soon_another_one(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.Gateway, "before_identify_hook", at_once)
    async with a_server() as server:
        await server.listen()
        game = await server.a_game()
        hub = server.stand_in.hub
        ways: dict[str, Callable[[], int]] = {
            "reconnect": server.stand_in.reconnect,
            "close": lambda: server.stand_in.drop(4000),
            "invalidate": server.stand_in.invalidate,
        }
        ways[how]()
        await until(lambda: hub.identified + hub.resumed == 2 and server.hears, "nobody listens")
        assert COUNTS in await server.click("bob", str(game.message))
        assert len(server.messages()) == 1


async def at_once(*_: object, **__: object) -> None:
    """Identify without the pause that Discord asks for."""


async def test_a_post_while_the_gateway_breaks_again_and_again_is_made_once() -> None:
    async with a_server() as server:
        await server.listen()
        posts = [asyncio.create_task(server.post(mark)) for mark in (MARK, OTHER_MARK, MARK, OTHER_MARK)]
        await break_often(server, 3)
        await asyncio.gather(*posts)
        assert len(server.messages()) == 2


async def test_one_that_breaks_too_often_takes_a_pause_and_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    async with a_server() as server:
        await server.listen()
        await break_often(server, gateway.MOST_DROPS - 1)
        assert server.stand_in.hub.identified == 1
        server.stand_in.drop()
        await until(lambda: server.stand_in.hub.identified == 2, "it does not begin anew")
        assert "broke 5 times" in caplog.text
        await until(lambda: not server.chat.trouble, "there is trouble")


async def test_a_connection_that_only_seems_to_be_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "SILENCE_SECONDS", 0.5)
    async with a_server(heartbeat_seconds=0.2) as server:
        await server.listen()
        game = await server.a_game()
        server.stand_in.mute()
        await until(lambda: bool(server.chat.trouble), "nobody says so")
        server.stand_in.mute(on=False)
        await until(lambda: not server.chat.trouble and server.hears, "it does not come back")
        assert COUNTS in await server.click("bob", str(game.message))
        assert await server.answers(game) == {"bob": "B"}


async def break_often(server: Server, times: int) -> None:
    """Drop the connection, each time when it was resumed."""
    for _ in range(times):
        resumed = server.stand_in.hub.resumed
        server.stand_in.drop()
        await until(lambda: server.stand_in.hub.resumed > resumed, "it does not resume")  # noqa: B023  it is awaited


# --------------------------------------------------------------------------------------------- refused


async def test_a_token_that_is_revoked_while_we_listen_is_trouble_until_it_is_valid_again() -> None:
    async with a_server() as server:
        await server.listen()
        server.stand_in.revoke()
        await until(lambda: "TENURE_TRIVIA_DISCORD_TOKEN" in server.chat.trouble, "nobody says so")
        assert server.stand_in.token not in server.chat.trouble
        with pytest.raises(ChatRefused, match="TENURE_TRIVIA_DISCORD_TOKEN"):
            await server.post()
        server.stand_in.restore()
        await until(lambda: not server.chat.trouble and server.hears, "it does not come back")
        game = await server.a_game()
        assert COUNTS in await server.click("bob", str(game.message))


async def test_intents_that_nobody_granted_are_trouble() -> None:
    async with a_server() as server:
        await server.listen()
        server.stand_in.drop(4014)
        await until(lambda: "4014" in server.chat.trouble, "nobody says so")
        await until(lambda: not server.chat.trouble and server.hears, "it does not come back")


@pytest.mark.parametrize(
    ("kind", "route", "more"),
    [
        ("status", "GET /users/@me", {"status": 503}),
        ("status", "GET /gateway/bot", {"status": 503}),
        ("limit", "PUT /applications/*", {"seconds": 20.0}),
        ("cut", "GET /users/@me", {}),
        ("garbage", "GET /*applications/@me", {}),
    ],
)
async def test_while_discord_does_not_let_it_in_there_is_trouble_and_then_none(
    kind: Kind, route: str, more: dict[str, Any]
) -> None:
    async with a_server() as server:
        fault = server.stand_in.fail(kind, route, times=None, **more)
        listening = asyncio.create_task(server.listen())
        await until(lambda: bool(server.chat.trouble), "nobody says so")
        assert fault.fired
        server.stand_in.behave()
        await listening
        await until(lambda: not server.chat.trouble, "there is trouble")


async def test_no_session_is_begun_when_few_are_left_of_the_day() -> None:
    async with a_server() as server:
        server.stand_in.hub.identified = 995
        listening = asyncio.create_task(server.listen())
        await until(lambda: "sessions may begin today" in server.chat.trouble, "nobody says so")
        assert server.stand_in.hub.identified == 995
        server.stand_in.hub.identified = 0
        await listening


# --------------------------------------------------------------------------------------------- several processes


async def test_of_several_processes_one_listens_and_another_takes_over_when_it_stops() -> None:
    async with a_server() as server:
        await server.listen()
        other = a_chat(server)
        (loop,) = other.loops().values()
        waiting = asyncio.create_task(Keeper(server.store).keep("discord", loop))
        try:
            game = await server.a_game()
            assert COUNTS in await server.click("bob", str(game.message))
            assert server.stand_in.hub.identified == 1
            await server.deafen()
            await until(lambda: server.stand_in.hub.identified == 2 and server.hears, "nobody takes over")
            assert COUNTS in await server.click("cora", str(game.message))
            assert server.chat.trouble == other.trouble == ""
        finally:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def test_one_that_was_killed_is_followed_by_another_within_its_lease() -> None:
    async with a_server() as server:
        await server.turns.apply(Poller.create(POLLER))
        killed = server.turns.acting("killed")
        await killed.apply(Poller.begin(POLLER, turns=1, began_at=await killed.now()))
        listening = asyncio.create_task(server.listen())
        await server.turns.advance(seconds(29))
        assert server.stand_in.hub.identified == 0
        await server.turns.advance(seconds(2))
        await listening
        assert server.stand_in.hub.identified == 1
