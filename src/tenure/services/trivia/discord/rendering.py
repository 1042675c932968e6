"""How posts look on Discord: one embed each, whose footer carries the mark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate

import discord

from tenure.services.trivia.chat.contract import Answered, Asked, Post, Standing
from tenure.services.trivia.chat.wording import as_it_is, channel
from tenure.services.trivia.questions.question import LETTERS
from tenure.services.trivia.results import Winner

OPEN, OVER, TOLD, TAKEN_BACK = 0x5865F2, 0x57F287, 0xFEE75C, 0x99AAB5
FOOTER = "trivia · "
MOST_NAMED = 10
MOST_OF_A_QUESTION, MOST_OF_A_CHOICE, MOST_OF_AN_EXPLANATION, MOST_OF_A_NAME = 1800, 400, 1300, 70
"""In characters as they are sent, with what makes them mean nothing: a text has at least half as many."""

MOST_OF_A_DESCRIPTION, MOST_OF_A_FIELD, MOST_OF_A_TITLE = 4096, 1024, 256
PIECES = re.compile(r"(\*\*[^*\n]+\*\*|`[^`\n]+`)")


def embed_of(post: Post, mark: str) -> discord.Embed:
    """Draw a post. It stays below each of Discord's limits, however long its texts are."""
    match post:
        case Asked():
            embed = _asked(post)
        case Answered():
            embed = _answered(post)
        case _:
            about = "" if post.channel is None else f"{channel(post.channel)}\n"
            embed = discord.Embed(colour=TOLD, description=about + told(post.text))
    return embed.set_footer(text=FOOTER + mark)


def mark_of(embeds: Iterable[discord.Embed]) -> str | None:
    """Give the mark of a message that was drawn here."""
    for embed in embeds:
        text = embed.footer.text or ""
        if text.startswith(FOOTER):
            return text.removeprefix(FOOTER)
    return None


def told(text: str) -> str:
    """Give some words of ours: their **bold** and `code` stay, and nothing else of them means anything."""
    pieces = PIECES.split(text[: MOST_OF_A_DESCRIPTION // 2])
    return "".join(piece if place % 2 else as_it_is(piece) for place, piece in enumerate(pieces))


# ---------------------------------------------------------------------------------------- inside


def _asked(post: Asked) -> discord.Embed:
    over = post.right is not None or post.taken_back
    colour = TAKEN_BACK if post.taken_back else OVER if over else OPEN
    points = "1 point" if post.points == 1 else f"{post.points} points"
    parts = (_number("Question", post.number, post.of), as_it_is(post.category), post.difficulty, points)
    lines = [f"**{_fitting(post.text, MOST_OF_A_QUESTION)}**", ""]
    for letter, choice in zip(LETTERS, post.choices, strict=False):
        tick = " ✅" if letter == post.right else ""
        lines.append(f"**{letter}** {_fitting(choice, MOST_OF_A_CHOICE)}{tick}")
    return discord.Embed(
        colour=colour, title=" · ".join(parts)[:MOST_OF_A_TITLE], description="\n".join([*lines, "", _when(post)])
    )


def _when(post: Asked) -> str:
    if post.taken_back:
        return "This question was taken back: it brings nobody any points."
    if post.right is not None:
        return f"It is closed: the right answer was **{post.right}**."
    closes = post.closes_at
    return f"Answer until {discord.utils.format_dt(closes, 'T')}, {discord.utils.format_dt(closes, 'R')}."


def _answered(post: Answered) -> discord.Embed:
    lines = [
        _fitting(post.text, MOST_OF_A_QUESTION),
        f"✅ **{post.right}** {_fitting(post.right_text, MOST_OF_A_CHOICE)}",
    ]
    if post.explanation:
        lines += ["", _fitting(post.explanation, MOST_OF_AN_EXPLANATION)]
    title = _number("Results", post.number, post.of)
    embed = discord.Embed(colour=OVER, title=title, description="\n".join(lines))
    embed.add_field(name="Answers", value=_counts(post), inline=False)
    if post.results.winners:
        named = [_winner(place, winner) for place, winner in enumerate(post.results.winners, 1)]
        embed.add_field(name="Right", value=_listed(named, post.results.correct), inline=False)
    if post.standings:
        named = [_standing(place, standing) for place, standing in enumerate(post.standings, 1)]
        embed.add_field(name="This round so far", value=_listed(named, len(named)), inline=False)
    return embed


def _counts(post: Answered) -> str:
    results = post.results
    if not results.answers:
        return "Nobody answered."
    by_choice = " · ".join(f"{letter} {number}" for letter, number in sorted(results.by_choice.items()))
    answers = "1 answer" if results.answers == 1 else f"{results.answers} answers"
    return f"{results.correct} of {answers} right: {by_choice}"


def _winner(place: int, winner: Winner) -> str:
    return f"{place}. **{_fitting(winner.name, MOST_OF_A_NAME)}** +{winner.points} ({winner.seconds:.1f} s)"


def _standing(place: int, standing: Standing) -> str:
    return f"{place}. **{_fitting(standing.name, MOST_OF_A_NAME)}** {standing.points}"


def _listed(lines: list[str], of: int) -> str:
    """Give the first lines that fit into a field, and how many are left out."""
    lines = lines[:MOST_NAMED]
    while len("\n".join(lines)) > MOST_OF_A_FIELD - 20:
        lines.pop()
    return "\n".join([*lines, *([f"and {of - len(lines)} more"] if of > len(lines) else [])])


def _number(what: str, number: int, of: int) -> str:
    return f"{what} {number} of {of}" if of > 1 else what


def _fitting(text: str, most: int) -> str:
    """Give a text of somebody else's as it is, or its beginning. It is never empty: it may stand between asterisks."""
    signs = [as_it_is(sign) for sign in text.strip()] or ["?"]
    if sum(map(len, signs)) <= most:
        return "".join(signs)
    fit = sum(size < most for size in accumulate(map(len, signs)))
    return "".join([*signs[:fit], "…"])
