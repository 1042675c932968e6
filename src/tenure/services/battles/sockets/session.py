"""One player's session: what the client says is checked and done, what happens is sent; whatever carries it.

It is the game's `Outlet`. A transport gives it what came, and takes what is to be sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tenure.services.battles.counting import Counting
from tenure.services.battles.sockets.contract import Flow, Gone, Here, Send, SendAtOnce, never
from tenure.services.battles.sockets.limits import Bucket, Limits, Rate
from tenure.services.battles.sockets.mistakes import advice, refusal
from tenure.services.battles.sockets.outbox import Outbox
from tenure.services.battles.sockets.protocol import (
    Ack,
    Bye,
    Code,
    Ended,
    Error,
    Happened,
    Message,
    Signalled,
    Snapshot,
)
from tenure.services.battles.sockets.requests import Request, Signal, do, name_of
from tenure.store.logging import Log

LAST_SECONDS = 5.0
"""How long a client may take for what is sent before the end, and the goodbye."""

MISTAKES_A_SECOND = 0.1
HEAD_SIZE = 40
"""Where in a message its type stands, if it is to be looked at twice."""

TOO_SLOW = "you did not take what was sent: connect again, and resume at the cursor"

_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Request)
_signals = msgspec.json.Decoder(Signal)
_encoder = msgspec.json.Encoder()


class Session:
    """A session from its beginning in `serve` to its end; `code` and `text` say afterwards why it ended.

    Most sessions are idle most of the time. So none has a task of its own beside its transport's: what waits for the
    client is sent by one that lives only while something does.
    """

    __slots__ = (
        "_busy", "_clock", "_counting", "_cursors", "_here", "_limits", "_log", "_mistakes", "_outbox", "_over",
        "_rate", "_reading", "_send_at_once", "_sender", "_shared", "_taken_at", "_tell", "code", "let_in", "player",
        "text", "transport",
    )  # fmt: skip

    def __init__(
        self,
        player: str,
        transport: str,
        *,
        limits: Limits,
        clock: Callable[[], float],
        shared: Bucket,
        log: Log,
        counting: Counting,
    ) -> None:
        self.player, self.transport = player, transport
        self.code, self.text = Code.NORMAL, ""
        self._limits, self._clock, self._shared, self._log = limits, clock, shared, log
        self._counting = counting
        self._outbox = Outbox[tuple[Message, bytes]](limits.waiting_messages, limits.waiting_size)
        self._rate = Bucket(limits.messages, clock())
        self._mistakes: Bucket | None = None
        """Those that may still be made, from the first one on."""
        self._cursors: dict[str, int] = {}
        self._here: Here | None = None
        self._busy = self._over = False
        """Whether a request is under way, which those that come after it wait for; and whether this is the end."""
        self._tell: Send | None = None
        self._send_at_once: SendAtOnce = never
        self._sender: asyncio.Task[None] | None = None
        self._reading: asyncio.Timeout | None = None
        self._taken_at = clock()
        """When the client was last seen to take something, if something waits for it."""
        self.let_in = False
        """Whether the player was let in."""

    async def serve(
        self, flow: Flow, read: Callable[[], Awaitable[None]], send: Send, at_once: SendAtOnce = never
    ) -> None:
        """Have the player in the game until `read` ends or somebody closes the session; then what waits is sent.

        Raises what `flow` does.
        """
        self._tell, self._send_at_once = send, at_once
        try:
            async with flow(self) as self._here:
                self.let_in = True
                await self._read(read)
        finally:
            self._outbox.close(drop=True)
            if self._sender is not None:
                self._sender.cancel()
                await asyncio.gather(self._sender, return_exceptions=True)

    async def _read(self, read: Callable[[], Awaitable[None]]) -> None:
        """Let a transport read until it ends, or we do: then it reads on for a while, so as to see the client leave."""
        try:
            async with asyncio.timeout(None) as self._reading:
                if self._over:
                    self._read_for(LAST_SECONDS if self._sender is not None else 0.0)
                await read()
        except Exception as error:  # noqa: BLE001  whatever it is, this one's session ends, and no other
            ours = isinstance(error, TimeoutError) and self._reading is not None and self._reading.expired()
            if not ours and not isinstance(error, Gone):
                self._failed(error)
        finally:
            self._reading = None

    def _read_for(self, seconds: float) -> None:
        """Let the transport read for so long still."""
        if self._reading is not None and not self._reading.expired():
            self._reading.reschedule(asyncio.get_running_loop().time() + seconds)

    def _failed(self, error: Exception, **at: str) -> None:
        """Say what nobody expected; one player's trouble is no reason to let others wait."""
        self._log.error("session_failed", **at, error=type(error).__name__, said=str(error))
        self._end(Code.FAILED, "the server failed at it: connect again, and resume at the cursor", drop=False)

    # ------------------------------------------------------------------------------------ the game's side

    def send(self, message: Message) -> None:
        """Send a message. A client that did not take what waits already is closed: it comes again at its cursor.

        Of who still takes something, though slowly, signals are only dropped: they may get lost anyway.
        """
        if self._over:
            return
        encoded = _encoder.encode(message)
        if self._sender is None and self._send_at_once(encoded):
            self._sent(message)
            return
        dropped = self._outbox.dropped
        fits = self._outbox.put((message, encoded), len(encoded), fleeting=type(message) is Signalled)
        if self._outbox.dropped > dropped:
            self._counting.signals["dropped"] += self._outbox.dropped - dropped
            fits = fits and self._clock() - self._taken_at <= self._limits.waiting_seconds
        if fits:
            self._send_waiting()
        else:
            self._end(Code.TOO_SLOW, TOO_SLOW, drop=True)

    def close(self, code: Code, text: str) -> None:
        """Send what waits, say goodbye and close."""
        self._end(code, text, drop=False)

    def _end(self, code: Code, text: str, *, drop: bool) -> None:
        if not self._over:
            self._over, self.code, self.text = True, code, text
            self._outbox.close(drop=drop)
            self._read_for(LAST_SECONDS)
            self._send_waiting()

    def _send_waiting(self) -> None:
        """Begin to send what waits, unless it is being sent."""
        if self._sender is None and self._tell is not None:
            self._sender = asyncio.create_task(self._send_all(self._tell), name=f"sends to a {self.transport}")

    async def _send_all(self, send: Send) -> None:
        """Send what waits, and the goodbye if this is the end."""
        try:
            while (waiting := self._outbox.take()) is not None:
                message, encoded = waiting
                self._taken_at = self._clock()
                await send(message, encoded)
                self._sent(message)
            if not self._over:
                return
            bye = Bye(code=self.code, text=self.text, resume=self._cursors)
            await send(bye, _encoder.encode(bye))
        except Gone:
            pass
        except Exception as error:  # noqa: BLE001  as in `_read`
            self._failed(error)
        finally:
            # Nothing may be awaited between the last look at what waits and this: else something would wait for ever.
            self._sender = None
        self._read_for(0.0)

    def _sent(self, message: Message) -> None:
        if isinstance(message, Happened | Snapshot):
            self._cursors[message.battle] = message.cursor
        elif isinstance(message, Ended):
            self._cursors.pop(message.battle, None)

    # ------------------------------------------------------------------------------------ the client's side

    def hear_at_once(self, said: bytes) -> bool:
        """Pass a signal on in the moment in which it comes; False for all that may have to wait: `hear` is to do it.

        Signals are most of what comes, and most of what one costs otherwise is to wake whoever reads.
        """
        if self._here is None or self._busy or self._over or b'"signal"' not in said[:HEAD_SIZE]:
            return False
        if len(said) > self._limits.message_size:
            return False
        try:
            signal = _signals.decode(said)
        except (ValueError, RecursionError):
            return False
        now = self._clock()
        return self._rate.take(now) and self._shared.take(now) and self._signal(self._here, signal)

    def _signal(self, here: Here, signal: Signal) -> bool:
        try:
            done = here.signal_at_once(signal.battle, signal.data)
        except Exception as error:  # noqa: BLE001  as in `ask`
            answer = self._refused(signal, error)
            if answer is not None:
                self.send(answer)
            return True
        if not done:
            self._rate.give_back()
            self._shared.give_back()
        return done

    async def hear(self, said: str | bytes) -> Ack | Error | None:
        """Do what a client asks for, and give the answer; None where there is none. Mistakes and floods end it."""
        self._busy = True
        try:
            return await self._hear(said)
        finally:
            self._busy = False

    async def _hear(self, said: str | bytes) -> Ack | Error | None:
        if self._over:
            return None
        said = said.encode() if isinstance(said, str) else said
        if len(said) > self._limits.message_size:
            self.close(Code.TOO_LARGE, f"a message has at most {self._limits.message_size} bytes")
            return None
        now = self._clock()
        if not (self._rate.take(now) and self._shared.take(now)):
            return self._mistaken(Code.FLOOD, Error(code="too_many", text="you send too much: wait a second"))
        try:
            request = _decoder.decode(said)
        except (ValueError, RecursionError):
            return self._mistaken(Code.MALFORMED, advice(said))
        return await self.ask(request)

    def mistaken(self, text: str) -> Error | None:
        """Count a message that can't be understood at all, and give the answer."""
        return self._mistaken(Code.MALFORMED, Error(code="malformed", text=text))

    def _mistaken(self, code: Code, error: Error) -> Error | None:
        self._counting.refused[error.code] += 1
        now = self._clock()
        if self._mistakes is None:
            self._mistakes = Bucket(Rate(a_second=MISTAKES_A_SECOND, at_once=self._limits.mistakes), now)
        if self._mistakes.take(now):
            return error
        texts = {Code.FLOOD: "too many messages", Code.MALFORMED: "too many messages that are not understood"}
        self.close(code, texts[code])
        return None

    async def ask(self, request: Request) -> Ack | Error | None:
        """Do what is asked for, and give the answer; a signal has none."""
        try:
            await do(self._here, request)
        except Exception as error:  # noqa: BLE001  whatever it is, this one's session ends, and no other
            return self._refused(request, error)
        if type(request) is Signal:
            return None
        kind, id = name_of(request)
        return Ack(to=kind, id=id)

    def _refused(self, request: Request, error: Exception) -> Error | None:
        kind, id = name_of(request)
        found = refusal(error)
        if found is None:
            self._failed(error, to=kind)
            return None
        code, text = found
        self._counting.refused[code] += 1
        return Error(code=code, text=text, to=kind, id=id)
