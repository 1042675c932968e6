"""Each line of the page on what is kept names tests that are there, or says that it was not shown."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (?!setting|---)(.+) \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
LINES = LINE.findall((ROOT / "docs/guarantees.md").read_text("utf-8"))
TESTS = set(re.findall(r"def (test_\w+)", "".join(p.read_text("utf-8") for p in (ROOT / "tests").rglob("test_*.py"))))


@pytest.mark.parametrize(("setting", "trouble", "kept", "shown"), LINES)
def test_a_line_names_tests_that_are_there(setting: str, trouble: str, kept: str, shown: str) -> None:
    assert kept, f"{setting}, {trouble}: say what is kept"
    named = re.findall(r"`(test_\w+)`", shown)
    assert named or shown.startswith(("not shown here: ", "the setting says so")), (
        "name a test, or say that there is none"
    )
    assert [name for name in named if name not in TESTS] == []


def test_every_engine_has_its_lines_for_every_trouble() -> None:
    page = (ROOT / "docs/guarantees.md").read_text("utf-8")
    for engine in page.split("\n## ")[1:]:
        for trouble in ("killed", "power loss", "disk is full", "clock is set back", "clock jumps ahead"):
            assert trouble in engine, f"{engine.splitlines()[0]} says nothing of: {trouble}"
        assert "failover" in engine
        assert "memory" in engine.lower()
