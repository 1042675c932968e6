"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH_WITHOUT_TERMINAL = 200


class Terminal(Console):
    """A console that leaves it to its caller what becomes of a reader that has gone."""

    def on_broken_pipe(self) -> None:
        """Go on with the error that is under way."""
        raise  # noqa: PLE0704  rich calls this while it handles the error


class Output:
    """Prints one kind of thing in two ways. `as_json`: an object, or a line for each."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Terminal(
            width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL, highlight=False, soft_wrap=False
        )

    def json(self, value: object) -> None:
        """Print one JSON object on one line."""
        print(msgspec.json.encode(value, enc_hook=str).decode(), flush=True)

    def json_lines(self, values: Iterable[object]) -> None:
        """Print one JSON object a line."""
        for value in values:
            self.json(value)

    def say(self, text: str, style: str = "") -> None:
        """Print a sentence for people."""
        self.console.print(Text(printable(text), style=style))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
        """Print a table for people."""
        table = Table(box=None, pad_edge=False, header_style="bold", title=title or None, title_justify="left")
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(text(cell)) for cell in row))
        self.console.print(table)

    def pairs(self, pairs: Iterable[tuple[str, object]]) -> None:
        """Print names with their values, for people."""
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in pairs:
            table.add_row(Text(name), Text(text(value)))
        self.console.print(table)


def print_one(output: Output, shown: dict[str, Any]) -> None:
    """Print one thing: names with their values, those within a value too, or one JSON object."""
    if output.as_json:
        output.json(shown)
        return
    flat: dict[str, object] = {}
    for name, value in shown.items():
        if isinstance(value, dict):
            flat.update({f"{name}: {inner}": within for inner, within in value.items()})
        else:
            flat[name] = value
    output.pairs((name.replace("_", " "), value) for name, value in flat.items())


def print_list(output: Output, shown: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Print a list: a table with these columns, or one JSON object a line."""
    if output.as_json:
        output.json_lines(shown)
        return
    output.table([column.replace("_", " ") for column in columns], [[_cell(one[c]) for c in columns] for one in shown])


def _cell(value: Any) -> Any:
    return round(value, 1) if isinstance(value, float) else value


def print_more(output: Output, records: Sequence[Any], limit: int) -> None:
    """Say how a list goes on, if it may."""
    if records and len(records) == limit and not output.as_json:
        output.say(f"more may follow: --after {records[-1].id}", "dim")


def text(value: object) -> str:
    """Give a value as people read it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, (dict, list, tuple)):
        return printable(msgspec.json.encode(value, enc_hook=str).decode())
    return printable(str(value))


def instant(value: datetime) -> str:
    """Give an instant to the millisecond, in UTC."""
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}Z"


def printable(value: str) -> str:
    """Show control characters instead of sending them to a terminal, which would obey them."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in value)


def fields(values: dict[str, Any]) -> str:
    """Give fields on one line, those without a value left out."""
    return ", ".join(f"{name}={text(value)}" for name, value in values.items() if value not in (None, "", {}, []))
