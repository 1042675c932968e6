"""How long what engines index may be.

An index takes lines of a bounded length (PostgreSQL's: 2.7 kB), and what is longer would fail the whole batch that it
is in. So it is refused before it is sent, on every engine alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tenure.core.errors import InvalidChange
from tenure.core.fields import Plain, fits_unicode
from tenure.core.kinds import key_of
from tenure.core.lifecycle import MOST_OF_AN_ID
from tenure.core.table import Table
from tenure.core.transitions import Change

MOST_OF_A_NAME = 500
"""Characters of an op id, an actor and a space."""

MOST_OF_A_KEY = 2000
"""Bytes, as JSON, of what a limit counts by or a rank is kept per; its fields share them."""


class Bounds:
    """What a kind's table lets its indexed fields be."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._parents = frozenset(name for name, _ in table.parents)
        self._keys: dict[str, int] = {}
        keys: Iterable[tuple[str, ...]] = (*(m.per for m in table.limits), *(s.per for s in table.states.values()))
        for names in keys:
            for name in names:
                self._keys[name] = min(self._keys.get(name, MOST_OF_A_KEY), MOST_OF_A_KEY // len(names))

    def check(self, change: Change[object]) -> None:
        """Raise `InvalidChange` for a value that no index takes."""
        for name, value in change.fields.items():
            if name in self._parents and type(value) is str and not is_an_id(value):
                raise InvalidChange(
                    f"{self._named(name)}: {_shortened(value)!r} can't be the id of a parent: it is longer than "
                    f"{MOST_OF_AN_ID} characters, or has a NUL in it"
                )
            if name in self._keys and not _is_within(value, self._keys[name]):
                raise InvalidChange(
                    f"{self._named(name)}: {_shortened(value)!r} is too long for what records are counted or ordered "
                    f"by: as JSON it may have {self._keys[name]} bytes"
                )

    def _named(self, name: str) -> str:
        return f"{self._table.kind}.{self._table.shown.get(name, name)}"


def bounds_of(tables: Iterable[Table]) -> Mapping[str, Bounds]:
    """Give the bounds of each kind."""
    return {table.kind: Bounds(table) for table in tables}


def is_an_id(text: str) -> bool:
    """Tell whether a text can be the id of some record; what can't is never there."""
    return len(text) <= MOST_OF_AN_ID and fits_unicode(text)


def check_names(op: str, why: str, actor: str) -> None:
    """Raise `InvalidChange` for what no event can say."""
    if not fits_unicode(f"{op}{why}{actor}"):
        text = next(text for text in (op, why, actor) if not fits_unicode(text))
        raise InvalidChange(f"{text!r} is not valid Unicode, or has a NUL in it, so no event can say it")
    if len(op) > MOST_OF_A_NAME or len(actor) > MOST_OF_A_NAME:
        raise InvalidChange(f"an op id and an actor have at most {MOST_OF_A_NAME} characters")


def check_space(name: str) -> None:
    """Raise `InvalidChange` for what can't be the name of a space."""
    if len(name) > MOST_OF_A_NAME or not fits_unicode(name):
        raise InvalidChange(
            f"{_shortened(name)!r} can't be a space: it is longer than {MOST_OF_A_NAME} characters, or no valid text"
        )


def _is_within(value: Plain, most: int) -> bool:
    if type(value) is str and 6 * len(value) + 2 < most:  # no character takes more than six bytes
        return True
    return value is None or len(key_of([value]).encode()) - 2 <= most


def _shortened(value: Plain) -> Plain:
    return f"{value[:30]}…" if type(value) is str and len(value) > MOST_OF_AN_ID else value
