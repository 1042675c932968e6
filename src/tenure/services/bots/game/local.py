"""The local game over HTTP: the contract's calls for the service, and a table at which people and bots play.

    GET  ROOM?seen=VERSION    the table; with `seen`, as soon as it has changed, or after 20 seconds
    POST ROOM/moves           {"seat": "Ticket/ID", "round": 1, "number": 7} → the table

A player shows their seat's key as `Authorization: Bearer KEY`; who has the game's key may act for every seat.
"""

from __future__ import annotations

import hmac
from typing import Annotated

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure.http.answering import HANDLERS
from tenure.http.endpoints import json
from tenure.http.reading import read_body, read_number
from tenure.http.rejections import Absent, Conflict, Forbidden, Rejected, Unauthorized
from tenure.services.bots.game import duel
from tenure.services.bots.game.contract import Opening, RoomOpened, seat_key
from tenure.services.bots.game.stand_in import NoRoom, StandIn, WrongMove

MOST_OF_A_BODY = 256 * 1024
MOST_OF_A_VERSION = 1_000_000_000


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a seat chooses in a round."""

    seat: Annotated[str, msgspec.Meta(max_length=300, description="the seat, as the table names it")]
    round: Annotated[int, msgspec.Meta(ge=1, le=duel.ROUNDS, description=f"a number from 1 to {duel.ROUNDS}")]
    number: Annotated[
        int, msgspec.Meta(ge=duel.LEAST, le=duel.MOST, description=f"a number from {duel.LEAST} to {duel.MOST}")
    ]


def create_app(game: StandIn, *, key: str, base_url: str) -> Starlette:
    """Make the application; `base_url` is where it is mounted, as its players reach it."""
    local = LocalGame(game, key, base_url.rstrip("/"))
    routes = [
        Route("/health", local.health, methods=["GET"]),
        Route("/rooms/{match}", local.open, methods=["PUT"]),
        Route("/rooms/{match}", local.look, methods=["GET"]),
        Route("/rooms/{match}", local.close, methods=["DELETE"]),
        Route("/rooms/{match}/moves", local.move, methods=["POST"]),
    ]
    return Starlette(routes=routes, exception_handlers={**HANDLERS, NoRoom: _no_room, WrongMove: _wrong_move})


class LocalGame:
    """What its addresses do."""

    def __init__(self, game: StandIn, key: str, base_url: str) -> None:
        self._game, self._key, self._base_url = game, key, base_url

    async def health(self, request: Request) -> Response:  # noqa: ARG002
        """Say that it is there."""
        return json({})

    async def open(self, request: Request) -> Response:
        """Open a room."""
        self._check_service(request)
        match = request.path_params["match"]
        await self._game.open(match, await read_body(request, Opening, MOST_OF_A_BODY))
        return json(RoomOpened(f"{self._base_url}/rooms/{match}"))

    async def close(self, request: Request) -> Response:
        """Close a room."""
        self._check_service(request)
        await self._game.close(request.path_params["match"])
        return Response(status_code=204)

    async def look(self, request: Request) -> Response:
        """Show the table, to those who sit there."""
        match = request.path_params["match"]
        seen = read_number(request, "seen", default=0, most=MOST_OF_A_VERSION)
        await self._check_player(request, match, None)
        return json(await self._game.look(match, seen=seen or 0))

    async def move(self, request: Request) -> Response:
        """Make a move."""
        match = request.path_params["match"]
        move = await read_body(request, Move)
        await self._check_player(request, match, move.seat)
        return json(await self._game.move(match, move.seat, move.round, move.number))

    def _check_service(self, request: Request) -> None:
        if not hmac.compare_digest(_shown_key(request), self._key.encode()):
            raise Unauthorized("send the game's key as `Authorization: Bearer KEY`")

    async def _check_player(self, request: Request, match: str, seat: str | None) -> None:
        """Let in who plays this seat, or any seat if none is named. Who has no key learns nothing of a room."""
        given, mine = _shown_key(request), False
        if not given:
            raise Unauthorized("send your seat's key as `Authorization: Bearer KEY`")
        seats = await self._game.seats(match)
        if hmac.compare_digest(given, self._key.encode()):
            mine = seat is None or seat in seats
        else:
            keys = {known: seat_key(self._key, match, known).encode() for known in seats}
            shown = [known for known, key in keys.items() if hmac.compare_digest(given, key)]
            if not shown:
                raise NoRoom
            mine = seat is None or seat in shown
        if not mine:
            raise Forbidden("this key is not of that seat")


def _shown_key(request: Request) -> bytes:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


async def _no_room(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return await HANDLERS[Rejected](request, Absent("there is no such room, or this is no key of it"))


async def _wrong_move(request: Request, error: Exception) -> Response:
    return await HANDLERS[Rejected](request, Conflict(str(error)))
