"""What one look at one player and title says, and what is written of it. All of it is pure.

Of one look at one player and title:

    seen in a game      without a record ─ create;  awaiting ─ go_on;  completed: Riot shows an old one
                        abandoned ─ ask_again: it may go on after all
    seen in another     the one that was playing ─ leave
    seen in none        miss, and at the second time in a row ─ leave

Nothing is written about who is seen as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenure import Change, minutes, seconds
from tenure.services.games.games import game_id
from tenure.services.games.lifecycle import FoundBy, TrackedGame, TrackedPlayer
from tenure.services.games.lots import lot_of
from tenure.services.games.results import Title
from tenure.services.games.riot.contract import ActiveGame, RiotError

ABSENCES = 2
"""How many times in a row somebody must be seen in no game until that is believed: Riot's answers flap."""

RESULT_AFTER = seconds(90)
"""How long a match usually takes at most to be there, after its player was first missed: it is asked for then."""

SEEN_AGAIN = minutes(2)
"""How soon a game is asked for again of which the result was given up, and that is shown again."""

USUAL_LENGTH = minutes(45)
"""Most games are over by then."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a player: the game of a title, or none; or an error."""

    player: TrackedPlayer
    title: Title
    game: ActiveGame | None = None
    error: RiotError | None = None


def new_game(
    player: TrackedPlayer,
    match: str,
    title: Title,
    *,
    now: datetime,
    found_by: FoundBy,
    queue_id: int | None = None,
    started_at: datetime | None = None,
) -> Change[TrackedGame]:
    """Give the change by which a game of a player is begun: playing if it was seen, awaiting if it is over."""
    state = TrackedGame.playing if found_by == "spectator" else TrackedGame.awaiting
    return TrackedGame.create_in(
        state,
        game_id(player.id, match),
        player=player.id,
        match=match,
        title=title,
        lot=player.lot,
        match_lot=lot_of(match),
        due_at=now,
        found_by=found_by,
        queue_id=queue_id,
        started_at=started_at,
    )


def match_lot_of(change: Change[TrackedGame]) -> int:
    """Give the lot of the match that a change of a game is about."""
    return lot_of(str(change.id).partition("/")[2])


def known(look: Look, playing: Sequence[TrackedGame]) -> TrackedGame | None:
    """Give the record of the game in which a player is seen, if it is one that goes on."""
    match = look.game.match_id if look.game is not None else None
    return next((game for game in playing if game.match == match), None)


def changes_of(
    look: Look, playing: Sequence[TrackedGame], there: Mapping[str, TrackedGame], now: datetime
) -> list[Change[TrackedGame]]:
    """Give what is to be written on a player's games of a title."""
    playing = [game for game in playing if game.title == look.title]
    if look.game is None:
        return [_missed(game, now) for game in playing]
    seen, others = look.game, [game for game in playing if game.match != look.game.match_id]
    same = next((game for game in playing if game.match == seen.match_id), None)
    if same is not None:
        return [*_seen(same, seen), *_left(others, now)]
    record = there.get(game_id(look.player.id, seen.match_id))
    if record is None:
        return [*_new(look, seen, now), *_left(others, now)]
    # Riot shows the previous game for a while, though another one goes on.
    if record.state == TrackedGame.completed or any(game.number > record.number for game in others):
        return []
    return _back(record, now) + (_left(others, now) if record.state == TrackedGame.awaiting else [])


def _new(look: Look, seen: ActiveGame, now: datetime) -> list[Change[TrackedGame]]:
    paused_until = look.player.tracked_from
    if paused_until is not None and seen.started_at is not None and seen.started_at < paused_until:
        return []
    return [
        new_game(
            look.player, seen.match_id, look.title, now=now, found_by="spectator",
            queue_id=seen.queue_id, started_at=seen.started_at,
        )
    ]  # fmt: skip


def _back(game: TrackedGame, now: datetime) -> list[Change[TrackedGame]]:
    """Give what is written of a game that had been left, or given up, and is shown."""
    if game.state == TrackedGame.awaiting:
        return [TrackedGame.go_on(game)]
    soon = now + SEEN_AGAIN
    return [TrackedGame.ask_again(game, due_at=soon)] if game.due_at > soon else []


def is_left_alone(player: TrackedPlayer | None, game: TrackedGame) -> bool:
    """Tell whether nobody looks any more whether a game goes on. Whose account is just looked up is soon looked at."""
    if player is None or player.state == TrackedPlayer.removed:
        return False  # it is dropped
    return player.state in (TrackedPlayer.paused, TrackedPlayer.unknown) or game.title not in player.titles


def _left(games: Sequence[TrackedGame], now: datetime) -> list[Change[TrackedGame]]:
    return [left(game, now) for game in games]


def left(game: TrackedGame, now: datetime) -> Change[TrackedGame]:
    """Give the change by which a game is left. The last one of who was missed already was that they were."""
    missed_at = game.changed_at if game.absences else now
    return TrackedGame.leave(game, due_at=max(now, missed_at + RESULT_AFTER))


def _missed(game: TrackedGame, now: datetime) -> Change[TrackedGame]:
    if game.absences + 1 >= ABSENCES:
        return left(game, now)
    return TrackedGame.miss(game, absences=game.absences + 1)


def _seen(game: TrackedGame, seen: ActiveGame) -> list[Change[TrackedGame]]:
    if game.absences == 0 and (game.started_at is not None or seen.started_at is None):
        return []
    return [TrackedGame.see(game, started_at=game.started_at or seen.started_at)]
