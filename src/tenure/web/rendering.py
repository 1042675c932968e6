"""The dashboard's own templates, style sheet and script, after what all pages share."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from tenure.explaining import in_words
from tenure.pages.rendering import Assets, Templates
from tenure.pages.showing import NOTHING, show_time

FOLDER = Path(__file__).parent
PREFIX = "/dashboard"


def show_value(value: object) -> str:
    """Give a field's value as people read it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return show_time(value)
    if isinstance(value, timedelta):
        return in_words(value)
    if isinstance(value, (dict, list)):
        return msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode()
    return str(value)


ASSETS = Assets(FOLDER, "dashboard", prefix=PREFIX)
TEMPLATES = Templates(FOLDER, value=show_value)
