"""The same callbacks over one WebSocket that a bot keeps open: a beat then costs a fraction of a request.

Each message is one call, signed as a POST of it would be, and gets one answer with the status that a POST would get;
answers come as they are ready, `commands` last of all.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from tenure import InvalidChange, OpConflict, OutcomeUnknown, Refused, Store, Unavailable
from tenure.http.rejections import Rejected, Unauthorized
from tenure.services.meetings.api.socket import GONE, POLICY, TRY_LATER, close
from tenure.services.meetings.callbacks import FORMS, Answer, Callbacks, Signed
from tenure.services.meetings.settings import CALLBACK_PATH
from tenure.services.meetings.signing import ID, SIGNATURE, TIMESTAMP

MOST_CHANNELS = 5000
MOST_AT_ONCE = 16
PROVE_SECONDS = 10.0
"""How soon somebody must have said something that is signed."""


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A callback as one message: the path's last part, the three headers, and the body."""

    name: str
    id: str
    timestamp: str
    signature: str
    body: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to the call of this id; `detail` says why there is none."""

    id: str
    status: int
    answer: Answer | None = None
    detail: str = ""


class Channels:
    """All channels of this process."""

    def __init__(self, callbacks: Callbacks, store: Store) -> None:
        self._callbacks, self._log = callbacks, store.log
        self._open = 0

    def route(self) -> WebSocketRoute:
        """Give the route."""
        return WebSocketRoute(f"{CALLBACK_PATH}/channel", self.serve)

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one bot to the end of its socket."""
        await websocket.accept()
        if self._open >= MOST_CHANNELS:
            await close(websocket, TRY_LATER, "this server has as many channels as it takes: POST your calls")
            return
        self._open += 1
        calls = set[asyncio.Task[bool]]()
        try:
            with suppress(*GONE):
                await self._serve(websocket, calls)
        finally:
            self._open -= 1
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    async def _serve(self, websocket: WebSocket, calls: set[asyncio.Task[bool]]) -> None:
        proof = asyncio.get_running_loop().call_later(
            PROVE_SECONDS, lambda: calls.add(asyncio.create_task(_turn_away(websocket, "nothing signed was said")))
        )
        try:
            while (message := await websocket.receive())["type"] != "websocket.disconnect":
                try:
                    call = msgspec.json.decode(message.get("text") or b"", type=Call)
                except (ValueError, RecursionError):
                    await _turn_away(websocket, "a message must be one call: name, id, timestamp, signature, body")
                    return
                if len(calls) >= MOST_AT_ONCE:
                    await _turn_away(websocket, f"at most {MOST_AT_ONCE} calls at once")
                    return
                task = asyncio.create_task(self._answer(websocket, call), name="channel")
                calls.add(task)
                task.add_done_callback(calls.discard)
                task.add_done_callback(lambda done: proof.cancel() if not done.cancelled() and done.result() else None)
        finally:
            proof.cancel()

    async def _answer(self, websocket: WebSocket, call: Call) -> bool:
        """Answer one call, and tell whether it was signed; whoever sends one that is not is turned away."""
        signed = True
        try:
            if call.name not in FORMS:
                reply = Reply(call.id, 404, detail="there is no such callback")
            else:
                headers = {ID: call.id, TIMESTAMP: call.timestamp, SIGNATURE: call.signature}
                answer = await self._callbacks.receive(Signed(call.name, call.body.encode(), headers))
                reply = Reply(call.id, 200, answer)
        except Rejected as no:
            signed, reply = not isinstance(no, Unauthorized), Reply(call.id, no.status, detail=no.detail)
        except (Unavailable, OutcomeUnknown):
            reply = Reply(call.id, 503, detail="the store can't be reached: try again in a moment")
        except (Refused, OpConflict):
            reply = Reply(call.id, 409, detail="this was changed meanwhile")
        except InvalidChange:
            reply = Reply(call.id, 422, detail="a value does not fit")
        except Exception as error:  # noqa: BLE001  the bot hears it, and tries again
            self._log.error("callback_failed", callback=call.name, error=repr(error))
            reply = Reply(call.id, 500, detail="the server failed on this call; it was logged")
        with suppress(*GONE):
            await websocket.send_text(msgspec.json.encode(reply).decode())
        if not signed:
            await _turn_away(websocket, reply.detail)
        return signed and reply.status != 404  # noqa: PLR2004


async def _turn_away(websocket: WebSocket, reason: str) -> bool:
    await close(websocket, POLICY, reason)
    return False
