"""The declarations of Discord's JSON that come with discord.py, and a check of values against them."""

import __future__

import ast
import types
from functools import cache
from pathlib import Path
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import discord
import typing_extensions

MARKS = (Required, NotRequired, typing_extensions.Required, typing_extensions.NotRequired)
FOLDER = Path(discord.__file__).parent / "types"
# Declared as always there and never null; Discord's own documentation says that they may be null.
NULLABLE = {
    "avatar", "avatar_decoration_data", "banner", "collectibles", "communication_disabled_until", "contexts",
    "last_pin_timestamp", "nick", "primary_guild", "team", "topic",
}  # fmt: skip


@cache
def declared() -> dict[str, Any]:
    """Give all declarations by name. They import each other in circles, so their statements run one by one."""
    waiting = [one for path in sorted(FOLDER.glob("*.py")) for one in ast.parse(path.read_text()).body]
    waiting = [one for one in waiting if not isinstance(one, ast.If) and not getattr(one, "level", 0)]
    found: dict[str, Any] = {"__name__": "discord.types"}
    while waiting:
        left = [one for one in waiting if not _runs(one, found)]
        assert len(left) < len(waiting), f"can't be read: {[ast.unparse(one)[:80] for one in left]}"
        waiting = left
    return found


def _runs(statement: ast.stmt, found: dict[str, Any]) -> bool:
    flags = __future__.annotations.compiler_flag
    try:
        exec(compile(ast.Module([statement], []), "discord.types", "exec", flags=flags), found)  # noqa: S102
    except NameError:
        return False
    return True


def complaints(value: Any, wanted: str) -> list[str]:
    """Say where a value is not of the declared type with this name; what is not declared may be there too."""
    return _of_type(value, eval(wanted, declared()), "")  # noqa: S307


def _of_type(value: Any, wanted: Any, place: str) -> list[str]:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if hasattr(wanted, "__required_keys__"):
        return _of_fields(value, wanted, place) if isinstance(value, dict) else [f"{place}: no object"]
    if origin in MARKS:
        return _of_type(value, arguments[0], place)
    if origin in (Union, types.UnionType):
        return min((_of_type(value, one, place) for one in arguments), key=len)
    if origin in (list, dict):
        return _of_many(value, origin, arguments, place)
    if origin is Literal:
        return [] if value in arguments else [f"{place}: {value!r} is none of {arguments}"]
    return [] if wanted is Any or isinstance(value, wanted) else [f"{place}: {value!r} is no {wanted.__name__}"]


def _of_many(value: Any, origin: Any, arguments: tuple[Any, ...], place: str) -> list[str]:
    if not isinstance(value, origin):
        return [f"{place}: no {origin.__name__}"]
    each = value.items() if origin is dict else enumerate(value)
    return [says for at, one in each for says in _of_type(one, arguments[-1], f"{place}.{at}")]


def _of_fields(value: dict[str, Any], wanted: Any, place: str) -> list[str]:
    found = []
    for name, hint in get_type_hints(wanted, declared(), include_extras=True).items():
        if name in value:
            if not (value[name] is None and name in NULLABLE):
                found += _of_type(value[name], hint, f"{place}.{name}")
        elif name not in _optional(wanted):
            found.append(f"{place}.{name}: missing")
    return found


@cache
def _optional(wanted: Any) -> frozenset[str]:
    """Give the fields that may be missing: those of `total=False`, and those that are marked."""
    hints = get_type_hints(wanted, declared(), include_extras=True)
    marked = {name for name, hint in hints.items() if get_origin(hint) in (NotRequired, typing_extensions.NotRequired)}
    return frozenset(marked | (wanted.__optional_keys__ - {n for n, h in hints.items() if get_origin(h) in MARKS[::2]}))
