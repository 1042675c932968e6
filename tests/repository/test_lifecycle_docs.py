"""The lifecycles in the docs are those of the code."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_lifecycles_in_the_docs_are_those_of_the_code() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "tools" / "lifecycle_docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_page_names_a_lifecycle() -> None:
    assert any("<!-- lifecycle " in page.read_text("utf-8") for page in (ROOT / "docs").rglob("*.md"))
