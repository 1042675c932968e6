"""Accounts: who is tracked by name is looked up once for each API key; whom nobody finds, ever more seldom."""

from __future__ import annotations

from datetime import datetime, timedelta

from tenure import Change, Store, Turn, days, minutes, seconds
from tenure.services.games.journal import Journal
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.lots import LOTS, spread_of
from tenure.services.games.refusals import trouble_of
from tenure.services.games.riot.contract import Account, KeyRefused, Limited, Riot, RiotError
from tenure.services.games.rounds import for_each, submit, turns_of
from tenure.store.keeping import Loop

ACCOUNTS = "games/accounts"
"""The poller by which accounts are looked up. Whoever makes work for it hastens it."""

PERIOD = seconds(15)
AT_ONCE = 8
AT_A_TIME = 100
"""So many are looked up between two writes, of each lot."""

UNKNOWN_FIRST, UNKNOWN_MOST = minutes(5), days(1)
FAILED_FIRST, FAILED_MOST = seconds(15), minutes(10)
NOBODY = "Riot knows no account of this name and tag: check them; it is looked for again, ever more seldom"


class Accounts:
    """Looks accounts up. Any number of processes may have one; one of them does it at a time."""

    def __init__(self, store: Store, riot: Riot, journal: Journal) -> None:
        self._store, self._riot, self._journal = store, riot, journal

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return {"accounts": lambda: turns_of(self._store, PERIOD, ACCOUNTS, self.turn)}

    async def once(self) -> None:
        """Look up all who are due."""
        while await self._look_up():
            pass

    async def turn(self, turn: Turn) -> None:
        """Look up some of those who are due. Raises `KeyRefused` and `Limited`, when what was learned is written."""
        if await self._look_up():
            turn.next_at = turn.at  # there are perhaps more

    async def _look_up(self) -> bool:
        """Look up some of each lot who are due, and tell whether there were any."""
        now = await self._store.now()
        due = [
            player
            for lot in range(LOTS)
            for state in (TrackedPlayer.named, TrackedPlayer.unknown)
            for player in await self._store.find(state, per=lot, limit=AT_A_TIME)
            if player.due_at <= now
        ]
        changes: list[Change[TrackedPlayer]] = []

        async def look_up(player: TrackedPlayer) -> None:
            changes.append(await self._changed(player, now))

        refusal: Exception | None = None
        try:
            await for_each(due, look_up, at_once=AT_ONCE)
        except (KeyRefused, Limited) as error:
            refusal = error
        made = await submit(self._store, [[change] for change in changes])
        for change, so in zip(changes, made, strict=True):
            if so and change.name != TrackedPlayer.find.name:
                self._journal.warning("account not found", player=change.id, change=change.name)
        if refusal is not None:
            raise refusal
        return bool(due)

    async def _changed(self, player: TrackedPlayer, now: datetime) -> Change[TrackedPlayer]:
        """Look one up. Raises `KeyRefused`, `Limited`."""
        mark = self._riot.key_mark
        try:
            account = await self._riot.account(player.platform, player.game_name, player.tag_line)
        except (KeyRefused, Limited):
            raise
        except RiotError as error:
            wait = _back_off(player, FAILED_FIRST, FAILED_MOST)
            return TrackedPlayer.put_off(
                player, due_at=now + wait, retry_count=player.retry_count + 1, last_error=trouble_of(error)
            )
        if account is None:
            wait = _back_off(player, UNKNOWN_FIRST, UNKNOWN_MOST)
            return TrackedPlayer.miss(player, due_at=now + wait, retry_count=player.retry_count + 1, last_error=NOBODY)
        return _found(player, account, mark, now)


def _found(player: TrackedPlayer, account: Account, mark: str, now: datetime) -> Change[TrackedPlayer]:
    """Give the change by which a player is tracked. Their list of matches is read at once."""
    return TrackedPlayer.find(
        player,
        puuid=account.puuid,
        key_mark=mark,
        game_name=account.game_name,
        tag_line=account.tag_line,
        due_at=now,
    )


def _back_off(player: TrackedPlayer, first: timedelta, most: timedelta) -> timedelta:
    """Give a wait that doubles from the first to the longest one, and is not the same for all."""
    return min(first * (1 << min(player.retry_count, 20)), most) * spread_of(player.id)
