"""Tenure keeps one authoritative record for every live thing, and moves it through its lifecycle atomically."""

from tenure.core.durations import days, end_of, hours, lease, minutes, seconds
from tenure.core.errors import (
    CursorAhead,
    DeclarationError,
    Exists,
    InvalidChange,
    LeaseLost,
    LimitReached,
    MissingField,
    NotFound,
    NotHolder,
    NotUnder,
    OpConflict,
    OutcomeUnknown,
    Overdue,
    Refused,
    Stale,
    StoreReplaced,
    TenureError,
    Unavailable,
    UnknownState,
    WrongState,
)
from tenure.core.fields import Noted, Secret, field, parent, serial
from tenure.core.lifecycle import Lifecycle
from tenure.core.states import Effect, EffectOf, End, Limit, State, StateOf
from tenure.core.transitions import ANYONE, CLAIMANT, HOLDER, NEXT, SWEEPER, Change, Claim, Transition
from tenure.core.views import Views
from tenure.opening import open
from tenure.store.events import Delivery, Event, Turn
from tenure.store.holding import Held
from tenure.store.messages import Retry
from tenure.store.polling import Poller
from tenure.store.signals import Heard
from tenure.store.store import Store
from tenure.store.verdicts import Applied, Transaction, Verdict

__version__ = "0.1.0"

__all__ = [
    "ANYONE",
    "CLAIMANT",
    "HOLDER",
    "NEXT",
    "SWEEPER",
    "Applied",
    "Change",
    "Claim",
    "CursorAhead",
    "DeclarationError",
    "Delivery",
    "Effect",
    "EffectOf",
    "End",
    "Event",
    "Exists",
    "Heard",
    "Held",
    "InvalidChange",
    "LeaseLost",
    "Lifecycle",
    "Limit",
    "LimitReached",
    "MissingField",
    "NotFound",
    "NotHolder",
    "NotUnder",
    "Noted",
    "OpConflict",
    "OutcomeUnknown",
    "Overdue",
    "Poller",
    "Refused",
    "Retry",
    "Secret",
    "Stale",
    "State",
    "StateOf",
    "Store",
    "StoreReplaced",
    "TenureError",
    "Transaction",
    "Transition",
    "Turn",
    "Unavailable",
    "UnknownState",
    "Verdict",
    "Views",
    "WrongState",
    "days",
    "end_of",
    "field",
    "hours",
    "lease",
    "minutes",
    "open",
    "parent",
    "seconds",
    "serial",
]
