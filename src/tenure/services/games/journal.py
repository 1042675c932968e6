"""The log of this service; each line begins with the prefix that the process was given."""

from __future__ import annotations

from typing import Any

from tenure.store.logging import Log


class Journal:
    """Says what happens to games. A process in the shadow of another says so in every line."""

    def __init__(self, log: Log, prefix: str = "") -> None:
        self._log, self._prefix = log, f"{prefix} " if prefix else ""

    def info(self, event: str, **fields: Any) -> None:
        """Say what happened."""
        self._log.info(self._prefix + event, **fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Say what went wrong and is tried again."""
        self._log.warning(self._prefix + event, **fields)
