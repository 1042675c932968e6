"""The edges of a lifecycle, and the changes that they make.

An *edge* is what the table declares; read through its class it becomes a *transition*, a callable that returns a
`Change`. What is passed to it says what is checked: an id only the table, a record also its version, a claim also
its fence.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Concatenate, Generic, Literal, ParamSpec, TypeVar, cast

import msgspec

from tenure.core.durations import EndOf, Lease
from tenure.core.errors import InvalidChange
from tenure.core.fields import Plain, checker, fits_unicode, opaque, plain

if TYPE_CHECKING:
    from tenure.core.lifecycle import Lifecycle
    from tenure.core.table import EdgeRow

P = ParamSpec("P")
Q = ParamSpec("Q")
K = TypeVar("K", bound="Lifecycle")
R_co = TypeVar("R_co", covariant=True)

After = timedelta | datetime | Lease | EndOf | None


class Who(enum.Enum):
    """Who may make a transition."""

    ANYONE = "anyone"
    HOLDER = "holder"
    CLAIMANT = "claimant"
    SWEEPER = "sweeper"


ANYONE: Literal[Who.ANYONE] = Who.ANYONE
HOLDER: Literal[Who.HOLDER] = Who.HOLDER
CLAIMANT: Literal[Who.CLAIMANT] = Who.CLAIMANT
SWEEPER: Literal[Who.SWEEPER] = Who.SWEEPER


class Next(enum.Enum):
    """Stands for an id in `create`: the store numbers the record, and its id is that number."""

    NEXT = "next"


NEXT: Literal[Next.NEXT] = Next.NEXT


class Change(Generic[R_co]):
    """One requested write, as plain data: a create, a transition, or a beat.

    `fields` are visible values, `rest` opaque ones as JSON; `note` is what the event will say of them. `state` is
    where a create begins.
    """

    __slots__ = (
        "__weakref__",
        "applied",
        "fence",
        "fields",
        "id",
        "kind",
        "model",
        "name",
        "note",
        "rest",
        "seen",
        "state",
        "version",
    )

    def __init__(
        self,
        model: type[Any],
        id: str | Next,
        name: str,
        *,
        fields: dict[str, Plain] | None = None,
        rest: dict[str, msgspec.Raw] | None = None,
        note: bytes = b"{}",
        version: int | None = None,
        fence: int | None = None,
        seen: int = 0,
        state: str = "",
    ) -> None:
        self.model, self.kind, self.id, self.name = model, model.__name__, id, name
        self.fields, self.rest, self.note = fields or {}, rest or {}, note
        self.version, self.fence, self.seen, self.state = version, fence, seen, state
        self.applied = False
        if made is not None:
            made(self)

    def __repr__(self) -> str:
        return f"<{self.name} {self.kind} {self.id}>"


made: Callable[[Change[Any]], None] | None = None
"""Set by `tenure.testing`, which makes a change that nobody applies an error."""


class TimedChange:
    """A change that the sweeper makes: a transition with the defaults that its table declares."""

    __slots__ = ("fence", "fields", "id", "kind", "name", "note", "rest", "seen", "state", "version")

    def __init__(self, kind: str, id: str, edge: EdgeRow) -> None:
        self.kind, self.id, self.name = kind, id, edge.name
        self.fields, self.rest, self.note = edge.fields, edge.rest, edge.note
        self.version = self.fence = None
        self.seen, self.state = 0, ""


class Claim(Generic[K]):
    """The right to act for one record under one fence. Its text form is `Kind/id#fence`."""

    __slots__ = ("fence", "id", "kind")

    def __init__(self, kind: type[K], id: str, fence: int) -> None:
        self.kind, self.id, self.fence = kind, id, fence

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Claim) and str(self) == str(other) and self.kind is other.kind

    def __hash__(self) -> int:
        return hash((self.kind, self.id, self.fence))

    def __str__(self) -> str:
        return f"{self.kind.__name__}/{self.id}#{self.fence}"

    def __repr__(self) -> str:
        return f"<Claim {self}>"


class Parameters:
    """The parameters of a transition, compiled once: which are visible, opaque or noted, and their checks."""

    def __init__(self, signature: inspect.Signature) -> None:
        self.signature = signature
        self.names = tuple(signature.parameters)
        self._visible: frozenset[str] = frozenset()
        self._noted: frozenset[str] = frozenset()
        self.secret: frozenset[str] = frozenset()
        self._checks: dict[str, Callable[[Any], None]] = {}
        self.stored: dict[str, str] = {}
        self.defaults: dict[str, Any] = {
            name: p.default for name, p in signature.parameters.items() if p.default is not inspect.Parameter.empty
        }

    def bind(
        self,
        types: dict[str, Any],
        visible: frozenset[str],
        noted: frozenset[str],
        secret: frozenset[str],
        stored: dict[str, str],
    ) -> None:
        """Learn the types and the stored names, once the class is there."""
        self._visible, self._noted, self.secret, self.stored = visible, noted, secret, stored
        self._checks = {name: checker(annotation) for name, annotation in types.items()}

    def split(self, what: object, args: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        """Check the arguments, of `what`, and give them as a `Change` takes them: fields, rest and note."""
        if not (args or given or self.names):
            return {}
        if args or len(given) != len(self.names) or any(name not in given for name in self.names):
            bound = self.signature.bind(*args, **given)
            bound.apply_defaults()
            given = dict(bound.arguments)
        fields: dict[str, Plain] = {}
        rest: dict[str, msgspec.Raw] = {}
        noted: dict[str, Any] = {}
        for name, value in given.items():
            stored = self.stored[name]
            try:
                self._checks[name](value)
                if name in self._visible:
                    fields[stored] = noted[stored] = plain(value)
                else:
                    raw = opaque(value)
                    if name not in self._noted:
                        rest[stored] = raw
                    if name not in self.secret:
                        noted[stored] = raw
            except (msgspec.ValidationError, TypeError, InvalidChange, UnicodeEncodeError) as error:
                shown = "(secret)" if name in self.secret else repr(value)
                raise InvalidChange(f"{what}: {name}={shown} does not fit: {error}") from None
        return {"fields": fields, "rest": rest, "note": to_note(what, noted)}


def to_note(what: object, noted: dict[str, Any]) -> bytes:
    """Give what the event will say of the parameters."""
    try:
        return msgspec.json.encode(noted) if noted else b"{}"
    except UnicodeEncodeError:
        raise InvalidChange(f"{what}: a text in it is not valid Unicode") from None


class Edge(Generic[P]):
    """One declared transition or stay."""

    name = "?"
    owner: Any = None

    def __init__(
        self,
        sources: tuple[Any, ...],
        target: Any,
        *,
        by: Who,
        after: Any,
        tell: Who | None,
        erase: bool,
        was: str | None,
    ) -> None:
        self.sources, self.target, self.by, self.after = sources, target, by, after
        self.tell, self.erase, self.was = tell, erase, was
        self.parameters = Parameters(inspect.Signature())

    @property
    def stored(self) -> str:
        """The name under which it is stored: a renamed transition keeps its old one."""
        return self.was or self.name

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name, self.owner = name, owner

    def __repr__(self) -> str:
        return f"{getattr(self.owner, '__name__', '?')}.{self.name}"

    def __call__(self, signature: Callable[Concatenate[Any, Q], None], /) -> Edge[Q]:
        """Declare what rides along, as a decorator."""
        self.take(signature)
        return cast("Edge[Q]", self)

    def __get__(self, record: object, owner: type[K]) -> Transition[P, K]:
        return Transition(owner, self)

    def take(self, signature: Callable[..., None]) -> None:
        """Take the parameters of a signature, `self` aside, as those that ride along."""
        declared = list(inspect.signature(signature).parameters.values())[1:]
        self.parameters = Parameters(inspect.Signature(declared))


class HeldEdge(Edge[P]):
    """A transition that only the holder makes."""

    def __call__(self, signature: Callable[Concatenate[Any, Q], None], /) -> HeldEdge[Q]:
        """Declare what rides along, as a decorator."""
        self.take(signature)
        return cast("HeldEdge[Q]", self)

    def __get__(self, record: object, owner: type[K]) -> HeldTransition[P, K]:  # type: ignore[override]
        return HeldTransition(owner, self)


class TimedEdge(Edge[P]):
    """A transition that only the sweeper makes, at its time."""

    def __call__(self, signature: Callable[Concatenate[Any, Q], None], /) -> TimedEdge[Q]:
        """Declare what rides along, as a decorator."""
        self.take(signature)
        return cast("TimedEdge[Q]", self)

    def __get__(self, record: object, owner: type[K]) -> TimedTransition[K]:  # type: ignore[override]
        return TimedTransition(owner, self)


class Bound(Generic[K]):
    """An edge as read through its class."""

    __slots__ = ("edge", "kind")

    def __init__(self, kind: type[K], edge: Edge[...]) -> None:
        self.kind, self.edge = kind, edge

    @property
    def name(self) -> str:
        """The transition's name in the table."""
        return self.edge.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bound) and other.edge is self.edge

    def __hash__(self) -> int:
        return hash(id(self.edge))

    def __str__(self) -> str:
        return f"{self.kind.__name__}.{self.name}"

    def __repr__(self) -> str:
        return repr(self.edge)

    def _change(self, target: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        kind, name = self.kind, self.edge.stored
        parts = self.edge.parameters.split(self, args, given)
        if isinstance(target, str):
            if not fits_unicode(target):
                raise InvalidChange(f"{self}: {target!r} can't be an id: it is not valid text")
            return Change(kind, target, name, **parts)
        if not issubclass(kind, target.kind if isinstance(target, Claim) else type(target)):
            raise InvalidChange(f"{self} can't take {target!r}: it is of another kind")
        if isinstance(target, Claim):
            return Change(kind, target.id, name, fence=target.fence, **parts)
        return Change(kind, target.id, name, version=target.version, **parts)


class Transition(Bound[K], Generic[P, K]):
    """Takes an id (nothing more is checked), a record (its version is), or a claim (its fence is)."""

    __slots__ = ()

    def __call__(self, target: str | K | Claim[K], /, *args: P.args, **kwargs: P.kwargs) -> Change[K]:
        """Give the change that makes this transition."""
        return cast("Change[K]", self._change(target, args, kwargs))


class HeldTransition(Bound[K], Generic[P, K]):
    """Takes only a claim: the transition is the holder's."""

    __slots__ = ()

    def __call__(self, target: Claim[K], /, *args: P.args, **kwargs: P.kwargs) -> Change[K]:
        """Give the change that makes this transition."""
        if not isinstance(target, Claim):
            raise InvalidChange(f"{self!r} is the holder's: pass its claim, not {target!r}")
        return cast("Change[K]", self._change(target, args, kwargs))


class TimedTransition(Bound[K], Generic[K]):
    """Cannot be called: the sweeper makes it."""

    __slots__ = ()
