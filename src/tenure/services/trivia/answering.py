"""Taking answers: whether one counts is decided by the store, in the very step that keeps it."""

from __future__ import annotations

from typing import Literal

import msgspec

from tenure import Exists, NotFound, NotUnder, Refused, Stale, StateOf, Store, WrongState
from tenure.services.trivia.checks import check_text
from tenure.services.trivia.lifecycle import Answer, Counts, Game
from tenure.services.trivia.refusals import TryAgain, Wrong

Code = Literal[
    "SUBMITTED",
    "UPDATED",
    "ALREADY_SUBMITTED",
    "GAME_NOT_FOUND",
    "GAME_CLOSED",
    "WINDOW_CLOSED",
    "NOT_OPEN_YET",
    "WRONG_CHOICE",
]
TAKEN: frozenset[Code] = frozenset({"SUBMITTED", "UPDATED"})
"""The codes that say that the choice counts now."""

EVERY = StateOf(Answer, ("given", "scored", "void"))
MOST_OF_A_MEMBER = 64
MOST_OF_A_NAME = 100
MOST_TRIES = 10
MOST_KNOWN = 1000

TEXTS: dict[Code, str] = {
    "SUBMITTED": "Your answer counts: {choice}.",
    "UPDATED": "Your answer is {choice} now; the last one counts.",
    "ALREADY_SUBMITTED": "You have answered already: {choice} counts.",
    "GAME_NOT_FOUND": "There is no such question here any more: wait for the next one.",
    "GAME_CLOSED": "This question is closed: wait for the next one.",
    "WINDOW_CLOSED": "Time is up for this question: wait for the next one.",
    "NOT_OPEN_YET": "This question is not open yet: answer when it is posted.",
    "WRONG_CHOICE": "This question has no such choice: answer with one of {letters}.",
}


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an answer: its code, what to tell the member, and the choice that counts, if one does."""

    code: Code
    text: str
    choice: str | None = None

    @property
    def taken(self) -> bool:
        """Whether what was submitted counts now."""
        return self.code in TAKEN


def answer_id(game: str, member: str) -> str:
    """Give the id of a member's answer in a game."""
    return f"{game}/{member}"


def check_member(member: str, name: str) -> None:
    """Refuse what can't be a member's id or name. Raises `Wrong`."""
    check_text("name", name, MOST_OF_A_NAME)
    check_text("member", member, MOST_OF_A_MEMBER)
    if "/" in member or " " in member:
        raise Wrong("`member` must be an id without spaces and slashes")


class Terms(msgspec.Struct, frozen=True):
    """What an answer must know of its game, and what never changes: its letters, and which answer counts."""

    letters: str
    counts: Counts


class Known(dict[str, Terms]):
    """The terms of the games that were answered last, so that a thousand answers do not read their game each.

    Nothing else may be kept: whether a game takes answers is for the store to say, with each of them.
    """

    def note(self, game: Game) -> Terms:
        """Note a game's terms once it is asked; those that were noted first are forgotten beyond 1,000."""
        terms = Terms(game.question.letters, game.counts)
        if game.state in Game.unasked:
            return terms  # until its message is known, each answer looks at it
        if len(self) >= MOST_KNOWN:
            del self[next(iter(self))]
        return self.setdefault(game.id, terms)


class Answering:
    """Takes answers and reads them. Of several at once of a member in a game one is the first."""

    def __init__(self, store: Store, known: Known | None = None) -> None:
        self._store, self._known = store, Known() if known is None else known

    async def submit(self, game: str, member: str, name: str, choice: str) -> Submission:
        """Take a member's answer, a letter. A repeat changes nothing, not even its time.

        Raises `Wrong` for what can't be a member's id or name, and `TryAgain`.
        """
        check_member(member, name)
        terms = self._known.get(game) or await self._read(game)
        if not isinstance(terms, Terms):
            return _said(terms)
        letter = choice.strip().upper()
        if len(letter) != 1 or letter not in terms.letters:
            return _said("WRONG_CHOICE", letters=", ".join(terms.letters))
        id = answer_id(game, member)
        try:
            await self._store.apply(Answer.create(id, game=game, member=member, name=name, choice=letter))
        except Exists as refusal:
            return await self._again(terms.counts, refusal.record, letter)
        except NotUnder as refusal:
            return _said(_why_closed(refusal))
        return _said("SUBMITTED", letter)

    async def of(self, game: str, *, limit: int = 1000, after: str | None = None) -> list[Answer]:
        """Read a game's answers in the order in which their members first answered; `after` is the last one's id."""
        return await self._store.find(EVERY, under=game, limit=limit, after=after)

    async def answer(self, game: str, member: str) -> Answer | None:
        """Read a member's answer in a game; None if there is none."""
        id = answer_id(game, member)
        return (await self._store.get_many(Answer, [id])).get(id)

    # ------------------------------------------------------------------------------------ inside

    async def _read(self, id: str) -> Terms | Code:
        """Read a game's terms, or why it takes no answers.

        While its question is being posted the game itself has no deadline, since a try may give it more time. So if
        whoever posted it was killed before noting the message, its window is over here.
        """
        game = (await self._store.get_many(Game, [id])).get(id)
        if game is None:
            return "GAME_NOT_FOUND"
        if game.state == Game.asked and await self._store.now() >= game.closes_at:
            return "WINDOW_CLOSED"
        return self._known.note(game)

    async def _again(self, policy: Counts, answer: Answer, letter: str) -> Submission:
        """Answer somebody who has answered before. The window is looked at in any case, and by the store alone."""
        for _ in range(MOST_TRIES):
            change = Answer.revise(answer, choice=letter)
            counts = policy == "last" and answer.choice != letter
            try:
                if counts:
                    await self._store.apply(change)
                elif isinstance(verdict := await self._store.check(change), Refused):
                    raise verdict
            except Stale as refusal:
                answer = refusal.record  # another one of the same member came at the same time
            except NotUnder as refusal:
                return _said(_why_closed(refusal))
            except (WrongState, NotFound):
                return _said("GAME_CLOSED")
            else:
                return _said("UPDATED", letter) if counts else _said("ALREADY_SUBMITTED", answer.choice)
        raise TryAgain("too many answers of yours come at once: try again in a moment")


def _why_closed(refusal: NotUnder) -> Code:
    game = refusal.parent
    if game is None:
        return "GAME_NOT_FOUND"
    if refusal.overdue:
        return "WINDOW_CLOSED"
    return "NOT_OPEN_YET" if game.state == Game.held else "GAME_CLOSED"


def _said(code: Code, choice: str | None = None, *, letters: str = "") -> Submission:
    return Submission(code=code, text=TEXTS[code].format(choice=choice, letters=letters), choice=choice)
