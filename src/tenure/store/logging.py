"""Log lines as an event's name and its fields; whoever runs the program says how they are written."""

from __future__ import annotations

import logging
from typing import Any


class Log:
    """A logger whose lines are `name key=value …`; the fields also stand in the record's `fields`."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self.prefix = ""
        """What each line begins with."""

    def info(self, event: str, **fields: Any) -> None:
        """Say what happened."""
        self._say(logging.INFO, event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Say what went wrong and is tried again."""
        self._say(logging.WARNING, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Say what went wrong and needs somebody."""
        self._say(logging.ERROR, event, fields)

    def _say(self, level: int, event: str, fields: dict[str, Any]) -> None:
        if self._logger.isEnabledFor(level):
            begin = f"{self.prefix} {event}" if self.prefix else event
            text = " ".join((begin, *(f"{key}={value!r}" for key, value in fields.items())))
            self._logger.log(level, "%s", text, extra={"event": event, "fields": fields})
