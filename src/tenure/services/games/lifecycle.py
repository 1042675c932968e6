"""Players who are tracked, and their games. All times and rules are those of the contract."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tenure import SWEEPER, Effect, End, Lifecycle, Limit, State, days, end_of, field, hours, parent, serial
from tenure.services.games.results import Result, Title

FoundBy = Literal["spectator", "matches"]


class TrackedPlayer(Lifecycle, history=days(30)):
    """A player, by Riot id and platform. The account is looked up once for each API key, and again if it changes."""

    number: int = serial()
    game_name: str = field()
    tag_line: str = field()
    riot_id: str = field()
    """The name and tag as one word in small letters, `name#tag`: a player is tracked once per platform."""
    platform: str = field()
    titles: tuple[Title, ...] = ("lol",)
    lot: int = field()
    """Players are looked at in lots, each by one process at a time."""
    puuid: str | None = field(default=None)
    key_mark: str | None = field(default=None)
    """Which API key the puuid is of: one of another key says nothing."""
    due_at: datetime = field()
    """When the account is looked up, or the list of matches is read, next."""
    listed_until: datetime | None = None
    """Up to when the list of matches was read."""
    tracked_from: datetime | None = None
    """When they were last unpaused: games that began before are not taken. None is from their creation on."""
    named_at: datetime | None = None
    """As of when Riot said that they are called so."""
    retry_count: int = 0
    last_error: str | None = None

    named = State(initial=True, rank=due_at, per=lot)
    tracked = State(rank=due_at, per=lot)
    unknown = State(rank=due_at, per=lot)
    paused = State()
    removed = End(keep=days(30))

    sought = named | unknown
    live = named | tracked | unknown | paused

    @sought.to(tracked)
    def find(
        self,
        puuid: str,
        key_mark: str,
        game_name: str,
        tag_line: str,
        riot_id: str,
        named_at: datetime,
        due_at: datetime,
        retry_count: int = 0,
        last_error: None = None,
    ) -> None: ...

    # There is no such account, or not any more; it is looked for again, ever more seldom.
    @sought.to(unknown)
    def miss(self, due_at: datetime, retry_count: int, last_error: str) -> None: ...

    @sought.stay()
    def put_off(self, due_at: datetime, retry_count: int, last_error: str) -> None: ...

    # There is another API key, which has other puuids.
    @tracked.to(named)
    def seek(self, due_at: datetime, last_error: str | None) -> None: ...

    # They call themselves otherwise now. Their account is the same one.
    @tracked.stay()
    def rename(self, game_name: str, tag_line: str, riot_id: str, named_at: datetime) -> None: ...

    @tracked.stay()
    def list_matches(self, due_at: datetime, listed_until: datetime) -> None: ...

    # What goes wrong with them is visible, and gone when it is well again.
    @tracked.stay()
    def fail(self, retry_count: int, last_error: str) -> None: ...

    @tracked.stay()
    def recover(self, retry_count: int = 0, last_error: None = None) -> None: ...

    @live.stay()
    def edit(self, titles: tuple[Title, ...]) -> None: ...

    pause = live.to(paused)

    @paused.to(named)
    def unpause(
        self, due_at: datetime, tracked_from: datetime, retry_count: int = 0, last_error: None = None
    ) -> None: ...

    remove = live.to(removed)

    once = Limit(at_most=1, per=(riot_id, platform), over=live)
    # Names may be spelled in several ways, and change; an account is told by its puuid, as long as the key stays.
    one_account = Limit(at_most=1, per=puuid, over=tracked)


class TrackedGame(Lifecycle, history=days(30)):
    """One game of one player, from its detection to its result. Its id is `PLAYER/MATCH`, so there is one.

    It is over when its match says so, and nothing else: that a player is seen in no game, or in another one, only
    lets its result be asked for.
    """

    number: int = serial()
    player: str = parent(TrackedPlayer)
    match: str = field()
    """`PLATFORM_NUMBER`, as Riot's match API has it."""
    title: Title
    lot: int = field()
    """The player's."""
    match_lot: int = field()
    """The match's: of all who were in it, one process asks, once."""
    due_at: datetime = field()
    """When its result is asked for next."""
    found_by: FoundBy = "spectator"
    queue_id: int | None = None
    started_at: datetime | None = None
    absences: int = 0
    """How many times in a row the player was seen in no game."""
    retry_count: int = 0
    last_error: str | None = None
    result: Result | None = None
    duration_seconds: int | None = None
    raw_api_response: str | None = None

    playing = State(initial=True, rank=due_at, per=lot)
    awaiting = State(initial=True, rank=due_at, per=match_lot)
    abandoned = State(rank=due_at, per=match_lot)
    completed = End()
    dropped = End(keep=days(30))

    active = playing | awaiting
    open = active | abandoned

    @playing.stay()
    def see(self, started_at: datetime | None, absences: int = 0) -> None: ...

    @playing.stay()
    def miss(self, absences: int) -> None: ...

    # They were missed often enough, or seen in another game.
    @playing.to(awaiting)
    def leave(self, due_at: datetime) -> None: ...

    overrun = playing.to(awaiting, by=SWEEPER, after=hours(6))

    # They are seen in it again: it was not over.
    @awaiting.to(playing)
    def go_on(self, absences: int = 0, retry_count: int = 0, last_error: None = None) -> None: ...

    @awaiting.stay()
    def retry(self, due_at: datetime, retry_count: int, last_error: str) -> None: ...

    @awaiting.to(abandoned)
    def abandon(self, due_at: datetime, retry_count: int, last_error: str) -> None: ...

    @abandoned.stay()
    def ask_again(self, due_at: datetime) -> None: ...

    @active.to(completed)
    def complete(
        self,
        result: Result,
        queue_id: int | None,
        started_at: datetime,
        duration_seconds: int,
        raw_api_response: str | None,
    ) -> None: ...

    # A result that came after it had been given up.
    @abandoned.to(completed)
    def correct(
        self,
        result: Result,
        queue_id: int | None,
        started_at: datetime,
        duration_seconds: int,
        raw_api_response: str | None,
    ) -> None: ...

    # No limit in earnest: by it those are found who wait for a match.
    of_match = Limit(at_most=1000, per=match, over=open)

    drop = open.to(dropped, by=SWEEPER, after=end_of(player))

    finished = Effect(complete)
    corrected = Effect(correct)


kinds = (TrackedPlayer, TrackedGame)
