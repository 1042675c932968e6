"""The type checkers find each planted mistake on its line, nothing else there, and nothing in what is correct."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tenure import DeclarationError, testing

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MISTAKES, CORRECT = HERE / "mistakes.py", HERE / "correct.py"
MARK = re.compile(r"#\s+\d+ .*?:((?: mypy| pyright)+)$")

Found = dict[str, set[tuple[str, int]]]

# Whoever runs first here begins without any cache.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def found() -> Found:
    """Run both checkers at once over both files, and give the lines they complain of."""
    files = [str(MISTAKES), str(CORRECT)]
    # Processes that run tests side by side come here at once, and a cache is for one at a time.
    cache = ROOT / ".mypy_cache" / f"types-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    mypy = _start(
        "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty", "--enable-error-code=unused-awaitable",
        f"--cache-dir={cache}", *files,
    )  # fmt: skip
    pyright = _start("-m", "pyright", "--outputjson", "--project", str(HERE / "pyrightconfig.json"))
    reports = json.loads(pyright.communicate()[0])["generalDiagnostics"]
    lines = (re.match(r"(.+?):(\d+): error", line) for line in mypy.communicate()[0].splitlines())
    return {
        "mypy": {(Path(m[1]).name, int(m[2])) for m in lines if m},
        "pyright": {
            (Path(r["file"]).name, r["range"]["start"]["line"] + 1) for r in reports if r["severity"] == "error"
        },
    }


def _start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_each_planted_mistake_is_found_on_its_line_and_nothing_else(found: Found, checker: str) -> None:
    marks = {n: m[1].split() for n, line in enumerate(MISTAKES.read_text().splitlines(), 1) if (m := MARK.search(line))}
    expected = {line for line, checkers in marks.items() if checker in checkers}
    assert len(expected) >= 38
    assert {line for name, line in found[checker] if name == MISTAKES.name} == expected


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_correct_uses_pass(found: Found, checker: str) -> None:
    assert {line for name, line in found[checker] if name == CORRECT.name} == set()


@pytest.fixture(scope="module")
def mistakes() -> ModuleType:
    return importlib.import_module("tests.types.mistakes")


def test_the_import_finds_what_no_checker_can(mistakes: ModuleType) -> None:
    functions = [value for name, value in vars(mistakes).items() if name.startswith("import_")]
    assert len(functions) == 5
    for function in functions:
        with pytest.raises(DeclarationError):
            function()


async def test_a_test_finds_a_change_that_nobody_applies(mistakes: ModuleType) -> None:
    functions = [value for name, value in vars(mistakes).items() if name.startswith("testing_")]
    assert len(functions) == 2
    for function in functions:
        with pytest.raises(testing.UnappliedChange, match="never applied"):
            async with testing.store(mistakes.Desk, mistakes.Loan) as store:
                await function(store)
