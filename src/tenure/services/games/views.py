"""Players and games as SQL has them: `tracked_players`, `tracked_games`, `game_tracking_metrics`.

PostgreSQL has them in the schema `tenure_games` (the store's own name before `_games`), which a `search_path` names
first, so that they hide older tables of the same names; SQLite has them in the store's file.
"""

from __future__ import annotations

from importlib.resources import files

from tenure import Store, Views
from tenure.services.games.queues import QUEUES
from tenure.store.keeping import Loop

NAMES = ("tracked_players", "tracked_games", "game_tracking_metrics")
"""Each reads those before it."""
LOOK_AGAIN_SECONDS = 60.0
TAKEN = (
    "the SQL views of games in this database are of the space {other!r}, and stay so: drop them if they are to be of "
    "this one, or start with TENURE_GAMES_VIEWS=0"
)


class Offering:
    """Has the views made, and looks each minute whether they are there and of this space."""

    def __init__(self, store: Store) -> None:
        self.trouble = ""
        """Why the views are not of this space; empty if they are, or there are none."""
        self._store = store

    def loops(self) -> dict[str, Loop]:
        """Give the loop."""
        return {"views": self._offer}

    async def _offer(self) -> None:
        while True:
            other = await self._store.offer(games_views())
            if other is not None and not self.trouble:
                self._store.log.warning("views_of_another_space", space=other)
            self.trouble = "" if other is None else TAKEN.format(other=other)
            # Who opens the store with a newer build may have dropped them: they rest on views of its kinds.
            await self._store.clock.sleep(LOOK_AGAIN_SECONDS)


def games_views() -> Views:
    """Give the views in the words of each engine that has SQL."""
    return Views("games", {engine: {name: _read(engine, name) for name in NAMES} for engine in ("postgres", "sqlite")})


def _read(engine: str, name: str) -> str:
    text = files("tenure.services.games").joinpath("sql", engine, f"{name}.sql").read_text("utf-8")
    bare = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("--"))
    return bare.replace(":queue_type", _queue_type())


def _queue_type() -> str:
    """Write the queues' names as SQL; a number that has none is itself."""
    named = " ".join(f"WHEN {id} THEN '{name}'" for id, (name, _) in QUEUES.items())
    return f"CASE g.queue_id {named} ELSE 'QUEUE_' || g.queue_id END"
