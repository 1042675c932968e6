"""The stand-in's gateway: the real discord.py stays in touch through all that happens, and raw clients are told off."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
from tests.services.trivia.standing import BOB, CLUB, QUIZ, TOKEN, Bot, a_bot, a_stand_in, pointed_at

from tenure.services.trivia.discord.stand_in import StandIn
from tenure.services.trivia.discord.stand_in.gateway.connection import KNOWN_INTENTS, MOST_SENT
from tenure.services.trivia.discord.stand_in.gateway.sessions import RESUMABLE_SECONDS

HEARTBEAT, IDENTIFY, PRESENCE, RESUME, INVALID, HELLO, ACK = 1, 2, 3, 6, 9, 10, 11


def all_intents() -> discord.Intents:
    return discord.Intents.all()


# --------------------------------------------------------------------------------------------- discord.py


async def test_a_bot_is_told_of_its_guilds_and_of_what_happens_there() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in, intents=all_intents()) as bot:
        people = stand_in.people
        assert [guild.name for guild in bot.guilds] == [CLUB]
        assert bot.guilds[0].member_count == 3
        assert {member.name for member in bot.guilds[0].members} == {"ada", "bob", "Trivia"}
        people.write(CLUB, QUIZ, BOB, "hello")
        assert await bot.next("message") == ("message", "hello")
        people.permit(CLUB, QUIZ, send_messages=False)
        assert await bot.next("channel") == ("channel", False)
        people.kick(CLUB)
        assert await bot.next("remove") == ("remove", CLUB)
        people.add_guild("New")
        assert await bot.next("join") == ("join", "New")


async def test_what_others_write_is_hidden_without_the_intent_and_hidden_channels_whole() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        stand_in.people.write(CLUB, QUIZ, BOB, "secret words")
        assert await bot.next("message") == ("message", "")
        stand_in.people.permit(CLUB, QUIZ, view_channel=False)
        stand_in.people.write(CLUB, QUIZ, BOB, "x")
        await bot.place("other").send("our own")
        assert await bot.next("message") == ("message", "our own")


@pytest.mark.parametrize("how", ["without a word", "4000", "asked"])
async def test_a_connection_that_ends_is_resumed_and_nothing_is_missed(how: str) -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in, intents=all_intents()) as bot:
        end = {"without a word": stand_in.drop, "4000": lambda: stand_in.drop(4000), "asked": stand_in.reconnect}[how]
        assert end() == 1
        for number in range(5):
            stand_in.people.write(CLUB, QUIZ, BOB, str(number))
        heard = [await bot.next("message", "resumed") for _ in range(6)]
        assert sorted(heard, key=str) == [("message", str(number)) for number in range(5)] + [("resumed", None)]
        assert (stand_in.hub.identified, stand_in.hub.resumed) == (1, 1)


async def test_a_session_that_is_no_longer_valid_begins_anew() -> None:
    async with a_stand_in() as stand_in, a_bot(stand_in) as bot:
        stand_in.invalidate()
        await bot.next("ready")
        assert (stand_in.hub.identified, stand_in.hub.resumed) == (2, 0)
        stand_in.invalidate(resumable=True)
        await bot.next("resumed")
        assert (stand_in.hub.identified, stand_in.hub.resumed) == (2, 1)


async def test_a_connection_that_only_seems_to_be_there_is_left_and_resumed() -> None:
    async with a_stand_in() as stand_in:
        bot = Bot(all_intents())
        bot._connection.heartbeat_timeout = 0.2
        async with a_bot(stand_in, bot=bot):
            stand_in.mute()
            stand_in.people.write(CLUB, QUIZ, BOB, "unheard")
            stand_in.advance(1)
            await bot_left(stand_in)
            stand_in.mute(on=False)
            assert await bot.next("message") == ("message", "unheard")


async def bot_left(stand_in: StandIn) -> None:
    """Wait until nobody is connected any more, or somebody has come again."""
    (*_, latest) = stand_in.hub.sessions.values()
    was = latest.outgoing
    while latest.outgoing is was:
        await asyncio.sleep(0.01)


async def test_a_revoked_token_ends_a_connection_for_good() -> None:
    async with a_stand_in() as stand_in, pointed_at(stand_in):
        bot = Bot(discord.Intents.default())
        await bot.login(stand_in.token)
        connected = asyncio.create_task(bot.connect())
        await bot.next("ready")
        stand_in.revoke()
        with pytest.raises(discord.ConnectionClosed) as caught:
            await connected
        assert caught.value.code == 4004
        await bot.close()


async def test_intents_that_nobody_granted_are_refused() -> None:
    async with a_stand_in() as stand_in, pointed_at(stand_in):
        stand_in.refuse_intents()
        bot = Bot(all_intents())
        await bot.login(stand_in.token)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()
        await bot.close()


# --------------------------------------------------------------------------------------------- raw


class Raw:
    """A client without discord.py."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, op: int, data: Any = None) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data}))

    async def identify(self, **more: Any) -> None:
        await self.send(IDENTIFY, {"token": TOKEN, "intents": 1, "properties": {}, **more})

    async def hears(self, op: int, event: str | None = None) -> Any:
        """Wait for one payload, over others."""
        while True:
            heard = await self.socket.receive_json()
            if (heard["op"], heard["t"]) == (op, event):
                return heard

    async def closed_with(self) -> int | None:
        while (await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        return self.socket.close_code


@asynccontextmanager
async def raw(stand_in: StandIn, query: str = "?v=10&encoding=json") -> AsyncIterator[Raw]:
    async with aiohttp.ClientSession() as http, http.ws_connect(stand_in.gateway_url + query) as socket:
        yield Raw(socket)


async def test_hello_comes_first_and_heartbeats_are_acknowledged() -> None:
    async with a_stand_in(heartbeat_seconds=41.25) as stand_in, raw(stand_in) as client:
        assert (await client.hears(HELLO))["d"]["heartbeat_interval"] == 41250
        await client.send(HEARTBEAT)
        assert await client.hears(ACK)
        await client.identify()
        ready = await client.hears(0, "READY")
        created = await client.hears(0, "GUILD_CREATE")
        assert [ready["s"], created["s"]] == [1, 2]
        assert ready["d"]["guilds"] == [{"id": created["d"]["id"], "unavailable": True}]
        assert (created["d"]["unavailable"], len(created["d"]["channels"])) == (False, 2)


WRONG: dict[int, list[Any]] = {
    4001: [(IDENTIFY, None), (99, None)],
    4002: [(RESUME, {"token": TOKEN, "session_id": [], "seq": "x"})],
    4003: [(PRESENCE, {})],
    4004: [(IDENTIFY, {"token": "wrong"})],
    4005: [(IDENTIFY, None), (IDENTIFY, None)],
    4013: [(IDENTIFY, {"intents": KNOWN_INTENTS + 1})],
}


async def test_each_mistake_of_a_client_has_its_close_code() -> None:
    async with a_stand_in() as stand_in:
        for code, sends in WRONG.items():
            async with raw(stand_in) as client:
                for op, data in sends:
                    await (client.identify(**(data or {})) if op == IDENTIFY else client.send(op, data))
                assert await client.closed_with() == code
        async with raw(stand_in, "?v=7") as client:
            await client.identify()
            assert await client.closed_with() == 4012
        for text in ("{", "[]", '{"op": 2, "d": 5}', "x" * 5000):
            async with raw(stand_in) as client:
                await client.socket.send_str(text)
                assert await client.closed_with() == 4002


async def test_more_than_a_hundred_and_twenty_payloads_a_minute_are_too_many() -> None:
    async with a_stand_in() as stand_in, raw(stand_in) as client:
        for _ in range(MOST_SENT + 1):
            await client.send(HEARTBEAT)
        assert await client.closed_with() == 4008


async def test_a_client_whose_heart_stops_is_closed() -> None:
    async with a_stand_in(heartbeat_seconds=0.05) as stand_in, raw(stand_in) as client:
        await client.identify()
        assert await client.closed_with() == 4009


async def test_a_session_is_resumed_within_minutes_from_an_event_that_is_kept() -> None:
    async with a_stand_in() as stand_in:

        async def begun() -> str:
            async with raw(stand_in) as client:
                await client.identify()
                ready = await client.hears(0, "READY")
                session = str(ready["d"]["session_id"])
                await client.socket.close(code=4000)  # 1000 would end the session too
            while stand_in.hub.sessions[session].outgoing is not None:
                await asyncio.sleep(0.01)
            return session

        async def resumed(session: str, sequence: int) -> bool:
            async with raw(stand_in) as client:
                await client.send(RESUME, {"token": TOKEN, "session_id": session, "seq": sequence})
                while (heard := await client.socket.receive_json())["op"] == HELLO or heard["t"] == "GUILD_CREATE":
                    pass
                await client.socket.close(code=4000)
            return bool(heard["t"] == "RESUMED")

        assert await resumed(await begun(), 1)
        assert not await resumed(await begun(), 99)
        assert not await resumed("unknown", 1)
        late = await begun()
        stand_in.advance(RESUMABLE_SECONDS + 1)
        assert not await resumed(late, 1)


async def test_a_session_that_its_client_ends_in_order_is_over() -> None:
    async with a_stand_in() as stand_in, raw(stand_in) as client:
        await client.identify()
        ready = await client.hears(0, "READY")
        await client.socket.close(code=1000)
        while ready["d"]["session_id"] in stand_in.hub.sessions:
            await asyncio.sleep(0.01)
        async with raw(stand_in) as again:
            await again.send(RESUME, {"token": TOKEN, "session_id": ready["d"]["session_id"], "seq": 1})
            assert (await again.hears(INVALID))["d"] is False
