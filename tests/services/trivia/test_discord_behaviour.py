"""Discord does what every chat does: the real discord.py, and a Discord of our own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tests.services.trivia.chat_behaviour import ChatBehaviour, Said, Seen
from tests.services.trivia.discords import Server, a_server, read

from tenure import Store
from tenure.services.trivia.chat.contract import Chat
from tenure.services.trivia.discord.buttons import custom_id
from tenure.services.trivia.discord.stand_in import Seen as Answer


class DiscordScene:
    """A server with two channels, seen and used by its people."""

    def __init__(self, server: Server) -> None:
        self._server, self._people = server, server.stand_in.people
        self.store: Store = server.store
        self.chat: Chat = server.chat
        self.guild, self.channel, self.other_channel = server.guild, server.channel(), server.channel("other")

    async def seen(self, channel: str) -> list[Seen]:
        return [
            Seen(
                id=message["id"],
                text=read(Answer(interaction="", messages=[message])),
                letters="".join(button["label"] for row in message["components"] for button in row["components"]),
            )
            for message in self._people.messages(self.guild, channel)
            if not message.get("interaction_metadata")
        ]

    async def press(self, who: str, channel: str, message: str, game: str, letter: str) -> Said:
        return said(await self._people.press(self.guild, channel, who, message, custom_id(game, letter)))

    async def write(self, who: str, channel: str, command: str, **options: str | int) -> Said:
        typed = " ".join([f"/trivia {command}", *(f"{name}:{value}" for name, value in options.items())])
        return said(await self._people.command(self.guild, channel, who, typed))

    async def forbid(self, channel: str) -> None:
        self._people.permit(self.guild, channel, send_messages=False)

    async def allow(self, channel: str) -> None:
        self._people.permit(self.guild, channel, send_messages=True)

    async def restart(self) -> None:
        await self._server.another_process()
        await self._server.listen()
        self.chat = self._server.chat


def said(answer: Answer) -> Said:
    return Said(text=read(answer), private=answer.private)


@asynccontextmanager
async def a_scene() -> AsyncIterator[DiscordScene]:
    async with a_server() as server:
        await server.listen()
        yield DiscordScene(server)


class TestDiscord(ChatBehaviour):
    def scene(self) -> AbstractAsyncContextManager[DiscordScene]:
        return a_scene()
