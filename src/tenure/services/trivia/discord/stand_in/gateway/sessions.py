"""Sessions of the gateway: each numbers its events and keeps them, so that a client may resume."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tenure.services.trivia.discord.stand_in import interaction_shapes, permissions, shapes
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.world import Guild, Interaction, Message, User, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 8, 9, 10, 11
KEPT_EVENTS, RESUMABLE_SECONDS = 2000, 180.0
GUILDS, GUILD_MEMBERS, GUILD_PRESENCES, GUILD_MESSAGES, MESSAGE_CONTENT = 1 << 0, 1 << 1, 1 << 8, 1 << 9, 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
NEEDED = {
    "GUILD_CREATE": GUILDS, "GUILD_UPDATE": GUILDS, "GUILD_DELETE": GUILDS, "CHANNEL_CREATE": GUILDS,
    "CHANNEL_UPDATE": GUILDS, "CHANNEL_DELETE": GUILDS, "GUILD_MEMBER_ADD": GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": GUILD_MEMBERS, "MESSAGE_CREATE": GUILD_MESSAGES, "MESSAGE_UPDATE": GUILD_MESSAGES,
    "MESSAGE_DELETE": GUILD_MESSAGES, "INTERACTION_CREATE": 0,
}  # fmt: skip
"""The events that are sent, and the intent that each needs."""


@dataclass(slots=True)
class Close:
    """Ends a connection with this code; None ends it without a word."""

    code: int | None
    reason: str = ""


Sent = Json | Close


@dataclass(slots=True)
class Session:
    """What one identified client is told. It outlives its connection for a while."""

    id: str
    intents: int
    sequence: int = 0
    events: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    outgoing: asyncio.Queue[Sent] | None = None
    """What its connection is to send; None while there is none."""
    left_at: float | None = None

    def dispatch(self, event: str, data: Any) -> None:
        """Number an event, keep it, and send it if there is a connection."""
        self.sequence += 1
        sent = {"op": DISPATCH, "t": event, "s": self.sequence, "d": data}
        self.events.append(sent)
        if self.outgoing is not None:
            self.outgoing.put_nowait(sent)

    def since(self, sequence: int) -> list[Json] | None:
        """Give the events after one; None if they are no longer kept, or were never sent."""
        if not self.sequence - len(self.events) <= sequence <= self.sequence:
            return None
        return [event for event in self.events if event["s"] > sequence]


@dataclass(slots=True)
class Hub:
    """All sessions. It hears what happens in the world, and tells each what its intents ask for."""

    world: World
    url: Callable[[], str]
    sessions: dict[str, Session] = field(default_factory=dict)
    identified: int = 0
    resumed: int = 0
    audible: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set nothing is sent, not even the answer to a heartbeat: connections only seem to be there."""

    def __post_init__(self) -> None:
        self.audible.set()

    def hear(self, event: str, about: Any, guild: str | None) -> None:
        """Tell every session of an event, if it may know of it."""
        if event not in NEEDED:
            return
        for session in self.sessions.values():
            if (session.intents & NEEDED[event] or not NEEDED[event]) and self._sees(event, about, guild):
                session.dispatch(event, self._shown(session, event, about))

    def _sees(self, event: str, about: Any, guild: str | None) -> bool:
        if guild is None or event in ("GUILD_DELETE", "CHANNEL_DELETE"):
            return True
        if not self.world.guilds[guild].has_bot:
            return False
        return not isinstance(about, Message) or not self._hidden(about.channel)

    def _hidden(self, channel: str) -> bool:
        return bool(self.world.any_channel(channel).denied & permissions.VIEW_CHANNEL)

    def _shown(self, session: Session, event: str, about: Any) -> Any:
        if isinstance(about, Interaction):
            return interaction_shapes.interaction(self.world, about)
        if isinstance(about, Guild):
            return self._created(session.intents, about)
        if not isinstance(about, Message):
            return about
        guild = self.world.guilds[self.world.any_channel(about.channel).guild]
        if event == "MESSAGE_DELETE":
            return {"id": about.id, "channel_id": about.channel, "guild_id": guild.id}
        shown = shapes.message(self.world, about) | {"guild_id": guild.id}
        if about.author.id in (*guild.members, self.world.bot.id):
            author = self.world.member(guild, about.author.id)
            shown["member"] = shapes.member(self.world, guild, author, with_user=False)
        if about.nonce is not None and event == "MESSAGE_CREATE":
            shown["nonce"] = about.nonce
        return shown if self._reads(session, about.author) else shown | {"content": "", "embeds": [], "components": []}

    def _created(self, intents: int, guild: Guild) -> Json:
        everybody = intents & GUILD_MEMBERS and intents & GUILD_PRESENCES
        return shapes.guild_created(self.world, guild, everybody=bool(everybody))

    def _reads(self, session: Session, author: User) -> bool:
        return author.id == self.world.bot.id or bool(session.intents & MESSAGE_CONTENT)

    # ------------------------------------------------------------------------------------ sessions

    def identify(self, intents: int, outgoing: asyncio.Queue[Sent]) -> Session:
        """Begin a session: the bot is told who it is, and then of each guild."""
        self.sessions = {id: one for id, one in self.sessions.items() if not self._is_late(one)}
        session = Session(id=self.world.next_id(), intents=intents, outgoing=outgoing)
        self.sessions[session.id] = session
        self.identified += 1
        self.world.tell("sessions", None)
        guilds = list(self.world.guilds_of_bot())
        ready = {
            "v": 10,
            "user": shapes.user(self.world.bot) | {"verified": True, "mfa_enabled": False, "email": None},
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url(),
            "shard": [0, 1],
            "application": {"id": self.world.bot.id, "flags": 0},
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "user_settings": {},
        }
        session.dispatch("READY", ready)
        if intents & GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", self._created(intents, guild) | {"unavailable": False})
        return session

    def resume(self, id: str, sequence: int, outgoing: asyncio.Queue[Sent]) -> Session | None:
        """Go on with a session: what was missed is sent again. None if that can't be."""
        session = self.sessions.get(id)
        if session is None:
            return None
        missed = session.since(sequence)
        if missed is None or self._is_late(session):
            del self.sessions[id]
            return None
        if session.outgoing is not None:
            session.outgoing.put_nowait(Close(None))  # the older connection of the same session
        session.outgoing, session.left_at = outgoing, None
        for event in missed:
            outgoing.put_nowait(event)
        session.dispatch("RESUMED", {"_trace": []})
        self.resumed += 1
        self.world.tell("sessions", None)
        return session

    def _is_late(self, session: Session) -> bool:
        return session.left_at is not None and self.world.now() - session.left_at > RESUMABLE_SECONDS

    def leave(self, session: Session, outgoing: asyncio.Queue[Sent], *, for_good: bool) -> None:
        """Note that a session's connection has ended; for good if the client closed it in order."""
        if session.outgoing is outgoing:
            session.outgoing, session.left_at = None, self.world.now()
            if for_good:
                self.sessions.pop(session.id, None)
            self.world.tell("sessions", None)

    def to_all(self, sent: Sent) -> int:
        """Send something to every connection, and say to how many."""
        connected = [session.outgoing for session in self.sessions.values() if session.outgoing is not None]
        for outgoing in connected:
            outgoing.put_nowait(sent)
        return len(connected)

    def forget(self) -> None:
        """Forget all sessions: no client may resume."""
        self.sessions.clear()
