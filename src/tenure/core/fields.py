"""The fields of a lifecycle: how they are declared, and how their values travel.

A field that the table names (`field()`, `parent()`, `serial()`) is *visible*: engines compare and order it, so
its value travels plain. All others are opaque: JSON text that no engine looks into.
"""

from __future__ import annotations

import enum
import math
import types
import typing
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, TypeVar, overload

import msgspec

from tenure.core.durations import to_instant, to_length, to_microseconds
from tenure.core.errors import InvalidChange

if typing.TYPE_CHECKING:
    from tenure.core.lifecycle import Lifecycle

T = TypeVar("T")
Plain = Any  # str | int | float | bool | None, or lists and maps of them


class Missing(enum.Enum):
    """What stands where no value was given."""

    MISSING = "missing"


MISSING: Literal[Missing.MISSING] = Missing.MISSING

Noted = Annotated[T, "noted"]
"""The type of a transition's parameter that is written into the event only, not into the record."""

Secret = Annotated[T, "secret"]
"""The type of a field that only the program reads: events leave it out, and pages and the command line hide it."""


class Field:
    """One declared field. On its class it stands for itself; on a record it is the field's value."""

    name = stored = "?"
    """`stored` is the name under which values are stored: a renamed field keeps its old one."""
    owner: Any = None
    type: Any = object
    secret = False

    def __init__(
        self,
        default: Any = MISSING,
        *,
        parent: Any = None,
        visible: bool = False,
        serial: bool = False,
        was: str | None = None,
    ) -> None:
        self.default, self.parent, self.visible, self.serial, self.was = default, parent, visible, serial, was
        self._decode: Callable[[Any], Any] | None = None

    def __repr__(self) -> str:
        return f"{getattr(self.owner, '__name__', '?')}.{self.name}"

    def __get__(self, record: Any, owner: Any) -> Any:
        # Pages of a thousand records read fields very often: nothing is called here that can be left out.
        if record is None:
            return self
        if not self.visible:
            value = getattr(record._rest or record._read_rest(), self.name)  # noqa: SLF001
            return self._opaque.decode(value) if type(value) is msgspec.Raw else value
        fields: dict[str, Plain] = record._row.fields  # noqa: SLF001
        value = fields[self.stored] if self.stored in fields else self.plain_default  # noqa: SIM401
        return value if value is None or self._decode is None else self._decode(value)

    def __set__(self, record: Any, value: object) -> None:
        raise AttributeError(f"{record!r} is read-only: change `{self.name}` by a transition")

    def bind(self, owner: Any, name: str, annotation: Any) -> None:
        """Learn the name and the type, once the class is there."""
        self.owner, self.name, self.type, self.secret = owner, name, annotation, is_secret(annotation)
        self.stored = self.was or name
        if self.visible:
            self._decode = plain_decoder(annotation)

    @property
    def plain_default(self) -> Plain:
        """The default as it travels; None where there is none."""
        return None if self.default is MISSING else plain(self.default)

    @cached_property
    def _opaque(self) -> msgspec.json.Decoder[Any]:
        return msgspec.json.Decoder(self.type)

    def decode(self, value: Any) -> Any:
        """Turn a travelled value back into the declared type."""
        if not self.visible:
            return self._opaque.decode(value)
        return value if value is None or self._decode is None else self._decode(value)


@overload
def field(*, was: str | None = ...) -> Any: ...
@overload
def field(*, default: T, was: str | None = ...) -> T: ...
def field(*, default: Any = MISSING, was: str | None = None) -> Any:
    """Declare a field that the table may name and that engines and SQL see."""
    return Field(default, visible=True, was=was)


@overload
def parent(kind: type[Lifecycle], /, *, was: str | None = ...) -> Any: ...
@overload
def parent(kind: type[Lifecycle], /, *, default: T, was: str | None = ...) -> T: ...
def parent(kind: type[Lifecycle], /, *, default: Any = MISSING, was: str | None = None) -> Any:
    """Declare the id of the record that this one belongs to, may need, may end with, and is removed with."""
    return Field(default, parent=kind, visible=True, was=was)


