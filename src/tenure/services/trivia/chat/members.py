"""Who is in a guild of the chat that comes along. Each has a key, shown once; only its digest is kept."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from functools import partial

from tenure import NEXT, Change, LimitReached, NotFound, NotUnder, Store, WrongState
from tenure.http.rejections import Unauthorized
from tenure.services.trivia.chat.lifecycle import ChatMember
from tenure.services.trivia.refusals import Full, NotThen, Unknown, Wrong

MOST_OF_A_NAME = 30
NO_MEMBER = "there is no such member"


def new_key() -> str:
    """Make a member's key of 256 random bits."""
    return "tenure_member_" + secrets.token_urlsafe(32)


class Members:
    """Lets people in, knows them again by their keys, and shuts them out. Acts as the store's actor."""

    def __init__(self, store: Store, *, make_key: Callable[[], str] = new_key) -> None:
        self._store, self._make_key = store, make_key

    async def join(self, guild: str, name: str, *, manages: bool = False) -> tuple[ChatMember, str]:
        """Let somebody in under a name, and give the key too. Raises `Wrong`, `Unknown`, `NotThen`, `Full`."""
        name = plain_name(name)
        key = self._make_key()
        try:
            member = await self._store.apply(
                ChatMember.create(
                    NEXT, guild=guild, name=name, name_key=compared(name), digest=digest(key), manages=manages
                )
            )
        except NotUnder:
            raise Unknown("there is no such guild") from None
        except LimitReached as refusal:
            if refusal.limit.name == ChatMember.seats.name:
                raise Full(f"this guild is full: at most {refusal.at_most} can be in it") from None
            raise NotThen("somebody here has this name already: take another one, or come in with your key") from None
        return member, key

    async def holder_of(self, guild: str, key: str) -> ChatMember:
        """Give the member of a guild whose key this is. Raises `Unauthorized`."""
        found: list[ChatMember] = await self._store.holding(ChatMember.one_per_digest, digest(key)) if key else []
        if not found or found[0].guild != guild:
            raise Unauthorized("this key is not valid here: it may have been revoked, or renewed; join again")
        return found[0]

    async def get(self, guild: str, id: str) -> ChatMember:
        """Read a member of a guild. Raises `Unknown`."""
        try:
            member = await self._store.get(ChatMember, id)
        except NotFound:
            raise Unknown(NO_MEMBER) from None
        if member.guild != guild:
            raise Unknown(NO_MEMBER)
        return member

    async def list(self, guild: str, *, limit: int = 100, after: str | None = None) -> list[ChatMember]:
        """Read a guild's members in the order in which they joined; `after` is the last one's id."""
        return await self._store.find(ChatMember.kept, under=guild, limit=limit, after=after)

    async def renew(self, guild: str, id: str) -> tuple[ChatMember, str]:
        """Give a member another key, also one who was shut out; the old one is worthless from now on."""
        member, key = await self.get(guild, id), self._make_key()
        renew = ChatMember.renew if member.state == ChatMember.present else ChatMember.let_in
        try:
            return await self._store.apply(renew(member.id, digest=digest(key))), key
        except (NotFound, WrongState):
            raise NotThen("the member has just been changed by somebody else: try again") from None

    async def revoke(self, guild: str, id: str) -> ChatMember:
        """Make a member's key worthless, at once. Name and points stay theirs. A repeat changes nothing."""
        return await self._changed(guild, id, ChatMember.revoke)

    async def let_manage(self, guild: str, id: str, *, manages: bool) -> ChatMember:
        """Say whether a member may give the commands of those who manage the guild."""
        return await self._changed(guild, id, partial(ChatMember.let_manage, manages=manages))

    async def remove(self, guild: str, id: str) -> None:
        """Remove a member with all that they wrote. The name is free again; points stay on the boards."""
        await self._changed(guild, id, ChatMember.remove)

    async def _changed(self, guild: str, id: str, change: Callable[[str], Change[ChatMember]]) -> ChatMember:
        member = await self.get(guild, id)
        try:
            return await self._store.apply(change(id))
        except WrongState:
            return member
        except NotFound:
            raise Unknown(NO_MEMBER) from None


def plain_name(name: str) -> str:
    """Give a name with single spaces. Raises `Wrong` for one that could not be shown, or mimics another's."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(name) <= MOST_OF_A_NAME or not name.isprintable() or _hides(name):
        raise Wrong(f"a name must be 1 to {MOST_OF_A_NAME} visible characters on one line")
    return name


def compared(name: str) -> str:
    """Give a name as it is compared: by its letters, however wide, accented by parts, or large they are written."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def digest(key: str) -> str:
    """Give what is kept of a key."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _hides(name: str) -> bool:
    """Tell whether a name has marks piled on one letter, or nothing but marks."""
    marks = 0
    for letter in name:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks > MOST_MARKS:
            return True
    return bool(unicodedata.combining(name[0]))


MOST_MARKS = 2
