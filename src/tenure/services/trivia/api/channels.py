"""Channels and members of the chat that comes along. Those of other chats are these chats' own affair."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.services.trivia.api import inputs, views
from tenure.services.trivia.api.reading import page_of, path_id, path_member, read_page
from tenure.services.trivia.chat.channels import WEB, Channels
from tenure.services.trivia.chat.members import Members
from tenure.services.trivia.refusals import NotThen
from tenure.services.trivia.service import TriviaService

CHANNELS, MEMBERS = "/guilds/{guild}/channels", "/guilds/{guild}/members"
CHANNEL, MEMBER = CHANNELS + "/{channel}", MEMBERS + "/{member}"


class ChannelsApi:
    """Channels and members of guilds of the page's chat."""

    def __init__(self, service: TriviaService) -> None:
        acting = service.store.acting("admin")
        self._guilds, self._channels, self._members = service.guilds, Channels(acting), Members(acting)

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        post, delete = partial(Endpoint, "POST"), partial(Endpoint, "DELETE")
        return [
            Endpoint("GET", CHANNELS, "chat", "List channels", self.list),
            post(CHANNELS, "admin", "Make a channel", self.create, inputs.ChannelWanted, 201),
            post(CHANNEL + "/close", "admin", "Let nobody write in a channel", self.close),
            post(CHANNEL + "/reopen", "admin", "Open a channel again", self.reopen),
            delete(CHANNEL, "admin", "Remove a channel with what was written there", self.remove, None, 204),
            Endpoint("GET", MEMBERS, "chat", "List members", self.members, queries=("limit",), text_queries=("after",)),
            post(MEMBERS, "admin", "Let somebody in, and give the key", self.join, inputs.MemberWanted, 201),
            Endpoint("PATCH", MEMBER, "admin", "Say whether a member manages", self.manage, inputs.MemberEdited),
            post(MEMBER + "/renew", "admin", "Give a member another key", self.renew),
            post(MEMBER + "/revoke", "admin", "Shut a member out", self.revoke),
            delete(MEMBER, "admin", "Remove a member with all that they wrote", self.expel, None, 204),
        ]

    # ------------------------------------------------------------------------------------ channels

    async def list(self, request: Request) -> Response:
        """List a guild's channels."""
        found = await self._channels.list(await self._guild(request))
        return json({"channels": [views.channel(channel) for channel in found]})

    async def create(self, request: Request) -> Response:
        """Make a channel; a repeat gives the one that is there."""
        guild, wanted = await self._guild(request), await read_body(request, inputs.ChannelWanted)
        return json(views.channel(await self._channels.create(guild, wanted.name)), 201)

    async def close(self, request: Request) -> Response:
        """Close a channel: games wait for it."""
        closed = await self._channels.close(await self._guild(request), path_id(request, "channel"))
        return json(views.channel(closed))

    async def reopen(self, request: Request) -> Response:
        """Open a channel again."""
        opened = await self._channels.reopen(await self._guild(request), path_id(request, "channel"))
        return json(views.channel(opened))

    async def remove(self, request: Request) -> Response:
        """Remove a channel."""
        await self._channels.remove(await self._guild(request), path_id(request, "channel"))
        return Response(status_code=204)

    # ------------------------------------------------------------------------------------ members

    async def members(self, request: Request) -> Response:
        """List a guild's members in the order in which they joined."""
        guild, page = await self._guild(request), read_page(request)
        found = await page_of(self._members.list(guild, limit=page.limit, after=page.after))
        return json(views.page("members", found, page.limit, [views.chat_member(member) for member in found]))

    async def join(self, request: Request) -> Response:
        """Let somebody in; the key is shown this once."""
        guild, wanted = await self._guild(request), await read_body(request, inputs.MemberWanted)
        member, key = await self._members.join(guild, wanted.name, manages=wanted.manages)
        return json({**views.chat_member(member), "key": key}, 201)

    async def manage(self, request: Request) -> Response:
        """Say whether a member manages."""
        guild, wanted = await self._guild(request), await read_body(request, inputs.MemberEdited)
        member = await self._members.let_manage(guild, path_member(request), manages=wanted.manages)
        return json(views.chat_member(member))

    async def renew(self, request: Request) -> Response:
        """Give a member another key, also one who was shut out; it is shown this once."""
        member, key = await self._members.renew(await self._guild(request), path_member(request))
        return json({**views.chat_member(member), "key": key})

    async def revoke(self, request: Request) -> Response:
        """Make a member's key worthless."""
        return json(views.chat_member(await self._members.revoke(await self._guild(request), path_member(request))))

    async def expel(self, request: Request) -> Response:
        """Remove a member."""
        await self._members.remove(await self._guild(request), path_member(request))
        return Response(status_code=204)

    async def _guild(self, request: Request) -> str:
        """Give the guild of the path, if it is of this chat."""
        guild = await self._guilds.get(path_id(request, "guild"))
        if guild.chat != WEB:
            raise NotThen(f"this guild is of the chat {guild.chat}: its channels and members are kept there")
        return guild.id
