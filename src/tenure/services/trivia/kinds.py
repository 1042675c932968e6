"""All kinds of the service, those of the chat that comes along too: what its store must be opened with."""

from __future__ import annotations

from tenure.services.trivia import lifecycle
from tenure.services.trivia.chat import lifecycle as chat

kinds = (*lifecycle.kinds, *chat.kinds)
