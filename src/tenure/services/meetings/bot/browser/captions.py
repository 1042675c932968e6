"""Captions that grow while somebody speaks, as finished pieces."""

from __future__ import annotations

import msgspec

from tenure.services.meetings.bot.driver import Caption

SETTLED_SECONDS = 2.0
LONG = 1000


class Shown(msgspec.Struct, frozen=True):
    """A caption as a page shows it; `number` tells rows apart."""

    number: int
    at: float
    speaker: str
    text: str


class Row(msgspec.Struct):
    """What is known of one row: `since` when its text has stood, and how much of it was given already."""

    shown: Shown
    since: float
    began: float
    given: str = ""

    @property
    def is_long(self) -> bool:
        """Whether so much is new that nobody shall wait for the rest."""
        return len(self.shown.text) - len(self.given) > LONG


class Finished:
    """For pages whose captions are finished and numbered: gives each once."""

    def __init__(self) -> None:
        self._last = 0

    def take(self, shown: list[Shown], now: float, *, all_of_it: bool = False) -> list[Caption]:  # noqa: ARG002
        """Give those that were not given yet."""
        fresh = [Caption(s.number, s.speaker, s.text, s.at) for s in shown if s.number > self._last]
        self._last = max((caption.number for caption in fresh), default=self._last)
        return fresh


class Growing:
    """For pages whose captions grow: gives what has stood for a while, or has left the page."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._count = 0

    def take(self, shown: list[Shown], now: float, *, all_of_it: bool = False) -> list[Caption]:
        """Give what is finished by now (in seconds since 1970); with `all_of_it`, what is not finished too."""
        for one in shown:
            row = self._rows.setdefault(one.number, Row(one, now, now))
            if row.shown.text != one.text:
                if row.shown.text == row.given:
                    row.began = now
                row.shown, row.since = one, now
        here = {one.number for one in shown}
        finished = [
            row
            for number, row in sorted(self._rows.items())
            if all_of_it or number not in here or now - row.since >= SETTLED_SECONDS or row.is_long
        ]
        captions = [caption for row in finished if (caption := self._give(row)) is not None]
        self._rows = {number: row for number, row in self._rows.items() if number in here}
        return captions

    def _give(self, row: Row) -> Caption | None:
        """Give what came since the last time. A platform may mend what it wrote: then all of it comes again."""
        text = row.shown.text.removeprefix(row.given).strip()
        if not text:
            return None
        row.given = row.shown.text
        self._count += 1
        return Caption(self._count, row.shown.speaker, text, row.began)
