"""Users and their keys, meetings and what bots capture in them. All times and rules are those of the contract."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime, timedelta

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Effect,
    End,
    Lifecycle,
    Limit,
    Secret,
    State,
    days,
    end_of,
    field,
    hours,
    lease,
    minutes,
    parent,
    serial,
)


class User(Lifecycle):
    """Somebody who may ask for bots; the tenant to whom meetings belong."""

    number: int = serial()
    email: str = field()
    max_concurrent_bots: int = field(default=1)
    name: str | None = None
    image_url: str | None = None
    webhook_url: str | None = None
    webhook_secret: Secret[str | None] = None
    retention_days: int | None = None

    enabled = State(initial=True)
    deleted = End()

    @enabled.stay()
    def edit(
        self, name: str | None, image_url: str | None, max_concurrent_bots: int, retention_days: int | None
    ) -> None: ...

    @enabled.stay()
    def post_to(self, webhook_url: str | None, webhook_secret: Secret[str | None]) -> None: ...

    delete = enabled.to(deleted)

    one_per_email = Limit(at_most=1, per=email, over=enabled)


class Token(Lifecycle):
    """A user's key for the API. Only its digest is kept."""

    number: int = serial()
    user: str = parent(User)
    digest: str = field()

    valid = State(initial=True, under=User.enabled)
    revoked = End(keep=days(30))

    revoke = valid.to(revoked)

    one_per_digest = Limit(at_most=1, per=digest, over=valid)


class Meeting(Lifecycle):
    """A bot that attends one meeting for one user. From `launch` on, the bot's process holds the record."""

    number: int = serial()
    user: str = parent(User)
    platform: str = field()
    native_id: str = field()
    join_at: datetime | None = field(default=None)
    deduplication_key: str = field()
    waiting_room_limit: timedelta = field(default=minutes(10))
    longest: timedelta = field(default=hours(8))
    failure_reason: str | None = field(default=None)
    run: str
    bot_name: str
    passcode: Secret[str | None] = None
    language: str | None = None
    task: str | None = None
    alone_seconds: float | None = None
    silence_seconds: float | None = None
    paused: bool = False
    data: dict[str, object] = {}  # noqa: RUF012  a declaration: the store copies it
    joined_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None
    accounted: bool = False

    reserved = State(initial=True, under=User.enabled)
    scheduled = State(initial=True, under=User.enabled, rank=join_at, per=(user, platform, native_id))
    called = State(rank=join_at, per=(user, platform, native_id))
    starting = State()
    waiting = State()
    active = State()
    stopping = State()
    completed = End(rank=number, per=(user, platform, native_id))
    failed = End(rank=number, per=(user, platform, native_id), has=failure_reason)

    planned = scheduled | called
    coming = reserved | starting | waiting
    attending = coming | active
    live = attending | stopping
    over = completed | failed

    # At its time a scheduled bot is called; it is reserved as soon as its user has a slot for it.
    call = scheduled.to(called, by=SWEEPER, after=join_at)

    @scheduled.stay()
    def reschedule(self, join_at: datetime) -> None: ...

    reserve = called.to(reserved)

    launch = reserved.stay(by=CLAIMANT)
    started = reserved.to(starting, by=HOLDER)
    wait = (reserved | starting).to(waiting, by=HOLDER)

    # From `reserved` too: the `started` callback may have been lost on its way.
    @coming.to(active, by=HOLDER)
    def joined(self, joined_at: datetime) -> None: ...

    @attending.to(stopping, tell=HOLDER)
    def stop(self, ended_by: str, end_reason: str) -> None: ...

    @active.to(stopping, by=SWEEPER, after=longest, tell=HOLDER)
    def overstay(self, ended_by: str = "sweeper", end_reason: str = "maximum_length") -> None: ...

    @attending.to(stopping, by=HOLDER)
    def leaving(self, ended_by: str = "bot", end_reason: str = "left") -> None: ...

    # For a meeting that has no process yet; given the record, so that a launch in between refuses it.
    @(planned | reserved).to(completed)
    def cancel(self, ended_by: str, end_reason: str) -> None: ...

    @live.to(completed, by=HOLDER)
    def exited(self, ended_by: str, end_reason: str) -> None: ...

    @live.to(failed, by=HOLDER)
    def crashed(self, failure_reason: str, ended_by: str) -> None: ...

    @(planned | live).to(failed)
    def force_finish(self, ended_by: str, failure_reason: str = "forced") -> None: ...

    # All of these count from the last beat, not from the entry: a bot whose beats arrive is never swept, even if one
    # of its callbacks was lost.
    @reserved.to(failed, by=SWEEPER, after=lease(minutes=5))
    def expire_reserved(self, failure_reason: str = "stale_reserved_timeout", ended_by: str = "sweeper") -> None: ...

    @starting.to(failed, by=SWEEPER, after=lease(minutes=10))
    def expire_starting(self, failure_reason: str = "stale_starting_timeout", ended_by: str = "sweeper") -> None: ...

    @waiting.to(failed, by=SWEEPER, after=lease(minutes=2))
    def expire_waiting(self, failure_reason: str = "stale_waiting_timeout", ended_by: str = "sweeper") -> None: ...

    @active.to(failed, by=SWEEPER, after=lease(minutes=2))
    def expire_active(self, failure_reason: str = "stale_active_timeout", ended_by: str = "sweeper") -> None: ...

    # These count from the entry: who was told to leave and only beats is stuck, and nobody waits for ever.
    @stopping.to(failed, by=SWEEPER, after=minutes(5))
    def expire_stopping(self, failure_reason: str = "stale_stopping_timeout", ended_by: str = "sweeper") -> None: ...

    @waiting.to(failed, by=SWEEPER, after=waiting_room_limit)
    def not_admitted(self, failure_reason: str = "waiting_room_timeout", ended_by: str = "sweeper") -> None: ...

    @called.to(failed, by=SWEEPER, after=minutes(5))
    def expire_called(self, failure_reason: str = "no_free_slot", ended_by: str = "sweeper") -> None: ...

    @attending.stay(tell=HOLDER)
    def reconfigure(self, language: str | None, task: str | None) -> None: ...

    @attending.stay(tell=HOLDER)
    def pause(self, paused: bool = True) -> None: ...  # noqa: FBT001, FBT002  a field

    @attending.stay(tell=HOLDER)
    def resume(self, paused: bool = False) -> None: ...  # noqa: FBT001, FBT002  a field

    @(planned | live).stay()
    def describe(self, data: dict[str, object]) -> None: ...

    @over.stay()
    def annotate(self, data: dict[str, object]) -> None: ...

    @over.stay()
    def account(self, accounted: bool = True) -> None: ...  # noqa: FBT001, FBT002  a field

    @over.stay(erase=True)
    def redact(
        self,
        native_id: str = "",
        deduplication_key: str = "",
        bot_name: str = "",
        passcode: Secret[str | None] = None,
        data: dict[str, object] = {"redacted": True},  # noqa: B006  a declaration: the store copies it
    ) -> None: ...

    # In this order: to whom both apply, the bot that is there already says more than the limit. `stopping` counts
    # in both: its process is still there.
    once_per_key = Limit(at_most=1, per=(user, deduplication_key), over=planned | live)
    once = Limit(at_most=1, per=(user, platform, native_id), over=live)
    schedule = Limit(at_most=1000, per=user, over=planned)
    slots = Limit(at_most=User.max_concurrent_bots, per=user, over=live)

    begin = Effect(called)
    start_process = Effect(reserved)
    end_process = Effect(over)
    tell_state = Effect(scheduled, reserved, starting, waiting, active, stopping, completed, failed)
    count_usage = Effect(over)

    @property
    def container(self) -> str:
        """The name of the bot's process or container, settled before there is one."""
        return f"vexa-bot-{self.id}-{self.run}"


