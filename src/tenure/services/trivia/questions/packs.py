"""Packs: files of questions that anybody can write. What is wrong in one is told by file, line and reason."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from tenure import TenureError
from tenure.services.trivia.questions.entries import Entry
from tenure.services.trivia.questions.opentdb_api import NAME as OPENTDB
from tenure.services.trivia.questions.parsing import Found, parse
from tenure.services.trivia.questions.question import NoQuestion, Question
from tenure.services.trivia.questions.reading import SUFFIXES, Fault

BUILTIN = "builtin"
BUILTIN_FOLDER = Path(__file__).parent / BUILTIN
MOST_TOLD = 20
"""How many faults the error names; the rest is counted."""


class WrongPacks(TenureError, ValueError):  # noqa: N818
    """Packs can't be used; `faults` says where each thing is wrong, and what to do."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        more = len(self.faults) - MOST_TOLD
        told = [str(fault) for fault in self.faults[:MOST_TOLD]] + ([f"and {more} more"] if more > 0 else [])
        super().__init__("\n".join(told))

    @property
    def summary(self) -> str:
        """The same on one line: the first fault, and how to see the others."""
        number = "one thing is" if len(self.faults) == 1 else f"{len(self.faults)} things are"
        return (
            f"{number} wrong in the packs of TENURE_TRIVIA_PACKS, at first {self.faults[0]}; "
            f"`tenure trivia questions check FOLDER` tells all of it"
        )


class Pack:
    """Questions under a name; a source of questions that has all of them at hand."""

    def __init__(self, name: str, entries: Iterable[Entry], *, chance: random.Random | None = None) -> None:
        self.name, self.entries = name, tuple(entries)
        self._chance = chance or random.SystemRandom()

    def __repr__(self) -> str:
        return f"<Pack {self.name}: {len(self.entries)} questions>"

    @property
    def categories(self) -> list[str]:
        """The categories of its questions, in order."""
        return sorted({entry.category for entry in self.entries})

    async def some(
        self,
        category: str | None,
        difficulty: str | None,
        most: int,  # noqa: ARG002  all of them are at hand
    ) -> Sequence[Question]:
        """Give all questions that fit, in an order by chance, however few are wanted. Raises `NoQuestion`."""
        fitting = [
            entry
            for entry in self.entries
            if category in (None, entry.category) and difficulty in (None, entry.difficulty)
        ]
        if not fitting:
            wanted = " ".join(word for word in (difficulty, category) if word)
            raise NoQuestion(f"the pack {self.name} has no {wanted} question; take another category or difficulty")
        return [entry.asked(self._chance) for entry in self._chance.sample(fitting, len(fitting))]


class Packs:
    """What was found in a folder of packs: each pack, and whatever is wrong."""

    def __init__(self, packs: Sequence[Pack], faults: Sequence[Fault]) -> None:
        self.packs, self.faults = tuple(packs), tuple(sorted(faults))


@cache
def builtin() -> Pack:
    """Give the pack that comes along."""
    found = parse(BUILTIN, sorted(BUILTIN_FOLDER.glob("*.yaml")), BUILTIN_FOLDER)
    return Pack(BUILTIN, found.entries)


def check(folder: Path) -> Packs:
    """Look at every pack of a folder, and give them with all that is wrong, without raising anything.

    Each file `NAME.yaml`, `NAME.yml` or `NAME.json` is a pack, and so is each folder `NAME` with such files.
    """
    try:
        places = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        return Packs((), [Fault(str(folder), 1, f"the folder can't be read: {error.strerror}")])
    found = [(path, _pack(path, folder)) for path in places]
    packs = [(path, pack) for path, pack in found if pack is not None]
    faults = [fault for _, pack in packs for fault in pack.faults]
    faults += _faults_of_names([(path, pack.name) for path, pack in packs])
    if not packs:
        faults.append(Fault(str(folder), 1, f"there is no pack in it; a pack is a file {', '.join(SUFFIXES)}"))
    return Packs([Pack(pack.name, pack.entries) for _, pack in packs], faults)


def read_packs(folder: Path) -> list[Pack]:
    """Give the packs of a folder. Raises `WrongPacks` if anything is wrong in any of them."""
    found = check(folder)
    if found.faults:
        raise WrongPacks(found.faults)
    return list(found.packs)


def _pack(path: Path, folder: Path) -> Found | None:
    """Read what may be a pack; None if it is none."""
    if not path.is_dir():
        return parse(path.stem, [path], folder) if _is_a_file_of_a_pack(path) else None
    try:
        files = sorted(each for each in path.iterdir() if _is_a_file_of_a_pack(each))
    except OSError as error:
        found = Found(path.name)
        found.faults.append(Fault(path.name, 1, f"the folder can't be read: {error.strerror}"))
        return found
    return parse(path.name, files, folder) if files else None


def _is_a_file_of_a_pack(path: Path) -> bool:
    # A link that leads nowhere is a fault; a pipe would never end.
    is_file = path.is_file() or path.is_symlink()
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and is_file and not path.is_dir()


def _faults_of_names(packs: Iterable[tuple[Path, str]]) -> list[Fault]:
    found, taken = list[Fault](), dict[str, str]()
    for path, name in packs:
        if name in (BUILTIN, OPENTDB):
            found.append(Fault(path.name, 1, f"{name!r} is the name of a source that comes along; call it otherwise"))
        elif not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 40:  # noqa: PLR2004
            found.append(Fault(path.name, 1, "a pack is called by letters, digits, - and _, 40 at most"))
        elif name in taken:
            found.append(Fault(path.name, 1, f"{taken[name]} is a pack of the same name; call one of them otherwise"))
        taken.setdefault(name, path.name)
    return found
