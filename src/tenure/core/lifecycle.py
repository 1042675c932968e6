"""The lifecycle class: what an author writes, and what a record is read as."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec, Self, TypeVar, cast, dataclass_transform

import msgspec

from tenure.core.compiling import Declared, compile_table
from tenure.core.durations import days, to_instant
from tenure.core.errors import DeclarationError, InvalidChange
from tenure.core.fields import MISSING, Field, checker, field, is_noted, opaque, parent, plain, serial
from tenure.core.opaques import Opaques
from tenure.core.row import Row
from tenure.core.states import Effect, Limit, StateOf, Target
from tenure.core.table import Table
from tenure.core.transitions import NEXT, Change, Claim, Edge, Next, to_note

P = ParamSpec("P")
K = TypeVar("K")
L = TypeVar("L", bound="Lifecycle")


class Kind(type):
    """The class of lifecycle classes: it gives each its `create`."""

    def create(cls: Callable[P, K], id: str | Next, /, *args: P.args, **kwargs: P.kwargs) -> Change[K]:
        """Give the change that begins a record in its initial state; NEXT lets the store number it."""
        return cast("Change[K]", cast("type[Lifecycle]", cls)._create(None, id, *args, **kwargs))  # noqa: SLF001

    def create_in(
        cls: Callable[P, K], state: StateOf[Any], id: str | Next, /, *args: P.args, **kwargs: P.kwargs
    ) -> Change[K]:
        """Give the change that begins a record in this one of its initial states."""
        return cast("Change[K]", cast("type[Lifecycle]", cls)._create(state, id, *args, **kwargs))  # noqa: SLF001

    def beat(cls: Callable[..., L], claim: Claim[L], /, *, seen: int = 0) -> Change[L]:
        """Give the change that renews a claim's lease: beside others, all are refused once the claim is over.

        It acknowledges the commands up to version `seen`. It makes no event and no version.
        """
        kind, given = cast("type[Lifecycle]", cls), cast("object", claim)
        if not isinstance(given, Claim) or not issubclass(kind, given.kind):
            raise InvalidChange(f"{kind.__name__}.beat takes a claim of its own kind, not {claim!r}")
        return Change(kind, claim.id, "beat", fence=claim.fence, seen=seen)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field, parent, serial))
class Lifecycle(metaclass=Kind):
    """The base of all kinds. A subclass is a table; its instances are records, read-only."""

    _declared: typing.ClassVar[Declared]
    _table: typing.ClassVar[Table]
    _checks: typing.ClassVar[dict[str, Callable[[Any], None]]]
    _raw_defaults: typing.ClassVar[dict[str, msgspec.Raw]]
    _opaques: typing.ClassVar[Opaques]
    _states: typing.ClassVar[dict[str, StateOf[Any]]]

    def __init__(self, **_fields: Any) -> None:
        raise TypeError(f"records come from a store: use {type(self).__name__}.create(id, …) and apply it")

    def __init_subclass__(cls, *, history: timedelta = days(30)) -> None:
        """Compile and lint the table. `history` is how long events are kept: an hour at least."""
        declared = cls._declared = _collect(cls, sys._getframe(1).f_locals)  # noqa: SLF001  local classes in tests
        cls._table = compile_table(declared, history)
        cls._checks = {f.name: checker(f.type) for f in declared.fields.values()}
        cls._raw_defaults = {
            f.stored: opaque(f.default) for f in declared.fields.values() if not f.visible and f.default is not MISSING
        }
        cls._opaques = Opaques(declared.fields.values(), cls._raw_defaults)
        cls._states = {stored: StateOf(cls, (cls._table.shown.get(stored, stored),)) for stored in cls._table.states}

    # ------------------------------------------------------------------------------------ as a record

    _row: Row
    _rest: msgspec.Struct | None = None

    @classmethod
    def _read(cls, row: Row) -> Self:
        record = object.__new__(cls)
        vars(record)["_row"] = row
        return record

    def _read_rest(self) -> msgspec.Struct:
        rest = vars(self)["_rest"] = self._opaques.read(self._row.rest)
        return rest

    @property
    def id(self) -> str:
        """The record's id, unique within its space and kind."""
        return self._row.id

    @property
    def state(self) -> StateOf[Self]:
        """Where the record is."""
        stored = self._row.state
        return self._states.get(stored) or StateOf(type(self), (self._table.shown.get(stored, stored),))

    @property
    def version(self) -> int:
        """How many changes made it: it rises by one with each."""
        return self._row.version

    @property
    def fence(self) -> int:
        """The number that rises each time the record changes hands; 0 if nobody ever held it."""
        return self._row.fence

    @property
    def holder(self) -> str | None:
        """Who has the right to act for it."""
        return self._row.holder

    @property
    def claim(self) -> Claim[Self]:
        """The record and its fence as one value, for its holder to pass."""
        return Claim(type(self), self._row.id, self._row.fence)

    @property
    def created_at(self) -> datetime:
        """When it was created."""
        return to_instant(self._row.created_at)

    @property
    def entered_at(self) -> datetime:
        """When it entered its state."""
        return to_instant(self._row.entered_at)

    @property
    def changed_at(self) -> datetime:
        """When its last version was made."""
        return to_instant(self._row.changed_at)

    @property
    def beaten_at(self) -> datetime:
        """When its lease was last renewed."""
        return to_instant(self._row.beaten_at)

    def fields(self) -> dict[str, Any]:
        """Give all declared fields by name."""
        return {name: getattr(self, name) for name in self._declared.fields}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lifecycle) and type(self) is type(other) and self._row == other._row

    def __hash__(self) -> int:
        return hash((self._row.kind, self._row.id, self._row.version))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self!r} is read-only: change `{name}` by a transition")

    def __repr__(self) -> str:
        return f"<{self._row.kind} {self._row.id!r} {self._row.state} v{self._row.version}>"

    # ------------------------------------------------------------------------------------ as a kind

    @classmethod
    def _create(cls, state: StateOf[Any] | None, id: str | Next, /, **given: Any) -> Change[Self]:
        name = cls.__name__
        _check_id(cls, id)
        begins = cls._table.initial if state is None else _initial(cls, state)
        fields = dict(cls._table.defaults)
        rest: dict[str, msgspec.Raw] = {}
        noted: dict[str, Any] = {}
        for key, value in given.items():
            declared = cls._declared.fields.get(key)
            if declared is None or declared.serial:
                raise InvalidChange(f"{name} has no {key!r} to be given; it takes {_settable(cls)}")
            stored = declared.stored
            try:
                cls._checks[key](value)
                if declared.visible:
                    fields[stored] = noted[stored] = plain(value)
                else:
                    rest[stored] = opaque(value)
                    if not declared.secret:
                        noted[stored] = rest[stored]
            except (msgspec.ValidationError, TypeError, InvalidChange, UnicodeEncodeError) as error:
                shown = "(secret)" if declared.secret else repr(value)
                raise InvalidChange(f"{name}.create: {key}={shown} does not fit: {error}") from None
        for f in cls._declared.fields.values():
            if f.default is MISSING and f.name not in given:
                raise InvalidChange(f"{name}.create needs {f.name!r}")
        note = to_note(f"{name}.create", noted)
        return Change(cls, id, "create", fields=fields, rest=rest, note=note, state=begins)


