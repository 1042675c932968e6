"""Who is let in: what all transports check alike before a session begins, and the sessions that are open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from tenure import OutcomeUnknown, Unavailable
from tenure.http.rejections import Rejected
from tenure.services.battles.checks import new_id
from tenure.services.battles.counting import Counting
from tenure.services.battles.sockets.contract import Flow, Send, SendAtOnce, never
from tenure.services.battles.sockets.limits import Addresses, Flooding, Limits, TooManySockets
from tenure.services.battles.sockets.protocol import Code
from tenure.services.battles.sockets.session import Session
from tenure.services.battles.sockets.tokens import BadToken, Tokens
from tenure.store.logging import Log

AWAY = "the store can't be reached: try again in a moment"


class TurnedAway(Exception):  # noqa: N818  it says what is so
    """Somebody is not let in: the code, and what to do."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Entrance:
    """One server's. `now` is the store's clock, `clock` counts seconds for rates; `origins` are pages that may connect.

    A client that is no browser says no origin, and needs none: the token is what lets in.
    """

    def __init__(
        self,
        flow: Flow,
        tokens: Tokens,
        *,
        now: Callable[[], Awaitable[datetime]],
        clock: Callable[[], float],
        log: Log,
        origins: frozenset[str] = frozenset(),
        limits: Limits | None = None,
        make_id: Callable[[], str] = new_id,
        counting: Counting | None = None,
    ) -> None:
        self.flow, self.tokens, self.now, self.log = flow, tokens, now, log
        self.origins, self.limits, self.make_id = origins, limits or Limits(), make_id
        self.clock, self.addresses = clock, Addresses(self.limits, clock)
        self.sessions, self.counting = set[Session](), counting or Counting()

    def admits(self, origin: str | None) -> bool:
        """Tell whether a page of this origin may connect."""
        return origin is None or origin.rstrip("/").lower() in self.origins

    async def session(self, token: object, address: str, transport: str) -> Session:
        """Make a session for who shows a token. Raises `TurnedAway`."""
        try:
            player = self.tokens.read(token, await self.now())
        except BadToken as bad:
            raise TurnedAway(Code.UNAUTHORIZED, bad.detail) from None
        except (Unavailable, OutcomeUnknown):
            raise TurnedAway(Code.TRY_LATER, AWAY) from None
        return Session(
            player,
            transport,
            limits=self.limits,
            clock=self.clock,
            shared=self.addresses.messages(address),
            log=self.log,
            counting=self.counting,
        )

    async def serve(
        self,
        session: Session,
        address: str,
        read: Callable[[], Awaitable[None]],
        send: Send,
        at_once: SendAtOnce = never,
    ) -> None:
        """Serve a session to its end. Raises `TurnedAway` where it could not begin."""
        try:
            with self.addresses.open(address):
                self.sessions.add(session)
                await session.serve(self.flow, read, send, at_once)
        except TooManySockets as full:
            raise TurnedAway(Code.TRY_LATER, str(full)) from None
        except Flooding as flooding:
            raise TurnedAway(Code.FLOOD, str(flooding)) from None
        except Rejected as no:
            raise TurnedAway(Code.TRY_LATER, no.detail) from None
        except (Unavailable, OutcomeUnknown):
            raise TurnedAway(Code.TRY_LATER, AWAY) from None
        finally:
            self.sessions.discard(session)
            if session.let_in:
                self.counting.closed[session.code] += 1

    def close(self) -> None:
        """Send everybody away, since the server stops: they come again to another one, and resume."""
        for session in list(self.sessions):
            session.close(Code.STOPPING, "this server stops: connect again, and resume at the cursor")
