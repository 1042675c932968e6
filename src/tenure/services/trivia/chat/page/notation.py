"""Replies, in the notation that `Reply` tells of, as HTML: everything else in them is escaped."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from markupsafe import Markup, escape

from tenure.pages.showing import show_time

PIECE = re.compile(
    r"\\(?P<sign>.)"
    r"|\*\*(?P<bold>(?:\\.|[^*\\])+)\*\*"
    r"|`(?P<code>[^`\n]*)`"
    r"|<t:(?P<at>\d{1,11}):R>"
    r"|<#(?P<channel>[\w-]{1,60})>"
    r"|(?P<end>\n)",
    re.DOTALL | re.ASCII,
)


def show_reply(text: str) -> Markup:
    """Give a reply as HTML."""
    parts, done = list[str](), 0
    for found in PIECE.finditer(text):
        parts += [escape(text[done : found.start()]), _shown(found)]
        done = found.end()
    return Markup("").join([*parts, escape(text[done:])])


def _shown(piece: re.Match[str]) -> str:
    match piece.lastgroup:
        case "bold":
            return Markup("<strong>{}</strong>").format(show_reply(piece["bold"]))
        case "code":
            return Markup("<code>{}</code>").format(piece["code"])
        case "at":
            return show_time(datetime.fromtimestamp(int(piece["at"]), UTC))
        case "channel":
            return Markup("<strong>#{}</strong>").format(piece["channel"])
        case "end":
            return Markup("<br>")
        case _:
            return escape(piece["sign"])
