"""Runs the benchmarks, each in a process of its own, and writes `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.report import write_page

SUBJECTS = ("sqlite", "large", "beats", "limits", "scale", "meetings")


def main() -> None:
    """Measure one subject after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=f"of {', '.join(SUBJECTS)}; all if none is named")
    for subject in parser.parse_args().subjects or SUBJECTS:
        print(f"\n{subject}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{subject}"], check=True)
    write_page()


if __name__ == "__main__":
    main()
