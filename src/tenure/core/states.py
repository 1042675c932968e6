"""The states of a lifecycle, its limits and its effects, as its author writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from tenure.core.transitions import ANYONE, HOLDER, SWEEPER, After, Edge, HeldEdge, TimedEdge, Who

if TYPE_CHECKING:
    from tenure.core.lifecycle import Lifecycle

K = TypeVar("K", bound="Lifecycle")


class Named:
    """Something that the class gives its name."""

    name = "?"
    owner: Any = None
    was: str | None = None

    @property
    def stored(self) -> str:
        """The name under which it is stored: what was renamed keeps its old one."""
        return self.was or self.name

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name, self.owner = name, owner

    def __repr__(self) -> str:
        return f"{getattr(self.owner, '__name__', '?')}.{self.name}"


@dataclass(frozen=True, slots=True)
class StateOf(Generic[K]):
    """A state, or several, of one kind: what `record.state` is, and what `find` takes."""

    kind: type[K]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The state's name (the first, if there are several)."""
        return self.names[0]

    @property
    def stored(self) -> tuple[str, ...]:
        """The names under which the states are stored; those that this build does not know are left out."""
        states = self.kind._declared.states  # noqa: SLF001  the class is above this module
        return tuple(states[name].stored for name in self.names if name in states)

    def __contains__(self, state: StateOf[K]) -> bool:
        return state.kind is self.kind and set(state.names) <= set(self.names)

    def __str__(self) -> str:
        return "|".join(self.names)


class Place(Named):
    """One state, end or group of them: its class shows it as a `StateOf`, always the same one."""

    members: tuple[Target, ...] = ()
    _shown: StateOf[Any] | None = None

    def __get__(self, record: object, owner: type[K]) -> StateOf[K]:
        if self._shown is None or self._shown.kind is not owner:
            self._shown = StateOf(owner, tuple(member.name for member in self.members))
        return self._shown


class Target(Place):
    """A state or an end: what a transition may lead to."""

    final = False
    initial = False
    by: Who = ANYONE
    has: tuple[Any, ...] = ()
    under: Any = None
    keep: timedelta | None = None
    rank: Any = None
    per: tuple[Any, ...] = ()


class Sources(Place):
    """One or more states that transitions may leave."""

    def __or__(self, other: Sources) -> States:
        return States(self.members + other.members)

    # fmt: off
    @overload
    def to(self, target: Target, *, by: Literal[Who.ANYONE, Who.CLAIMANT] = ..., after: After = ...,
           tell: Literal[Who.HOLDER] | None = ..., was: str | None = ...) -> Edge[[]]: ...
    @overload
    def to(self, target: Target, *, by: Literal[Who.HOLDER], after: After = ...,
           tell: Literal[Who.HOLDER] | None = ..., was: str | None = ...) -> HeldEdge[[]]: ...
    @overload
    def to(self, target: Target, *, by: Literal[Who.SWEEPER], after: After,
           tell: Literal[Who.HOLDER] | None = ..., was: str | None = ...) -> TimedEdge[[]]: ...
    # fmt: on
    def to(
        self, target: Target, *, by: Who = ANYONE, after: After = None, tell: Who | None = None, was: str | None = None
    ) -> Any:
        """Declare a transition from these states: who may make it, when it happens by itself, whom it tells."""
        edge: type[Edge[...]] = HeldEdge if by is HOLDER else TimedEdge if by is SWEEPER else Edge
        return edge(self.members, target, by=by, after=after, tell=tell, erase=False, was=was)

    # fmt: off
    @overload
    def stay(self, *, by: Literal[Who.ANYONE, Who.CLAIMANT] = ..., tell: Literal[Who.HOLDER] | None = ...,
             erase: bool = ..., was: str | None = ...) -> Edge[[]]: ...
    @overload
    def stay(self, *, by: Literal[Who.HOLDER], tell: Literal[Who.HOLDER] | None = ...,
             erase: bool = ..., was: str | None = ...) -> HeldEdge[[]]: ...
    # fmt: on
    def stay(self, *, by: Who = ANYONE, tell: Who | None = None, erase: bool = False, was: str | None = None) -> Any:
        """Declare a change of fields that keeps the state and its clocks.

        `erase` empties the earlier events, and lets the kept answers of op ids give the record as it is after it.
        """
        edge: type[Edge[...]] = HeldEdge if by is HOLDER else Edge
        return edge(self.members, None, by=by, after=None, tell=tell, erase=erase, was=was)


