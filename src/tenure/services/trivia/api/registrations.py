"""Registrations: where and when questions are asked; and a question now, out of turn."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tenure.http.endpoints import Endpoint, json
from tenure.http.reading import read_body
from tenure.services.trivia.api import inputs, views
from tenure.services.trivia.api.reading import path_id, read_repeat_key
from tenure.services.trivia.service import TriviaService

REGISTRATIONS, REGISTRATION = "/guilds/{guild}/registrations", "/registrations/{registration}"


class RegistrationsApi:
    """Registrations, for operators."""

    def __init__(self, service: TriviaService) -> None:
        by = service.acting("admin")
        self._registrations, self._posting = by.registrations, by.posting

    def endpoints(self) -> list[Endpoint]:
        """Give the table."""
        get, post = partial(Endpoint, "GET"), partial(Endpoint, "POST")
        return [
            get(REGISTRATIONS, "chat", "List a guild's registrations", self.list),
            post(REGISTRATIONS, "admin", "Make a registration", self.create, inputs.RegistrationWanted, 201),
            get(REGISTRATION, "chat", "Read a registration", self.get),
            Endpoint("PATCH", REGISTRATION, "admin", "Change a registration", self.edit, inputs.TermsEdited),
            Endpoint("DELETE", REGISTRATION, "admin", "Delete a registration", self.delete),
            post(REGISTRATION + "/enable", "admin", "Go on with a registration", self.enable),
            post(REGISTRATION + "/disable", "admin", "Let a registration rest", self.disable),
            post(REGISTRATION + "/post", "admin", "Ask a question now", self.post, None, 201),
        ]

    async def list(self, request: Request) -> Response:
        """List a guild's registrations that are not deleted."""
        found = await self._registrations.of(path_id(request, "guild"))
        return json({"registrations": [views.registration(registration) for registration in found]})

    async def create(self, request: Request) -> Response:
        """Make a registration; a repeat with the same content gives the one that is there."""
        guild, wanted = path_id(request, "guild"), await read_body(request, inputs.RegistrationWanted)
        return json(views.registration(await self._registrations.create(guild, wanted.name, wanted.terms)), 201)

    async def get(self, request: Request) -> Response:
        """Read a registration."""
        return json(views.registration(await self._registrations.get(self._id(request))))

    async def edit(self, request: Request) -> Response:
        """Change a registration; what is asked already goes on."""
        id, wanted = self._id(request), await read_body(request, inputs.TermsEdited)
        return json(views.registration(await self._registrations.edit(id, wanted.over)))

    async def delete(self, request: Request) -> Response:
        """Delete a registration; what is open goes on."""
        return json(views.registration(await self._registrations.delete(self._id(request))))

    async def enable(self, request: Request) -> Response:
        """Go on from the next slot."""
        return json(views.registration(await self._registrations.enable(self._id(request))))

    async def disable(self, request: Request) -> Response:
        """Let a registration rest; what is open goes on."""
        return json(views.registration(await self._registrations.disable(self._id(request))))

    async def post(self, request: Request) -> Response:
        """Ask a question now; a repeat with the same key gives the same game."""
        id, key = self._id(request), read_repeat_key(request)
        return json(views.game(await self._posting.post_now(id, request=key)), 201)

    def _id(self, request: Request) -> str:
        return path_id(request, "registration")
