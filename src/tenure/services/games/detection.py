"""Detection: who is in which game. It is over when its match says so, and nothing else: here it is only left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tenure import Change, Store, Turn
from tenure.services.games.accounts import ACCOUNTS
from tenure.services.games.games import game_id
from tenure.services.games.lanes import Lanes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.looks import USUAL_LENGTH, Look, changes_of, is_left_alone, known, match_lot_of
from tenure.services.games.refusals import trouble_of
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import KeyRefused, Limited, OfAnotherKey, Riot, RiotAway, RiotError
from tenure.services.games.rounds import loops_of, pages, poller_of, submit
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop

AT_ONCE = 16
AT_A_TIME = 128
"""So many players are looked at between two writes."""

GOLDEN = 0.618034
"""Multiples of this lie evenly in every stretch: each turn begins with another player of a lot."""

OWN_TROUBLE = 3
"""After so many looks in a row that failed for one player, that is noted on the player."""

Sight = tuple[str, Title]
"""A player's id, and the title of which a game is looked for."""


class Detection:
    """Looks at players, a lot at a time. Any number of processes may have one."""

    def __init__(self, store: Store, riot: Riot, settings: Settings) -> None:
        self._store, self._riot, self._settings = store, riot, settings
        self._in_vain: Counter[str] = Counter()
        self._ours: set[tuple[str, str]] = set()
        self.taken_away_at: datetime | None = None
        """When, the last time, a player of our API key had become one of another key: some process asks with that."""

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return loops_of(self._store, "detection", self._settings.detection_interval, self.turn)

    async def turn(self, lot: int, turn: Turn | None = None) -> None:
        """Look at a lot once. Raises `KeyRefused`, after what was seen until then is written.

        Where too much was asked for, the turn waits until those may be asked for whom it was, as far as its period
        goes: a turn that came sooner would begin with everybody anew.
        """
        left: set[Sight] | None = None
        while True:
            lanes = Lanes(self._store, at_once=AT_ONCE)
            left = await self._round(lot, lanes, turn.number if turn is not None else 0, left)
            again_at = None if turn is None else lanes.again_at(turn, self._settings.detection_interval)
            if again_at is None:
                return
            await self._store.clock.sleep(max((again_at - await self._store.now()).total_seconds(), 0))

    # ------------------------------------------------------------------------------------ looking

    async def _round(self, lot: int, lanes: Lanes, number: int, only: set[Sight] | None) -> set[Sight]:
        """Look at a lot, or only at these of it, as far as Riot lets us, and give at whom nobody has looked."""
        tracked = [player async for page in pages(self._store, TrackedPlayer.tracked, lot) for player in page]
        players, playing = await self._of_this_key(tracked), await self._playing(lot)
        # Whoever comes last where Riot stops answering is not always the same one.
        first = int(number * GOLDEN % 1 * len(players))
        players = players[first:] + players[:first]
        left: set[Sight] = set()
        for start in range(0, len(players), AT_A_TIME):
            what: list[tuple[TrackedPlayer, Title]] = [
                (player, title)
                for player in players[start : start + AT_A_TIME]
                for title in player.titles
                if only is None or (player.id, title) in only
            ]
            left |= await self._look_at(what, playing, lanes)
        lanes.check()
        if only is None:
            await self._leave_alone(tracked, playing)
        return left

    async def _of_this_key(self, players: list[TrackedPlayer]) -> list[TrackedPlayer]:
        """Give those whom this API key knows; the others are to be looked up anew, at once."""
        mark = self._riot.key_mark
        strangers = [player for player in players if player.key_mark != mark]
        if strangers:
            now = await self._store.now()
            if self._ours & {(mark, player.id) for player in strangers}:
                self.taken_away_at = now
            await submit(self._store, [[TrackedPlayer.seek(each, due_at=now, last_error=None)] for each in strangers])
            await self._store.hasten(ACCOUNTS, now)
        ours = [player for player in players if player.key_mark == mark]
        self._ours.update((mark, player.id) for player in ours)
        return ours

    async def _playing(self, lot: int) -> dict[str, list[TrackedGame]]:
        """Give the games that are thought to go on, by player."""
        found: dict[str, list[TrackedGame]] = defaultdict(list)
        async for page in pages(self._store, TrackedGame.playing, lot):
            for game in page:
                found[game.player].append(game)
        return found

    async def _look_at(
        self, what: Sequence[tuple[TrackedPlayer, Title]], playing: dict[str, list[TrackedGame]], lanes: Lanes
    ) -> set[Sight]:
        """Look at some, write what is new, and give at whom nobody could look."""
        looks: list[Look] = []

        async def look(who: tuple[TrackedPlayer, Title]) -> None:
            player, title = who
            try:
                game = await self._riot.active_game(player.platform, player.puuid or "", title)
            except RiotError as error:
                if not isinstance(error, KeyRefused | Limited):
                    looks.append(Look(player, title, error=error))
                raise
            looks.append(Look(player, title, game))

        await lanes.each(what, lambda who: (who[0].platform, who[1]), look)
        await self._note(looks, playing)
        wanted: set[Sight] = {(player.id, title) for player, title in what}
        return wanted - {(look.player.id, look.title) for look in looks}

    async def _leave_alone(self, tracked: Sequence[TrackedPlayer], playing: Mapping[str, list[TrackedGame]]) -> None:
        """Let the results be asked for of games at whose players nobody looks any more: soon, if they may be over."""
        titles, now = {player.id: player.titles for player in tracked}, await self._store.now()
        alone = [game for games in playing.values() for game in games if game.title not in titles.get(game.player, ())]
        players = await self._store.get_many(TrackedPlayer, {game.player for game in alone}) if alone else {}
        changes = [
            TrackedGame.leave(game, due_at=max(now, (game.started_at or game.created_at) + USUAL_LENGTH))
            for game in alone
            if is_left_alone(players.get(game.player), game)
        ]
        await self._write(changes, now)

    # ------------------------------------------------------------------------------------ noting

    async def _note(self, looks: list[Look], playing: dict[str, list[TrackedGame]]) -> None:
        """Write what is new."""
        now = await self._store.now()
        ids = [
            game_id(look.player.id, look.game.match_id)
            for look in looks
            if look.game is not None and known(look, playing[look.player.id]) is None
        ]
        there = await self._store.get_many(TrackedGame, ids) if ids else {}
        by_player: dict[str, list[Look]] = defaultdict(list)
        for look in looks:
            by_player[look.player.id].append(look)
        changes: list[Change[Any]] = [change for those in by_player.values() for change in self._of_player(those, now)]
        for look in looks:
            changes += changes_of(look, playing[look.player.id], there, now) if look.error is None else []
        await self._write(changes, now)

    async def _write(self, changes: Sequence[Change[Any]], now: datetime) -> None:
        made = await submit(self._store, [[change] for change in changes])
        await self._tell([change for change, so in zip(changes, made, strict=True) if so], now)

    def _of_player(self, looks: list[Look], now: datetime) -> list[Change[Any]]:
        """Give what is to be written on a player after looks at their titles: an error that is new, or all is well."""
        player, errors = looks[0].player, [look.error for look in looks if look.error is not None]
        if not errors:
            self._in_vain.pop(player.id, None)
            well = player.last_error is not None and len(looks) == len(player.titles)
            return [TrackedPlayer.recover(player)] if well else []
        for error in errors:
            if isinstance(error, OfAnotherKey):
                return [TrackedPlayer.seek(player, due_at=now, last_error=trouble_of(error))]
        self._in_vain[player.id] += 1
        # That Riot is away for a moment, or for everybody, is no player's trouble.
        lasting = self._in_vain[player.id] >= OWN_TROUBLE
        troubles = [trouble_of(error) for error in errors if lasting or not isinstance(error, RiotAway)]
        if not troubles or player.last_error in troubles:
            return []
        return [TrackedPlayer.fail(player, retry_count=player.retry_count + 1, last_error=troubles[0])]

    async def _tell(self, made: list[Change[Any]], now: datetime) -> None:
        """Say what is new, and let the results be asked for of what is over."""
        for change in made:
            if change.name == "create":
                self._store.log.info("new game", game=change.id)
        failed = [change.id for change in made if change.name == TrackedPlayer.fail.name]
        if failed:
            self._store.log.warning("players failed", number=len(failed), first=failed[0])
        left = [change for change in made if change.name == TrackedGame.leave.name]
        for lot in sorted({match_lot_of(change) for change in left}):
            await self._store.hasten(poller_of("completion", lot), now)
        if any(change.name == TrackedPlayer.seek.name for change in made):
            await self._store.hasten(ACCOUNTS, now)
