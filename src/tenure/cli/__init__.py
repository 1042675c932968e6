"""The command line: `tenure`. Exit codes: 0 ok, 1 failed, 2 wrong usage, 3 refused, 4 store unavailable."""

from __future__ import annotations

import sys

from tenure.cli.application import run


def main() -> None:
    """Run the command of this process's arguments and end with its exit code."""
    sys.exit(run(sys.argv[1:]))