def serial(*, init: Literal[False] = False) -> int:  # noqa: ARG001  read by type checkers
    """Declare an integer that the store gives to each new record: 1, 2, 3 … per space and kind."""
    return typing.cast("int", Field(0, visible=True, serial=True))


# ------------------------------------------------------------------------------------ how values travel


def plain(value: Any) -> Plain:
    """Turn a visible field's value into what engines store and compare: instants become microseconds."""
    if type(value) is str:
        return value
    if type(value) in (int, float):
        return _number(value)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidChange(f"{value!r} has no time zone: pass an aware datetime, such as datetime.now(UTC)")
        return to_microseconds(value)
    if isinstance(value, timedelta):
        return to_microseconds(value)
    return msgspec.to_builtins(value)


def _number(value: float) -> float:
    if not -LARGEST <= value <= LARGEST:
        raise InvalidChange(f"what engines compare is a number of at most {LARGEST:.0e} in size")
    return value


def fits_unicode(text: str) -> bool:
    """Tell whether a text can be stored: a lone surrogate or a NUL cannot, and would fail the batch that it is in."""
    try:
        return "\0" not in text and (text.isascii() or bool(text.encode()))
    except UnicodeEncodeError:
        return False


def opaque(value: Any) -> msgspec.Raw:
    """Turn an opaque field's value into its JSON text."""
    if type(value) is float and not math.isfinite(value):
        raise InvalidChange("JSON has no such number")
    if type(value) is msgspec.Raw:
        return _valid(value)
    return msgspec.Raw(msgspec.json.encode(value))


def _valid(text: msgspec.Raw) -> msgspec.Raw:
    """Give JSON text as it is, if it is any."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        raise InvalidChange("it is not JSON") from None
    return text


def members(annotation: Any) -> tuple[Any, ...]:
    """List the types that an annotation allows, without `Noted` and other annotations around them."""
    if typing.get_origin(annotation) is Annotated:
        return members(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(m for a in typing.get_args(annotation) for m in members(a))
    return (annotation,)


def is_noted(annotation: Any) -> bool:
    """Tell whether a parameter is written into the event only."""
    return typing.get_origin(annotation) is Annotated and "noted" in annotation.__metadata__


def is_secret(annotation: Any) -> bool:
    """Tell whether a field is for the program only."""
    return typing.get_origin(annotation) is Annotated and "secret" in annotation.__metadata__


def allows(annotation: Any, *wanted: type) -> bool:
    """Tell whether each type of an annotation, None aside, is one of those wanted."""
    return all(m in wanted for m in members(annotation) if m not in (type(None), None))


def checker(annotation: Any) -> Callable[[Any], None]:
    """Make a function that raises `msgspec.ValidationError` for a value that the annotation does not allow."""
    allowed = tuple(type(None) if m is None else m for m in members(annotation))
    if not all(m in _EXACT for m in allowed):

        def convert(value: Any) -> None:
            msgspec.convert(msgspec.to_builtins(value, builtin_types=(datetime, timedelta)), annotation)

        return convert
    exact = frozenset((*allowed, int) if float in allowed else allowed)

    def look(value: Any) -> None:
        if type(value) not in exact:
            raise msgspec.ValidationError(
                f"Expected `{' | '.join(sorted(m.__name__ for m in allowed))}`, got `{type(value).__name__}`"
            )

    return look


def plain_decoder(annotation: Any) -> Callable[[Any], Any] | None:
    """Make a function that turns a plain value back into the annotated type; None where it is of that type already."""
    allowed = [m for m in members(annotation) if m not in (type(None), None)]
    if allowed == [datetime]:
        return to_instant
    if allowed == [timedelta]:
        return to_length
    if all(m in _AS_IT_IS for m in allowed):
        return None
    return lambda value: msgspec.convert(value, annotation)


LARGEST = 2**63 - 1
"""What each engine takes as a rank, and a column of SQL as an integer."""

_EXACT = (str, int, float, bool, bytes, datetime, timedelta, type(None), msgspec.Raw)
_AS_IT_IS = (str, int, float, bool, object, Any)
