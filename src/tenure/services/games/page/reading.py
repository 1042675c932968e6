"""What a player's own page shows: fields of their record and games that are chosen here, and nothing else of them.

Neither errors nor what was answered, which names everybody who was in a game, nor who did something.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tenure import Store
from tenure.http.rejections import Invalid
from tenure.services.games.console import words
from tenure.services.games.games import EVERY
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer

ON_A_PAGE = 20
MOST_COUNTED = 100
"""Of how many of the last games is said how they came out."""
MOST_TOLD = 40
"""How long the timeline is."""

HERE = {
    "named": "The account is being looked up.",
    "tracked": "Games show up here by themselves, and so do their results.",
    "unknown": "Riot knows no account of this name. If it was renamed, tell whoever runs the tracker.",
    "paused": "Tracking rests at present. Games that have begun get their results.",
}
"""By state, what the player is told."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened: what, with which match, and how it came out, if it did."""

    at: datetime
    what: str
    match: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """A player's page. `mark` is another one once any of it is."""

    name: str
    tag: str
    platform: str
    here: str
    playing: Sequence[TrackedGame]
    games: Sequence[TrackedGame]
    outcomes: Mapping[str, int]
    next: str | None
    timeline: Sequence[Moment]
    mark: str


class Reading:
    """Reads what the page shows. Every read is bounded, however many games there are."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def own(self, player: TrackedPlayer, after: str | None) -> Own:
        """Give a player's page, with the games after a match. Raises `Invalid`."""
        last = await self._last(player)
        classes = Counter(words.CLASSES[game.result.result] for game in last if game.result is not None)
        shown = last[: ON_A_PAGE + 1] if after is None else await self._after(player, after)
        return Own(
            name=player.game_name,
            tag=player.tag_line,
            platform=player.platform,
            here=HERE[player.state.name],
            playing=[game for game in last if game.state == TrackedGame.playing],
            games=shown[:ON_A_PAGE],
            outcomes={said: classes[said] for said in words.CLASSES.values() if classes[said]},
            next=shown[ON_A_PAGE - 1].match if len(shown) > ON_A_PAGE else None,
            timeline=_timeline(player, last),
            mark=_mark(player, last),
        )

    async def mark(self, player: TrackedPlayer) -> str:
        """Tell one look of a player's page from another, without all that it takes to show it."""
        return _mark(player, await self._last(player))

    # ------------------------------------------------------------------------------------ inside

    async def _last(self, player: TrackedPlayer) -> Sequence[TrackedGame]:
        return await self._store.find(EVERY, under=player, newest_first=True, limit=MOST_COUNTED)

    async def _after(self, player: TrackedPlayer, match: str) -> Sequence[TrackedGame]:
        """Read a page of games behind one of this player's own: another's is as absent as one that never was."""
        id = f"{player.id}/{match}"
        last = (await self._store.get_many(TrackedGame, [id])).get(id)
        if last is None:
            raise Invalid("what the page before ended with is gone: begin again with the first page")
        return await self._store.find(EVERY, under=player, newest_first=True, limit=ON_A_PAGE + 1, after=last)


def _mark(player: TrackedPlayer, games: Sequence[TrackedGame]) -> str:
    told = [(game.id, game.state.name, game.started_at, game.queue_id) for game in games]
    about = (player.state.name, player.game_name, player.tag_line, told)
    return hashlib.blake2b(repr(about).encode(), digest_size=8).hexdigest()


def _timeline(player: TrackedPlayer, games: Sequence[TrackedGame]) -> list[Moment]:
    """Give what happened, the newest first; of games the last ones."""
    moments = [Moment(player.created_at, "Tracking began")]
    moments += [moment for game in games[:ON_A_PAGE] for moment in _moments(game)]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)[:MOST_TOLD]


def _moments(game: TrackedGame) -> Iterator[Moment]:
    if game.started_at is not None:
        yield Moment(game.started_at, "A game began", game.match)
    seen = "It was seen" if game.found_by == "spectator" else "It was found in the list of matches"
    yield Moment(game.created_at, seen, game.match)
    if game.state == TrackedGame.awaiting:
        yield Moment(game.entered_at, "It seems to be over: the result is asked for", game.match)
    if game.state == TrackedGame.abandoned:
        yield Moment(game.entered_at, "No result so far: it is asked for again", game.match)
    if game.state == TrackedGame.completed:
        yield Moment(game.entered_at, "The result came", game.match, words.outcome(game.result))
