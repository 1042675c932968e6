"""Views that a program offers to others that read SQL, beside those of its kinds."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Views(msgspec.Struct, frozen=True):
    """Views under one name: for each engine by its name, what each of them selects, in that engine's words.

    A later one may read an earlier one, and all may read those of the kinds, each by its bare name. `:space` stands
    for the space's name. An engine that is not named has none of them.
    """

    name: str
    selects: Mapping[str, Mapping[str, str]]

    def of(self, engine: str, space: str) -> dict[str, str]:
        """Give what each view selects in an engine."""
        quoted = "'" + space.replace("'", "''") + "'"
        return {view: text.replace(":space", quoted) for view, text in self.selects.get(engine, {}).items()}
