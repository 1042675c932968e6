"""The page's own templates, style sheet and script, after what all pages share."""

from __future__ import annotations

from pathlib import Path

from tenure.pages.rendering import Assets, Templates
from tenure.services.trivia.chat.contract import Answered, Asked, Told
from tenure.services.trivia.chat.lifecycle import ChatMessage
from tenure.services.trivia.chat.page.notation import show_reply

FOLDER = Path(__file__).parent
# No guild is called like that, so the address is nobody's.
ASSETS = Assets(FOLDER, "play", prefix="/-")


def kind_of(message: ChatMessage) -> str:
    """Give the word for how a message is shown."""
    match message.post:
        case Asked():
            return "asked"
        case Answered():
            return "answered"
        case Told():
            return "told"
        case None:
            return "reply" if message.command else "said"


TEMPLATES = Templates(FOLDER, reply=show_reply, kind=kind_of)
