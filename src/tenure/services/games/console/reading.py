"""What the page shows. Every read is bounded, however many players and games there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tenure import Event, Lifecycle, StateOf, Store
from tenure.http.rejections import Invalid
from tenure.pages.paging import page_of
from tenure.pages.timelines import MOST_EVENTS, Happened, happened
from tenure.services.games.console import words
from tenure.services.games.games import EVERY
from tenure.services.games.lifecycle import TrackedGame, TrackedPlayer
from tenure.services.games.naming import player_named
from tenure.services.games.service import Parts

K = TypeVar("K", bound=Lifecycle)
MOST_SHOWN = 20
MOST_COUNTED = 500
"""Of how many of a player's last games is said how they came out."""

MOST_LOOKED_THROUGH = 1000
ROUTINE = frozenset({"list_matches"})

LISTED: dict[str, StateOf[Any]] = {"players": StateOf(TrackedPlayer, TrackedPlayer.live.names), "games": EVERY}


@dataclass(frozen=True, slots=True)
class Overview:
    """What goes on, what came last, and what is wrong: players not found, and games without a result."""

    playing: Sequence[TrackedGame]
    over: Sequence[TrackedGame]
    abandoned: Sequence[TrackedGame]
    unknown: Sequence[TrackedPlayer]
    players: Mapping[str, TrackedPlayer]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PlayerWhole:
    """One player, a page of games, how the last ones came out, and what happened."""

    record: TrackedPlayer
    here: str
    games: Sequence[TrackedGame]
    outcomes: Mapping[str, int]
    next: str | None
    timeline: Sequence[Happened]


@dataclass(frozen=True, slots=True)
class GameWhole:
    """One game, its player, the records of others who were in it, and what happened."""

    record: TrackedGame
    player: TrackedPlayer
    here: str
    result: Mapping[str, Any]
    timeline: Sequence[Happened]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records to list: of which state, those after an id."""

    what: str
    state: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of records, the players whom they are of, and where the next page begins."""

    records: Sequence[Any]
    states: Sequence[str]
    counts: Mapping[str, int]
    players: Mapping[str, TrackedPlayer]
    next: str | None


class Reading:
    """Reads what the page shows."""

    def __init__(self, store: Store, by: Parts) -> None:
        self._store, self._by = store, by

    async def overview(self) -> Overview:
        """Give what stands on the first page."""
        find = self._store.find
        playing = await find(TrackedGame.active, newest_first=True, limit=MOST_SHOWN)
        over = await find(TrackedGame.completed, newest_first=True, limit=MOST_SHOWN)
        abandoned = await find(TrackedGame.abandoned, newest_first=True, by_creation=True, limit=MOST_SHOWN)
        return Overview(
            playing=playing,
            over=over,
            abandoned=abandoned,
            unknown=await find(TrackedPlayer.unknown, limit=MOST_SHOWN),
            players=await self._players_of([*playing, *over, *abandoned]),
            counts={**await self._store.count(TrackedPlayer), **await self._store.count(TrackedGame)},
        )

    async def player(self, id: str, after: str | None) -> PlayerWhole:
        """Give one player, with a page of games. Raises `Unknown`, `Invalid`."""
        player = await self._by.players.get(id)
        games = await page_of(self._store, EVERY, after=after, under=player, newest_first=True)
        last = await self._store.find(TrackedGame.completed, under=player, newest_first=True, limit=MOST_COUNTED)
        return PlayerWhole(
            record=player,
            here=words.PLAYER_IS_HERE[player.state.name],
            games=games.records,
            outcomes=Counter(words.outcome(game.result) for game in last),
            next=games.next,
            timeline=await self._timeline(player),
        )

    async def game(self, id: str) -> GameWhole:
        """Give one game. Raises `Unknown`."""
        game = await self._by.games.get(id)
        shown = {} if game.result is None else {n: getattr(game.result, n) for n in game.result.__struct_fields__}
        return GameWhole(
            record=game,
            player=await self._by.players.get(game.player),
            here=words.GAME_IS_HERE[game.state.name],
            result={name.replace("_", " "): value for name, value in shown.items() if value not in ("", ())},
            timeline=await self._timeline(game),
        )

    async def listed(self, wanted: Wanted) -> Listed:
        """List players or games, the newest first. Raises `Invalid`."""
        every = LISTED[wanted.what]
        if wanted.state is not None and wanted.state not in every.names:
            raise Invalid(f"`state` must be one of {', '.join(every.names)}")
        states = every if wanted.state is None else StateOf(every.kind, (wanted.state,))
        shown, more = await page_of(self._store, states, after=wanted.after, newest_first=True, by_creation=True)
        players = await self._players_of(shown) if wanted.what == "games" else {}
        return Listed(shown, every.names, await self._store.count(every.kind), players, more)

    async def place_of(self, text: str) -> str:
        """Give where on the page an id, or a Riot id such as `Ada#EUW`, is shown. Raises `Unknown`, `Wrong`."""
        if await self._store.get_many(TrackedGame, [text]):
            return f"/games/{text}"
        return f"/players/{(await player_named(self._store, text)).id}"

    # ------------------------------------------------------------------------------------ inside

    async def _players_of(self, games: Sequence[TrackedGame]) -> dict[str, TrackedPlayer]:
        return await self._store.get_many(TrackedPlayer, {game.player for game in games})

    async def _timeline(self, record: Lifecycle) -> list[Happened]:
        """Give the last events, the newest first, without what happens to everybody every few minutes."""
        first = max(record.version - MOST_LOOKED_THROUGH, 0)
        events = await self._store.history(type(record), record.id, after=first, limit=MOST_LOOKED_THROUGH)
        told = [event for event in events if event.name not in ROUTINE][-MOST_EVENTS:]
        return [happened(event, words.SAID.event(event.name), _why(event)) for event in reversed(told)]


def _why(event: Event[Any]) -> str:
    """Say why something happened, as far as its event tells."""
    told = (event.fields.get("last_error"), event.why)
    return "; ".join(dict.fromkeys(part for part in told if part))
