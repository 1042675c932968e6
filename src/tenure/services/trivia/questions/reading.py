"""Files of a pack as a tree of what is written there, each piece with its line. YAML and JSON give the same tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
import yaml

T = TypeVar("T")

MOST_OF_A_FILE = 8 * 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")
PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
MOST_LEVELS = 10
TOO_DEEP = "it is nested too deeply; a pack is a list of questions with their fields"
NULLS = ("", "~", "null", "Null", "NULL")
# The one that is made of C is ten times as fast; where it is absent the other reads the same.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(msgspec.Struct, frozen=True):
    """A text, a number or the like, as it is written: a choice `no` or `007` is meant so. None is a null."""

    line: int
    text: str | None


class Listing(msgspec.Struct, frozen=True):
    """A list."""

    line: int
    items: tuple[Node, ...]


class Mapping(msgspec.Struct, frozen=True):
    """Names with what stands under them, in order; a name may be there twice."""

    line: int
    pairs: tuple[tuple[Node, Node], ...]


Node: TypeAlias = Scalar | Listing | Mapping


class Fault(msgspec.Struct, frozen=True, order=True):
    """What is wrong in a pack: where, and what to do."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Unreadable(Exception):  # noqa: N818  it says what is so
    """A file can't be read at all; the line is where it ends to make sense."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


def read(path: Path) -> Node:
    """Read a file as a tree. Raises `Unreadable`."""
    text = _text(path)
    try:
        return _json(text) if path.suffix.lower() == ".json" else _yaml(text)
    except RecursionError:
        raise Unreadable(1, TOO_DEEP) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_OF_A_FILE + 1)
    except OSError as error:
        raise Unreadable(1, f"it can't be read: {error.strerror}") from None
    if len(content) > MOST_OF_A_FILE:
        raise Unreadable(1, f"it is larger than {MOST_OF_A_FILE // 1024**2} MB; make several files of it")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "it is not UTF-8 from here on; save it in that encoding") from None
    # Readers of YAML refuse these too, but not all of them tell the line.
    if control := CONTROL.search(text):
        line = text.count("\n", 0, control.start()) + 1
        raise Unreadable(line, f"there is a control character, {control.group()!r}; take it out")
    return text


# ---------------------------------------------------------------------------------------- YAML


def _yaml(text: str) -> Node:
    # As events, not as the library's own tree: making that one of a file that is nested a million deep kills us.
    try:
        return _Building(text).document()
    except yaml.YAMLError as error:
        raise _unreadable(error, text) from None


def _unreadable(error: yaml.YAMLError, text: str) -> Unreadable:
    """Say where it ends to make sense, and where that began which does not end as it should."""
    context, problem, begun, at = (
        getattr(error, name, None) for name in ("context", "problem", "context_mark", "problem_mark")
    )
    line = _within(at.line + 1, text) if at else 1
    since = f", begun in line {begun.line + 1}," if begun and begun.line + 1 < line else ""
    said = f"{context}{since} {problem}" if context else problem or getattr(error, "reason", "")
    return Unreadable(line, f"this is no YAML: {said}")


class _Building:
    """Makes a tree of events, each of which has its line."""

    def __init__(self, text: str) -> None:
        self._last = max(1, len(text.splitlines()))
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=Loader))

    def document(self) -> Node:
        next(self._events)  # the stream's begin
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise Unreadable(1, "it is empty; a pack has `questions`, each with `question`, `correct` and `wrong`")
        made = self._made(next(self._events), 0)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise Unreadable(self._line(after), "another document begins here; make a file of its own of it")
        return made

    def _made(self, event: Any, depth: int) -> Node:
        line = self._line(event)
        if depth > MOST_LEVELS:
            raise Unreadable(line, TOO_DEEP)
        if isinstance(event, yaml.AliasEvent):
            raise Unreadable(line, f"`*{event.anchor}` stands for something else; write that out here")
        if isinstance(event, yaml.SequenceStartEvent):
            return Listing(line, tuple(self._until(yaml.SequenceEndEvent, depth)))
        if isinstance(event, yaml.MappingStartEvent):
            flat = list(self._until(yaml.MappingEndEvent, depth))
            return Mapping(line, tuple(zip(flat[::2], flat[1::2], strict=True)))
        return Scalar(line, None if event.implicit[0] and event.value in NULLS else event.value)

    def _until(self, end: type[Any], depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), end):
            yield self._made(event, depth + 1)

    def _line(self, event: Any) -> int:
        return min(int(event.start_mark.line) + 1, self._last)


# ---------------------------------------------------------------------------------------- JSON


def _json(text: str) -> Node:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise Unreadable(_within(error.lineno, text), f"this is no JSON: {error.msg}") from None
    return _Placing(text).value()


class _Placing:
    """Walks over text that is known to be JSON, for the lines, which the reader of the library does not tell."""

    def __init__(self, text: str) -> None:
        self._text, self._line, self._counted = text, 1, 0
        self._pieces = PIECE.finditer(text)
        self._piece = ""
        self._next()

    def value(self) -> Node:
        line, piece = self._line, self._piece
        self._next()
        if piece == "{":
            return Mapping(line, tuple(self._several("}", self._pair)))
        if piece == "[":
            return Listing(line, tuple(self._several("]", self.value)))
        return Scalar(line, None if piece == "null" else json.loads(piece) if piece[0] == '"' else piece)

    def _pair(self) -> tuple[Node, Node]:
        name = self.value()
        self._next()  # the colon
        return name, self.value()

    def _several(self, end: str, one: Callable[[], T]) -> list[T]:
        found = list[T]()
        while self._piece != end:
            found.append(one())
            if self._piece == ",":
                self._next()
        self._next()
        return found

    def _next(self) -> None:
        found = next(self._pieces, None)
        if found is not None:
            self._piece = found.group()
            self._line += self._text.count("\n", self._counted, found.start())
            self._counted = found.start()


def _within(line: int, text: str) -> int:
    """Give the last line for the one after it, where readers say that they miss something."""
    return max(1, min(line, len(text.splitlines())))
