"""No file tells where it was made: no registry's host, no index, no path of one machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Written with brackets so that this file passes its own test.
ANYWHERE = [
    re.compile(r"\b(?:[\w-]+\.)*py[p]i\.(?:org|io|python\.org)\b"),
    re.compile(r"\bfiles\.pythonhoste[d]\.org\b"),
    re.compile(r"\bregistry\.(?:npmj[s]\.org|yarnpk[g]\.com)\b"),
    re.compile(r"(?<![\w.])/wor[k]/"),
    re.compile(r"(?<![\w.])/(?:roo[t]|home/[a-z]+)/\.pyen[v]"),
]
IN_REQUIREMENTS = [
    re.compile(r"index-ur[l]|find-link[s]|trusted-hos[t]"),
    re.compile(r"\w+://"),
    re.compile(r"file:"),
]


def files() -> list[Path]:
    """Return the files that git tracks, or would with the next `git add`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def complaints(name: str, text: str) -> list[str]:
    """Return what `text` tells too much, as the file `name`."""
    patterns = [*ANYWHERE, *(IN_REQUIREMENTS if "requirements" in name else [])]
    return [f"{name} says {found.group()!r}" for pattern in patterns if (found := pattern.search(text))]


def test_no_file_tells_where_it_was_made() -> None:
    found = [
        line for path in files() for line in complaints(str(path.relative_to(ROOT)), path.read_text(errors="replace"))
    ]
    assert found == []


def test_git_lists_this_file() -> None:
    assert Path(__file__) in files()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("README.md", "see https://py" + "pi.org/project/x"),
        ("docs/a.md", "cd /wor" + "k/main"),
        ("requirements/run.txt", "--extra-index" + "-url somewhere"),
        ("requirements/run.txt", "x @ https://example.net/x.whl"),
    ],
)
def test_a_planted_place_is_found(name: str, text: str) -> None:
    assert complaints(name, text)


def test_an_address_of_the_docs_is_left_alone() -> None:
    assert complaints("docs/a.md", "http://127.0.0.1:8000/work/items and src/work/a") == []
