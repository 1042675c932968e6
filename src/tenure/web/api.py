"""What the dashboard shows, as JSON for programs: `/api/…` with the admin's key in the header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure.core.durations import to_instant
from tenure.core.engine import Message
from tenure.http.reading import read_body, read_number
from tenure.http.rejections import Absent, Invalid
from tenure.web.access import Access
from tenure.web.inputs import ApplyWanted, text
from tenure.web.problems import json
from tenure.web.reading import Reader
from tenure.web.values import change_of

Endpoint = Callable[[Request], Awaitable[Response]]
MOST_RECORDS = 1000
MOST_SPACES = 1000


async def chosen_space(reader: Reader, request: Request) -> Reader:
    """Give a reader of the space that the query names; one that is not there is none."""
    name = text(request, "space")
    if name is None:
        return reader
    if name != reader.store.space_name and name not in await reader.store.engine.spaces():
        raise Absent("there is no such space")
    return reader.space(name)


class Api:
    """The JSON endpoints."""

    def __init__(self, reader: Reader, access: Access) -> None:
        self._reader, self._access = reader, access

    def routes(self) -> list[Route]:
        """Give all routes; each checks the key before it reads anything else."""
        reads: dict[str, Callable[[Reader, Request], Awaitable[object]]] = {
            "/api/spaces": self.spaces,
            "/api/kinds": self.kinds,
            "/api/kinds/{kind}": self.kind,
            "/api/records/{kind}": self.records,
            "/api/records/{kind}/{id:path}": self.record,
            "/api/history/{kind}/{id:path}": self.history,
            "/api/explain/{kind}/{id:path}": self.explain,
            "/api/due": self.due,
            "/api/limits/{kind}": self.limits,
            "/api/messages": self.messages,
        }
        return [
            Route("/api/apply", self._guarded(self.apply), methods=["POST"]),
            *(Route(path, self._guarded(read), methods=["GET"]) for path, read in reads.items()),
        ]

    def _guarded(self, read: Callable[[Reader, Request], Awaitable[object]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            self._access.check_program(request)
            return json(await read(await chosen_space(self._reader, request), request))

        return endpoint

    async def spaces(self, reader: Reader, request: Request) -> object:  # noqa: ARG002
        """All spaces by name."""
        return (await reader.store.engine.spaces())[:MOST_SPACES]

    async def kinds(self, reader: Reader, request: Request) -> object:  # noqa: ARG002
        """The counts of all kinds by state."""
        return await reader.counts()

    async def kind(self, reader: Reader, request: Request) -> object:
        """One kind's table and counts."""
        kind = request.path_params["kind"]
        table = reader.table(kind)
        return {"table": table, "known": reader.is_known(kind), "counts": (await reader.counts())[kind]}

    async def records(self, reader: Reader, request: Request) -> object:
        """A page of records."""
        return await reader.records(
            request.path_params["kind"],
            state=text(request, "state"),
            most=read_number(request, "limit", default=50, most=MOST_RECORDS, least=1),
            after=text(request, "after"),
            newest_first=read_number(request, "newest_first", default=0, most=1) == 1,
        )

    async def record(self, reader: Reader, request: Request) -> object:
        """One record."""
        return await reader.record(request.path_params["kind"], request.path_params["id"])

    async def history(self, reader: Reader, request: Request) -> object:
        """A record's events after a version."""
        after = read_number(request, "after", default=0, most=2**53)
        most = read_number(request, "limit", default=100, most=MOST_RECORDS, least=1)
        return await reader.history(request.path_params["kind"], request.path_params["id"], after=after, most=most)

    async def explain(self, reader: Reader, request: Request) -> object:
        """Why a record is in its state; with `transition=`, why not."""
        kind, id, transition = request.path_params["kind"], request.path_params["id"], text(request, "transition")
        return await (reader.explain(kind, id) if transition is None else reader.why_not(kind, id, transition))

    async def due(self, reader: Reader, request: Request) -> object:
        """What happens by itself next."""
        return await reader.due(read_number(request, "limit", default=50, most=MOST_RECORDS, least=1))

    async def limits(self, reader: Reader, request: Request) -> object:
        """The fullest keys of a kind's limits."""
        return await reader.limits(request.path_params["kind"])

    async def messages(self, reader: Reader, request: Request) -> object:
        """The messages that wait."""
        most = read_number(request, "limit", default=50, most=MOST_RECORDS, least=1)
        return [message_of(message) for message in await reader.messages(most)]

    async def apply(self, reader: Reader, request: Request) -> object:
        """Make a transition, and give the record that it leaves."""
        wanted = await read_body(request, ApplyWanted)
        reader.table(wanted.kind)
        if not reader.is_known(wanted.kind):
            raise Invalid("this kind is known from the store only: it can be shown but not changed")
        change = change_of(
            reader.store.kinds[wanted.kind], wanted.id, wanted.transition, wanted.values,
            version=wanted.version, fence=wanted.fence,
        )  # fmt: skip
        await reader.store.acting("admin").apply(change, op=wanted.op, why=wanted.why)
        return await reader.record(wanted.kind, wanted.id)


def message_of(message: Message) -> dict[str, Any]:
    """Give a waiting message as plain data."""
    entry = message.entry
    return {
        "effect": message.effect, "kind": entry.kind, "id": entry.id, "version": entry.version,
        "transition": entry.name, "tries": message.tries, "created_at": to_instant(message.created_at),
        "next_at": None if message.next_at is None else to_instant(message.next_at), "error": message.error,
    }  # fmt: skip
