"""What a server must be like, looked at before anything else: a store never starts half.

Each check gives what to do about it. What can't be read is not guessed.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tenure.core.errors import Unavailable
from tenure.engines.valkey.calling import concluded, load
from tenure.engines.valkey.library import NAMES
from tenure.engines.valkey.link import Link, Lost, NotReached, ServerError
from tenure.engines.valkey.location import Location
from tenure.engines.valkey.nodes import Node, Nodes

FIRST_REDIS = (7, 0)
FIRST_REDIS_WITH_WAITAOF = (7, 2)
LOADING_LOOKED_AT_SECONDS = 0.1


async def check_all(location: Location, nodes: Nodes) -> None:
    """Look at each primary, and load the function library there. Raises `Unavailable`, saying what to do."""
    try:
        for node in await nodes.all():
            await _check(location, node)
    except (NotReached, Lost, TimeoutError) as error:
        raise Unavailable(
            f"{str(error) or 'the server does not answer in time'}: check the address, and that it runs"
        ) from None


async def _check(location: Location, node: Node) -> None:
    where = f"{node.address[0]}:{node.address[1]}"
    link = await _logged_in(node, where)
    info = await _loaded(link, where, location)
    check_version(info, where, location)
    _check_role(info, where, location)
    if info["maxmemory_policy"] != "noeviction":
        raise Unavailable(
            f"{where} may drop keys when its memory is full (maxmemory-policy {info['maxmemory_policy']}), which would "
            f"tear records apart: set maxmemory-policy noeviction there"
        )
    await _check_durability(link, info, where, location)
    await _check_rights(link, where, location)


async def _logged_in(node: Node, where: str) -> Link:
    try:
        return await node.link("write")
    except ServerError as error:
        if error.code in ("WRONGPASS", "NOAUTH") or "AUTH" in str(error) or "invalid password" in str(error):
            raise Unavailable(f"{where} does not take the user or the password of the URL ({error})") from None
        raise concluded(error) from None


async def _loaded(link: Link, where: str, location: Location) -> dict[str, str]:
    """Read what the server says of itself, once it has read its data."""
    end = time.monotonic() + location.login.timeout
    while True:
        try:
            info = _read_info(await _within(link.send("INFO", "everything"), location))
        except ServerError as error:
            if error.code == "NOAUTH":
                raise Unavailable(f"{where} needs a password: valkey://:PASSWORD@host, or user:password") from None
            raise concluded(error) from None
        if info.get("loading", "0") == "0":
            return info
        if time.monotonic() >= end:
            raise Unavailable(f"{where} is reading its data; open the store again in a while")
        await asyncio.sleep(LOADING_LOOKED_AT_SECONDS)


def _read_info(text: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.decode().splitlines() if ":" in line)
    return {name: value for name, _, value in pairs}


def _version(info: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(part) for part in info["redis_version"].split(".")[:2])


def check_version(info: dict[str, str], where: str, location: Location) -> None:
    """Raise `Unavailable` if the server is too old for what is asked of it."""
    if _version(info) < FIRST_REDIS:
        raise Unavailable(
            f"{where} is Redis {info['redis_version']}, which has no functions: it takes Redis 7.0 or Valkey"
        )
    waits_for_disks = location.replicas and location.durability == "always"
    if waits_for_disks and _version(info) < FIRST_REDIS_WITH_WAITAOF:
        raise Unavailable(
            f"{where} is Redis {info['redis_version']}, which can't wait for its replicas' disks (WAITAOF): it takes "
            f"Redis 7.2 or Valkey, or durability=everysec"
        )


def _check_role(info: dict[str, str], where: str, location: Location) -> None:
    clustered = info.get("redis_mode", info.get("server_mode")) == "cluster"
    if clustered and location.layout != "cluster":
        raise Unavailable(f"{where} is a node of a cluster: write valkey+cluster://{where}")
    if location.layout == "cluster" and not clustered:
        raise Unavailable(f"{where} is no node of a cluster: write valkey://{where}")
    if info["role"] != "master":
        raise Unavailable(
            f"{where} is a replica, which may only be read: name its primary, or valkey+sentinel://host:26379/NAME"
        )


async def _check_durability(link: Link, info: dict[str, str], where: str, location: Location) -> None:
    asked = location.durability
    if asked == "memory":
        return
    if info["aof_enabled"] != "1":
        raise Unavailable(
            f"{where} writes no log (appendonly no), so a crash may cost all that changed: set appendonly yes there, "
            f"or ask for less with ?durability=memory"
        )
    try:
        found = await _within(link.send("CONFIG", "GET", "appendfsync"), location)
    except ServerError as error:
        raise Unavailable(
            f"{where} does not tell its appendfsync ({error}), so ?durability={asked} can't be checked: allow the user "
            f"CONFIG GET, or ask for less with ?durability=memory"
        ) from None
    given = found[1].decode()
    if given != "always" and (asked == "always" or given == "no"):
        raise Unavailable(
            f"{where} has appendfsync {given}, which is less than ?durability={asked} asks for: set appendfsync "
            f"{asked} there, or ask for less"
        )


async def _check_rights(link: Link, where: str, location: Location) -> None:
    try:
        await load(link)
        reply = await _within(link.send("FCALL_RO", NAMES["allowed"], 0, location.key("any", "meta")), location)
    except ServerError as error:
        raise Unavailable(
            f"{where} does not let the user load or call functions ({error}): allow it +function +fcall +fcall_ro"
        ) from None
    if denied := reply.decode().split():
        keys = f"~{location.prefix}:* and ~{{{location.prefix}}}:*"
        raise Unavailable(f"{where} does not let the user do {', '.join(denied)} on {keys}: allow it that")


async def _within(reply: asyncio.Future[Any], location: Location) -> Any:
    async with asyncio.timeout(location.login.timeout):
        return await reply
