"""The buttons below a question. What one means stands in its own id, so those of before a restart work too."""

from __future__ import annotations

import re
from collections.abc import Iterable

import discord

from tenure.services.trivia.questions.question import LETTERS

CUSTOM_ID = re.compile(rf"trivia:(?P<game>[^:]{{1,90}}):(?P<letter>[{LETTERS}])")


def custom_id(game: str, letter: str) -> str:
    """Give a button's id: at most 100 characters, as Discord wants it."""
    return f"trivia:{game}:{letter}"


def pressed(custom_id: str) -> tuple[str, str] | None:
    """Give the game and the letter of a button's id; None if it is not one of ours."""
    found = CUSTOM_ID.fullmatch(custom_id)
    return None if found is None else (found["game"], found["letter"])


def buttons(game: str, letters: Iterable[str]) -> discord.ui.View:
    """Give one button for each letter."""
    view = discord.ui.View(timeout=None)
    for letter in letters:
        view.add_item(discord.ui.Button(label=letter, custom_id=custom_id(game, letter)))
    # A stopped view is shown all the same, and isn't kept in memory with its message for ever.
    view.stop()
    return view
