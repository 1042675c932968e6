"""The protocol in the words of the game's Socket.IO clients: which event says what, in both directions.

A battle is called `roomId` there; it is sent under both names, and taken under either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tenure.services.battles.sockets.protocol import (
    Ack,
    Bye,
    Ended,
    Error,
    Happened,
    Match,
    Message,
    ModeChanged,
    Paused,
    Provisional,
    Queued,
    SeatChanged,
    Signalled,
    Snapshot,
    Unqueued,
    Welcome,
)

Given = Mapping[str, Any]

SAID: dict[str, tuple[str, Mapping[str, str]]] = {
    "joinMatchmaking": ("join", {"level": "level", "mode": "mode"}),
    "leaveMatchmaking": ("leave", {}),
    "confirmMatch": ("confirm", {"roomId": "battle"}),
    "declineMatch": ("decline", {"roomId": "battle"}),
    "gameMessage": ("act", {"roomId": "battle", "id": "id", "message": "move"}),
    "chatMessage": ("say", {"roomId": "battle", "id": "id", "text": "text"}),
    "updatePlayerState": ("signal", {"roomId": "battle", "state": "data"}),
    "getGameState": ("state", {"roomId": "battle"}),
    "resumeGame": ("resume", {"roomId": "battle", "cursor": "cursor"}),
    "leaveGame": ("leave", {"roomId": "battle"}),
}
"""What a client's event asks for, and which of its fields are which of the request's."""

WITH_ID = ("act", "say")

NAMES: dict[type[Message], str] = {
    Welcome: "welcome",
    Error: "error",
    Queued: "matchmakingJoined",
    Unqueued: "matchmakingLeft",
    Match: "matchFound",
    Snapshot: "gameState",
    Happened: "gameMessage",
    Signalled: "updatePlayerState",
    Ended: "gameEnd",
    Provisional: "provisionalGameMessage",
    Paused: "gamePaused",
    ModeChanged: "mode",
    Bye: "bye",
}
SEATS = {"present": "opponentReconnected", "away": "opponentDisconnected", "forfeited": "opponentLeft"}


def request(event: str, given: Given, make_id: Callable[[], str]) -> bytes | None:
    """Give the request that an event stands for, as JSON; None for an event that there is not.

    A move without an id gets one: then a repeat is another move.
    """
    if event not in SAID:
        return None
    kind, fields = SAID[event]
    said: dict[str, Any] = {"type": kind}
    for theirs, ours in fields.items():
        if theirs in given or ours in given:
            said[ours] = given[theirs] if theirs in given else given[ours]
    if kind in WITH_ID:
        said.setdefault("id", make_id())
    return msgspec.json.encode(said)


def event(message: Message, encoded: bytes, player: str) -> bytes | None:
    """Give the event that tells a message, as JSON of a list; None where these clients have no word for it."""
    match message:
        case Ack():
            return None  # it is the answer to the event itself
        case SeatChanged():
            name = SEATS.get(message.state) if message.player != player else None
        case _:
            name = NAMES[type(message)]
    if name is None:
        return None
    room = getattr(message, "battle", None)
    if room is not None:
        encoded = b'{"roomId":%s,%s' % (msgspec.json.encode(room), encoded[1:])
    return b'["%s",%s]' % (name.encode(), encoded)


def answer(done: Ack | Error | None) -> dict[str, Any]:
    """Give what a client is told that wants to know what became of its event."""
    if isinstance(done, Error):
        return {"ok": False, "code": done.code, "text": done.text}
    return {"ok": done is not None}
