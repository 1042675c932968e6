"""Detection: who is in which game. It is over when its match says so, and nothing else: here it is only left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tenure import Change, Store, Turn
from tenure.services.games.accounts import ACCOUNTS
from tenure.services.games.games import game_id
from tenure.services.games.journal import Journal
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.looks import Look, changes_of, known, match_lot_of
from tenure.services.games.refusals import trouble_of
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import KeyRefused, Limited, OfAnotherKey, Riot, RiotAway, RiotError
from tenure.services.games.rounds import for_each, loops_of, pages, poller_of, submit
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop

AT_ONCE = 16
AT_A_TIME = 128
"""So many players are looked at between two writes."""

MOST_IN_VAIN = 5
"""After so many requests in a row that a platform does not answer, it is asked no more in this turn."""

OWN_TROUBLE = 3
"""After so many looks in a row that failed for one player, that is noted on the player."""


class Detection:
    """Looks at players, a lot at a time. Any number of processes may have one."""

    def __init__(self, store: Store, riot: Riot, settings: Settings, journal: Journal) -> None:
        self._store, self._riot, self._settings, self._journal = store, riot, settings, journal
        self._in_vain: Counter[str] = Counter()

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        # A turn begins with everybody anew: one that comes sooner would only ask more.
        return loops_of(self._store, "detection", self._settings.detection_interval, self.turn, resumes=False)

    async def turn(self, lot: int, turn: Turn | None = None) -> None:
        """Look at a lot once. Raises `KeyRefused` and `Limited`, after what was seen until then is written."""
        tracked = [player async for page in pages(self._store, TrackedPlayer.tracked, lot) for player in page]
        players = await self._of_this_key(tracked)
        if not players:
            return
        playing = await self._playing(lot)
        # Whoever comes last where Riot stops answering is not always the same one.
        first = turn.number * AT_A_TIME % len(players) if turn is not None else 0
        players = players[first:] + players[:first]
        silent: Counter[str] = Counter()
        for start in range(0, len(players), AT_A_TIME):
            await self._look_at(players[start : start + AT_A_TIME], playing, silent)

    # ------------------------------------------------------------------------------------ looking

    async def _of_this_key(self, players: list[TrackedPlayer]) -> list[TrackedPlayer]:
        """Give those whom this API key knows; the others are to be looked up anew, at once."""
        mark = self._riot.key_mark
        strangers = [player for player in players if player.key_mark != mark]
        if strangers:
            now = await self._store.now()
            await submit(self._store, [[TrackedPlayer.seek(each, due_at=now, last_error=None)] for each in strangers])
            await self._store.hasten(ACCOUNTS, now)
        return [player for player in players if player.key_mark == mark]

    async def _playing(self, lot: int) -> dict[str, list[TrackedGame]]:
        """Give the games that are thought to go on, by player."""
        found: dict[str, list[TrackedGame]] = defaultdict(list)
        async for page in pages(self._store, TrackedGame.playing, lot):
            for game in page:
                found[game.player].append(game)
        return found

    async def _look_at(
        self, players: Sequence[TrackedPlayer], playing: dict[str, list[TrackedGame]], silent: Counter[str]
    ) -> None:
        looks: list[Look] = []

        async def look(what: tuple[TrackedPlayer, Title]) -> None:
            player, title = what
            if silent[player.platform] < MOST_IN_VAIN:
                looks.append(await self._look(player, title, silent))

        refusal: Exception | None = None
        try:
            what: list[tuple[TrackedPlayer, Title]] = [(player, title) for player in players for title in player.titles]
            await for_each(what, look, at_once=AT_ONCE)
        except (KeyRefused, Limited) as error:
            refusal = error
        await self._note(looks, playing)
        if refusal is not None:
            raise refusal

    async def _look(self, player: TrackedPlayer, title: Title, silent: Counter[str]) -> Look:
        try:
            game = await self._riot.active_game(player.platform, player.puuid or "", title)
        except (KeyRefused, Limited):
            raise
        except RiotError as error:
            silent[player.platform] += isinstance(error, RiotAway)
            return Look(player, title, error=error)
        silent[player.platform] = 0
        return Look(player, title, game)

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
        changes = [
            change
            for look in looks
            for change in (
                *self._of_player(look, now),
                *([] if look.error else changes_of(look, playing[look.player.id], there, now)),
            )
        ]
        made = await submit(self._store, [[change] for change in changes])
        await self._tell([change for change, so in zip(changes, made, strict=True) if so], now)

    def _of_player(self, look: Look, now: datetime) -> list[Change[Any]]:
        """Give what is to be written on the player: an error that is new, or that all is well again."""
        player, error = look.player, look.error
        if error is None:
            self._in_vain.pop(player.id, None)
            return [TrackedPlayer.recover(player)] if player.last_error is not None else []
        if isinstance(error, OfAnotherKey):
            return [TrackedPlayer.seek(player, due_at=now, last_error=trouble_of(error))]
        self._in_vain[player.id] += 1
        # That Riot is away for a moment, or for everybody, is no player's trouble.
        its_own = not isinstance(error, RiotAway) or self._in_vain[player.id] >= OWN_TROUBLE
        if not its_own or player.last_error == trouble_of(error):
            return []
        return [TrackedPlayer.fail(player, retry_count=player.retry_count + 1, last_error=trouble_of(error))]

    async def _tell(self, made: list[Change[Any]], now: datetime) -> None:
        """Say what is new, and let the results be asked for of what is over."""
        for change in made:
            if change.name == "create":
                self._journal.info("new game", game=change.id)
        failed = [change.id for change in made if change.name == TrackedPlayer.fail.name]
        if failed:
            self._journal.warning("players failed", number=len(failed), first=failed[0])
        left = [change for change in made if change.name == TrackedGame.leave.name]
        for lot in sorted({match_lot_of(change) for change in left}):
            await self._store.hasten(poller_of("completion", lot), now)
        if any(change.name == TrackedPlayer.seek.name for change in made):
            await self._store.hasten(ACCOUNTS, now)
