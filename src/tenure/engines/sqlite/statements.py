"""Loads the SQL: one operation per file in `sql/`, the schema's steps in `schema/`."""

from __future__ import annotations

from importlib.resources import files


def _read(folder: str) -> dict[str, str]:
    found = files("tenure.engines.sqlite").joinpath(folder).iterdir()
    return {f.name.removesuffix(".sql"): f.read_text("utf-8") for f in found if f.name.endswith(".sql")}


SQL = _read("sql")
STEPS = [text for _, text in sorted(_read("schema").items())]
