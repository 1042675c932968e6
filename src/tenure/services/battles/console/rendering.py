"""The page's own templates, style sheet and script, after what all pages share."""

from __future__ import annotations

from pathlib import Path

from tenure.pages.rendering import Assets, Templates
from tenure.services.battles.console import words

FOLDER = Path(__file__).parent
ASSETS = Assets(FOLDER, "console")
TEMPLATES = Templates(FOLDER, said=words.state, reason=words.reason)
