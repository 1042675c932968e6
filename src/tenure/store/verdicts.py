"""What becomes of a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenure.core.errors import Refused
from tenure.core.transitions import Change


@dataclass(frozen=True, slots=True)
class Applied:
    """It was made: the record that each change left. `replayed` says that an earlier call had made it."""

    records: tuple[Any, ...]
    replayed: bool = False


Verdict = Applied | Refused
Transaction = Sequence[Change[Any]]
