"""The page's own pages: a channel, the way in, a new key, and what is wrong."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tenure.pages.sessions import path_of, root_of
from tenure.services.trivia.chat.asking import Reply
from tenure.services.trivia.chat.channels import Channels
from tenure.services.trivia.chat.lifecycle import ChatChannel, ChatMember, ChatMessage
from tenure.services.trivia.chat.members import MOST_OF_A_NAME
from tenure.services.trivia.chat.page.entering import Entering
from tenure.services.trivia.chat.page.reading import Reading
from tenure.services.trivia.chat.page.rendering import ASSETS, TEMPLATES
from tenure.services.trivia.chat.table import COMMANDS
from tenure.services.trivia.chat.talking import MOST_OF_A_LINE
from tenure.services.trivia.chat.typed import usage
from tenure.services.trivia.lifecycle import Guild

PALETTE = [(f"/{command.name}", usage(command), command.says, command.manages) for command in COMMANDS]


class Seat:
    """Somebody in a guild, and the name of the channel of the address, if there is one in it."""

    def __init__(self, guild: Guild, member: ChatMember, channels: Channels, name: str) -> None:
        self.guild, self.member, self._channels, self.name = guild, member, channels, name

    async def channel(self) -> ChatChannel:
        """Read the channel. Raises `Unknown`."""
        return await self._channels.get(self.guild.id, self.name)

    async def channels(self) -> list[ChatChannel]:
        """Read all channels of the guild."""
        return await self._channels.list(self.guild.id)


def message_html(message: ChatMessage) -> str:
    """Give a message as everybody sees it."""
    return TEMPLATES.part("message.html", {"message": message})


class Showing:
    """Makes the pages."""

    def __init__(self, entering: Entering, reading: Reading) -> None:
        self._entering, self._reading = entering, reading

    async def channel(
        self, request: Request, seat: Seat, *, before: str | None = None, reply: Reply | None = None, line: str = ""
    ) -> Response:
        """Show a channel; with the messages before one it is not live. `reply` is for this member alone."""
        channel = await seat.channel()
        place = f"/{seat.guild.id}/{channel.name}"
        values = {
            "guild": seat.guild, "member": seat.member, "channels": await seat.channels(), "channel": channel,
            "listed": await self._reading.messages(channel, seat.member, before=before),
            "outlook": await self._reading.outlook(seat.guild.id), "place": place, "reply_to": reply, "line": line,
            "stream": "" if before else f"{place}/live", "before": before, "op": secrets.token_hex(16),
            "palette": [entry[:3] for entry in PALETTE if seat.member.manages or not entry[3]],
            "most": MOST_OF_A_LINE, "form_token": self._entering.form_token(request),
        }  # fmt: skip
        return _render(request, "channel.html", values, 200 if reply is None else reply.status)

    async def begin(self, seat: Seat) -> dict[str, Any]:
        """Give what a live page begins with: the latest messages, what the member answered, and who leads."""
        listed = await self._reading.messages(await seat.channel(), seat.member)
        messages = [message_html(message) for message in listed.messages]
        return {"messages": messages, "mine": listed.mine, "outlook": await self.outlook(seat.guild.id)}

    async def outlook(self, guild: str) -> str:
        """Give who leads, and what comes next."""
        return TEMPLATES.part("outlook.html", {"outlook": await self._reading.outlook(guild)})

    def join(self, request: Request, guild: Guild, problem: str, status: int) -> Response:
        """Show the way in."""
        return _render(request, "join.html", {"guild": guild, "problem": problem, "most": MOST_OF_A_NAME}, status)

    def key(self, request: Request, seat: Seat, key: str) -> Response:
        """Show a new key, this once."""
        return _render(request, "key.html", {"guild": seat.guild, "member": seat.member, "key": key})

    def problem(self, request: Request, reply: Reply) -> Response:
        """Say what is wrong."""
        return _render(request, "trouble.html", {"reply_to": reply}, reply.status)


def _render(request: Request, template: str, values: dict[str, Any], status: int = 200) -> Response:
    guild: Guild | None = values.get("guild")
    service = (guild and guild.name) or "Trivia"
    frame = {"service": service, "assets": ASSETS, "root": root_of(request), "path": path_of(request), "stream": ""}
    return TEMPLATES.render(template, {**frame, **values}, status)
