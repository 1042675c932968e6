"""The pack that comes along: enough of everything, and nothing wrong in it."""

import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

from tenure.services.trivia.questions.packs import BUILTIN_FOLDER, builtin
from tenure.services.trivia.questions.parsing import parse
from tenure.services.trivia.questions.question import DIFFICULTIES

ROOT = Path(__file__).parents[3]


def test_nothing_is_wrong_in_it() -> None:
    found = parse("builtin", sorted(BUILTIN_FOLDER.iterdir()), BUILTIN_FOLDER)
    assert [str(fault) for fault in found.faults] == []
    assert len(found.entries) == len(builtin().entries)


def test_it_has_enough_of_each_category_and_difficulty() -> None:
    pack = builtin()
    assert len(pack.entries) >= 300
    assert len(pack.categories) >= 12
    counted = Counter((entry.category, entry.difficulty) for entry in pack.entries)
    assert min(counted[category, difficulty] for category in pack.categories for difficulty in DIFFICULTIES) >= 7


def test_each_question_has_four_choices_and_fits_every_chat() -> None:
    for entry in builtin().entries:
        assert len(entry.wrong) == 3, entry
        # What a button of a chat can hold.
        assert max(len(text) for text in (entry.right, *entry.wrong)) <= 70, entry
        assert len(entry.text) <= 150, entry
        assert entry.text.endswith("?"), entry


def test_the_length_of_a_choice_does_not_give_it_away() -> None:
    entries = builtin().entries
    longest = sum(len(entry.right) > max(map(len, entry.wrong)) for entry in entries)
    assert longest < 0.4 * len(entries)


def test_the_package_carries_it(tmp_path: Path) -> None:
    """As flit builds it from the folder: what is data of the package is what lies in it."""
    build = f"from flit_core import buildapi; print(buildapi.build_wheel({str(tmp_path)!r}))"
    name = subprocess.run([sys.executable, "-c", build], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    inside = zipfile.ZipFile(tmp_path / name.strip()).namelist()
    packed = {Path(path).name for path in inside if "/questions/builtin/" in path}
    assert packed == {path.name for path in BUILTIN_FOLDER.iterdir()} != set()