def table_of(kind: type[Lifecycle]) -> Table:
    """Give a kind's table."""
    return kind._table  # noqa: SLF001  this module's own


def declared_by(kind: type[Lifecycle]) -> Declared:
    """Give what a kind's class declares."""
    return kind._declared  # noqa: SLF001  this module's own


def record_of(kind: type[L], row: Row) -> L:
    """Give a row as a record of its kind."""
    return kind._read(row)  # noqa: SLF001  this module's own


def row_of(record: Lifecycle) -> Row:
    """Give a record as plain data."""
    return record._row  # noqa: SLF001  this module's own


MOST_OF_AN_ID = 200


def _check_id(cls: type[Lifecycle], id: object) -> None:
    if id is NEXT:
        if not cls._table.serials:
            raise InvalidChange(f"{cls.__name__} has no serial() field, so its ids can't be NEXT")
        return
    if not isinstance(id, str) or not 0 < len(id) <= MOST_OF_AN_ID or not id.isprintable():
        raise InvalidChange(f"{id!r} can't be an id: it must be 1 to {MOST_OF_AN_ID} printable characters")
    try:
        id.encode()
    except UnicodeEncodeError:
        raise InvalidChange(f"{id!r} can't be an id: it is not valid Unicode") from None


def _initial(cls: type[Lifecycle], state: StateOf[Any]) -> str:
    begin = [s for s in cls._table.states.values() if s.initial]
    if state.kind is cls and state.stored in [(s.name,) for s in begin]:
        return state.stored[0]
    known = ", ".join(cls._table.shown.get(s.name, s.name) for s in begin)
    raise InvalidChange(f"{cls.__name__}.create_in: no record begins in {state}; they begin in {known}")


