"""What members write in the chat that comes along: words for all, commands, and answers by buttons."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from tenure import Exists, NotUnder, Store, seconds
from tenure.http.rejections import Rejected
from tenure.services.trivia.chat.asking import Asker, Reply
from tenure.services.trivia.chat.channels import NO_CHANNEL, channel_id
from tenure.services.trivia.chat.commands import Commands, turned_down
from tenure.services.trivia.chat.lifecycle import ChatMember, ChatMessage
from tenure.services.trivia.chat.typed import SIGN, is_command, read_command
from tenure.services.trivia.chat.web import message_id
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.refusals import Full, NotThen, Unknown, Wrong

MOST_OF_A_LINE = 500
"""How many characters somebody may write at once."""

MOST_AT_ONCE, WITHIN = 8, seconds(10)
"""How many messages of somebody a channel takes, within which time."""

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
TURNING = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that turn the direction of what follows, beyond the line in which they stand."""


class Talking:
    """Takes what members write. `acting` gives the parts by which somebody acts, such as `web:7`."""

    def __init__(self, store: Store, acting: Callable[[str], Parts], chat: str = "web") -> None:
        self._store, self._chat = store, chat
        self.commands = Commands(acting, chat)

    async def write(self, member: ChatMember, channel: str, line: str, *, op: str) -> Reply | None:
        """Take a line: None if it is now said to all, else the reply, which is for the member alone.

        A repeat of `op` says nothing and asks nothing twice.
        """
        try:
            line, id = plain_line(line), message_id(member.guild, channel, _mark(member, op))
            if await self._is_said(member, id):
                return None
            if is_command(line):
                return await self._command(member, channel, line, id)
            await self._say(member, channel, id, text=line)
        except Rejected as no:
            return turned_down(no)
        return None

    async def press(self, member: ChatMember, channel: str, game: str, letter: str) -> Reply:
        """Take an answer that was given by a button."""
        return await self.commands.press(_asker(member, channel), game, letter)

    async def _command(self, member: ChatMember, channel: str, line: str, id: str) -> Reply | None:
        name, options = read_command(line)
        reply = await self.commands.run(_asker(member, channel), name, options, op=id[-16:])
        if reply.private or reply.status != OK:
            return reply
        await self._say(member, channel, id, text=reply.text, command=SIGN + name)
        return None

    async def _is_said(self, member: ChatMember, id: str) -> bool:
        """Tell whether this message is there already. Raises `Full` for somebody who writes too much."""
        latest = await self._store.find(ChatMessage.said, under=member, newest_first=True, limit=MOST_AT_ONCE)
        if any(message.id == id for message in latest):
            return True
        if len(latest) == MOST_AT_ONCE and latest[-1].created_at > await self._store.now() - WITHIN:
            raise Full("you write too fast: wait a few seconds")
        return False

    async def _say(self, member: ChatMember, channel: str, id: str, *, text: str, command: str | None = None) -> None:
        said = ChatMessage.create(
            id,
            channel=channel_id(member.guild, channel),
            member=member.id,
            name=member.name,
            text=text,
            command=command,
        )
        try:
            await self._store.acting(f"{self._chat}:{member.id}").apply(said)
        except Exists:
            return
        except NotUnder as refusal:
            if refusal.parent is None:
                raise Unknown(NO_CHANNEL) from None
            raise NotThen("this channel is closed: nobody can write here now") from None


OK = 200


def plain_line(line: str) -> str:
    """Give a line as it may be shown to others. Raises `Wrong` for an empty one, and for one that is too long."""
    line = TURNING.sub("", UNSEEN.sub(" ", line)).strip()
    if not line:
        raise Wrong("write something first")
    if len(line) > MOST_OF_A_LINE:
        raise Wrong(f"that is too long: write at most {MOST_OF_A_LINE} characters at once")
    return line


def _asker(member: ChatMember, channel: str) -> Asker:
    return Asker(guild=member.guild, channel=channel, member=member.id, name=member.name, manages=member.manages)


def _mark(member: ChatMember, op: str) -> str:
    """Give the mark of a member's message: another form than those of the service, so that they never meet."""
    return "said-" + hashlib.sha256(f"{member.id}/{op}".encode()).hexdigest()[:32]
