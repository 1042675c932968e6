"""What a room tells of a battle, put into the words of the protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tenure.services.battles import messages
from tenure.services.battles.sockets.contract import Outlet
from tenure.services.battles.sockets.protocol import (
    Code,
    Ended,
    Happened,
    Paused,
    Provisional,
    SeatChanged,
    Signalled,
    Snapshot,
)

NAMES = {"number": "id"}
"""What clients call a field otherwise."""

OVER = ("over", "void")
ENDINGS = ("finish", "call_off", "expire", "give_up", "overrun", "break_off")
ENDS: dict[messages.Code, tuple[Code, str]] = {
    "resume_at_cursor": (Code.TOO_SLOW, "you did not take what was sent: connect again, and resume at the cursor"),
    "begin_again": (Code.STOPPING, "the store was set back: connect again, and resume at cursor 0"),
    "replaced": (Code.REPLACED, "you are connected elsewhere: this connection is over"),
    "instance_lost": (Code.STOPPING, "this server lets go: connect again, and resume at the cursor"),
    "going_away": (Code.STOPPING, "this server stops: connect again, and resume at the cursor"),
}


class Line:
    """The line from a room to one player's client. `ended` is told when there is nothing more to hear of the battle."""

    def __init__(self, player: str, players: tuple[str, ...], outlet: Outlet, ended: Callable[[str], None]) -> None:
        self._player, self._players, self._outlet, self._end = player, players, outlet, ended

    def send(self, message: messages.Message) -> bool:
        """Send it; a line that is too slow was closed by its outlet, so that no more needs to be done here."""
        if isinstance(message, messages.Signalled):  # by far the most of what comes
            if message.player != self._player:
                self._outlet.send(Signalled(battle=message.battle, player=message.player, data=message.data))
            return True
        match message:
            case messages.Snapshot():
                self._snapshot(message)
            case messages.Happened():
                self._happened(message)
            case messages.SeatMoved():
                self._outlet.send(SeatChanged(battle=message.battle, player=message.player, state=message.state))
            case messages.Provisional():
                fields = _named(message.fields)
                told = Provisional(
                    battle=message.battle, step=message.step, at=message.at, name=message.name, fields=fields
                )
                self._outlet.send(told)
            case messages.Paused():
                self._outlet.send(Paused(battle=message.battle, reason=message.reason))
            case _:
                raise TypeError(f"a room told {type(message).__name__}, which the protocol has no word for")
        return True

    def close(self, code: messages.Code) -> None:
        """Say goodbye and close."""
        self._outlet.close(*ENDS[code])

    def _snapshot(self, now: messages.Snapshot) -> None:
        self._outlet.send(
            Snapshot(
                battle=now.battle,
                cursor=now.cursor,
                state=now.state,
                mode=now.mode,
                level=now.level,
                players=now.players,
                board=now.board,
                turn=now.turn,
                acts=now.acts,
                turn_ends_at=now.turn_ends_at,
            )
        )
        if now.state in OVER:
            self._ended(now.battle, now.cursor, now.places, now.reason or "")

    def _happened(self, event: messages.Happened) -> None:
        fields = _named(event.fields)
        self._outlet.send(
            Happened(battle=event.battle, cursor=event.cursor, at=event.at, name=event.name, fields=fields)
        )
        if event.name in ENDINGS:
            places = event.fields.get("places")
            self._ended(event.battle, event.cursor, places, str(event.fields.get("reason") or ""))

    def _ended(self, battle: str, cursor: int, places: tuple[int, ...] | None, reason: str) -> None:
        self._outlet.send(Ended(battle=battle, cursor=cursor, players=self._players, places=places, reason=reason))
        self._end(battle)


def _named(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {NAMES.get(name, name): value for name, value in fields.items()}
