"""Backfill: games that nobody saw, since they were short, hidden, or played while nobody looked.

A game is in a player's list of matches once it is over. So whoever is thought to be playing one that is listed has
left it; and one that has no record is begun as awaiting. Only games since the player was added, or last unpaused, are
taken.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from tenure import Change, Store, Turn, days, hours, minutes
from tenure.services.games.accounts import ACCOUNTS
from tenure.services.games.games import EVERY, game_id
from tenure.services.games.lanes import Lanes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.looks import left, match_lot_of, new_game
from tenure.services.games.lots import LOTS, spread_of
from tenure.services.games.names import rename, renamed
from tenure.services.games.refusals import trouble_of
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import KeyRefused, Limited, Malformed, OfAnotherKey, Riot, RiotAway, RiotError
from tenure.services.games.rounds import due_pages, loops_of, poller_of, submit
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop

PERIOD = minutes(1)
AT_ONCE = 8
AT_A_TIME = 100
OVERLAP, LONG_OVERLAP = hours(6), days(3)
"""How far back a list is read again: it is ordered by when games began, and has them when they are over, or later."""

LONGEST_INTERVAL = hours(1)
FAILED = minutes(2)


class Backfill:
    """Reads lists of matches, a lot of players at a time. Any number of processes may have one."""

    def __init__(self, store: Store, riot: Riot, settings: Settings) -> None:
        self._store, self._riot, self._settings = store, riot, settings
        self._troubles: dict[str, str] = {}

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return loops_of(self._store, "backfill", PERIOD, self.turn)

    async def turn(self, lot: int, turn: Turn | None = None) -> None:
        """Read the lists of those of a lot who are due. Raises `KeyRefused`."""
        lanes, now, mark = Lanes(self._store, at_once=AT_ONCE), await self._store.now(), self._riot.key_mark
        async for players in due_pages(self._store, TrackedPlayer.tracked, lot, now, AT_A_TIME):
            ours = [player for player in players if player.key_mark == mark]
            # Who has a title whose lists may not be read at present holds up nobody who has not.
            await lanes.each(ours, lambda player: (player.platform, player.titles), self._read)
        lanes.check()
        if turn is not None:
            turn.next_at = lanes.again_at(turn, PERIOD)

    async def _read(self, player: TrackedPlayer) -> None:
        """Read one player's lists, and note what is new. Raises `KeyRefused`, `Limited` and `RiotAway`.

        That they were read is noted last, and only when the games are kept. What one title's list refuses takes
        nothing from the other one.
        """
        now = await self._store.now()
        listed: dict[str, Title] = {}
        trouble: RiotError | None = None
        for title in player.titles:
            try:
                ids = await self._riot.match_ids(player.platform, player.puuid or "", title, _since(player, now))
                listed.update(dict.fromkeys(ids, title))
            except KeyRefused:
                raise
            except RiotError as error:
                trouble = _worse(trouble, error)
        changes = await self._changes(player, listed, now)
        made = await submit(self._store, [[change] for change in changes])
        await self._tell([change for change, so in zip(changes, made, strict=True) if so], now)
        if trouble is None:
            self._troubles.pop(player.id, None)
            pause = await self._pause(player, changes, now)
            await submit(self._store, [[TrackedPlayer.list_matches(player, due_at=now + pause, listed_until=now)]])
            if player.listed_until is not None and _is_first_of_day(player, now):
                await self._ask_name(player, now)
        else:
            await self._failed(player, trouble, now)

    async def _changes(self, player: TrackedPlayer, listed: dict[str, Title], now: datetime) -> list[Change[Any]]:
        there = await self._store.get_many(TrackedGame, [game_id(player.id, match) for match in listed])
        changes: list[Change[Any]] = []
        for match, title in listed.items():
            game = there.get(game_id(player.id, match))
            if game is None:
                changes.append(new_game(player, match, title, now=now, found_by="matches"))
            elif game.state == TrackedGame.playing:
                changes.append(left(game, now))  # its match may take a little longer than the list
        return changes

    async def _pause(self, player: TrackedPlayer, changes: list[Change[Any]], now: datetime) -> timedelta:
        """Give how long the list is not read again: the interval while they play, and longer when they do not."""
        interval = self._settings.backfill_interval
        if changes:
            return interval * spread_of(player.id)
        last = await self._store.find(EVERY, under=player, newest_first=True, limit=1)
        idle = now - max([player.created_at, *(game.changed_at for game in last)])
        return min(max(interval, idle / 4), max(interval, LONGEST_INTERVAL)) * spread_of(player.id)

    async def _ask_name(self, player: TrackedPlayer, now: datetime) -> None:
        """Ask what a player is called now. Who plays is learned about from matches, too; so tomorrow will do."""
        with suppress(Limited, RiotAway, Malformed, OfAnotherKey):
            account = await self._riot.account_of(player.platform, player.puuid or "")
            after = (await self._store.get_many(TrackedPlayer, [player.id])).get(player.id)
            if account is not None and after is not None and after.state == TrackedPlayer.tracked:
                change = renamed(after, account.game_name, account.tag_line, now)
                await rename(self._store, [change] if change is not None else [])

    async def _failed(self, player: TrackedPlayer, error: RiotError, now: datetime) -> None:
        """Put the lists off. Nothing is lost by that: they are read from where they were read to."""
        if isinstance(error, Limited):
            raise error
        if self._troubles.get(player.id) != trouble_of(error):  # it is said when it becomes so, and not each time
            self._troubles[player.id] = trouble_of(error)
            self._store.log.warning("list not read", player=player.id, error=trouble_of(error))
        if isinstance(error, OfAnotherKey):
            await submit(self._store, [[TrackedPlayer.seek(player, due_at=now, last_error=trouble_of(error))]])
            await self._store.hasten(ACCOUNTS, now)
            return
        # What Riot turns down for good holds nothing up: else the list would grow for ever.
        later = isinstance(error, RiotAway | Malformed)
        listed_until = (player.listed_until or _begins(player)) if later else now
        due_at = now + (FAILED if later else self._settings.backfill_interval * spread_of(player.id))
        await submit(self._store, [[TrackedPlayer.list_matches(player, due_at=due_at, listed_until=listed_until)]])
        if isinstance(error, RiotAway):
            raise error

    async def _tell(self, made: list[Change[Any]], now: datetime) -> None:
        for change in made:
            if change.name == "create":
                self._store.log.info("new game", game=change.id, found_by="matches")
        for lot in sorted({match_lot_of(change) for change in made}):
            await self._store.hasten(poller_of("completion", lot), now)


def _begins(player: TrackedPlayer) -> datetime:
    return player.tracked_from or player.created_at


def _since(player: TrackedPlayer, now: datetime) -> datetime:
    """Give from when on lists are read: some hours over again, and once a day some days, as Riot lists some late."""
    begins = _begins(player)
    listed_until = player.listed_until or begins
    return max(begins, listed_until - (LONG_OVERLAP if _is_first_of_day(player, now) else OVERLAP))


def _is_first_of_day(player: TrackedPlayer, now: datetime) -> bool:
    """Tell whether lists were not read on this day yet; days begin at another hour for each lot."""
    shift, listed_until = hours(24 * player.lot / LOTS), player.listed_until or _begins(player)
    return (listed_until + shift).date() != (now + shift).date()


def _worse(one: RiotError | None, other: RiotError) -> RiotError:
    """Give the one of two errors that says more of when the lists may be read again."""
    for kind in (OfAnotherKey, Limited, RiotAway, Malformed):
        for error in (one, other):
            if isinstance(error, kind):
                return error
    return other
