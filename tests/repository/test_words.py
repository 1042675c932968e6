"""One word for one thing: synonyms of the glossary's words stay out of names and texts of the source."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "tenure"
MODULES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}
# Banned anywhere, as a whole word of a name, a docstring or a comment: each is a synonym here, and no more.
WORDS = {
    "cas": "version",
    "entity": "record",
    "entities": "records",
    "fsm": "lifecycle",
    "janitor": "sweeper",
    "reaper": "sweeper",
    "statemachine": "lifecycle",
    "ttl": "deadline or keep",
}
PHRASES = {
    "compare-and-set": "version",
    "fencing token": "fence",
    "state machine": "lifecycle",
    "terminal state": "end",
}
# Banned as a whole word of a name that is given here; a driver may call its own what it likes.
ABBREVIATIONS = {
    "cfg": "settings",
    "conn": "connection",
    "ctx": "context",
    "evt": "event",
    "mgr": "what it does",
    "msg": "message",
    "req": "request",
    "resp": "response",
    "txn": "transaction",
}

NOT_IN_NAMES, NOT_IN_TEXTS = WORDS | ABBREVIATIONS, WORDS | PHRASES
BANNED = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, NOT_IN_TEXTS))})(?![\w-])")


def words_of(name: str) -> list[str]:
    """Split `retryPolicy`, `retry_policy` and `RetryPolicy` alike."""
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def names_given(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each name that the code itself chooses, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case _:
                pass


def texts(source: str, tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield each docstring and comment, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def complaints(source: str) -> list[str]:
    """Return the banned words of one module, with the word to use instead."""
    tree = ast.parse(source)
    found = [
        f"line {line}: {name!r} says {word!r}; say {NOT_IN_NAMES[word]}"
        for line, name in names_given(tree)
        for word in words_of(name)
        if word in NOT_IN_NAMES
    ]
    for line, text in texts(source, tree):
        # Code in backticks may name what others named; `--` of a comment is no word.
        plain = " ".join(re.sub(r"`[^`]*`", " ", text).lower().split())
        found += [f"line {line}: the text says {word!r}; say {NOT_IN_TEXTS[word]}" for word in BANNED.findall(plain)]
    return found


def test_modules_are_named_for_what_they_hold() -> None:
    named = [path for path in SOURCE.rglob("*") if path.stem in MODULES]
    assert named == []


def test_names_and_texts_use_the_words_of_the_glossary() -> None:
    found = {path.relative_to(SOURCE): complaints(path.read_text()) for path in SOURCE.rglob("*.py")}
    assert {str(path): lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "def set_ttl(): ...",
        "class EntityRow: ...",
        "self.msg = 1",
        "# a terminal state",
        "'''Run the FSM.'''",
        "conn = 1",
    ],
)
def test_a_planted_synonym_is_found(source: str) -> None:
    assert complaints(source)


@pytest.mark.parametrize(
    "source", ["x = driver.ttl", "case = 1", "# Redis calls it `ttl`", "identity = 2", "scene(msg=1)"]
)
def test_words_of_others_are_left_alone(source: str) -> None:
    assert complaints(source) == []
