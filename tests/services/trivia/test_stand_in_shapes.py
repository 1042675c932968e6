"""What the stand-in sends has the fields and the types that discord.py's own declarations of Discord's JSON name."""

import json
from typing import Any

import discord
import pytest
from tests.services.trivia.discord_types import complaints
from tests.services.trivia.standing import ADA, BOB, CLUB, QUIZ, Bot, a_bot, a_stand_in, calls, quiz

from tenure.services.trivia.discord.stand_in import StandIn


def no_number_is_an_id(value: Any, place: str = "") -> list[str]:
    """Ids are texts: as numbers a browser's JSON would round them."""
    if isinstance(value, dict):
        return [say for key, one in value.items() for say in no_number_is_an_id(one, f"{place}.{key}")]
    if isinstance(value, list):
        return [say for at, one in enumerate(value) for say in no_number_is_an_id(one, f"{place}[{at}]")]
    return [place] if isinstance(value, int) and value > 2**53 else []


def check(value: Any, wanted: str) -> None:
    assert complaints(value, wanted) == []
    assert no_number_is_an_id(value) == []


@pytest.mark.parametrize(
    ("value", "wanted", "says"),
    [
        ({"id": "1"}, "PartialUser", ".username: missing"),
        ({"token": 5}, "GatewayBot", ".url: missing"),
        ({"id": "1", "allow": 5, "type": 0, "deny": "0"}, "PermissionOverwrite", ".allow: 5 is no str"),
        ({"id": "1", "allow": "5", "type": 7, "deny": "0"}, "PermissionOverwrite", ".type: 7 is none of (0, 1)"),
    ],
)
def test_the_check_finds_what_is_wrong(value: Any, wanted: Any, says: str) -> None:
    assert says in complaints(value, wanted)


async def test_answers_have_the_declared_shapes() -> None:
    async with a_stand_in() as stand_in, calls(stand_in) as call:
        club, place = stand_in.people.guild(CLUB), quiz(stand_in)
        stand_in.people.permit(CLUB, QUIZ, embed_links=True, read_message_history=False)
        path = f"/channels/{place}/messages"
        posted = {
            "embeds": [{"title": "Q", "fields": [{"name": "a", "value": "b"}]}],
            "nonce": "n",
            "enforce_nonce": True,
        }
        declared = {
            "/users/@me": "User",
            "/oauth2/applications/@me": "AppInfo",
            "/gateway/bot": "GatewayBot",
            f"/guilds/{club.id}": "Guild",
            f"/guilds/{club.id}/channels": "list[TextChannel]",
            f"/guilds/{club.id}/roles": "list[Role]",
            f"/guilds/{club.id}/members?limit=5": "list[MemberWithUser]",
            f"/channels/{place}": "TextChannel",
            path: "list[Message]",
        }
        check((await call("POST", path, posted)).body, "Message")
        for address, wanted in declared.items():
            answered = await call("GET", address)
            assert answered.status == 200
            if wanted == "Guild":  # those that only the gateway's has
                answered.body.update(stage_instances=[], guild_scheduled_events=[])
            check(answered.body, wanted)
        made = await call(
            "PUT",
            f"/applications/{stand_in.world.bot.id}/commands",
            [{"name": "a", "description": "A", "default_member_permissions": 32}],
        )
        for one in made.body:
            check({**one, "contexts": [0]}, "ApplicationCommand")


class Recorder(Bot):
    """Keeps what the gateway sent."""

    def __init__(self) -> None:
        super().__init__(discord.Intents.all())
        self._enable_debug_events = True
        self.received: dict[str, Any] = {}

    async def on_socket_raw_receive(self, text: str) -> None:
        told = json.loads(text)
        if told["op"] == 0:
            self.received[told["t"]] = told["d"]
            self.heard.put_nowait(("received", told["t"]))

    async def on_interaction(self, asked: discord.Interaction[Any]) -> None:
        await asked.response.send_message("answer", ephemeral=True)

    async def until(self, event: str) -> Any:
        while event not in self.received:
            await self.next("received")
        return self.received[event]


async def test_events_have_the_declared_shapes() -> None:
    bot = Recorder()
    async with a_stand_in() as stand_in, a_bot(stand_in, bot=bot):
        check(await bot.until("READY"), "ReadyEvent")
        check(await bot.until("GUILD_CREATE"), "Guild")
        button: discord.ui.Button[Any] = discord.ui.Button(label="A", custom_id="a")
        view = discord.ui.View(timeout=None)
        view.add_item(button)
        posted = await bot.place().send("x", view=view)
        check(await bot.until("MESSAGE_CREATE"), "Message")
        seen = await stand_in.people.click(CLUB, QUIZ, BOB, str(posted.id), "A")
        check(await bot.until("INTERACTION_CREATE"), "MessageComponentInteraction")
        check(seen.messages, "list[Message]")
        check(await typed(bot, stand_in), "ApplicationCommandInteraction")
        stand_in.people.permit(CLUB, QUIZ, send_messages=False)
        check(await bot.until("CHANNEL_UPDATE"), "TextChannel")


async def typed(bot: Recorder, stand_in: StandIn) -> Any:
    """Let a command be given, and give the event."""

    @bot.tree.command(name="go", description="Go")
    async def _(asked: discord.Interaction[Any], where: discord.TextChannel, who: discord.Member) -> None:
        """Be answered by `on_interaction`."""

    await bot.tree.sync()
    del bot.received["INTERACTION_CREATE"]
    await stand_in.people.command(CLUB, QUIZ, ADA, "/go where:#other who:@Bob")
    return await bot.until("INTERACTION_CREATE")
