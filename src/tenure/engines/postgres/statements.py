"""Loads the SQL: one operation per file in `sql/`, the schema's steps in `schema/`.

Our names begin with `tenure_` in the files, and are put into the store's schema here: so nothing rests on a
`search_path`, which a pooler may share with others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files


@cache
def _read(folder: str) -> dict[str, str]:
    found = sorted(files("tenure.engines.postgres").joinpath(folder).iterdir(), key=lambda file: file.name)
    return {f.name.removesuffix(".sql"): f.read_text("utf-8") for f in found if f.name.endswith(".sql")}


class Statements:
    """All statements of one schema."""

    def __init__(self, schema: str) -> None:
        self.schema = schema
        self.steps = [self.qualified(text) for text in _read("schema").values()]
        self._texts = {name: self.qualified(_bare(text)) for name, text in _read("sql").items()}
        self._joined: dict[tuple[tuple[str, ...], bool], str] = {}

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def qualified(self, text: str) -> str:
        """Put our names into the schema."""
        return re.sub(r"\btenure_(?=\w)", f'"{self.schema}".tenure_', text)

    def joined(self, names: Sequence[str], *, careful: bool = True) -> str:
        """Make one statement of several that do not see one another's writes: one way to the server for all.

        They share $1; the other values follow one another. The tempting wrong version joins two that write the same
        row, of which only one is done. One that is not careful adds rows without looking whether they are there.
        """
        key = (tuple(names), careful)
        if key not in self._joined:
            texts = [self[name] for name in names]
            self._joined[key] = _join(names, texts if careful else [hasty(text) for text in texts])
        return self._joined[key]


def _join(names: Sequence[str], texts: Sequence[str]) -> str:
    if len(names) == 1:
        return texts[0]
    parts, shift = [], 0
    for name, text in zip(names, texts, strict=True):
        parts.append(f"{name} AS (\n{_shifted(text, shift)})")
        shift += _values(text) - 1
    return f"WITH {', '.join(parts)}\nSELECT 1"


def hasty(text: str) -> str:
    """Give a statement without the look whether what it adds is there."""
    return text.removesuffix("ON CONFLICT DO NOTHING\n")


def _bare(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))


def _values(text: str) -> int:
    return max(map(int, re.findall(r"\$(\d+)", text)))


def _shifted(text: str, by: int) -> str:
    return re.sub(r"\$(\d+)", lambda m: m[0] if m[1] == "1" else f"${int(m[1]) + by}", text)
