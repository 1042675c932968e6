"""Loads the SQL: one operation per file in `sql/`, the schema's steps in `schema/`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


def _read(folder: str) -> dict[str, str]:
    found = files("tenure.engines.sqlite").joinpath(folder).iterdir()
    return {f.name.removesuffix(".sql"): f.read_text("utf-8") for f in found if f.name.endswith(".sql")}


SQL = _read("sql")
STEPS = [text for _, text in sorted(_read("schema").items())]

SHEET = (
    "check_stamp",
    "drop_due",
    "drop_ranks",
    "drop_holders",
    "drop_children",
    "drop_records",
    "write_records",
    "write_beats",
    "write_looks",
    "write_events",
    "erase_events",
    "write_messages",
    "write_ops",
    "erase_answers",
    "write_due",
    "write_ranks",
    "write_holders",
    "write_slots",
    "drop_slots",
    "write_children",
    "write_counts",
    "write_serials",
    "write_clock",
)
"""The statements that write a batch, drops before writes. Each takes its rows as one JSON array, or nothing."""


def sheet() -> str:
    """Give the SQL that makes them one statement, for one connection: an insert into a view, whose trigger runs all.

    The tempting wrong version executes one after the other: the thread then asks for the interpreter after each, and
    waits for the event loop, so that SQLite and Python never work at the same time.
    """
    columns = ", ".join(f"NULL AS {name}" for name in SHEET)
    steps = "".join(f"{step(name)};\n" for name in SHEET)
    return f"""CREATE TEMP VIEW tenure_sheet AS SELECT NULL AS space, {columns};
               CREATE TEMP TRIGGER tenure_sheet_is_written INSTEAD OF INSERT ON tenure_sheet BEGIN
               {steps}END"""


def step(name: str) -> str:
    """Give a statement as a step of the trigger, with the columns of the view for its values."""
    lines = [line for line in SQL[name].splitlines() if not line.startswith("--")]
    return "\n".join(lines).replace("?1", f"NEW.{name}").replace("?2", "NEW.space")


@cache
def write_sheets(number: int) -> str:
    """Give the statement that writes so many batches, one after the other: all of them, or none."""
    return f"INSERT INTO tenure_sheet VALUES {', '.join([VALUES] * number)}"


VALUES = f"(?{', ?' * len(SHEET)})"
WRITE_SHEET = write_sheets(1)
