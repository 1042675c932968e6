"""How long a game waits for a chat that refused it: longer and longer, since somebody may mend it soon or never."""

from __future__ import annotations

from datetime import timedelta

from tenure import minutes, seconds
from tenure.services.trivia.lifecycle import Game

FIRST, LONGEST = seconds(30), minutes(30)


def pause_after(game: Game) -> timedelta:
    """Give how long a game waits after this refusal. One whose trouble had ended begins anew."""
    return FIRST if game.trouble is None else min(max(game.retry_for, FIRST) * 2, LONGEST)
