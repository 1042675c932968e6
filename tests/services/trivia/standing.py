"""What the tests of the stand-in for Discord are made of: the real discord.py, and calls without it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tenure.services.trivia.discord.stand_in import StandIn, serving

CLUB, QUIZ, ADA, BOB, TOKEN = "Club", "quiz", "Ada", "Bob", "secret"
START = 1_800_000_000.0
PATIENT_SECONDS = 60.0
"""How long the first answer to a click may take, where a test isn't about that: machines are busy."""


class Answered(NamedTuple):
    """What came of a call without discord.py."""

    status: int
    body: Any
    headers: Any


@asynccontextmanager
async def a_stand_in(**given: Any) -> AsyncIterator[StandIn]:
    """Serve a stand-in with one guild; time stands still there unless it is advanced."""
    settings = {
        "rate_limits": False, "clock": lambda: START, "token": TOKEN, "first_seconds": PATIENT_SECONDS, **given,
    }  # fmt: skip
    async with serving(StandIn(**settings)) as stand_in:
        stand_in.people.add_guild(CLUB, channels=(QUIZ, "other"), managers=(ADA,), members=(BOB,))
        yield stand_in


def quiz(stand_in: StandIn) -> str:
    """Give the id of the channel."""
    return stand_in.people.channel(CLUB, QUIZ).id


@asynccontextmanager
async def calls(stand_in: StandIn, token: str | None = TOKEN) -> AsyncIterator[Any]:
    """Give `call(method, path, body)`, as a program without any library would call."""
    headers = {} if token is None else {"Authorization": f"Bot {token}"}
    async with aiohttp.ClientSession(headers=headers) as http:

        async def call(method: str, path: str, body: Any = None, **more: Any) -> Answered:
            async with http.request(method, stand_in.api_url + path, json=body, **more) as answer:
                is_json = answer.headers.get("content-type") == "application/json"
                said = (await answer.json() if is_json else await answer.text()) if answer.status != 204 else None
                return Answered(answer.status, said, answer.headers)

        yield call


class Bot(discord.Client):
    """A client that notes what it hears."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify anew at once; discord.py would first wait for five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        self.heard.put_nowait(("message", message.content))

    async def on_message_edit(self, _: discord.Message, after: discord.Message) -> None:
        self.heard.put_nowait(("edit", after.content))

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self.heard.put_nowait(("join", guild.name))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        self.heard.put_nowait(("remove", guild.name))

    async def on_guild_channel_update(self, _: Any, after: discord.abc.GuildChannel) -> None:
        self.heard.put_nowait(("channel", after.permissions_for(after.guild.me).send_messages))

    async def on_resumed(self) -> None:
        self.heard.put_nowait(("resumed", None))

    async def on_ready(self) -> None:
        self.heard.put_nowait(("ready", None))

    async def next(self, *kinds: str) -> tuple[str, Any]:
        """Wait for the next thing of these kinds; the test's time limit is the limit."""
        while True:
            heard = await self.heard.get()
            if heard[0] in kinds:
                return heard

    async def settled(self) -> None:
        """Wait until all is there of each guild: discord.py is ready before that if a guild's data takes long."""
        while any(guild.unavailable or (self.intents.members and not guild.chunked) for guild in self.guilds):
            await asyncio.sleep(0.01)

    def place(self, name: str = QUIZ) -> discord.TextChannel:
        """Give a channel of the club."""
        found = discord.utils.get(self.guilds[0].text_channels, name=name)
        assert found is not None
        return found


@asynccontextmanager
async def a_bot(
    stand_in: StandIn, *, intents: discord.Intents | None = None, bot: Bot | None = None
) -> AsyncIterator[Bot]:
    """Give the real client, connected and ready."""
    async with pointed_at(stand_in):
        made = bot or Bot(intents or discord.Intents.default())
        connected = None
        try:
            await made.login(stand_in.token)
            connected = asyncio.create_task(made.connect())
            await made.next("ready")
            await made.settled()
            yield made
        finally:
            await made.close()
            if connected is not None:
                await asyncio.gather(connected, return_exceptions=True)


@asynccontextmanager
async def pointed_at(stand_in: StandIn) -> AsyncIterator[None]:
    """Let discord.py speak to a stand-in. Its addresses are attributes of classes."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = stand_in.api_url, yarl.URL(stand_in.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before


def wrong(errors: dict[str, Any]) -> list[str]:
    """Give the places of wrong fields with Discord's word for each, such as `embeds.0.title BASE_TYPE_MAX_LENGTH`."""
    found = [f" {one['code']}" for one in errors.pop("_errors", [])]
    return found + [f".{name}{rest}" for name, below in errors.items() for rest in wrong(below)]
