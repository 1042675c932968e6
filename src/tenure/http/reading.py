"""Reading what came over HTTP: sizes, keys, bodies and query parameters, with messages that repeat no input."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeVar, get_type_hints, overload

import msgspec
from msgspec import inspect
from starlette.requests import Request

from tenure.http.rejections import Invalid, TooLarge

T = TypeVar("T")
MOST_OF_A_BODY = 64 * 1024


async def read_bytes(request: Request, most: int = MOST_OF_A_BODY) -> bytes:
    """Read a body up to a size."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise TooLarge(f"the body is too large: at most {most} bytes")
        parts.append(part)
    return b"".join(parts)


async def read_body(request: Request, model: type[T], most: int = MOST_OF_A_BODY) -> T:
    """Read a JSON body into its declared form."""
    return parse(await read_bytes(request, most), model)


def parse(body: bytes, model: type[T]) -> T:
    """Read JSON into its declared form; raises `Invalid` with what is wanted."""
    try:
        return msgspec.json.decode(body, type=model)
    except msgspec.ValidationError as error:
        raise Invalid(_advice(str(error), model)) from None
    except (ValueError, RecursionError):
        raise Invalid("the body must be one JSON object in UTF-8, without NaN and with whole surrogate pairs") from None


@overload
def read_number(request: Request, name: str, *, default: int, most: int, least: int = ...) -> int: ...
@overload
def read_number(request: Request, name: str, *, default: None, most: int, least: int = ...) -> int | None: ...
def read_number(request: Request, name: str, *, default: int | None, most: int, least: int = 0) -> int | None:
    """Read a whole number from the query."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) or not least <= int(text) <= most:
        raise Invalid(f"`{name}` must be a whole number from {least} to {most}")
    return int(text)


def read_choice(request: Request, name: str, choices: Collection[str]) -> str | None:
    """Read one of several words from the query."""
    text = request.query_params.get(name)
    if text is not None and text not in choices:
        raise Invalid(f"`{name}` must be one of {', '.join(choices)}")
    return text


def read_id(request: Request, name: str) -> str | None:
    """Read a record's number from the path; None if it can't be one."""
    text = str(request.path_params[name])
    return text if re.fullmatch(r"[1-9][0-9]{0,17}", text, re.ASCII) else None


# ------------------------------------------------------------------------------------ advice


def _advice(error: str, model: type[Any]) -> str:
    """Say what the form wants, in our own words: the decoder's may hold what was sent."""
    hints = get_type_hints(model, include_extras=True)
    missing = re.match(r"Object missing required field `(\w+)`", error)
    if missing:
        return f"`{missing[1]}` is missing"
    if error.startswith("Object contains unknown field"):
        place = _place(error, hints)
        return f"{place or 'the body'} has a field that is not known here" + (
            "" if place else f"; known are: {', '.join(hints)}"
        )
    place = _place(error, hints)
    if place is None:
        return f"the body must be a JSON object with these fields: {', '.join(hints)}"
    field = re.match(r"`(\w+)", place)
    wanted = _wanted(inspect.type_info(hints[field[1]])) if field else None
    return f"{place} is not as wanted" + (f": it must be {wanted}" if wanted else "")


def _place(error: str, hints: dict[str, Any]) -> str | None:
    """Give the field at fault as `name` or `name.inner`, if every part of it is a name of ours."""
    found = re.search(r" - at `\$\.(\w+)([^`]*)`$", error)
    if found is None or found[1] not in hints:
        return None
    inner = re.fullmatch(r"(\[\.\.\.\]|\[\d+\]|\.[a-z_]+)*", found[2])
    return f"`{found[1]}{found[2] if inner else ''}`"


def _wanted(kind: inspect.Type) -> str | None:
    match kind:
        case inspect.Metadata(extra_json_schema=schema, type=inner):
            return str(schema["description"]) if schema and "description" in schema else _wanted(inner)
        case inspect.UnionType(types=types):
            parts = [part for part in map(_wanted, types) if part]
            return " or ".join(parts) or None
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(map(str, values))
        case _:
            return _SIMPLE.get(type(kind))


_SIMPLE: dict[type[inspect.Type], str] = {
    inspect.StrType: "a text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "true or false",
    inspect.DictType: "an object",
    inspect.ListType: "a list",
    inspect.NoneType: "null",
    inspect.StructType: "an object",
}
