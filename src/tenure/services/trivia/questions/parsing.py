"""From a pack's files to its questions, with all that is wrong in them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tenure.services.trivia.questions.entries import Entry, category_of
from tenure.services.trivia.questions.question import DIFFICULTIES, Difficulty
from tenure.services.trivia.questions.reading import Fault, Listing, Mapping, Node, Scalar, Unreadable, read

OF_A_FILE = ("category", "difficulty", "questions")
OF_A_QUESTION = ("question", "correct", "wrong", "category", "difficulty", "explanation")
NEEDED = ("question", "correct", "wrong")


class Found:
    """What the files of one pack hold: its questions, and what is wrong."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Entry] = []
        self.faults: list[Fault] = []
        self.places: dict[str, str] = {}
        """Where each question stands, by its key."""


def parse(name: str, files: Iterable[Path], folder: Path) -> Found:
    """Read the files of a pack; faults name them as they are called below the folder."""
    found = Found(name)
    for path in files:
        _File(found, str(path.relative_to(folder))).parse(path)
    return found


class _File:
    """One file on its way into a pack."""

    def __init__(self, found: Found, file: str) -> None:
        self._found, self._file = found, file
        self._category: str | None = None
        self._difficulty: Difficulty | None = None

    def parse(self, path: Path) -> None:
        try:
            top = read(path)
        except Unreadable as error:
            self._fault(error.line, error.reason)
            return
        if not isinstance(top, Mapping):
            self._fault(top.line, "a pack begins with `questions:`, and a list of them under it")
            return
        fields = self._fields(top, OF_A_FILE)
        self._category = self._category_in(fields)
        self._difficulty = self._difficulty_in(fields)
        questions = fields.get("questions")
        if not isinstance(questions, Listing) or not questions.items:
            self._fault((questions or top).line, "`questions` must be a list of one or more questions")
            return
        for node in questions.items:
            self._question(node)

    def _question(self, node: Node) -> None:
        if not isinstance(node, Mapping):
            self._fault(node.line, f"a question has the fields {_listed(NEEDED)}, and a category and a difficulty")
            return
        before = len(self._found.faults)
        fields = self._fields(node, OF_A_QUESTION)
        for name in NEEDED:
            if name not in fields:
                self._fault(node.line, f"the question has no `{name}`")
        text, right = self._text(fields, "question"), self._text(fields, "correct")
        explanation = self._text(fields, "explanation")
        wrong = self._wrong(fields.get("wrong"))
        category = self._category_in(fields) or self._category
        difficulty = self._difficulty_in(fields) or self._difficulty
        if len(self._found.faults) > before:
            return
        if category is None:
            self._fault(node.line, "the question has no `category`; give it one, or one to the whole file")
        if difficulty is None:
            self._fault(node.line, f"the question has no `difficulty`; it is {_listed(DIFFICULTIES)}")
        if category is not None and difficulty is not None:
            entry = Entry(
                source=self._found.name,
                text=text or "",
                right=right or "",
                wrong=wrong,
                category=category,
                difficulty=difficulty,
                explanation=explanation,
            )
            self._add(entry, node, fields)

    def _add(self, entry: Entry, node: Mapping, fields: dict[str, Node]) -> None:
        faults = list(entry.faults())
        for fault in faults:
            self._fault(_line(fields[fault.field], fault.item), f"`{fault.field}`: {fault.reason}")
        if faults:
            return
        if (place := self._found.places.get(entry.key)) is not None:
            self._fault(node.line, f"the same question stands at {place}; take one of them out")
            return
        self._found.places[entry.key] = f"{self._file}:{node.line}"
        self._found.entries.append(entry)

    # ------------------------------------------------------------------------------------ fields

    def _fields(self, node: Mapping, known: tuple[str, ...]) -> dict[str, Node]:
        """Give the fields by name; those that nobody knows, or that are there twice, are faults."""
        fields: dict[str, Node] = {}
        for name, value in node.pairs:
            text = name.text if isinstance(name, Scalar) else None
            if text not in known:
                self._fault(name.line, f"there is no field {text!r} here; the fields are {_listed(known)}")
            elif text in fields:
                self._fault(name.line, f"`{text}` stands there twice; it is at line {fields[text].line} already")
            else:
                fields[text] = value
        return fields

    def _text(self, fields: dict[str, Node], name: str) -> str | None:
        node = fields.get(name)
        if node is None:
            return None
        if not isinstance(node, Scalar):
            self._fault(node.line, f"`{name}` must be a text")
            return None
        return (node.text or "").strip()

    def _wrong(self, node: Node | None) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, Listing) or not all(isinstance(item, Scalar) for item in node.items):
            self._fault(node.line, "`wrong` must be a list of texts: the choices that are not right")
            return ()
        return tuple((item.text or "").strip() for item in node.items if isinstance(item, Scalar))

    def _category_in(self, fields: dict[str, Node]) -> str | None:
        text = self._text(fields, "category")
        if text is None:
            return None
        try:
            return category_of(text)
        except ValueError as error:
            self._fault(fields["category"].line, f"`category`: {error}")
            return None

    def _difficulty_in(self, fields: dict[str, Node]) -> Difficulty | None:
        text = self._text(fields, "difficulty")
        if text is None or text in DIFFICULTIES:
            return text
        self._fault(fields["difficulty"].line, f"`difficulty`: {text!r} is none; it is {_listed(DIFFICULTIES)}")
        return None

    def _fault(self, line: int, reason: str) -> None:
        self._found.faults.append(Fault(self._file, line, reason))


def _line(node: Node, item: int) -> int:
    return node.items[item].line if isinstance(node, Listing) and node.items else node.line


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words)
