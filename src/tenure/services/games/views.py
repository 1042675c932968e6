"""Players and games as SQL has them: `tracked_players`, `tracked_games`, `game_tracking_metrics`.

PostgreSQL has them in the schema `tenure_games` (the store's own name before `_games`), which a `search_path` names
first, so that they hide older tables of the same names; SQLite has them in the store's file.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files

from tenure import Store, Views
from tenure.services.games.queues import QUEUES
from tenure.store.keeping import Loop

NAMES = ("tracked_players", "tracked_games", "game_tracking_metrics")
"""Each reads those before it."""


class Offering:
    """Has the views made, again and again until the engine lets us."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def loops(self) -> dict[str, Loop]:
        """Give the loop, which rests once the views are there."""
        return {"views": self._offer}

    async def _offer(self) -> None:
        await self._store.offer(games_views())
        await asyncio.get_running_loop().create_future()


def games_views() -> Views:
    """Give the views in the words of each engine that has SQL."""
    return Views("games", {engine: {name: _read(engine, name) for name in NAMES} for engine in ("postgres", "sqlite")})


def _read(engine: str, name: str) -> str:
    text = files("tenure.services.games").joinpath("sql", engine, f"{name}.sql").read_text("utf-8")
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))
    return bare.replace(":queue_type", _queue_type(engine))


def _queue_type(engine: str) -> str:
    """Write the queues' names as SQL; a number that has none is itself."""
    number = "g.queue_id::bigint" if engine == "postgres" else "g.queue_id"
    named = " ".join(f"WHEN {id} THEN '{name}'" for id, (name, _) in QUEUES.items())
    return f"CASE {number} {named} ELSE 'QUEUE_' || {number} END"