def _settable(cls: type[Lifecycle]) -> str:
    return ", ".join(f.name for f in cls._declared.fields.values() if not f.serial) or "nothing"


def _collect(cls: type[Lifecycle], local: dict[str, Any]) -> Declared:
    declared = Declared(cls)
    types = _types(cls, inspect.get_annotations(cls), local)
    for name, annotation in types.items():
        if name in RESERVED:
            raise DeclarationError(f"{cls.__name__}.{name}: every record has a `{name}` already; take another name")
        value = cls.__dict__.get(name, MISSING)
        found = value if isinstance(value, Field) else Field(value)
        found.bind(cls, name, annotation)
        if found.secret and found.visible:
            raise DeclarationError(f"{cls.__name__}.{name}: engines and SQL see a field(), so it can't be a Secret")
        declared.fields[name] = found
        setattr(cls, name, found)
    for name, value in list(cls.__dict__.items()):
        if isinstance(value, (Edge, Target, Limit, Effect)) and name in RESERVED:
            raise DeclarationError(f"{cls.__name__}.{name}: `{name}` is taken; take another name")
        if isinstance(value, Edge):
            _bind_parameters(cls, value, types, declared, local)
            declared.edges[name] = value
        elif isinstance(value, Target):
            declared.states[name] = value
        elif isinstance(value, Limit):
            declared.limits[name] = value
        elif isinstance(value, Effect):
            declared.effects[name] = value
    return declared


def _bind_parameters(
    cls: type[Lifecycle], edge: Edge[...], fields: dict[str, Any], declared: Declared, local: dict[str, Any]
) -> None:
    parameters = edge.parameters
    types = _types(cls, {n: p.annotation for n, p in parameters.signature.parameters.items()}, local)
    noted = frozenset(name for name, annotation in types.items() if is_noted(annotation))
    for name in types:
        if name not in fields and name not in noted:
            raise DeclarationError(
                f"{cls.__name__}.{edge.name} takes {name!r}, which is no field: declare it, "
                f"or annotate it as Noted[…] if only the event shall say it"
            )
        if name in fields and declared.fields[name].serial:
            raise DeclarationError(f"{cls.__name__}.{edge.name} takes {name!r}: a serial is given once, by the store")
    visible = frozenset(name for name in types if name in fields and declared.fields[name].visible)
    stored = {name: declared.fields[name].stored if name in fields else name for name in types}
    secret = frozenset(name for name in types if name in fields and declared.fields[name].secret)
    parameters.bind(types, visible, noted, secret, stored)


def _types(cls: type[Lifecycle], annotations: dict[str, Any], local: dict[str, Any]) -> dict[str, Any]:
    module = vars(sys.modules[cls.__module__])
    found: dict[str, Any] = {}
    for name, annotation in annotations.items():
        if typing.get_origin(annotation) is typing.ClassVar or str(annotation).startswith(("ClassVar", "typing.Class")):
            continue
        try:
            found[name] = annotation
            if isinstance(annotation, str):
                found[name] = eval(annotation, module, dict(local))  # noqa: S307  # nosec B307  the class's own text
        except NameError as error:
            raise DeclarationError(
                f"{cls.__name__}: the type of {name!r} can't be found ({error}): import it for real, "
                f"not under TYPE_CHECKING"
            ) from None
    return found


RESERVED = frozenset(
    [
        "id",
        "state",
        "version",
        "fence",
        "holder",
        "claim",
        "created_at",
        "entered_at",
        "changed_at",
        "beaten_at",
        "fields",
        "create",
        "create_in",
        "beat",
    ]
)
