"""Controlling a stand-in that runs in a process of its own: its methods over HTTP, at `/control/NAME`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, get_type_hints

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from tenure.services.trivia.discord.stand_in import shapes
from tenure.services.trivia.discord.stand_in.faults import Fault
from tenure.services.trivia.discord.stand_in.refusals import Json
from tenure.services.trivia.discord.stand_in.seeing import NotThere
from tenure.services.trivia.discord.stand_in.standing import StandIn
from tenure.services.trivia.discord.stand_in.typed import Mistyped
from tenure.services.trivia.discord.stand_in.world import Channel, Guild, Member, Message, World

PEOPLE = (
    "add_guild", "add_channel", "remove_channel", "add_member", "invite", "kick", "permit",
    "write", "command", "suggest", "click", "press", "messages",
)  # fmt: skip
"""What people do; see `acting.People`."""
MISBEHAVING = (
    "fail", "behave", "limit", "advance", "forget_nonces", "revoke", "restore", "refuse_intents", "drop", "reconnect",
    "invalidate", "mute",
)  # fmt: skip
"""What goes wrong; see `standing.StandIn`."""


def routes(stand_in: StandIn) -> list[Path]:
    """Give a route for each thing that can be done, and `GET /control` for how it stands."""
    methods = {name: getattr(stand_in.people, name) for name in PEOPLE}
    methods |= {name: getattr(stand_in, name) for name in MISBEHAVING}

    async def standing(_: Request) -> Response:
        return _written(200, overview(stand_in))

    made = [Path(f"/control/{name}", _endpoint(stand_in.world, one), methods=["POST"]) for name, one in methods.items()]
    return [Path("/control", standing), *made]


def _endpoint(world: World, method: Callable[..., Any]) -> Callable[[Request], Awaitable[Response]]:
    arguments = _arguments(method)

    async def serve(request: Request) -> Response:
        # Another site's page can't send this type without asking first, and it would be told no.
        if request.headers.get("content-type") != "application/json":
            return _written(415, {"problem": "send a JSON object, with Content-Type: application/json"})
        try:
            given = msgspec.json.decode(await request.body() or b"{}", type=arguments)
            result = method(**msgspec.structs.asdict(given))
            return _written(200, shown(world, await result if inspect.isawaitable(result) else result))
        except NotThere as problem:
            return _written(404, {"problem": str(problem)})
        except (Mistyped, msgspec.DecodeError, UnicodeDecodeError) as problem:
            takes = ", ".join(arguments.__struct_fields__) or "nothing"
            return _written(422, {"problem": f"{problem}; {method.__name__} takes {takes}"})

    return serve


def _arguments(method: Callable[..., Any]) -> type[msgspec.Struct]:
    """Make of a method's arguments what its body must be."""
    hints = get_type_hints(method)
    fields: list[Any] = [
        (name, hints[name]) if one.default is one.empty else (name, hints[name], one.default)
        for name, one in inspect.signature(method).parameters.items()
    ]
    return msgspec.defstruct(method.__name__, fields, forbid_unknown_fields=True, kw_only=True)


def shown(world: World, result: Any) -> Any:
    """Show what a method gives."""
    if isinstance(result, Message):
        return shapes.message(world, result)
    if isinstance(result, Guild | Channel):
        return {"id": result.id, "name": result.name}
    if isinstance(result, Member):
        return {"id": result.user.id, "name": result.user.name}
    return {"fired": result.fired} if isinstance(result, Fault) else result


def overview(stand_in: StandIn) -> Json:
    """Show how it stands: what there is, who is connected, what was asked and what went wrong."""
    world, hub = stand_in.world, stand_in.hub
    return {
        "bot": world.bot.id,
        "revoked": world.revoked,
        "guilds": [guild_shown(guild) for guild in world.guilds.values()],
        "commands": [command["name"] for of in world.commands.values() for command in of.values()],
        "connections": sum(session.outgoing is not None for session in hub.sessions.values()),
        "identified": hub.identified,
        "resumed": hub.resumed,
        "answers": dict(stand_in.rest.counted),
        "faults": dict(stand_in.faults.fired),
    }


def guild_shown(guild: Guild) -> Json:
    """Show a guild with its channels and members."""
    return {
        "id": guild.id,
        "name": guild.name,
        "has_bot": guild.has_bot,
        "channels": [{"id": one.id, "name": one.name, "denied": one.denied} for one in guild.channels.values()],
        "members": [
            {"id": one.user.id, "name": one.user.name, "manages": one.manages} for one in guild.members.values()
        ],
    }


def _written(status: int, body: Any) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
