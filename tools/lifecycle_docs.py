"""Writes the diagrams and tables of the services' lifecycles into their docs, between markers.

A page asks for one by a line `<!-- lifecycle MODULE:CLASS -->`; what stands up to `<!-- end -->` is written anew.
With `--check` nothing is written, and a page that differs fails.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from tenure.core.drawing import mermaid, transitions
from tenure.core.lifecycle import table_of

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"(<!-- lifecycle (\S+):(\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def drawn(module: str, name: str) -> str:
    """Give a lifecycle's diagram and table as Markdown."""
    table = table_of(getattr(importlib.import_module(module), name))
    rows = ["| transition | from | to | by | by itself |", "|---|---|---|---|---|"]
    rows += [f"| {' | '.join(cells)} |" for cells in transitions(table)]
    return f"```mermaid\n{mermaid(table)}\n```\n\n" + "\n".join(rows) + "\n"


def renewed(text: str) -> str:
    """Give a page with its lifecycles written anew."""
    return BLOCK.sub(lambda block: block[1] + drawn(block[2], block[3]) + block[4], text)


def main() -> int:
    """Write, or check."""
    stale = [page for page in sorted(DOCS.rglob("*.md")) if renewed(page.read_text("utf-8")) != page.read_text("utf-8")]
    if "--check" in sys.argv:
        for page in stale:
            print(f"{page.relative_to(DOCS.parent)} is stale: run `python tools/lifecycle_docs.py`")
        return 1 if stale else 0
    for page in stale:
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
