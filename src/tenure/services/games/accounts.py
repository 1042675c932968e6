"""Accounts: who is tracked by name is looked up once for each API key; whom nobody finds, ever more seldom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from tenure import Change, LimitReached, Store, Turn, days, minutes, seconds
from tenure.services.games.identities import Identities
from tenure.services.games.lanes import Lanes
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.lots import LOTS, spread_of
from tenure.services.games.names import riot_id_of
from tenure.services.games.refusals import trouble_of
from tenure.services.games.riot.contract import Account, KeyRefused, Limited, Riot, RiotError
from tenure.services.games.rounds import due_pages, submit, tried, turns_of
from tenure.store.keeping import Loop

ACCOUNTS = "games/accounts"
"""The poller by which accounts are looked up. Whoever makes work for it hastens it."""

PERIOD = seconds(15)
AT_ONCE = 8
AT_A_TIME = 100
"""So many are looked up between two writes, of each lot."""

UNKNOWN_FIRST, UNKNOWN_MOST = minutes(5), days(1)
FAILED_FIRST, FAILED_MOST = seconds(15), minutes(10)


class Accounts:
    """Looks accounts up. Any number of processes may have one; one of them does it at a time."""

    def __init__(self, store: Store, riot: Riot) -> None:
        self._store, self._riot = store, riot
        self._identities = Identities(store, riot)

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return {"accounts": lambda: turns_of(self._store, PERIOD, ACCOUNTS, self.turn)}

    async def once(self) -> None:
        """Look up all who are due."""
        await self.turn()

    async def turn(self, turn: Turn | None = None) -> None:
        """Look up all who are due. Raises `KeyRefused`, when what was learned is written."""
        lanes, now = Lanes(self._store, at_once=AT_ONCE), await self._store.now()
        for lot in range(LOTS):
            for state in (TrackedPlayer.named, TrackedPlayer.unknown):
                async for players in due_pages(self._store, state, lot, now, AT_A_TIME):
                    await self._look_up(players, lanes)
        lanes.check()
        if turn is not None:
            turn.next_at = lanes.again_at(turn, PERIOD)

    async def _look_up(self, players: Sequence[TrackedPlayer], lanes: Lanes) -> None:
        """Look up some, and write what was learned."""
        now, mark = await self._store.now(), self._riot.key_mark
        found: list[tuple[TrackedPlayer, Account]] = []
        changes: list[Change[TrackedPlayer]] = []

        async def look_up(player: TrackedPlayer) -> None:
            try:
                account, trouble = await self._identities.account(player)
            except RiotError as error:
                if not isinstance(error, KeyRefused | Limited):
                    changes.append(_put_off(player, error, now))
                raise
            if account is None:
                changes.append(_missed(player, trouble, now))
            else:
                found.append((player, account))

        await lanes.each(players, lambda player: (player.platform, player.puuid is None), look_up)
        changes += await self._track(found, mark, now)
        made = await submit(self._store, [[change] for change in changes])
        for change, so in zip(changes, made, strict=True):
            if so:
                self._store.log.warning("account not found", player=change.id, change=change.name)

    async def _track(
        self, found: list[tuple[TrackedPlayer, Account]], mark: str, now: datetime
    ) -> list[Change[TrackedPlayer]]:
        """Track those whose accounts were found, and give what is to be written of those who cannot be."""
        changes = [_found(player, account, mark, now) for player, account in found]
        verdicts = await tried(self._store, [[change] for change in changes], besides=LimitReached)
        left: list[Change[TrackedPlayer]] = []
        for (player, account), verdict in zip(found, verdicts, strict=True):
            if isinstance(verdict, LimitReached):
                left += await self._track_as(player, account, mark, now)
        return left

    async def _track_as(
        self, player: TrackedPlayer, account: Account, mark: str, now: datetime
    ) -> list[Change[TrackedPlayer]]:
        """Do with somebody whose account, or whose name, is that of another player of ours."""
        other = await self._store.holding(TrackedPlayer.one_account, account.puuid)
        if other:
            known_as = f"{other[0].game_name}#{other[0].tag_line} on {other[0].platform}"
            twice = f"this account is tracked already, as {known_as}: remove one of both"
            return [_missed(player, twice, now)]
        # Whoever has this name in our records is called otherwise by now, which is learned in time; so is theirs.
        self._store.log.warning("name of two players", player=player.id)
        as_before = replace(account, game_name=player.game_name, tag_line=player.tag_line)
        await tried(self._store, [[_found(player, as_before, mark, now)]], besides=LimitReached)
        return []


def _put_off(player: TrackedPlayer, error: RiotError, now: datetime) -> Change[TrackedPlayer]:
    wait = _back_off(player, FAILED_FIRST, FAILED_MOST)
    return TrackedPlayer.put_off(
        player, due_at=now + wait, retry_count=player.retry_count + 1, last_error=trouble_of(error)
    )


def _missed(player: TrackedPlayer, trouble: str, now: datetime) -> Change[TrackedPlayer]:
    wait = _back_off(player, UNKNOWN_FIRST, UNKNOWN_MOST)
    return TrackedPlayer.miss(player, due_at=now + wait, retry_count=player.retry_count + 1, last_error=trouble)


def _found(player: TrackedPlayer, account: Account, mark: str, now: datetime) -> Change[TrackedPlayer]:
    """Give the change by which a player is tracked. Their list of matches is read at once."""
    named = bool(account.game_name and account.tag_line)  # an account may come without its name
    game_name, tag_line = (account.game_name, account.tag_line) if named else (player.game_name, player.tag_line)
    return TrackedPlayer.find(
        player,
        puuid=account.puuid,
        key_mark=mark,
        game_name=game_name,
        tag_line=tag_line,
        riot_id=riot_id_of(game_name, tag_line),
        named_at=now,
        due_at=now,
    )


def _back_off(player: TrackedPlayer, first: timedelta, most: timedelta) -> timedelta:
    """Give a wait that doubles from the first to the longest one, and is not the same for all."""
    return min(first * (1 << min(player.retry_count, 20)), most) * spread_of(player.id)
