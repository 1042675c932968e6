"""Backfill: games that nobody saw, since they were short, hidden, or played while nobody looked.

A game is in a player's list of matches once it is over. So whoever is thought to be playing one that is listed has
left it; and one that has no record is begun as awaiting. Only games since the player was added are taken.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tenure import Change, Store, Turn, hours, minutes
from tenure.services.games.games import EVERY, game_id
from tenure.services.games.journal import Journal
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.looks import match_lot_of, new_game
from tenure.services.games.lots import spread_of
from tenure.services.games.refusals import trouble_of
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import KeyRefused, Limited, OfAnotherKey, Riot, RiotAway, RiotError
from tenure.services.games.rounds import for_each, loops_of, poller_of, submit
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop

PERIOD = minutes(1)
AT_ONCE = 8
AT_A_TIME = 100
OVERLAP = hours(6)
"""How far back a list is read again: it is ordered by when games began, and has them when they are over."""

LONGEST_INTERVAL = hours(1)
FAILED = minutes(2)


class Backfill:
    """Reads lists of matches, a lot of players at a time. Any number of processes may have one."""

    def __init__(self, store: Store, riot: Riot, settings: Settings, journal: Journal) -> None:
        self._store, self._riot, self._settings, self._journal = store, riot, settings, journal

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return loops_of(self._store, "backfill", PERIOD, self.turn)

    async def turn(self, lot: int, turn: Turn | None = None) -> None:  # noqa: ARG002  the period is enough
        """Read the lists of those of a lot who are due. Raises `KeyRefused` and `Limited`."""
        mark = self._riot.key_mark
        while True:
            now = await self._store.now()
            players = await self._store.find(TrackedPlayer.tracked, per=lot, limit=AT_A_TIME)
            due = [each for each in players if each.due_at <= now]
            try:
                await for_each([each for each in due if each.key_mark == mark], self._read, at_once=AT_ONCE)
            except RiotAway:
                return  # those who come next are due the next time too
            if len(due) < AT_A_TIME or due[0].key_mark != mark:
                return

    async def _read(self, player: TrackedPlayer) -> None:
        """Read one player's lists, and note what is new; that it was read is noted last. Raises `RiotAway`, too."""
        now = await self._store.now()
        since = max(player.created_at, (player.listed_until or player.created_at) - OVERLAP)
        try:
            listed: dict[str, Title] = {
                match: title
                for title in player.titles
                for match in await self._riot.match_ids(player.platform, player.puuid or "", title, since)
            }
        except (KeyRefused, Limited):
            raise
        except RiotError as error:
            await self._failed(player, error, now)
            if isinstance(error, RiotAway):
                raise
            return
        changes = await self._changes(player, listed, now)
        due_at = now + await self._pause(player, changes, now)
        listed_now = TrackedPlayer.list_matches(player, due_at=due_at, listed_until=now)
        made = await submit(self._store, [*([change] for change in changes), [listed_now]])
        await self._tell([change for change, so in zip(changes, made, strict=False) if so], now)

    async def _changes(self, player: TrackedPlayer, listed: dict[str, Title], now: datetime) -> list[Change[Any]]:
        there = await self._store.get_many(TrackedGame, [game_id(player.id, match) for match in listed])
        changes: list[Change[Any]] = []
        for match, title in listed.items():
            game = there.get(game_id(player.id, match))
            if game is None:
                changes.append(new_game(player, match, title, now=now, found_by="matches"))
            elif game.state == TrackedGame.playing:
                changes.append(TrackedGame.leave(game, due_at=now))
        return changes

    async def _pause(self, player: TrackedPlayer, changes: list[Change[Any]], now: datetime) -> timedelta:
        """Give how long the list is not read again: the interval while they play, and longer when they do not."""
        interval = self._settings.backfill_interval
        if changes:
            return interval * spread_of(player.id)
        last = await self._store.find(EVERY, under=player, newest_first=True, limit=1)
        idle = now - max([player.created_at, *(game.changed_at for game in last)])
        return min(max(interval, idle / 4), max(interval, LONGEST_INTERVAL)) * spread_of(player.id)

    async def _failed(self, player: TrackedPlayer, error: RiotError, now: datetime) -> None:
        """Put the list off. Nothing is lost by that: it is read from where it was read to."""
        if isinstance(error, OfAnotherKey):
            change = TrackedPlayer.seek(player, due_at=now, last_error=trouble_of(error))
        else:
            listed_until = player.listed_until or player.created_at
            change = TrackedPlayer.list_matches(player, due_at=now + FAILED, listed_until=listed_until)
        await submit(self._store, [[change]])

    async def _tell(self, made: list[Change[Any]], now: datetime) -> None:
        for change in made:
            if change.name == "create":
                self._journal.info("new game", game=change.id, found_by="matches")
        for lot in sorted({match_lot_of(change) for change in made}):
            await self._store.hasten(poller_of("completion", lot), now)
