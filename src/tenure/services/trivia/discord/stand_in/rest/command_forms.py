"""What Discord takes as application commands: names, lengths, numbers of options, and their order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tenure.services.trivia.discord.stand_in.refusals import Json, fields, invalid_form
from tenure.services.trivia.discord.stand_in.validating import Path, Wrong, an_object, objects, required, too_long

OPTIONS, CHOICES, DESCRIPTION, WORDS = 25, 25, 100, 8000
NAME = re.compile(r"^[-_'\w]{1,32}$")
CHAT_INPUT, SUBCOMMAND, GROUP = 1, 1, 2
TYPES, OPTION_TYPES = (1, 2, 3), range(1, 12)


def key_of(command: Json) -> tuple[int, str]:
    """Give what tells a command from others: its type and name."""
    return command.get("type") or CHAT_INPUT, command["name"]


def check_commands(commands: list[Any], *, listed: bool) -> None:
    """Refuse commands that Discord would refuse; in a list each has its number."""
    wrong = [one for place, command in enumerate(commands) for one in _command((place,) if listed else (), command)]
    if not wrong and len(commands) != len({key_of(command) for command in commands}):
        wrong.append(Wrong((), "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"))
    if wrong:
        raise invalid_form(fields(wrong))


def _command(path: Path, command: Any) -> Iterator[Wrong]:
    if not isinstance(command, dict):
        yield from an_object(path, command or [])
        return
    yield from _one_of((*path, "type"), command.get("type") or CHAT_INPUT, TYPES)
    needed = command.get("default_member_permissions")
    if needed is not None and not (str(needed).isdecimal() and str(needed).isascii()):
        yield Wrong((*path, "default_member_permissions"), "NUMBER_TYPE_COERCE", f'Value "{needed}" is not int.')
    is_typed = (command.get("type") or CHAT_INPUT) == CHAT_INPUT
    yield from _named(path, command) if is_typed else required((*path, "name"), command.get("name"))
    wrong = list(_options((*path, "options"), command.get("options") or []))
    yield from wrong
    if not wrong and _words(command) > WORDS:
        yield Wrong(path, "APPLICATION_COMMAND_TOO_LARGE", f"Command exceeds maximum size ({WORDS})")


def _one_of(path: Path, value: Any, known: Any) -> Iterator[Wrong]:
    if not isinstance(value, int) or value not in known:
        yield Wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of {tuple(known)}.")


def _named(path: Path, part: Json) -> Iterator[Wrong]:
    name = part.get("name")
    if not isinstance(name, str) or not NAME.match(name) or name != name.lower():
        yield Wrong((*path, "name"), "APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {name}")
    yield from required((*path, "description"), part.get("description"))
    yield from too_long((*path, "description"), part.get("description"), DESCRIPTION)


def _options(path: Path, options: Any) -> Iterator[Wrong]:
    wrong = list(objects(path, options, OPTIONS))
    yield from wrong
    was_optional = False
    for place, option in enumerate([] if wrong else options):
        at = (*path, place)
        yield from _one_of((*at, "type"), option.get("type"), OPTION_TYPES)
        yield from _named(at, option)
        yield from _options((*at, "options"), option.get("options") or [])
        yield from objects((*at, "choices"), option.get("choices") or [], CHOICES)
        if option.get("required") and was_optional:
            required_first = "Required options must be placed before non-required options"
            yield Wrong(at, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", required_first)
        was_optional |= option.get("type") not in (SUBCOMMAND, GROUP) and not option.get("required")


def _words(part: Json) -> int:
    below = [*(part.get("options") or []), *(part.get("choices") or [])]
    own = sum(len(str(part.get(name) or "")) for name in ("name", "description", "value"))
    return own + sum(map(_words, below))
