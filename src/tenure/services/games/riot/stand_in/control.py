"""Controlling a stand-in that runs in a process of its own: its methods over HTTP, at `/control/NAME`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from itertools import islice
from types import GenericAlias
from typing import Any, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tenure.services.games.riot.stand_in.faults import Fault
from tenure.services.games.riot.stand_in.playing import Game, Player
from tenure.services.games.riot.stand_in.shapes import Json
from tenure.services.games.riot.stand_in.standing import StandIn
from tenure.services.games.riot.stand_in.world import NotPossible

OF_THE_WORLD = (
    "add_player", "remove_player", "rename", "start", "end", "play", "flap", "show_again", "lose", "delay", "skew",
    "advance",
)  # fmt: skip
"""What happens in the world; see `world.World`."""
OF_THE_STAND_IN = ("fail", "behave", "limit", "change_key", "expire_key", "play_by_themselves")
"""What goes wrong, and who plays by themselves; see `standing.StandIn`."""
MOST_SHOWN = 200


def routes(stand_in: StandIn) -> list[Route]:
    """Give a route for each thing that can be done, and `GET /control` for how it stands."""
    methods = {name: getattr(stand_in.world, name) for name in OF_THE_WORLD}
    methods |= {name: getattr(stand_in, name) for name in OF_THE_STAND_IN}

    async def standing(_: Request) -> Response:
        return _written(200, overview(stand_in))

    made = [Route(f"/control/{name}", _endpoint(stand_in, one), methods=["POST"]) for name, one in methods.items()]
    return [Route("/control", standing), *made]


def _endpoint(stand_in: StandIn, method: Callable[..., Any]) -> Callable[[Request], Awaitable[Response]]:
    arguments = _arguments(method)
    listed = [name for name, one in inspect.signature(method).parameters.items() if one.kind is one.VAR_POSITIONAL]

    async def serve(request: Request) -> Response:
        # Another site's page can't send this type without asking first, and it would be told no.
        if request.headers.get("content-type") != "application/json":
            return _written(415, {"problem": "send a JSON object, with Content-Type: application/json"})
        try:
            given = msgspec.structs.asdict(msgspec.json.decode(await request.body() or b"{}", type=arguments))
            several = given.pop(listed[0]) if listed else ()
            return _written(200, shown(stand_in, method(*several, **given)))
        except NotPossible as problem:
            return _written(409, {"problem": str(problem)})
        except (msgspec.DecodeError, UnicodeDecodeError) as problem:
            takes = ", ".join(arguments.__struct_fields__) or "nothing"
            return _written(422, {"problem": f"{problem}; {method.__name__} takes {takes}"})

    return serve


def _arguments(method: Callable[..., Any]) -> type[msgspec.Struct]:
    """Make of a method's arguments what its body must be; one that takes any number takes a list."""
    hints, fields = get_type_hints(method), list[Any]()
    for name, one in inspect.signature(method).parameters.items():
        if one.kind is one.VAR_POSITIONAL:
            fields.append((name, GenericAlias(tuple, (hints[name], ...))))
        else:
            fields.append((name, hints[name]) if one.default is one.empty else (name, hints[name], one.default))
    return msgspec.defstruct(method.__name__, fields, forbid_unknown_fields=True, kw_only=True)


def shown(stand_in: StandIn, result: Any) -> Any:
    """Show what a method gives."""
    if isinstance(result, Game):
        return game_shown(stand_in, result)
    if isinstance(result, Player):
        return player_shown(stand_in, result)
    return {"happened": result.happened} if isinstance(result, Fault) else result


def overview(stand_in: StandIn) -> Json:
    """Show how it stands: who plays what, at most 200 of each, what was asked, and what went wrong."""
    world = stand_in.world
    begun = (game for game in reversed(world.games.values()) if game.opened_at <= world.now())
    return {
        "now": world.now(),
        "keys": world.keys.valid,
        "by_themselves": stand_in.traffic.on,
        "players": [player_shown(stand_in, player) for player in islice(world.players.values(), MOST_SHOWN)],
        "games": [game_shown(stand_in, game) for game in islice(begun, MOST_SHOWN)],
        "answers": {f"{endpoint} {status}": count for (endpoint, status), count in stand_in.api.counted.items()},
        "limited": dict(stand_in.limits.refused),
        "faults": dict(stand_in.faults.happened),
        "planned": [fault.kind for fault in stand_in.faults.left()],
    }


def player_shown(stand_in: StandIn, player: Player) -> Json:
    """Show a player, and the game in which they are."""
    game = player.going_on(stand_in.world.now())
    return {"riot_id": player.riot_id, "platform": player.platform, "game": game.match_id if game else None}


def game_shown(stand_in: StandIn, game: Game) -> Json:
    """Show a game: where it stands, and whether it is shown to who asks."""
    now = stand_in.world.now()
    ended = game.ended_at <= now
    return {
        "match_id": game.match_id,
        "title": game.title,
        "players": [player.riot_id for player in game.players],
        "state": "over" if ended else "loading" if now < game.started_at else "playing",
        "seconds": int(min(now, game.ended_at) - game.opened_at),
        "ending": game.ending if ended else None,
        "is_shown": game.is_shown(now),
        "has_result": not game.lost and game.result_at <= now,
        "is_lost": game.lost,
    }


def _written(status: int, body: Any) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
