"""Every error that Tenure raises, on one page, split by what its receiver may conclude.

TenureError
├── DeclarationError      a lifecycle's table is wrong; found when the module is imported
├── InvalidChange         a value does not fit its field; found before anything is sent
├── Refused               nothing changed, and the same call is refused until something else changes
│   ├── NotFound          there is no such record
│   ├── Exists            there is one already
│   ├── WrongState        the transition does not leave the record's state
│   │   └── Overdue       the record is past its deadline or lease: only its timed transition is left
│   ├── Stale             the record has moved on since it was read
│   ├── NotHolder         the claim's fence is not the holder's
│   ├── NotUnder          the parent is absent, in another state, or its window is over
│   ├── LimitReached      all slots are held; says by whom
│   ├── MissingField      the state needs a field that nothing has set
│   ├── OpConflict        the op id was used for another transaction
│   └── UnknownState      a newer build put the record into a state that this build does not know
├── Unavailable           nothing changed; a retry is safe
│   └── StoreReplaced     the store was emptied or begun anew while it was open: open it again to go on
├── OutcomeUnknown        it may have been applied: read first, or retry with the same op id
├── LeaseLost             the body of `hold` was ended because its lease is gone
└── CursorAhead           the cursor is beyond the record: the store was set back to an earlier time
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class TenureError(Exception):
    """The root of all errors of this package."""


class DeclarationError(TenureError):
    """A lifecycle's table is wrong; the message says how to mend it."""


class InvalidChange(TenureError, ValueError):  # noqa: N818  the field's word is the name
    """A value does not fit its field, so the change was never sent."""


class Refused(TenureError):  # noqa: N818  a refusal is an answer, not a fault
    """Nothing changed.

    `kind` and `id` name the record, `change` the transition (or `create`, `beat`), and `record` is the
    record as it was found, if there was one.
    """

    def __init__(self, message: str, *, kind: Any, id: str, change: str, record: Any = None) -> None:
        super().__init__(message)
        self.kind, self.id, self.change, self.record = kind, id, change, record


class NotFound(Refused):
    """There is no such record."""


class Exists(Refused):
    """There is a record of this kind and id already; it is in `record`."""


class WrongState(Refused):
    """The transition does not leave the state in which the record is."""


class Overdue(WrongState):
    """The record is past its deadline or lease, so that only its timed transition is left to it."""


class Stale(Refused):
    """The record has changed since it was read; `record` is the current one."""


class NotHolder(Refused):
    """The claim's fence is not that of the present holder."""


class NotUnder(Refused):
    """The parent does not allow it.

    `parent` is the parent's record, or None where there is none; `overdue` says that the parent is in the
    right state, but past its deadline.
    """

    def __init__(self, message: str, *, parent: Any, overdue: bool, **of: Any) -> None:
        super().__init__(message, **of)
        self.parent, self.overdue = parent, overdue


class LimitReached(Refused):
    """All slots of `limit` are held: `at_most` of them, by the records whose ids are in `holders`."""

    def __init__(self, message: str, *, limit: Any, at_most: int, holders: Sequence[str], **of: Any) -> None:
        super().__init__(message, **of)
        self.limit, self.at_most, self.holders = limit, at_most, list(holders)


class MissingField(Refused):
    """The state to be entered needs a field that nothing has set."""


class OpConflict(Refused):
    """The op id belongs to another transaction, applied a short while ago."""


class UnknownState(Refused):
    """The record is in a state that this build does not know, so it does not touch it."""


class Unavailable(TenureError):  # noqa: N818
    """The store could not be reached or is busy. Nothing changed; a retry is safe."""


class StoreReplaced(Unavailable):
    """The store was emptied or begun anew while it was open. Nothing changed; open it again to go on with it."""


class OutcomeUnknown(TenureError):  # noqa: N818
    """The answer was lost on its way. Read before you conclude anything, or retry with the same op id."""


class LeaseLost(TenureError):  # noqa: N818
    """The lease ran out or another holder took over, so the work under it was ended."""


class CursorAhead(TenureError):  # noqa: N818
    """The cursor is beyond the record's last version: the store was set back; begin again from 0."""
