"""The page's own templates, style sheet and script, after what all pages share."""

from __future__ import annotations

from pathlib import Path

from tenure.pages.rendering import Assets, Templates
from tenure.services.bots.console import words

FOLDER = Path(__file__).parent
ASSETS = Assets(FOLDER, "console")
TEMPLATES = Templates(
    FOLDER, said=words.state, happened=words.event, reason=words.reason, points=words.points, wait=words.wait,
    share=words.share,
)  # fmt: skip
