"""One registration or one game whole: what it is, why it is there, and what happened to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tenure import Event, Lifecycle, StateOf, Store
from tenure.pages.timelines import Happened, happened, timeline
from tenure.services.trivia.api.views import SECRET
from tenure.services.trivia.console import words
from tenure.services.trivia.lifecycle import Answer, Game, Guild, Registration
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.replaying import MemberAnswered, Replaying

MOST_GAMES = 20
MOST_ANSWERS = 1000
"""How many answers of a game are counted on its page before its results are there."""

ANSWERS_ON_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class RegistrationWhole:
    """One registration: its games, those that are under way first."""

    record: Registration
    guild: Guild
    here: str
    active: Sequence[Game]
    over: Sequence[Game]
    timeline: Sequence[Happened]

    @property
    def request(self) -> str:
        """What makes a second press of the button that asks now give the same game."""
        return f"console-{self.record.version}"


class Choice(NamedTuple):
    """One choice of a question, and how many chose it; `share` of the most chosen one, in percent."""

    letter: str
    text: str
    number: int
    share: int
    is_right: bool


@dataclass(frozen=True, slots=True)
class GameWhole:
    """One game: its round, its answers a page at a time, and what was chosen how often.

    `more` says that there are more answers than those that were counted; `next` is where the next page begins.
    """

    record: Game
    guild: Guild
    registration: Registration | None
    here: str
    is_secret: bool
    round: Sequence[Game]
    answers: Sequence[MemberAnswered]
    number: int
    more: bool
    choices: Sequence[Choice]
    next: str | None
    timeline: Sequence[Happened]


class One:
    """Reads one of something, with its last hundred events."""

    def __init__(self, store: Store, by: Parts) -> None:
        self._store, self._by, self._replaying = store, by, Replaying(store)

    async def registration(self, id: str) -> RegistrationWhole:
        """Give one registration. Raises `Unknown`."""
        found = await self._by.registrations.get(id)
        over = StateOf(Game, ("archived", "deleted"))
        return RegistrationWhole(
            record=found,
            guild=await self._by.guilds.get(found.guild),
            here=words.REGISTRATION_IS_HERE[found.state.name],
            active=await self._store.find(Game.active, under=found, newest_first=True, limit=MOST_GAMES),
            over=await self._store.find(over, under=found, newest_first=True, limit=MOST_GAMES),
            timeline=await self._timeline(found),
        )

    async def game(self, id: str, after: str | None) -> GameWhole:
        """Give one game, with its answers after a member's. Raises `Unknown`."""
        game = await self._by.games.get(id)
        counted = await self._by.answering.of(game.id, limit=MOST_ANSWERS + 1)
        page, following = await self._answers(game, after)
        registrations = await self._store.get_many(Registration, [game.registration])
        return GameWhole(
            record=game,
            guild=await self._by.guilds.get(game.guild),
            registration=registrations.get(game.registration),
            here=words.GAME_IS_HERE[game.state.name],
            is_secret=game.state in SECRET,
            round=await self._by.games.round_of(id),
            answers=page,
            number=game.results.answers if game.results else len(counted[:MOST_ANSWERS]),
            more=game.results is None and len(counted) > MOST_ANSWERS,
            choices=_choices(game, counted),
            next=following,
            timeline=await self._timeline(game),
        )

    # ------------------------------------------------------------------------------------ inside

    async def _answers(self, game: Game, after: str | None) -> tuple[list[MemberAnswered], str | None]:
        """Give a page of answers, each with all that its member chose, and where the next one begins."""
        last = None if after is None else f"{game.id}/{after}"
        found = await self._by.answering.of(game.id, limit=ANSWERS_ON_A_PAGE + 1, after=last)
        page = found[:ANSWERS_ON_A_PAGE]
        answers = [await self._replaying.answered(answer) for answer in page]
        return answers, page[-1].member if len(found) > ANSWERS_ON_A_PAGE else None

    async def _timeline(self, record: Lifecycle) -> list[Happened]:
        """Give the last events, the newest first."""
        return await timeline(self._store, record, lambda event: happened(event, words.event(event.name), _why(event)))


def _choices(game: Game, answers: Sequence[Answer]) -> list[Choice]:
    """Count the choices: by the results, and before these by the answers that were read."""
    chosen: Mapping[str, int] = game.results.by_choice if game.results else Counter(each.choice for each in answers)
    question, most = game.question, max([1, *chosen.values()])
    return [
        Choice(letter, text, number := chosen.get(letter, 0), round(100 * number / most), letter == question.right)
        for letter, text in zip(question.letters, question.choices, strict=True)
    ]


def _why(event: Event[Any]) -> str:
    """Say why something happened, as far as its event tells."""
    told = (event.fields.get("trouble"), event.why)
    return "; ".join(dict.fromkeys(part for part in told if part))
