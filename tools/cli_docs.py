"""Write the help of every command into docs/cli.md, between its markers: `python tools/cli_docs.py [--check]`."""

import io
import sys
from pathlib import Path

from rich.console import Console

from tenure.cli.application import COMMANDS, GROUPS, app
from tenure.cli.groups import names_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
BEGIN, END = "<!-- begin: help of the commands (tools/cli_docs.py) -->", "<!-- end -->"
WIDTH = 100


def help_of(command: str) -> str:
    """Return a command's help as plain text; that of `tenure` itself for the empty name."""
    out = io.StringIO()
    console = Console(file=out, width=WIDTH, force_terminal=False, color_system=None, legacy_windows=False)
    (app if command else app.meta).help_print(command.split(), console=console)
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines())


def section() -> str:
    """Return all that stands between the markers."""
    groups = [*(app[command] for command in COMMANDS), *GROUPS.values()]
    names = ["", *(name for group in groups for name in names_of(group))]
    parts = [f"### tenure {name}".rstrip() + f"\n\n```text\n{help_of(name)}\n```" for name in names]
    return "\n\n".join(parts)


def updated(page: str) -> str:
    """Return the page with what stands between its markers made anew."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n\n{section()}\n\n{END}{after}"


def main() -> int:
    """Write the page, or only compare it."""
    page = PAGE.read_text()
    fresh = updated(page)
    if "--check" in sys.argv:
        if page != fresh:
            print(f"{PAGE.name} is not what the commands say: run `python tools/cli_docs.py`")
        return int(page != fresh)
    PAGE.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
