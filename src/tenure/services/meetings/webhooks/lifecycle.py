"""What is posted to a webhook: one record for each event, from its making until nobody needs it any more."""

# ruff: noqa: D102  the signatures of a table say which fields ride along; their names say the rest

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tenure import SWEEPER, Effect, End, Lifecycle, Noted, Secret, State, days, field, parent
from tenure.services.meetings.lifecycle import Meeting, User


class Try(msgspec.Struct, frozen=True, omit_defaults=True):
    """One POST and what came back: a status with the beginning of the answer, or the error."""

    at: datetime
    milliseconds: int
    status: int | None = None
    error: str | None = None
    answer: str = ""


class WebhookDelivery(Lifecycle):
    """One event on its way to a user's webhook. Its id is the `event_id`, the same at every try."""

    user: str = parent(User)
    meeting: str = parent(Meeting)
    try_at: datetime | None = field(default=None)
    event_type: str
    since: datetime
    attempts: int = 0
    failures: int = 0
    # Events leave these two out: what stands in them would outlive the meeting's redaction there.
    body: Secret[str]
    tries: Secret[list[Try]] = []  # noqa: RUF012  a declaration: the store copies it

    sending = State(initial=True)
    waiting = State(has=try_at)
    delivered = State()
    given_up = State()
    removed = End(keep=timedelta(0))

    settled = delivered | given_up

    @sending.to(delivered)
    def succeed(self, attempts: int, tries: Secret[list[Try]], status: Noted[int | None]) -> None: ...

    # `failures` and `since` are of this round of tries: a round begins with the event, or when its user sends it again.
    @sending.to(waiting)
    def put_off(
        self,
        try_at: datetime,
        attempts: int,
        failures: int,
        tries: Secret[list[Try]],
        status: Noted[int | None],
        error: Noted[str | None],
    ) -> None: ...

    @sending.to(given_up)
    def give_up(
        self, attempts: int, tries: Secret[list[Try]], status: Noted[int | None], error: Noted[str | None]
    ) -> None: ...

    again = waiting.to(sending, by=SWEEPER, after=try_at)

    @(waiting | settled).to(sending)
    def resend(self, since: datetime, failures: int = 0) -> None: ...

    expire = settled.to(removed, by=SWEEPER, after=days(30))
    withdraw = (sending | waiting | settled).to(removed)

    post = Effect(sending)
