"""Completion: what is left gets its result, from one fetch of its match for all who wait for it.

    awaiting   ─ the match is there ▶ completed           playing ones of the same match too
               ─ not there, or an error ─ retry, and after enough of them ▶ abandoned
    abandoned  ─ asked ever more seldom; a late result corrects it ▶ completed

That too much was asked for, or that the API key is refused, is no retry of a game's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tenure import Change, StateOf, Store, Turn, days, minutes, seconds
from tenure.services.games.lanes import Lanes
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.looks import USUAL_LENGTH
from tenure.services.games.lots import spread_of
from tenure.services.games.names import rename, renamed
from tenure.services.games.refusals import trouble_of
from tenure.services.games.riot.contract import KeyRefused, Limited, Match, Riot, RiotAway, RiotError
from tenure.services.games.rounds import due_pages, loops_of, submit
from tenure.services.games.settings import Settings
from tenure.store.keeping import Loop

WAITING = (TrackedGame.awaiting, TrackedGame.abandoned)
AT_ONCE = 8
AT_A_TIME = 100
FIRST_RETRY, LONGEST_RETRY = seconds(15), minutes(2)
AT_LEAST_APART = seconds(2)
ABANDONED_AFTER = minutes(10)
"""A result is not given up sooner after its game must be over, however many retries there were."""

ASKED_AGAIN_FOR, LONGEST_PAUSE = days(14), days(1)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
NOT_THERE = "Riot has no result of this match yet"
NOT_IN_IT = "the player is not among those of the match, as this API key knows them"
NOT_KNOWN = "the player's account has to be looked up with this API key first"
ACCOUNT_PAUSE = minutes(1)


class Completion:
    """Fetches results, a lot of matches at a time. Any number of processes may have one."""

    def __init__(self, store: Store, riot: Riot, settings: Settings) -> None:
        self._store, self._riot, self._settings = store, riot, settings

    def loops(self) -> dict[str, Loop]:
        """Give each loop by name; each goes on until it is cancelled."""
        return loops_of(self._store, "completion", self._settings.completion_interval, self.turn)

    async def turn(self, lot: int, turn: Turn | None = None) -> None:
        """Ask for what is due in a lot. Raises `KeyRefused`; what was learned until then is written."""
        lanes, now = Lanes(self._store, at_once=AT_ONCE), await self._store.now()
        for state in WAITING:
            async for games in due_pages(self._store, state, lot, now, AT_A_TIME):
                matches: dict[str, list[TrackedGame]] = {}
                for game in games:
                    matches.setdefault(game.match, []).append(game)
                await lanes.each(matches.values(), lambda of_one: _lane(of_one[0]), self._settle)
        lanes.check()
        if turn is not None:
            turn.next_at = await self._next(lot, turn, lanes)

    # ------------------------------------------------------------------------------------ asking

    async def _next(self, lot: int, turn: Turn, lanes: Lanes) -> datetime | None:
        """Give when this lot is looked at next: by the period (None), or sooner.

        Sooner where something is due before, or may be asked again. What is due where nothing may be asked at present
        is no reason: turns would follow one another in vain.
        """
        period = self._settings.completion_interval
        dues = [await self._first_due(state, lot, turn.at + period, lanes) for state in WAITING]
        soon = [at for at in (*dues, lanes.again_at(turn, period)) if at is not None]
        return max(min(soon), turn.at + AT_LEAST_APART) if soon else None

    async def _first_due(self, state: StateOf[TrackedGame], lot: int, by: datetime, lanes: Lanes) -> datetime | None:
        async for games in due_pages(self._store, state, lot, by, AT_A_TIME):
            game: TrackedGame
            for game in games:
                if lanes.is_open(_lane(game)):
                    return game.due_at
        return None

    async def _settle(self, due: list[TrackedGame]) -> None:
        """Fetch one match, once, and fold it into every record that waits for it. Raises `RiotAway`, too."""
        first, those = due[0], await self._store.get_many(TrackedPlayer, {game.player for game in due})
        if not any(player.key_mark == self._riot.key_mark for player in those.values()):
            now = await self._store.now()  # nobody of them would be found in it
            await submit(self._store, [[self._waits(game, NOT_KNOWN, now)] for game in due])
            return
        match, error, away = None, NOT_THERE, None
        try:
            match = await self._riot.match(first.match, first.title)
        except (KeyRefused, Limited):
            raise
        except RiotError as failure:
            error, away = trouble_of(failure), failure if isinstance(failure, RiotAway) else None
        games = due if match is None else await self._store.holding(TrackedGame.of_match, first.match)
        players = await self._store.get_many(TrackedPlayer, {game.player for game in games})
        now, dues = await self._store.now(), {game.id for game in due}
        changes: list[Change[Any]] = []
        for game in games:
            change = self._folded(game, players, match)
            if change is None and game.id in dues:
                trouble = error if match is None else self._missing(players.get(game.player))
                change = self._waits(game, trouble, now)
            if change is not None:
                changes.append(change)
        self._tell(changes, await submit(self._store, [[change] for change in changes]))
        await rename(self._store, self._renamed(players, match, now))
        if away is not None:
            raise away

    # ------------------------------------------------------------------------------------ noting

    def _folded(
        self, game: TrackedGame, players: Mapping[str, TrackedPlayer], match: Match | None
    ) -> Change[TrackedGame] | None:
        """Give the change that completes a record with its player's result; None if the match has none."""
        player = players.get(game.player)
        if match is None or player is None or player.key_mark != self._riot.key_mark:
            return None
        result = match.results.get(player.puuid or "")
        if result is None:
            return None
        # By its id: whoever sees the player, or misses them, in the same moment does not hold the result up.
        finish = TrackedGame.correct if game.state == TrackedGame.abandoned else TrackedGame.complete
        return finish(
            game.id,
            result=result,
            queue_id=game.queue_id if match.queue_id is None else match.queue_id,
            started_at=match.started_at or game.started_at or game.created_at,
            duration_seconds=match.duration_seconds,
            raw_api_response=match.raw if self._settings.keeps_raw else None,
        )

    def _renamed(
        self, players: Mapping[str, TrackedPlayer], match: Match | None, now: datetime
    ) -> list[Change[TrackedPlayer]]:
        """Give what a match says of how its players are called by now."""
        if match is None or match.started_at is None:
            return []
        at = min(match.started_at + seconds(match.duration_seconds), now)
        ours = [each for each in players.values() if each.puuid is not None and self._is_known(each)]
        changes = [renamed(each, *match.names.get(each.puuid or "", ("", "")), at) for each in ours]
        return [change for change in changes if change is not None]

    def _is_known(self, player: TrackedPlayer) -> bool:
        return player.state == TrackedPlayer.tracked and player.key_mark == self._riot.key_mark

    def _missing(self, player: TrackedPlayer | None) -> str:
        known = player is not None and player.key_mark == self._riot.key_mark
        return NOT_IN_IT if known else NOT_KNOWN

    def _waits(self, game: TrackedGame, error: str, now: datetime) -> Change[TrackedGame]:
        """Give the change by which a game waits on, or is given up for now."""
        if game.state == TrackedGame.abandoned:
            return TrackedGame.ask_again(game, due_at=_later(game, now))
        since = now - _over_at(game)
        if error == NOT_KNOWN:  # no request was in vain
            return TrackedGame.retry(
                game,
                due_at=now + max(ACCOUNT_PAUSE, (now - game.entered_at) / 4),
                retry_count=game.retry_count,
                last_error=error,
            )
        retries = game.retry_count + 1
        if retries >= self._settings.most_retries and since >= ABANDONED_AFTER:
            return TrackedGame.abandon(game, due_at=now + ABANDONED_AFTER, retry_count=retries, last_error=error)
        wait = min(FIRST_RETRY * (1 << min(game.retry_count, 20)), LONGEST_RETRY) * spread_of(game.match)
        return TrackedGame.retry(game, due_at=now + wait, retry_count=retries, last_error=error)

    def _tell(self, changes: list[Change[Any]], made: list[bool]) -> None:
        for change, so in zip(changes, made, strict=True):
            if so and change.name in (TrackedGame.complete.name, TrackedGame.correct.name):
                self._store.log.info("completed game", game=change.id, late=change.name == TrackedGame.correct.name)
            elif so and change.name == TrackedGame.abandon.name:
                self._store.log.warning("abandoned game", game=change.id)


def _lane(game: TrackedGame) -> tuple[str, str]:
    return game.match.partition("_")[0], game.title


def _over_at(game: TrackedGame) -> datetime:
    """Give when a game is over by all that is known. Who was seen in it, and then no more, may still play it."""
    if game.found_by == "matches":
        return game.entered_at
    return max(game.entered_at, min(game.started_at or game.created_at, game.created_at) + USUAL_LENGTH)


def _later(game: TrackedGame, now: datetime) -> datetime:
    """Give when an abandoned game is asked for again: ever more seldom, and after some days no more."""
    since: timedelta = now - game.entered_at
    if since >= ASKED_AGAIN_FOR:
        return NEVER
    return now + min(max(ABANDONED_AFTER, since), LONGEST_PAUSE) * spread_of(game.match)
