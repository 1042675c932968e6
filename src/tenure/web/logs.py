"""Log lines: for people on a terminal, or as JSON. Secrets that are told here never stand in one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any, cast

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

HIDDEN = "(hidden)"


def set_up(*, as_json: bool, level: str, secrets: Iterable[str]) -> None:
    """Let all loggers of this process write to stderr in one form."""
    hide = hiding(secrets)
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _fields_of_store,
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.format_exc_info,
        hide,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    # Libraries that log by structlog itself, such as those that call again after a failure, write to the same place.
    structlog.configure(
        processors=[
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            hide,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _fields_of_store(logger: WrappedLogger, name: str, line: EventDict) -> EventDict:  # noqa: ARG001
    """Take the fields that the store's own log line carries."""
    record = line.get("_record")
    fields = getattr(record, "fields", None)
    if isinstance(fields, dict):
        line["event"] = getattr(record, "event", line["event"])
        line.update(cast("dict[str, Any]", fields))
    return line


def hiding(secrets: Iterable[str]) -> Processor:
    """Give a processor that hides secrets wherever they stand in a line."""
    marked = [secret for secret in secrets if secret]

    def hide(value: Any) -> Any:
        if isinstance(value, str):
            for secret in marked:
                value = value.replace(secret, HIDDEN)
            return value
        if isinstance(value, dict):
            return {key: hide(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [hide(inner) for inner in value]
        if isinstance(value, (int, float, logging.LogRecord, type(None))):
            return value
        return hide(str(value))

    def process(logger: WrappedLogger, name: str, line: EventDict) -> EventDict:  # noqa: ARG001
        return {key: value if key.startswith("_") else hide(value) for key, value in line.items()}

    return process
