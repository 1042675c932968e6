"""Guilds, registrations, games, answers and scores. All times and rules are those of the contract."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from tenure import SWEEPER, Effect, End, Lifecycle, Limit, State, days, end_of, field, minutes, parent
from tenure.services.trivia.questions.question import Question
from tenure.services.trivia.results import Results

CatchUp = Literal["skip", "latest"]
Counts = Literal["first", "last"]


class Guild(Lifecycle):
    """A community: one server of a chat. Its time zone rules schedules and weeks; used questions are its own."""

    chat: str = field()
    """The chat that it is of: `web` or `discord`."""
    name: str = ""
    time_zone: str = "UTC"
    week_starts: int = 0
    """The day on which its week begins, at 0 o'clock in its time zone: 0 is Monday."""
    operators: str | None = None
    """The channel where those who run it are told of trouble; none by default."""

    present = State(initial=True)
    absent = State()
    forgotten = End(keep=timedelta(0))

    known = present | absent

    @known.stay()
    def edit(self, name: str, time_zone: str, week_starts: int, operators: str | None) -> None: ...

    # The chat sent us away, or let us in again. What was scheduled meanwhile follows each registration's catch-up.
    leave = present.to(absent)
    come_back = absent.to(present)
    forget = known.to(forgotten)

    # Slots that fell due while it was away wait for it.
    welcome = Effect(present)


class Registration(Lifecycle):
    """Where, when and how a guild wants its questions."""

    guild: str = parent(Guild)
    name: str = field()
    """What it is called in its guild."""
    channel: str = field()
    next_at: datetime = field()
    """The next slot of its schedule."""
    schedule: str
    questions: int = 1
    """How many questions are asked at each slot, one after another: the next comes after the last one's results."""
    category: str | None = None
    difficulty: str | None = None
    window: timedelta = minutes(10)
    sources: tuple[str, ...] = ("builtin",)
    """Where questions are taken from: the first of them that has one."""
    counts: Counts = "first"
    """Which answer of a member counts."""
    catch_up: CatchUp = "latest"
    """What becomes of slots that were missed while nothing ran: none is asked, or the latest, once."""
    posted_at: datetime | None = None
    """The last slot for which something was asked."""
    trouble: str | None = None
    """Why the slot that is due is not asked yet."""

    waiting = State(initial=True)
    due = State()
    disabled = State()
    deleted = End(keep=days(30))

    enabled = waiting | due
    live = enabled | disabled

    fall_due = waiting.to(due, by=SWEEPER, after=next_at)

    # In one transaction with the slot's first game: so a slot is asked once, whoever tries.
    @due.to(waiting)
    def plan(self, next_at: datetime, posted_at: datetime | None, trouble: None = None) -> None: ...

    @due.stay()
    def hold_up(self, trouble: str) -> None: ...

    # Something else was asked now, or the time zone changed.
    @enabled.stay()
    def mark(self, posted_at: datetime) -> None: ...

    @waiting.to(waiting)
    def plan_anew(self, next_at: datetime) -> None: ...

    @live.stay()
    def edit(
        self,
        channel: str,
        next_at: datetime,
        schedule: str,
        questions: int,
        category: str | None,
        difficulty: str | None,
        window: timedelta,
        sources: tuple[str, ...],
        counts: Counts,
        catch_up: CatchUp,
    ) -> None: ...

    disable = enabled.to(disabled)

    @disabled.to(waiting)
    def enable(self, next_at: datetime, trouble: None = None) -> None: ...

    delete = live.to(deleted)

    one_per_name = Limit(at_most=1, per=(guild, name), over=live)
    places = Limit(at_most=50, per=guild, over=live)

    ask = Effect(due)