class Session(Lifecycle):
    """One presence of a bot in a meeting, from launch to the meeting's end. Its id is the container's name.

    Its lease is the second sign of life: the bot's process beats the meeting, what it captures with beats this.
    """

    meeting: str = parent(Meeting)

    open = State(initial=True)
    capturing = State()
    stalled = State()
    closed = End()

    present = open | capturing | stalled

    capture = (open | stalled).to(capturing, by=CLAIMANT)
    # Longer than a bot waits for a meeting that is away, with a beat more: then the bot ends by itself first.
    stall = capturing.to(stalled, by=SWEEPER, after=lease(minutes=2))
    close = present.to(closed, by=SWEEPER, after=end_of(meeting))

    end_meeting = Effect(stalled)


class Segment(Lifecycle):
    """One thing that a bot heard; its id is the meeting's id and the bot's own number for it."""

    meeting: str = parent(Meeting)
    text: str
    start: float
    end: float
    at: float
    speaker: str | None = None
    language: str | None = None

    kept = End(initial=True, under=Meeting.live)

    @kept.stay(erase=True)
    def redact(self, text: str = "", speaker: str | None = None) -> None: ...


class Screenshot(Lifecycle):
    """What a bot saw when something went wrong. The picture is a file in the data folder, called as its id."""

    number: int = serial()
    meeting: str = parent(Meeting)
    reason: str
    size: int

    kept = End(initial=True)

    @kept.stay(erase=True)
    def redact(self, size: int = 0) -> None: ...


class Usage(Lifecycle):
    """How much one user used in one month; its id is `USER-YYYY-MM`, and each meeting is counted once."""

    user: str = parent(User)
    month: str = field()
    meetings: int = field(default=0)
    bot_seconds: float = field(default=0.0)

    kept = End(initial=True)

    @kept.stay()
    def add(self, meetings: int, bot_seconds: float) -> None: ...


kinds = (User, Token, Meeting, Session, Segment, Screenshot, Usage)
