"""The page's own templates, style sheet and script, after what all pages share."""

from __future__ import annotations

from pathlib import Path

from tenure.pages.rendering import Assets, Templates
from tenure.services.games.console import words
from tenure.services.games.queues import queue_name

FOLDER = Path(__file__).parent
ASSETS = Assets(FOLDER, "player")
TEMPLATES = Templates(
    FOLDER, said=words.SAID.state, outcome=words.outcome, deed=words.deed, lasted=words.lasted, queue=queue_name
)
