"""Commands as they are typed: `/register daily mon,wed 20:00 questions:3`, with or without `/trivia` before."""

from __future__ import annotations

import re

from tenure.services.trivia.chat.table import BY_NAME, Command
from tenure.services.trivia.refusals import Unknown, Wrong

SIGN = "/"
ALIAS = "trivia"
NAMED = re.compile(r"([a-z]+):(.*)", re.DOTALL)


def is_command(line: str) -> bool:
    """Tell whether a line is a command rather than something said."""
    return line.startswith(SIGN)


def read_command(line: str) -> tuple[str, dict[str, str]]:
    """Give a command's name and its options as they were typed. Raises `Unknown`, `Wrong`."""
    words = line.removeprefix(SIGN).split()
    if words and words[0].casefold() == ALIAS:
        words = words[1:]
    command = BY_NAME.get(words[0].casefold()) if words else None
    if command is None:
        raise Unknown(f"there is no such command; there are: {', '.join(SIGN + name for name in BY_NAME)}")
    named, unnamed = _sorted(command, words[1:])
    for option in command.options:
        if unnamed and option.name not in named:
            taken = len(unnamed) if option.wordy else 1
            named[option.name] = " ".join(unnamed[:taken])
            unnamed = unnamed[taken:]
    if unnamed:
        raise Wrong(f"that is too much: {usage(command)}")
    return command.name, named


def _sorted(command: Command, words: list[str]) -> tuple[dict[str, str], list[str]]:
    """Give what stands behind the name of an option, as far as the next name, and what stands before all names."""
    names = {option.name for option in command.options}
    named, unnamed = dict[str, list[str]](), list[str]()
    into = unnamed
    for word in words:
        found = NAMED.fullmatch(word)
        if found is not None and found[1] in names:
            if found[1] in named:
                raise Wrong(f"`{found[1]}` is given twice")
            into = named[found[1]] = [found[2]] if found[2] else []
        else:
            into.append(word)
    return {name: " ".join(parts) for name, parts in named.items()}, unnamed


def usage(command: Command) -> str:
    """Say how a command is typed, such as `/enable NAME`."""
    parts = [option.name.upper() if option.required else f"[{option.name}:…]" for option in command.options]
    return " ".join([SIGN + command.name, *parts])
