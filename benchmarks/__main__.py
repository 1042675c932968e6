"""Runs the benchmarks, each in a process of its own, and writes `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from benchmarks import page
from benchmarks.plots import draw
from benchmarks.report import load

from tenure.benchmarks.stand import ENGINES

PARTS = (
    *ENGINES, "peers", "large", "scale", "meetings", "attending", "matching", "matching_teams", "committing",
    "answering", "battling", "tracking", "unlogged",
)  # fmt: skip


def main() -> None:
    """Measure one part after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named; `page` only writes it"
    )
    chosen = parser.parse_args().parts or PARTS
    if chosen == ["page"]:
        write()
        return
    if unknown := [part for part in chosen if part not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}: name some of {', '.join(PARTS)}")
    for part in chosen:
        began = time.perf_counter()
        print(f"\n{part}", flush=True)
        command = ["benchmarks.engines", part] if part in ENGINES else [f"benchmarks.{part}"]
        subprocess.run([sys.executable, "-m", *command], check=True)
        write()
        print(f"{part} took {time.perf_counter() - began:.0f} s", flush=True)


def write() -> None:
    """Draw the plots and write the page, from all results that lie there."""
    draw(load())
    page.PAGE.write_text(page.text())


if __name__ == "__main__":
    main()
