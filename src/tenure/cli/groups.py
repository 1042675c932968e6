"""Commands that belong together, below a word of their own, such as `tenure bots …`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cyclopts import App

Commands = Mapping[str, tuple[str, str]]
"""Commands by name: where each is (`MODULE:FUNCTION`, below the group's package), and what it does."""


def group(name: str, summary: str, package: str, commands: Commands) -> App:
    """Make a group whose commands are imported when they are called."""
    made = App(name=name, help=summary, help_format="plaintext")
    for command, (place, what) in commands.items():
        made.command(f"{package}.{place}", name=command, help=what)
    return made


def names_of(group: App) -> Iterator[str]:
    """Give a group's name and those of all commands below it, each with the words before it."""
    (own,) = group.name
    yield own
    for name in group:
        if not name.startswith("-"):
            below = group[name]
            yield from (f"{own} {words}" for words in names_of(below))
