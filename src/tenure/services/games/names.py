"""What players are called: they may change it, and each match says how they were called then."""

from __future__ import annotations

from datetime import datetime
from unicodedata import normalize

from tenure import Applied, Change, LimitReached, Store
from tenure.services.games.lifecycle import TrackedPlayer
from tenure.services.games.rounds import tried


def riot_id_of(game_name: str, tag_line: str) -> str:
    """Give a name and tag as players are told apart by them: Riot minds neither capital letters nor blanks."""
    return "#".join(normalize("NFKC", "".join(part.split())).casefold() for part in (game_name, tag_line))


def renamed(player: TrackedPlayer, game_name: str, tag_line: str, at: datetime) -> Change[TrackedPlayer] | None:
    """Give the change by which a player is called as at this instant; None if that is nothing new, or older."""
    same = (player.game_name, player.tag_line) == (game_name, tag_line)
    if same or not game_name or not tag_line or (player.named_at is not None and at <= player.named_at):
        return None
    return TrackedPlayer.rename(
        player, game_name=game_name, tag_line=tag_line, riot_id=riot_id_of(game_name, tag_line), named_at=at
    )


async def rename(store: Store, changes: list[Change[TrackedPlayer]]) -> None:
    """Write names. One that we have for somebody else is put off: they are called otherwise too, which comes to light.

    Each account is asked for its name once a day.
    """
    verdicts = await tried(store, [[change] for change in changes], besides=LimitReached) if changes else []
    for change, verdict in zip(changes, verdicts, strict=True):
        if isinstance(verdict, Applied):
            store.log.info("player renamed", player=change.id)
        elif isinstance(verdict, LimitReached):
            store.log.warning("name of two players", player=change.id, other=verdict.holders[0])
