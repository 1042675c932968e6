"""What can be done to guilds, registrations and games: the same for chats, the API, the page and the command line."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from tenure import Store
from tenure.services.trivia.answering import Answering, Known
from tenure.services.trivia.boards import Boards
from tenure.services.trivia.chat.contract import Chat
from tenure.services.trivia.games import Games
from tenure.services.trivia.guilds import Guilds
from tenure.services.trivia.posting import Posting
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.registrations import Registrations


def new_id() -> str:
    """Make a part of an id that nobody else makes."""
    return secrets.token_hex(6)


class Parts:
    """Acts as the store's actor, such as `discord:7`; history tells who it was. `known` is shared by all actors."""

    def __init__(
        self,
        store: Store,
        chats: Mapping[str, Chat],
        choosing: Choosing,
        *,
        known: Known | None = None,
        new_id: Callable[[], str] = new_id,
    ) -> None:
        self.store, self.choosing = store, choosing
        self.guilds = Guilds(store)
        self.registrations = Registrations(store, choosing, new_id=new_id)
        self.posting = Posting(store, chats, choosing, new_id=new_id)
        self.games = Games(store, chats)
        self.answering = Answering(store, known)
        self.boards = Boards(store)