class State(Sources, Target):
    """A state that is left again.

    `initial`: records begin here; where several are, in the first, unless a create names another. by=CLAIMANT makes
    the creator the holder. `rank`/`per`: the order of the state's records. `has`: fields required on entry and
    cleared in states that do not name them. `under`: the state that the parent must be in on entry.
    """

    def __init__(
        self,
        *,
        initial: bool = False,
        by: Literal[Who.ANYONE, Who.CLAIMANT] = ANYONE,
        rank: float | datetime | timedelta | None = None,
        per: object = (),
        has: object = (),
        under: object = None,
        was: str | None = None,
    ) -> None:
        self.initial, self.by, self.rank, self.under, self.was = initial, by, rank, under, was
        self.per, self.has = _tuple(per), _tuple(has)
        self.members = (self,)


class States(Sources):
    """Several states under one name."""

    def __init__(self, members: tuple[Target, ...]) -> None:
        self.members = members


class End(Target):
    """An end: it is never left, so it has no `to`, and a type checker refuses one.

    `keep`: how long its records are kept; None: for ever. `rank`/`per`: their order, by which they are found again.
    """

    final = True

    def __init__(
        self,
        *,
        keep: timedelta | None = None,
        rank: float | datetime | timedelta | None = None,
        per: object = (),
        has: object = (),
        initial: bool = False,
        under: object = None,
        was: str | None = None,
    ) -> None:
        self.keep, self.initial, self.rank, self.under, self.was = keep, initial, rank, under, was
        self.per, self.has = _tuple(per), _tuple(has)
        self.members = (self,)

    def __or__(self, other: End) -> Ends:
        return Ends((*self.members, *other.members))

    def stay(self, *, erase: bool = False, was: str | None = None) -> Edge[[]]:
        """Declare the one thing that an end allows: to change fields (redact, correct), never the state."""
        return Edge(self.members, None, by=ANYONE, after=None, tell=None, erase=erase, was=was)


class Ends(Place):
    """Several ends under one name."""

    def __init__(self, members: tuple[Target, ...]) -> None:
        self.members = members

    def __or__(self, other: End) -> Ends:
        return Ends((*self.members, other))

    def stay(self, *, erase: bool = False, was: str | None = None) -> Edge[[]]:
        """Declare a change of fields in any of these ends."""
        return Edge(self.members, None, by=ANYONE, after=None, tell=None, erase=erase, was=was)


class Limit(Named):
    """At most `at_most` records per key in the states `over` (all that are no ends, if none is named).

    `at_most` may be a field of the parent that stands first in `per`; uniqueness is a limit of one.
    """

    def __init__(self, *, at_most: int, per: object, over: Sources | None = None) -> None:
        self.at_most, self.over, self.per = at_most, over, _tuple(per)


class Effect(Named):
    """An event that a named handler must get, at least once; every event of the kind if nothing is named."""

    def __init__(self, *on: Target | Sources | Ends | Edge[...]) -> None:
        self.on = on

    def __get__(self, record: object, owner: type[K]) -> EffectOf[K]:
        return EffectOf(owner, self.name)


@dataclass(frozen=True, slots=True)
class EffectOf(Generic[K]):
    """An effect as read through its class: what `deliver` takes."""

    kind: type[K]
    name: str


def _tuple(value: object) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)
