"""Questions as they are kept, before their choices are put into an order; and the rules that each must meet."""

from __future__ import annotations

import hashlib
import random
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from tenure.services.trivia.questions.question import Difficulty, Question

MOST_OF_A_QUESTION = 500
MOST_OF_A_CHOICE = 200
MOST_OF_AN_EXPLANATION = 1000
MOST_OF_A_CATEGORY = 40
MOST_WRONG = 3
UNSEEN = ("Cc", "Cs")
"""Of Unicode's categories: control characters, and halves of characters."""
# Read in this order by everybody, so no chance there.
PAIRS = (("true", "false"), ("yes", "no"))


class FieldFault(NamedTuple):
    """What is wrong with a field of a question; in a list, with which item of it."""

    field: str
    reason: str
    item: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its right choice and its wrong ones."""

    source: str
    text: str
    right: str
    wrong: tuple[str, ...]
    category: str
    difficulty: Difficulty
    explanation: str | None = None

    @property
    def key(self) -> str:
        """What tells it from others: made of question and right choice, so the same one in two sources is one."""
        told = "\n".join(" ".join(text.casefold().split()) for text in (self.text, self.right))
        return hashlib.sha256(told.encode()).hexdigest()[:20]

    def asked(self, chance: random.Random) -> Question:
        """Give it with its choices in an order by chance; true comes before false, and yes before no."""
        choices = [self.right, *self.wrong]
        pair = next((pair for pair in PAIRS if sorted(pair) == sorted(each.casefold() for each in choices)), None)
        if pair:
            choices.sort(key=lambda each: pair.index(each.casefold()))
        else:
            chance.shuffle(choices)
        return Question(
            key=self.key,
            source=self.source,
            text=self.text,
            choices=tuple(choices),
            correct=choices.index(self.right),
            category=self.category,
            difficulty=self.difficulty,
            explanation=self.explanation,
        )

    def faults(self) -> Iterator[FieldFault]:
        """Yield what is wrong with it."""
        yield from _faults_of_text("question", self.text, MOST_OF_A_QUESTION)
        yield from _faults_of_text("correct", self.right, MOST_OF_A_CHOICE)
        if self.explanation is not None:
            yield from _faults_of_text("explanation", self.explanation, MOST_OF_AN_EXPLANATION)
        if not 1 <= len(self.wrong) <= MOST_WRONG:
            yield FieldFault("wrong", f"a question has 1 to {MOST_WRONG} wrong choices; here are {len(self.wrong)}")
        for item, each in enumerate(self.wrong):
            yield from _faults_of_text("wrong", each, MOST_OF_A_CHOICE, item)
            if _plain(each) == _plain(self.right):
                yield FieldFault("wrong", f"{each!r} is the right choice, so it can't be a wrong one too", item)
            elif _plain(each) in [_plain(other) for other in self.wrong[:item]]:
                yield FieldFault("wrong", f"{each!r} stands there twice; name each choice once", item)


def category_of(text: str) -> str:
    """Give a category's name as it is kept: `Science & Nature` is `science-nature`. Raises `ValueError`."""
    name = re.sub(r"[\s&:,_-]+", "-", text.strip().casefold()).strip("-")
    if not 0 < len(name) <= MOST_OF_A_CATEGORY or not name.replace("-", "").isalnum():
        raise ValueError(
            f"a category is made of letters, digits and hyphens, {MOST_OF_A_CATEGORY} at most, such as board-games"
        )
    return name


def _faults_of_text(field: str, text: str, most: int, item: int = 0) -> Iterator[FieldFault]:
    if not text.strip():
        yield FieldFault(field, "it is empty; write a text", item)
    elif len(text) > most:
        yield FieldFault(field, f"it has {len(text)} characters; {most} are allowed", item)
    elif any(unicodedata.category(letter) in UNSEEN and letter != "\n" for letter in text):
        yield FieldFault(field, "it has a control character; take it out", item)


def _plain(text: str) -> str:
    # Not whether in capitals: of MW and mW only one is a megawatt.
    return " ".join(text.split())
