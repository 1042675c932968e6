"""Each guarantee of ARCHITECTURE.md names tests that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (\d+) \|.*\| ([^|]+) \|$", re.MULTILINE)
GUARANTEES = LINE.findall((ROOT / "ARCHITECTURE.md").read_text("utf-8"))
TESTS = set(re.findall(r"def (test_\w+)", "".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))))


def test_the_guarantees_are_numbered_without_a_gap() -> None:
    assert [int(number) for number, _ in GUARANTEES] == list(range(1, 14))


@pytest.mark.parametrize(("number", "names"), GUARANTEES)
def test_the_tests_of_a_guarantee_are_there(number: str, names: str) -> None:
    named = re.findall(r"`(test_\w+)`", names)
    assert named, f"guarantee {number} names no test"
    assert [name for name in named if name not in TESTS] == []