class Game(Lifecycle):
    """One question in one channel, from asking to history.

    Its id is `REGISTRATION.SLOT.NUMBER`. Each step of its closing is an effect: whoever is killed in it, another
    goes on, and what was made is refused to be made again.
    """

    guild: str = parent(Guild)
    registration: str = parent(Registration)
    closes_at: datetime = field()
    channel: str = field()
    retry_for: timedelta = field(default=timedelta(0))
    """How long it waits until the chat is tried again that refused to take its question, or its results."""
    slot: datetime
    number: int = 1
    of: int = 1
    question: Question
    counts: Counts = "first"
    window: timedelta
    message: str | None = None
    """The message of the chat with the question."""
    results: Results | None = None
    results_message: str | None = None
    trouble: str | None = None

    asked = State(initial=True, under=Guild.present)
    held = State()
    open = State()
    closing = State()
    scored = State()
    withheld = State()
    posted = State()
    archived = End(keep=days(7))
    deleted = End(keep=days(7))

    # A question that is just being posted may be seen, and answered, before the chat has told us its message.
    answerable = asked | open
    unasked = asked | held
    unposted = scored | withheld
    active = unasked | open | closing | unposted | posted
    deletable = unasked | open

    # ---- asking: try after try ask with the time that is then left

    @asked.stay()
    def aim(self, closes_at: datetime) -> None: ...

    @asked.to(open)
    def announce(self, message: str, trouble: None = None) -> None: ...

    # The chat refused to take it: it waits, those who run the guild are told, and it is tried again.
    @asked.to(held)
    def hold(self, trouble: str, retry_for: timedelta) -> None: ...

    retry = held.to(asked, after=retry_for)

    # ---- the window

    @open.stay()
    def extend(self, closes_at: datetime) -> None: ...

    close = open.to(closing, after=closes_at)

    # ---- closing, step by step

    # After each answer has got its points.
    @closing.to(scored)
    def score(self, results: Results) -> None: ...

    @scored.to(posted)
    def post(self, results_message: str, trouble: None = None) -> None: ...

    @scored.to(withheld)
    def withhold(self, trouble: str, retry_for: timedelta) -> None: ...

    retry_results = withheld.to(scored, after=retry_for)

    # Its guild was forgotten: nobody is there to see them.
    give_up = scored.to(archived)

    # In one transaction with the round's next game.
    archive = posted.to(archived)

    # ---- taken back, without results. What was answered is no longer counted.

    delete = deletable.to(deleted)

    ask = Effect(asked)
    tell_operators = Effect(held, withheld)
    count = Effect(closing)
    publish = Effect(scored)
    tidy = Effect(posted)
    take_back = Effect(deleted)


class Answer(Lifecycle):
    """What a member answered in a game; its id is `GAME/MEMBER`, so there is one."""

    game: str = parent(Game)
    member: str = field()
    name: str
    choice: str
    received_at: datetime | None = None
    """When the store received it; noted with its points, since it leaves then the state that it entered by coming."""
    points: int | None = None

    given = State(initial=True, under=Game.answerable)
    scored = End()
    void = End()

    # It enters its state anew, so the window is looked at as for the first one, and its time is that of the last.
    @given.to(given)
    def revise(self, choice: str) -> None: ...

    # In one transaction with the member's scores.
    @given.to(scored)
    def score(self, points: int, received_at: datetime) -> None: ...

    lapse = given.to(void, by=SWEEPER, after=end_of(game))


class Score(Lifecycle):
    """What a member has on one board of a guild; its id is `GUILD/BOARD/MEMBER`, where a board has no slash.

    Boards: `all`, `category:NAME`, and `week:DATE` with the first day of the guild's week. A week's reset is thus
    no event that could be missed: a new week has a board of its own.
    """

    guild: str = parent(Guild)
    board: str = field()
    standing: float = field()
    """The order on the board: by points, and among equals whoever came there first; see `boards.standing`."""
    reached_at: datetime
    """When the member came to these points; two never did in the same instant."""
    until: datetime | None = field(default=None)
    member: str = field()
    name: str
    points: int = 0
    answered: int = 0
    correct: int = 0

    lasting = State(initial=True, rank=standing, per=(guild, board))
    weekly = State(initial=True, rank=standing, per=(guild, board), has=until)
    removed = End(keep=timedelta(0))

    kept = lasting | weekly

    @kept.stay()
    def add(
        self, standing: float, reached_at: datetime, name: str, points: int, answered: int, correct: int
    ) -> None: ...

    expire = weekly.to(removed, after=until)
    erase = kept.to(removed)

    # Nobody comes near: it is how all that a member has is found.
    of_member = Limit(at_most=10_000, per=(guild, member), over=kept)


class Used(Lifecycle):
    """A question that a guild was asked; its id is `GUILD/KEY`."""

    guild: str = parent(Guild)
    used_at: datetime = field()

    remembered = End(initial=True, rank=used_at, per=guild)

    @remembered.stay()
    def use_again(self, used_at: datetime) -> None: ...


kinds = (Guild, Registration, Game, Answer, Score, Used)
