"""A battle that goes on here while its log can't be written: provisionally, and only with all of its players here.

A branch is played by the same rules as the battle, from where its owner knew it. What comes in is kept in order, with
the instant at which it came. Once the store is back, the owner plays just that again, into the log: only then is it so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tenure import seconds
from tenure.services.battles.commands import Command, outcome
from tenure.services.battles.lifecycle import Battle
from tenure.services.battles.messages import Message, Paused, Provisional
from tenure.services.battles.rules.contract import Against, Rules, Standing

Tell = Callable[[str, Message, str | None], None]
"""Tells a message to all who hear a battle, or to one player alone."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What came in and when, by the store's clock as we reckon it; without a command, that a turn was over."""

    at: datetime
    command: Command | None = None


class Branch:
    """One battle's. `paused` says why nothing happens in it; empty while it is played on. `known` came in before."""

    def __init__(
        self,
        battle: Battle,
        rules: Rules,
        tell: Tell,
        at: datetime,
        *,
        paused: str = "",
        known: Iterable[str] = (),
    ) -> None:
        self.battle, self._rules, self._tell = battle, rules, tell
        self.board, self.acts = bytes(battle.board), battle.acts
        self.entries: list[Entry] = []
        self.paused = ""
        self.lock = asyncio.Lock()
        """Held while something comes in, so that all of it is in one order."""
        self._step, self._turn, self._ends = 0, battle.turn, battle.turn_ends_at
        self._ops = set(known)
        self._stopped_at: datetime | None = None
        self._decided = False
        if paused:
            self.pause(paused, at)

    def knows(self, command: Command) -> bool:
        """Tell whether a command came in before."""
        return command.op in self._ops

    def over_by(self, now: datetime) -> Entry | None:
        """Give the end of the turn, if its time was over by then."""
        if self.paused or self._decided or self._ends is None or self._ends > now:
            return None
        return Entry(at=now)

    def pause(self, reason: str, now: datetime) -> None:
        """Let nothing happen any more; what is left of the turn is left."""
        if not self.paused and not self._decided:
            self.paused, self._stopped_at = reason, now
            self._tell(self.battle.id, Paused(battle=self.battle.id, reason=reason), None)

    def time_left(self, now: datetime) -> timedelta | None:
        """Give how long the turn lasts still, counted from when the branch stopped."""
        if self._ends is None:
            return None
        return max(self._ends - (self._stopped_at or now), seconds(0))

    def take(self, entry: Entry) -> None:
        """Let something happen, and tell of it."""
        self.entries.append(entry)
        command = entry.command
        if command is None:
            self._ask(lambda: self._rules.time_out(msgspec.Raw(self.board)), entry)
            return
        self._ops.add(command.op)
        said = {"text": command.text} if command.name == "say" else {}
        self._say(entry, command.name, {"player": command.player, "number": command.number, **said})
        if command.name != "say" and not self._decided:
            self._ask(lambda: outcome(self._rules, msgspec.Raw(self.board), command), entry)

    # ------------------------------------------------------------------------------------ what comes of it

    def _ask(self, rules: Callable[[], Standing], entry: Entry) -> None:
        try:
            standing = rules()
        except Against as error:
            if entry.command is not None:
                advice = {"number": entry.command.number, "advice": str(error)}
                self._say(entry, "refuse", {"player": entry.command.player, **advice}, entry.command.player)
        except Exception:  # noqa: BLE001  rules are anybody's code; the owner finds out, and breaks the battle off
            self.pause("the_rules_failed", entry.at)
        else:
            self._stand(standing, entry)

    def _stand(self, standing: Standing, entry: Entry) -> None:
        self.board, self.acts, self._turn = bytes(standing.board), standing.acts, self._turn + 1
        self._decided = standing.places is not None
        lasts = None if self._decided else standing.turn_seconds
        self._ends = None if lasts is None else entry.at + seconds(lasts)
        fields: dict[str, Any] = {"turn": self._turn, "shown": standing.shown}
        if self._decided:
            self._say(entry, "finish", {**fields, "places": standing.places, "reason": standing.reason})
        else:
            self._say(entry, "advance", {**fields, "acts": self.acts, "turn_ends_at": self._ends})

    def _say(self, entry: Entry, name: str, fields: dict[str, Any], player: str | None = None) -> None:
        self._step += 1
        told = Provisional(battle=self.battle.id, step=self._step, at=entry.at, name=name, fields=fields)
        self._tell(self.battle.id, told, player)
