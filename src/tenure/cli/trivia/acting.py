"""What the commands of trivia share: the store with all kinds of the service, and what can be done on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from tenure.cli.session import Session
from tenure.http.environment import WrongSetting
from tenure.services.trivia.chat.web import WebChat
from tenure.services.trivia.kinds import kinds
from tenure.services.trivia.lifecycle import Registration
from tenure.services.trivia.parts import Parts
from tenure.services.trivia.questions.choosing import Choosing
from tenure.services.trivia.questions.packs import WrongPacks
from tenure.services.trivia.questions.sources import Sources
from tenure.services.trivia.settings import Settings
from tenure.store.store import Store


class Acting(NamedTuple):
    """The store, and what can be done on it as the one who called the command."""

    store: Store
    by: Parts
    sources: Sources


@asynccontextmanager
async def acting(session: Session, *, may_create: bool = False) -> AsyncIterator[Acting]:
    """Open the store as the user of the command line. Only our own chat is at hand; a server reaches the others."""
    sources = own_sources()
    async with session.store_of(kinds, may_create=may_create) as store:
        yield Acting(store, Parts(store, {"web": WebChat(store)}, Choosing(store, sources.by_name)), sources)


def own_sources() -> Sources:
    """Give the sources of questions that the environment names. Raises `WrongSetting`."""
    settings = Settings.read(os.environ, admin_key="")
    try:
        return Sources.read(settings.packs, settings.open_trivia_db)
    except WrongPacks as wrong:
        raise WrongSetting(wrong.summary) from None


async def the_registration(by: Parts, named: str) -> Registration:
    """Read a registration by its id, or by its guild and name as `GUILD/NAME`. Raises `Unknown`."""
    guild, slash, name = named.partition("/")
    return await (by.registrations.named(guild, name) if slash else by.registrations.get(named))
