"""Users and their keys, meetings and what bots capture in them. All times and rules are those of the contract."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime

from tenure import (
    CLAIMANT,
    HOLDER,
    SWEEPER,
    Effect,
    End,
    Lifecycle,
    Limit,
    State,
    days,
    end_of,
    field,
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

    enabled = State(initial=True)
    deleted = End()

    @enabled.stay()
    def edit(self, name: str | None, image_url: str | None, max_concurrent_bots: int) -> None: ...

    @enabled.stay()
    def post_to(self, webhook_url: str) -> None: ...

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
    failure_reason: str | None = field(default=None)
    run: str
    bot_name: str
    passcode: str | None = None
    language: str | None = None
    task: str | None = None
    data: dict[str, object] = {}  # noqa: RUF012  a declaration: the store copies it
    joined_at: datetime | None = None
    ended_by: str | None = None
    end_reason: str | None = None

    reserved = State(initial=True, under=User.enabled)
    starting = State()
    active = State()
    stopping = State()
    completed = End()
    failed = End(has=failure_reason)

    coming = reserved | starting
    attending = coming | active
    live = attending | stopping
    over = completed | failed

    launch = reserved.stay(by=CLAIMANT)
    started = reserved.to(starting, by=HOLDER)

    # From `reserved` too: the `started` callback may have been lost on its way.
    @coming.to(active, by=HOLDER)
    def joined(self, joined_at: datetime) -> None: ...

    @attending.to(stopping, tell=HOLDER)
    def stop(self, ended_by: str, end_reason: str) -> None: ...

    @attending.to(stopping, by=HOLDER)
    def leaving(self, ended_by: str = "bot", end_reason: str = "left") -> None: ...

    # For a meeting that has no process yet; given the record, so that a launch in between refuses it.
    @reserved.to(completed)
    def cancel(self, ended_by: str, end_reason: str) -> None: ...

    @live.to(completed, by=HOLDER)
    def exited(self, ended_by: str, end_reason: str) -> None: ...

    @live.to(failed, by=HOLDER)
    def crashed(self, failure_reason: str, ended_by: str) -> None: ...

    @live.to(failed)
    def force_finish(self, ended_by: str, failure_reason: str = "forced") -> None: ...

    # All three count from the last beat, not from the entry: a bot whose beats arrive is never swept, even if one
    # of its callbacks was lost.
    @reserved.to(failed, by=SWEEPER, after=lease(minutes=5))
    def expire_reserved(self, failure_reason: str = "stale_reserved_timeout", ended_by: str = "sweeper") -> None: ...

    @starting.to(failed, by=SWEEPER, after=lease(minutes=10))
    def expire_starting(self, failure_reason: str = "stale_starting_timeout", ended_by: str = "sweeper") -> None: ...

    @active.to(failed, by=SWEEPER, after=lease(minutes=2))
    def expire_active(self, failure_reason: str = "stale_active_timeout", ended_by: str = "sweeper") -> None: ...

    # This one counts from the entry: who was told to leave and only beats is stuck.
    @stopping.to(failed, by=SWEEPER, after=minutes(5))
    def expire_stopping(self, failure_reason: str = "stale_stopping_timeout", ended_by: str = "sweeper") -> None: ...

    @attending.stay(tell=HOLDER)
    def reconfigure(self, language: str | None, task: str | None) -> None: ...

    @live.stay()
    def describe(self, data: dict[str, object]) -> None: ...

    @over.stay()
    def annotate(self, data: dict[str, object]) -> None: ...

    @over.stay(erase=True)
    def redact(
        self,
        native_id: str = "",
        bot_name: str = "",
        passcode: str | None = None,
        data: dict[str, object] = {"redacted": True},  # noqa: B006  a declaration: the store copies it
    ) -> None: ...

    # In this order: to whom both apply, the bot that is there already says more than the limit. `stopping` counts
    # in both: its process is still there.
    once = Limit(at_most=1, per=(user, platform, native_id), over=live)
    slots = Limit(at_most=User.max_concurrent_bots, per=user, over=live)

    start_process = Effect(reserved)
    end_process = Effect(over)

    @property
    def container(self) -> str:
        """The name of the bot's process or container, settled before there is one."""
        return f"vexa-bot-{self.id}-{self.run}"


class Session(Lifecycle):
    """One presence of a bot in a meeting, from launch to the meeting's end. Its id is the container's name."""

    meeting: str = parent(Meeting)

    open = State(initial=True)
    closed = End()

    close = open.to(closed, by=SWEEPER, after=end_of(meeting))


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


kinds = (User, Token, Meeting, Session, Segment)
