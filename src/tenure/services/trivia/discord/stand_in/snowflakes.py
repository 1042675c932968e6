"""Ids as Discord makes them: 64 bits, the milliseconds since 2015 first, so that they sort by time."""

from __future__ import annotations

from collections.abc import Callable

EPOCH_MILLISECONDS = 1_420_070_400_000
COUNTER_BITS = 22


class Snowflakes:
    """Gives ids that rise, also within one millisecond, and when the clock goes back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0

    def __call__(self) -> str:
        """Give the next one, as the text that JSON carries."""
        now = (round(self._clock() * 1000) - EPOCH_MILLISECONDS) << COUNTER_BITS
        self._last = max(self._last + 1, now)
        return str(self._last)
