"""All commands that people give in a chat, as a table: each chat offers exactly these, in its own way.

Discord makes slash commands of it, `/trivia NAME`; the chat that comes along reads the same from typed lines. What
they do is said once, in `commands.py`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from tenure.services.trivia.questions.question import DIFFICULTIES, LETTERS

Suggests = Literal["registration", "game", "category"]
"""What a chat may offer to choose from while an option is being typed; see `Commands.suggest`."""

MOST_OF_AN_OPTION = 200
"""How many characters an option may have."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One option of a command: a text, one of `choices`, or a whole number from `least` to `most`."""

    name: str
    says: str
    required: bool = False
    choices: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    suggests: Suggests | None = None
    wordy: bool = False
    """Whether it takes all that follows, where it is typed without its name."""

    @property
    def is_number(self) -> bool:
        """Whether it is a whole number."""
        return self.most is not None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command; `manages` says that only those may give it who manage the guild."""

    name: str
    says: str
    options: tuple[Option, ...] = ()
    manages: bool = False


NAME = Option(name="name", says="The registration's name", required=True, suggests="registration")
GAME = Option(name="game", says="The game; without it the latest one here", suggests="game")

COMMANDS: tuple[Command, ...] = (
    Command(
        name="answer",
        says="Answer the question that is open here",
        options=(Option(name="choice", says="The letter of your answer", required=True, choices=tuple(LETTERS)), GAME),
    ),
    Command(
        name="leaderboard",
        says="Who has the most points",
        options=(
            Option(name="board", says="Of this week, or of all time", choices=("week", "all")),
            Option(name="category", says="Of one category only", suggests="category", wordy=True),
        ),
    ),
    Command(name="stats", says="What you have reached"),
    Command(name="status", says="What is asked here now, and what comes next", options=(GAME,)),
    Command(name="list", says="When questions are asked here"),
    Command(
        name="register",
        says="Ask questions in this channel from now on",
        manages=True,
        options=(
            Option(name="name", says="A name for it: letters, digits, _ and -", required=True),
            Option(
                name="schedule",
                says="When: such as daily 09:00, mon,wed 20:00, or every 30m",
                required=True,
                wordy=True,
            ),
            Option(name="questions", says="How many questions each time", least=1, most=20),
            Option(name="category", says="Of one category only", suggests="category"),
            Option(name="difficulty", says="Of one difficulty only", choices=DIFFICULTIES),
            Option(name="minutes", says="How many minutes each may be answered", least=1, most=1440),
            Option(name="sources", says="Where questions come from, such as builtin, or opentdb,builtin"),
            Option(name="counts", says="Which answer counts if somebody answers again", choices=("first", "last")),
            Option(name="missed", says="What becomes of a missed time", choices=("skip", "latest")),
        ),
    ),
    Command(name="enable", says="Go on with a registration", options=(NAME,), manages=True),
    Command(name="disable", says="Let a registration rest", options=(NAME,), manages=True),
    Command(name="post", says="Ask a question of a registration now", options=(NAME,), manages=True),
    Command(name="close", says="End a question early, with results", options=(GAME,), manages=True),
    Command(
        name="delete",
        says="Take a question back without results, or delete a registration",
        manages=True,
        options=(GAME, Option(name="registration", says="A registration's name", suggests="registration")),
    ),
)
BY_NAME = {command.name: command for command in COMMANDS}
